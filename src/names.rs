//! The names of the actors that have one.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::exit::{Exit, Record};

/// The names, beside the actors and not in them: a name is three words, and many actors have none.
#[derive(Default)]
pub(crate) struct Names {
    /// By index. `None`: it is in the actor's exit.
    names: Vec<(u32, Option<Cow<'static, str>>)>,
}

impl Names {
    /// Names the actor that was added last, which has this index.
    pub(crate) fn push(&mut self, index: u32, name: Cow<'static, str>) {
        self.names.push((index, Some(name)));
    }

    /// Returns the exit of which this is the record: the name moves into it.
    pub(crate) fn exit<T>(&mut self, record: Record<T>) -> Exit<T> {
        let name = self.name(record.index).and_then(Option::take);
        Exit { name, record }
    }

    /// Returns the record of this exit: the name moves out of it.
    pub(crate) fn record<T>(&mut self, exit: Exit<T>) -> Record<T> {
        if let Some(name) = self.name(exit.record.index) {
            *name = exit.name;
        }
        exit.record
    }

    /// Takes over the names of actors which follow the first `actors` of this group.
    pub(crate) fn append(&mut self, others: Self, actors: u32) {
        let moved = |(index, name)| (index + actors, name);
        self.names.extend(others.names.into_iter().map(moved));
    }

    /// Returns the place for the name of the actor with this index, if it has one.
    fn name(&mut self, index: u32) -> Option<&mut Option<Cow<'static, str>>> {
        let found = self.names.binary_search_by_key(&index, |(index, _)| *index);
        found.ok().map(|place| &mut self.names[place].1)
    }
}
