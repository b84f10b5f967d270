//! The machine: the only code that knows the order of events.
//!
//! # The order of events
//!
//! 1. All actors run, from the first poll on. Each is polled when it was woken.
//! 2. The first to exit is the *cause*: from here on, the group is stopping.
//! 3. Every actor of the first stage is interrupted, in the order of adding, and its grace period begins.
//! 4. The others exit. Whoever is still out when the grace period is over is dropped.
//! 5. When all of the stage has exited, the next one is interrupted: back to 3.
//! 6. When all stages have exited, the group has ended.
//!
//! [`Stop::poll`] is these six steps. Adding, in [`Stop::insert`], and merging, in [`Stop::before`], only change what it
//! will find.
//!
//! # Invariants
//!
//! - An actor is in the set until it has exited, and is kept beside it after that until it was interrupted. So whoever
//!   is to be interrupted is in `actors`, exited or not, and whoever is in neither place is done.
//! - `stage.running` counts the actors of a stage that have not exited. The set cannot be asked: it counts the slots of
//!   those that were dropped as well.
//! - No actor is in a stage before the current one: a stage is left when `running` is 0, and actors are added to the
//!   current one.
//! - The group is stopping if and only if there is a cause.
//! - With `std`, no call into the user's code unwinds out of here: each is contained, and what it panicked with ends up
//!   in an exit or, where there is none to put it into, in `Later::stray`.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::actor::{Actor, After};
use crate::actors::Actors;
use crate::exit::{Exit, Label, Outcome};
use crate::kind::Kind;
use crate::panic::{discard, resume, Payload};
use crate::terms::Terms;

/// The actors of a group, and how far it has come with them.
pub(crate) struct Stop<'a, T, S: Kind> {
    /// Whoever is to be polled or interrupted.
    actors: Actors<S::Parts<'a, T>>,
    /// The stage that stops first or, while the group is stopping, the one that is.
    stage: Stage,
    /// The number of that stage.
    number: usize,
    /// The stages which stop after it, in this order.
    behind: VecDeque<Stage>,
    /// What was set for the stages.
    terms: Terms<'a, T, S>,
    /// The first exit. `None` until the group is stopping.
    cause: Option<Exit<T>>,
    /// What has happened since.
    later: Later<T>,
    /// How many actors were added.
    added: usize,
    /// Whether an actor may not have been polled yet.
    starting: bool,
}

