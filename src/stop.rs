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
//! [`Stop::poll`] is the first two of these steps, and [`Stop::stop`] is the others. Adding, in [`Stop::insert`], and
//! merging, in [`Stop::before`], only change what they will find.
//!
//! # Invariants
//!
//! - An actor is in the set until it has exited, and is kept beside it after that until it was interrupted. So whoever
//!   is to be interrupted is in `actors`, exited or not, and whoever is in neither place is done.
//! - `stage.running` counts the actors of a stage that have not exited. The set cannot be asked: it counts the empty
//!   places of those that were dropped as well.
//! - No actor is in a stage before the current one: a stage is left when `running` is 0, and actors are added to the
//!   current one.
//! - The group is stopping if and only if there is a cause.
//! - With `std`, no call into the user's code unwinds out of here: each is contained, and what it panicked with ends up
//!   in an exit or, where there is none to put it into, in `History`.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::mem;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::ready;

use crate::actor::{Actor, After, Exited, StageNumber, State};
use crate::actors::Actors;
use crate::exit::{Exit, Outcome, Record};
use crate::history::{Ended, History};
use crate::kind::Kind;
use crate::names::Names;
use crate::terms::Terms;

/// The actors of a group, and how far it has come with them.
pub(crate) struct Stop<'a, T, S: Kind> {
    /// Whoever is to be polled or interrupted.
    actors: Actors<S::Parts<'a, T>>,
    /// The stage that stops first or, while the group is stopping, the one that is.
    stage: Stage,
    /// The number of that stage.
    number: StageNumber,
    /// The stages which stop after it, in this order.
    behind: VecDeque<Stage>,
    /// What was set for the stages.
    terms: Terms<'a, T, S>,
    /// The first exit. `None` until the group is stopping.
    cause: Option<Exit<T>>,
    /// What has happened since.
    history: History<T>,
    /// How many actors were added.
    added: u32,
    /// Whether an actor may not have been polled yet.
    starting: bool,
}

