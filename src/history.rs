//! What has happened in a group: its exits, and the first panic that is none of them.

use alloc::vec::Vec;

use crate::actor::StageNumber;
use crate::exit::{Exit, Outcome, Record};
use crate::kind::Kind;
use crate::names::Names;
use crate::panic::{discard, resume, Payload};
use crate::terms::Terms;

/// What has happened since the cause, and the names for all of it.
///
/// The exits are kept as records, which are small. An [`Exit`] is made for whoever reads one.
pub(crate) struct History<T> {
    pub(crate) names: Names,
    /// The exits, in the order in which they happened.
    records: Vec<Record<T>>,
    /// The first panic that is no actor's exit, and how many of `records` there were before it.
    stray: Option<(usize, Payload)>,
}

impl<T> History<T> {
    /// Makes the first exit, the cause, which `more` are to follow, and shows it to whoever observes `stage`.
    pub(crate) fn begin<S: Kind>(
        &mut self,
        cause: Record<T>,
        more: usize,
        terms: &mut Terms<'_, T, S>,
        stage: StageNumber,
    ) -> Exit<T> {
        let cause = self.names.exit(cause);
        self.note(terms.see(stage, &cause));
        self.records.reserve_exact(more); // all at once
        cause
    }

    /// Records an exit, and shows it to whoever observes `stage`.
    pub(crate) fn push<S: Kind>(
        &mut self,
        record: Record<T>,
        terms: &mut Terms<'_, T, S>,
        stage: StageNumber,
    ) {
        if !terms.observe(stage) {
            return self.records.push(record);
        }
        let exit = self.names.exit(record);
        let seen = terms.see(stage, &exit);
        self.records.push(self.names.record(exit));
        self.note(seen);
    }

    /// Records the panic which a call into the user's code ended in, if it did.
    pub(crate) fn note(&mut self, result: Result<(), Payload>) {
        match (result, &self.stray) {
            (Err(payload), None) => self.stray = Some((self.records.len(), payload)),
            (result, _) => discard(result),
        }
    }

    /// Takes out what the first panic carried, if there was one.
    fn take_first_panic(&mut self) -> Option<Payload> {
        let panicked = |record: &Record<T>| matches!(record.outcome, Outcome::Panicked(_));
        match (self.records.iter().position(panicked), &self.stray) {
            (Some(place), Some((before, _))) if *before <= place => {}
            (Some(place), _) => match self.records.swap_remove(place).outcome {
                Outcome::Panicked(payload) => return Some(payload),
                _ => unreachable!("it was found to be a panic"),
            },
            (None, _) => {}
        }
        self.stray.take().map(|(_, payload)| payload)
    }

    /// Records what happened in a group whose actors follow the first `actors` of this one. Its `cause` is none here.
    pub(crate) fn append(&mut self, cause: Option<Exit<T>>, mut other: Self, actors: u32) {
        let own = self.records.len();
        self.records
            .extend(cause.map(|exit| other.names.record(exit)));
        match (other.stray, &self.stray) {
            (Some((after, payload)), None) => {
                self.stray = Some((self.records.len() + after, payload));
            }
            (stray, _) => discard(stray),
        }
        self.records.extend(other.records);
        for record in &mut self.records[own..] {
            record.index += actors;
        }
        self.names.append(other.names, actors);
    }
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            names: Names::default(),
            records: Vec::new(),
            stray: None,
        }
    }
}

/// What has happened in a group that has ended.
pub(crate) struct Ended<T> {
    /// The first exit. `None`: there was no actor.
    pub(crate) cause: Option<Exit<T>>,
    /// What followed.
    pub(crate) history: History<T>,
}

impl<T> Ended<T> {
    /// Returns the output of the cause, or resumes the first panic.
    pub(crate) fn into_output(mut self) -> Option<T> {
        let (output, panic) = match self.cause.map(Exit::into_outcome) {
            Some(Outcome::Returned(output)) => (Some(output), self.history.take_first_panic()),
            Some(Outcome::Panicked(payload)) => (None, Some(payload)),
            // Only an interrupted actor is dropped, so it is no cause. And an empty group has none.
            Some(Outcome::Aborted | Outcome::Expired) | None => {
                (None, self.history.take_first_panic())
            }
        };
        if let Some(payload) = panic {
            discard(output);
            discard(self.history.stray);
            self.history.records.into_iter().for_each(discard);
            resume(payload);
        }
        output
    }

    /// Returns every exit, in the order in which they happened, or resumes the panic that is in none of them.
    pub(crate) fn into_report(self) -> Vec<Exit<T>> {
        let History {
            mut names,
            records,
            stray,
        } = self.history;
        let later = records.into_iter().map(|record| names.exit(record));
        let exits = self.cause.into_iter().chain(later);
        if let Some((_, payload)) = stray {
            exits.for_each(discard);
            resume(payload);
        }
        exits.collect()
    }
}