impl<'a, T, S: Kind> Stop<'a, T, S> {
    /// Goes through the order of events as far as it is possible now. Ready when the group has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut breaks = 0;
        // The grace period has the first turn, since a runtime may give a task so much to do in one poll and no more,
        // and the actors may use that up. What it says counts when they have had theirs.
        let mut over = self.stage.told.then(|| self.is_over(cx));
        loop {
            // The group is stopping: interrupt the stage. When all of it has exited, the next one.
            while self.cause.is_some() {
                if self.interrupt() {
                    over = None; // it has begun
                }
                if self.stage.running > 0 {
                    break;
                }
                if !self.next_stage() {
                    return Poll::Ready(());
                }
            }

            match self.actors.poll_next(cx) {
                // Poll whoever was woken. The first to exit is the cause.
                Poll::Ready(Some((actor, outcome))) => self.exited(actor, outcome),
                // There was nobody.
                Poll::Ready(None) => return Poll::Ready(()),
                // The set takes a break when some have woken themselves. At the start it goes on.
                Poll::Pending if self.is_starting(breaks) => breaks += 1,
                // Everybody waits. Whoever is still out when the grace period is over is dropped.
                Poll::Pending if over.unwrap_or_else(|| self.is_over(cx)) => self.expire(),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Records that an actor returned or panicked.
    fn exited(&mut self, mut actor: Pin<Box<Actor<S::Parts<'a, T>>>>, outcome: Outcome<T>) {
        let exit = actor.as_mut().exit(outcome);
        match actor.stage - self.number {
            0 => self.stage.running -= 1,
            behind => self.behind[behind - 1].running -= 1,
        }
        if self.cause.is_some() {
            self.later.push(exit, &mut self.terms, actor.stage);
        } else {
            self.later.note(self.terms.see(actor.stage, &exit));
            self.later.exits.reserve_exact(self.running()); // all at once
            self.cause = Some(exit);
        }
        if !actor.interrupted {
            self.actors.keep(actor);
        }
    }

    /// Interrupts every actor of the stage that has not been, and begins its grace period. Returns whether it had to.
    fn interrupt(&mut self) -> bool {
        let (Some(cause), false) = (&self.cause, self.stage.told) else {
            return false;
        };
        let number = self.number;
        let due = self
            .actors
            .in_order(|actor| actor.stage == number && !actor.interrupted);
        // A stage without actors is passed over.
        let begins = self.stage.running > 0 || !due.is_empty();
        for slot in due {
            let Some(actor) = slot.actor() else { continue };
            let exit = match (actor.exited, actor.interrupt(cause)) {
                (_, After::Wait) | (true, After::Abort) => continue,
                (true, After::Panic(payload)) => {
                    self.later.note(Err(payload));
                    continue;
                }
                (false, After::Abort) => slot.end(Outcome::Aborted),
                (false, After::Panic(payload)) => slot.end(Outcome::Panicked(payload)),
            };
            if let Some(exit) = exit {
                self.stage.running -= 1;
                self.later.push(exit, &mut self.terms, number);
            }
        }
        self.actors.forget_interrupted();
        if begins {
            self.later.note(self.terms.begin(number));
        }
        self.stage.told = true;
        true
    }

    /// Polls the grace periods of the stage, and returns whether one is over.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.cause.is_some()
            && self
                .terms
                .are_over(self.number, cx)
                .unwrap_or_else(|payload| {
                    self.later.note(Err(payload));
                    true
                })
    }

    /// Drops every actor of the stage that is still out, in the order of adding.
    fn expire(&mut self) {
        let number = self.number;
        for slot in self.actors.in_order(|actor| actor.stage == number) {
            if let Some(exit) = slot.end(Outcome::Expired) {
                self.stage.running -= 1;
                self.later.push(exit, &mut self.terms, number);
            }
        }
    }

    /// Leaves the stage for the next one, if there is one.
    fn next_stage(&mut self) -> bool {
        // An unresolved grace period is dropped here.
        self.later.note(self.terms.leave(self.number));
        let next = self.behind.pop_front();
        let found = next.is_some();
        self.stage = next.unwrap_or_default();
        self.number += 1;
        found
    }

    /// Returns whether an actor may not have been polled yet, after so many `breaks` of the set in this poll.
    ///
    /// Not more breaks than there are actors: the set also says that it takes one when another thread is about to wake
    /// an actor, and for that one must not wait here. And it is looked up after 1, 2, 4, 8 breaks only, since a look is at
    /// all actors that have started.
    fn is_starting(&mut self, breaks: usize) -> bool {
        if self.starting && (breaks + 1).is_power_of_two() {
            self.starting = !self.actors.all_started(self.added - 1);
        }
        self.starting && breaks < self.actors.len()
    }

    /// Adds an actor to the stage that stops first or is being stopped, and returns its label.
    pub(crate) fn insert(&mut self, mut actor: Pin<Box<Actor<S::Parts<'a, T>>>>) -> &mut Label {
        let new = actor.as_mut().project();
        new.label.index = self.added;
        *new.stage = self.number;
        self.added += 1;
        self.starting = true;
        self.stage.running += 1;
        self.stage.told = false;
        self.actors.push(actor)
    }

    /// Sets the grace period of the group, to begin with the next interruption.
    pub(crate) fn set_grace_period(&mut self, begin: Box<S::GracePeriod<'a>>) {
        self.stage.told = false;
        self.terms.set_grace_period(begin);
    }

    /// Sets the observer of the group.
    pub(crate) fn set_observer(&mut self, observer: Box<S::Observer<'a, T>>) {
        self.terms.set_observer(observer);
    }

    /// Puts the stages of `back` behind those that are here. What has happened in either remains so.
    pub(crate) fn before(mut self, mut back: Self) -> Self {
        let (own, theirs) = (self.numbers(), back.numbers());
        let actors = self.added;
        let renumbered = |stage: usize| stage.saturating_sub(theirs.start) + own.end;

        self.actors.append(back.actors, |actor| {
            let moved = actor.project();
            moved.label.index += actors;
            *moved.stage = renumbered(*moved.stage);
        });
        let theirs = back.terms.into_part(theirs.clone());
        self.terms = self.terms.into_part(own.clone());
        self.terms.append(theirs, renumbered);
        self.behind.push_back(back.stage);
        self.behind.append(&mut back.behind);
        self.added += back.added;
        self.starting |= back.starting;

        let mut cause = back.cause;
        if let Some(exit) = &mut cause {
            exit.shift(actors);
        }
        match self.cause {
            None => self.cause = cause,
            Some(_) => self.later.exits.extend(cause),
        }
        self.later.append(back.later, actors);
        self
    }

    /// Returns whether nothing was added, set or merged.
    pub(crate) fn is_new(&self) -> bool {
        self.added == 0 && self.behind.is_empty() && self.terms.is_empty()
    }

    /// Returns how many actors have not exited.
    pub(crate) fn running(&self) -> usize {
        let behind: usize = self.behind.iter().map(|stage| stage.running).sum();
        self.stage.running + behind
    }

    /// Returns how many stages there are, without those that have ended.
    pub(crate) fn stages(&self) -> usize {
        1 + self.behind.len()
    }

    /// Returns the numbers of these stages.
    fn numbers(&self) -> Range<usize> {
        self.number..self.number + self.stages()
    }

    /// Returns whether there is a cause.
    pub(crate) fn is_stopping(&self) -> bool {
        self.cause.is_some()
    }

    /// Returns what has happened, and makes everything as new, unless nothing has. The set is used again if it can be.
    pub(crate) fn end(&mut self) -> Ended<T> {
        if self.added > 0 {
            self.later.note(self.terms.close());
            self.actors.clear();
            self.stage = Stage::default();
            self.behind.clear();
            self.number = 0;
            self.added = 0;
            self.starting = false;
        }
        Ended {
            cause: self.cause.take(),
            later: mem::take(&mut self.later),
        }
    }
}

impl<T, S: Kind> Default for Stop<'_, T, S> {
    fn default() -> Self {
        Self {
            actors: Actors::default(),
            stage: Stage::default(),
            number: 0,
            behind: VecDeque::new(),
            terms: Terms::default(),
            cause: None,
            later: Later::default(),
            added: 0,
            starting: false,
        }
    }
}