impl<'a, T, S: Kind> Stop<'a, T, S> {
    /// Goes through the order of events as far as it is possible now. Ready when the group has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut breaks = 0;
        if self.cause.is_none() {
            match ready!(self.poll_actors(cx, &mut breaks)) {
                // The first to exit is the cause.
                Some((actor, record)) => self.exited(actor, record),
                // There was nobody.
                None if self.running() == 0 => return Poll::Ready(()),
                // They panicked, and it could not be contained.
                None => return Poll::Pending,
            }
        }
        self.stop(cx, &mut breaks)
    }

    /// What [`poll`](Self::poll) does while the group is stopping.
    ///
    /// Not inlined, so that a wake in a group which is not stopping does not pay for the room this needs on the stack.
    #[inline(never)]
    fn stop(&mut self, cx: &mut Context<'_>, breaks: &mut usize) -> Poll<()> {
        // The grace period has the first turn, since a runtime may give a task so much to do in one poll and no more,
        // and the actors may use that up. What it says counts when they have had theirs.
        let mut over = self.stage.told.then(|| self.is_over(cx));
        loop {
            // Interrupt the stage. When all of it has exited, the next one.
            loop {
                if self.interrupt() {
                    over = None; // it has begun
                }
                if self.stage.running > 0 {
                    break;
                }
                if !self.next_stage() {
                    return Poll::Ready(());
                }
                over = None; // that was of the stage before
            }
            match self.poll_actors(cx, breaks) {
                Poll::Ready(Some((actor, record))) => self.exited(actor, record),
                // Everybody waits. Whoever is still out when the grace period is over is dropped.
                Poll::Pending if over.unwrap_or_else(|| self.is_over(cx)) => self.expire(),
                Poll::Pending | Poll::Ready(None) => return Poll::Pending,
            }
        }
    }

    /// Polls whoever was woken, until one has exited, as [`Actors::poll_next`] does, and goes on at the start.
    fn poll_actors(
        &mut self,
        cx: &mut Context<'_>,
        breaks: &mut usize,
    ) -> Poll<Option<Exited<S::Parts<'a, T>>>> {
        loop {
            match self.actors.poll_next(cx) {
                // The set takes a break when some have woken themselves. At the start it goes on.
                Poll::Pending if self.is_starting(*breaks) => *breaks += 1,
                Poll::Pending => return Poll::Pending,
                Poll::Ready(exited) => return Poll::Ready(exited),
            }
        }
    }

    /// Records that an actor returned or panicked.
    fn exited(&mut self, actor: Actor<S::Parts<'a, T>>, record: Record<T>) {
        match actor.stage - self.number {
            0 => self.stage.running -= 1,
            behind => self.behind[behind as usize - 1].running -= 1,
        }
        if self.cause.is_some() {
            self.history.push(record, &mut self.terms, actor.stage);
        } else {
            let more = self.running();
            let cause = self
                .history
                .begin(record, more, &mut self.terms, actor.stage);
            self.cause = Some(cause);
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
        let mut is_empty = self.stage.running == 0;
        for actor in self
            .actors
            .in_order(|actor| actor.stage == number && !actor.interrupted)
        {
            is_empty = false;
            let record = match (actor.state == State::Exited, actor.interrupt(cause)) {
                (_, After::Wait) | (true, After::Abort) => continue,
                (true, After::Panic(payload)) => {
                    self.history.note(Err(payload));
                    continue;
                }
                (false, After::Abort) => actor.end(Outcome::Aborted),
                (false, After::Panic(payload)) => actor.end(Outcome::Panicked(payload)),
            };
            if let Some(record) = record {
                self.stage.running -= 1;
                self.history.push(record, &mut self.terms, number);
            }
        }
        self.actors.forget_interrupted();
        // A stage without actors is passed over.
        if !is_empty {
            self.history.note(self.terms.begin(number));
        }
        self.stage.told = true;
        true
    }

    /// Polls the grace periods of the stage, and returns whether one is over.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.terms
            .are_over(self.number, cx)
            .unwrap_or_else(|payload| {
                self.history.note(Err(payload));
                true
            })
    }

    /// Drops every actor of the stage that is still out, in the order of adding.
    fn expire(&mut self) {
        let number = self.number;
        for actor in self.actors.in_order(|actor| actor.stage == number) {
            if let Some(record) = actor.end(Outcome::Expired) {
                self.stage.running -= 1;
                self.history.push(record, &mut self.terms, number);
            }
        }
    }

    /// Leaves the stage for the next one, if there is one.
    fn next_stage(&mut self) -> bool {
        // An unresolved grace period is dropped here.
        self.history.note(self.terms.leave(self.number));
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

    /// Adds an actor to the stage that stops first or is being stopped. Returns its index, and where its name belongs.
    pub(crate) fn insert(&mut self, parts: Pin<Box<S::Parts<'a, T>>>) -> (u32, &mut Names) {
        let index = self.added;
        self.added = sum(index, 1);
        self.actors.push(Actor::new(parts, index, self.number));
        self.starting = true;
        self.stage.running += 1;
        self.stage.told = false;
        (index, &mut self.history.names)
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
        let last = usize::from(own.end) + back.stages();
        assert!(
            last <= usize::from(StageNumber::MAX),
            "a group has room for 65 535 stages"
        );
        let actors = self.added;
        self.added = sum(actors, back.added);
        let renumbered = |stage: StageNumber| stage.saturating_sub(theirs.start) + own.end;

        self.actors.append(back.actors, |actor| {
            actor.index += actors;
            actor.stage = renumbered(actor.stage);
        });
        let theirs = back.terms.into_part(theirs.clone());
        self.terms = self.terms.into_part(own.clone());
        self.terms.append(theirs, renumbered);
        self.behind.push_back(back.stage);
        self.behind.append(&mut back.behind);
        self.starting |= back.starting;

        if self.cause.is_none() {
            self.cause = back.cause.take();
            if let Some(cause) = &mut self.cause {
                cause.record.index += actors;
            }
        }
        self.history.append(back.cause, back.history, actors);
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
    fn numbers(&self) -> Range<StageNumber> {
        let stages = StageNumber::try_from(self.stages()).expect("`before` has seen to that");
        self.number..self.number + stages
    }

    /// Returns whether there is a cause.
    pub(crate) fn is_stopping(&self) -> bool {
        self.cause.is_some()
    }

    /// Returns what has happened, and makes everything as new, unless nothing has. The set is used again if it can be.
    pub(crate) fn end(&mut self) -> Ended<T> {
        if self.added > 0 {
            self.history.note(self.terms.close());
            self.actors.clear();
            self.stage = Stage::default();
            self.behind.clear();
            self.number = 0;
            self.added = 0;
            self.starting = false;
        }
        Ended {
            cause: self.cause.take(),
            history: mem::take(&mut self.history),
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
            history: History::default(),
            added: 0,
            starting: false,
        }
    }
}

/// Adds numbers of actors.
fn sum(actors: u32, more: u32) -> u32 {
    let sum = actors.checked_add(more);
    sum.expect("a group has room for 4 294 967 295 actors")
}

/// One stage: the actors of one group, which stop together.
#[derive(Default)]
struct Stage {
    /// How many of them have not exited.
    running: usize,
    /// Whether nobody is left to be interrupted, and no grace period to be begun. Adding or setting one resets it.
    told: bool,
}
