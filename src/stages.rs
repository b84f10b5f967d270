//! The stages of a group, and what applies to some of them.

use alloc::vec::Vec;
use core::ops::Range;

/// The place of a stage in the order of shutting down.
pub(crate) type Stage = u16;

/// At most one item for each group, the combined ones included, with the stages of that group. Inner comes before
/// outer, and front before back. So what has ended comes first.
pub(crate) struct Staged<X>(pub(crate) Vec<(Range<Stage>, X)>);

impl<X> Staged<X> {
    /// Returns the item of the group itself, which has this many stages. Makes it if there is none.
    ///
    /// Only the group itself has all these stages, because the groups that it combines have fewer. Its own item comes
    /// last.
    pub(crate) fn own(&mut self, stages: Stage, new: impl FnOnce() -> X) -> &mut X {
        if self.0.last().map(|(range, _)| range) != Some(&(0..stages)) {
            self.0.push((0..stages, new()));
        }
        &mut self.0.last_mut().expect("it was pushed").1
    }

    /// Returns the items that apply to `stage`, inner before outer.
    pub(crate) fn of(&mut self, stage: Stage) -> impl Iterator<Item = &mut X> {
        let of = self.0.iter_mut().filter(move |(stages, _)| stages.contains(&stage));
        of.map(|(_, x)| x)
    }

    /// Moves the items of `back` here. Its stages come after the first `stages`.
    pub(crate) fn append(&mut self, back: &mut Self, stages: Stage) {
        let moved = back.0.drain(..);
        self.0.extend(moved.map(|(range, x)| (range.start + stages..range.end + stages, x)));
    }

    /// Takes out the items that apply to no stage after this one.
    pub(crate) fn drain_ended(&mut self, stage: Stage) -> impl Iterator<Item = X> + '_ {
        let ended = self.0.partition_point(|(stages, _)| stages.end - 1 <= stage);
        self.0.drain(..ended).map(|(_, x)| x)
    }
}

impl<X> Default for Staged<X> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