/// One stage: the actors of one group, which stop together.
#[derive(Default)]
struct Stage {
    /// How many of them have not exited.
    running: usize,
    /// Whether nobody is left to be interrupted, and no grace period to be begun. Adding or setting one resets it.
    told: bool,
}

/// What has happened since the cause.
struct Later<T> {
    /// The exits, in the order in which they happened.
    exits: Vec<Exit<T>>,
    /// The first panic that is no actor's exit, and how many of `exits` there were before it.
    stray: Option<(usize, Payload)>,
}

impl<T> Later<T> {
    /// Records an exit in `stage`, and shows it to whoever observes that.
    fn push<S: Kind>(&mut self, exit: Exit<T>, terms: &mut Terms<'_, T, S>, stage: usize) {
        let seen = terms.see(stage, &exit);
        self.exits.push(exit);
        self.note(seen);
    }

    /// Records the panic which a call into the user's code ended in, if it did.
    fn note(&mut self, result: Result<(), Payload>) {
        match (result, &self.stray) {
            (Err(payload), None) => self.stray = Some((self.exits.len(), payload)),
            (result, _) => discard(result),
        }
    }

    /// Takes out what the first panic carried, if there was one.
    fn take_first_panic(&mut self) -> Option<Payload> {
        let panicked = |exit: &Exit<T>| matches!(exit.outcome(), Outcome::Panicked(_));
        match (self.exits.iter().position(panicked), &self.stray) {
            (Some(place), Some((before, _))) if *before <= place => {}
            (Some(place), _) => match self.exits.swap_remove(place).into_outcome() {
                Outcome::Panicked(payload) => return Some(payload),
                _ => unreachable!("it was found to be a panic"),
            },
            (None, _) => {}
        }
        self.stray.take().map(|(_, payload)| payload)
    }

    /// Records what happened in a group whose actors follow the first `actors` of this one.
    fn append(&mut self, other: Self, actors: usize) {
        let before = self.exits.len();
        self.exits.extend(other.exits.into_iter().map(|mut exit| {
            exit.shift(actors);
            exit
        }));
        if let (Some((after, payload)), None) = (other.stray, &self.stray) {
            self.stray = Some((before + after, payload));
        }
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self {
            exits: Vec::new(),
            stray: None,
        }
    }
}

/// What has happened in a group that has ended.
pub(crate) struct Ended<T> {
    /// The first exit. `None`: there was no actor.
    cause: Option<Exit<T>>,
    later: Later<T>,
}

impl<T> Ended<T> {
    /// Returns the output of the cause, or resumes the first panic.
    pub(crate) fn into_output(mut self) -> Option<T> {
        let (output, panic) = match self.cause.map(Exit::into_outcome) {
            Some(Outcome::Returned(output)) => (Some(output), self.later.take_first_panic()),
            Some(Outcome::Panicked(payload)) => (None, Some(payload)),
            // Only an interrupted actor is dropped, so it is no cause. And an empty group has none.
            Some(Outcome::Aborted | Outcome::Expired) | None => {
                (None, self.later.take_first_panic())
            }
        };
        if let Some(payload) = panic {
            discard(output);
            discard(self.later.stray);
            self.later.exits.into_iter().for_each(discard);
            resume(payload);
        }
        output
    }

    /// Returns every exit, in the order in which they happened, or resumes the panic that is in none of them.
    pub(crate) fn into_report(self) -> Vec<Exit<T>> {
        let exits = self.cause.into_iter().chain(self.later.exits);
        if let Some((_, payload)) = self.later.stray {
            exits.for_each(discard);
            resume(payload);
        }
        exits.collect()
    }
}
