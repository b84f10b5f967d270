//! The machine: the order of events. Nothing else defines it.
//!
//! # The order of events
//!
//! 1. All actors run. Each is polled when it has been woken.
//! 2. The first to exit is the *cause*: from now on, the group is stopping.
//! 3. Every actor of the first stage is interrupted, in the order of adding, and the grace period begins.
//! 4. The actors of the stage exit. When its grace period ends, those that have been woken get a last turn, and then
//!    any that are still running are dropped.
//! 5. When all actors of the stage have exited, step 3 follows for the next stage.
//! 6. When all stages have ended, the group has ended.
//!
//! [`Machine::poll`] is steps 1 and 2, and [`Machine::stop`] is the rest. [`Machine::insert`] and [`Machine::before`]
//! only change the state that those two start from.
//!
//! # Invariants
//!
//! - An actor is in `actors` until it has exited and has been interrupted.
//! - The group is stopping if and only if its history has an exit.
//! - No actor is in a stage before the current one: a stage ends when all its actors have exited, and actors are added
//!   to the current stage or to a later one.
//! - Running actors that have been interrupted are in the current stage. `progress.interrupted` counts them. The length
//!   of the set is no substitute, because it includes empty places.
//! - With `std`, no panic of the user's code unwinds out of here: each is contained. Its payload goes into an exit or,
//!   if it belongs to none, into the history.

use alloc::vec::Vec;
use core::mem;
use core::task::{Context, Poll};

use crate::actors::{Actors, Place, Stage, State, Turn};
use crate::exit::{Exit, Label, Outcome};
use crate::history::History;
use crate::kind::{BoxedActor, Kind};
use crate::panic::{contain, first, resume_in_drop};
use crate::running::{Running, Waiting};
#[cfg(feature = "std")]
use crate::settings::Sender;
use crate::settings::{Setting, Settings};

/// The actors of a group, and how far their shutdown has come.
pub(crate) struct Machine<'a, T, S: Kind> {
    actors: Actors<S::Actor<'a, T>>,
    progress: Progress<'a, T, S>,
    /// How many stages there are, including those that have ended.
    stages: Stage,
    /// The current stage: the one that is shutting down or, before the group is stopping, the first.
    stage: Stage,
    /// Whether the actors of the current stage have been interrupted. Adding one resets it.
    stage_is_interrupted: bool,
    /// The number of the mark at the end of the last turn of the current stage. `None` before and after that turn.
    last_turn: Option<u32>,
    /// Whether a handle was made, and so may have added actors.
    has_handles: bool,
}

/// What changes when an actor exits.
struct Progress<'a, T, S: Kind> {
    /// How many actors have not exited.
    running: usize,
    /// How many of them have been interrupted.
    interrupted: usize,
    /// Whether an actor of the current stage was interrupted or exited since `on_wait` was last called.
    has_changed: bool,
    history: History<T>,
    settings: Settings<'a, T, S>,
}

impl<'a, T, S: Kind> Machine<'a, T, S> {
    /// Goes through the order of events as far as possible. Ready when the group has ended.
    ///
    /// Inlined, so that a wake takes 4 % fewer instructions.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(feature = "std")]
        if self.has_handles {
            self.take_in(cx);
        }
        if !self.is_stopping() {
            match self.actors.poll_next(cx) {
                Poll::Ready(Some(Turn::Exit(actor, exit))) => self.exited(actor, exit), // the cause
                _ if self.actors.added == 0 => return Poll::Ready(()),
                _ => return Poll::Pending,
            }
        }
        self.stop(cx)
    }

    /// Continues the shutdown as far as possible. Ready when the group has ended.
    ///
    /// Not inlined, so that a wake in a running group does not pay for its stack space.
    #[inline(never)]
    fn stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The set yields after two actors have woken themselves. During a last turn, this poll continues anyway, until
        // the mark comes out. Otherwise, actors that join in every poll could postpone the expiry forever. The number
        // of yields is limited, because the set also yields while another thread is in the middle of waking an actor,
        // and this loop must not spin until that thread is done. A turn of all actors needs no more yields than this.
        let mut yields = self.actors.added;
        let mut has_limited = false;
        loop {
            if !self.stage_is_interrupted {
                self.interrupt();
                has_limited = false;
            }
            if self.progress.interrupted == 0 {
                #[cfg(feature = "std")]
                if self.progress.settings.has_added(self.stage) {
                    return Poll::Pending; // the next poll takes it in
                }
                if !self.next_stage() {
                    return Poll::Ready(());
                }
                continue;
            }
            if !has_limited {
                // Before the actors are polled, because under Tokio's budget they could starve the grace period.
                self.limit(cx);
                has_limited = true;
            }
            match self.actors.poll_next(cx) {
                Poll::Ready(Some(Turn::Exit(actor, exit))) => self.exited(actor, exit),
                Poll::Ready(Some(Turn::Mark(n))) if self.last_turn == Some(n) => self.expire(),
                Poll::Ready(Some(_)) => {} // an empty place, or a mark that no longer counts
                Poll::Pending if self.last_turn.is_some() && yields > 0 => yields -= 1,
                Poll::Pending | Poll::Ready(None) => {
                    self.show_wait();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Records that an actor has returned or panicked.
    ///
    /// Not inlined, so that `poll` can be.
    #[inline(never)]
    fn exited(&mut self, actor: Place<S::Actor<'a, T>>, exit: Exit<T>) {
        self.progress.exit(actor.stage, exit);
        if !actor.is_interrupted {
            self.actors.keep(actor);
        }
    }

    /// Interrupts every actor of the current stage that has not been interrupted.
    fn interrupt(&mut self) {
        let (stage, progress) = (self.stage, &mut self.progress);
        let is_due = |actor: &Place<_>| actor.stage == stage && !actor.is_interrupted;
        for actor in self.actors.due(is_due) {
            progress.interrupted += usize::from(actor.state == State::Running);
            progress.has_changed = true;
            match actor.interrupt(progress.history.cause().expect("it is stopping")) {
                Ok(Some(exit)) => progress.exit(stage, exit),
                Ok(None) => {}
                Err(payload) => progress.history.note(Err(payload)),
            }
        }
        self.actors.forget_interrupted();
        self.stage_is_interrupted = true;
    }

    /// Begins the grace periods of the current stage, and polls them. If one is over, sets the mark that ends the last
    /// turn of the actors.
    fn limit(&mut self, cx: &mut Context<'_>) {
        let progress = &mut self.progress;
        let (is_over, panic) = progress.settings.limit(self.stage, cx);
        progress.history.note(panic);
        if is_over && self.last_turn.is_none() {
            self.last_turn = Some(self.actors.mark());
        }
    }

    /// Drops every actor of the current stage that is still running, in the order of adding.
    fn expire(&mut self) {
        self.last_turn = None;
        let stage = self.stage;
        let is_due = |actor: &Place<_>| actor.stage == stage && actor.state == State::Running;
        for actor in self.actors.due(is_due) {
            if let Some(exit) = actor.end(Outcome::Expired) {
                self.progress.exit(stage, exit);
            }
        }
    }

    /// Ends the current stage and makes the next one current. Returns whether there is one.
    fn next_stage(&mut self) -> bool {
        let progress = &mut self.progress;
        progress.history.note(progress.settings.end(self.stage));
        self.stage += 1;
        self.stage_is_interrupted = false;
        self.last_turn = None;
        self.stage < self.stages
    }

    /// Shows the observers which actors the group waits for, unless they have seen these already.
    fn show_wait(&mut self) {
        let (stage, progress) = (self.stage, &mut self.progress);
        let cause = progress.history.cause().expect("it is stopping");
        let has_changed = mem::take(&mut progress.has_changed);
        let mut seen = Ok(());
        for observer in progress.settings.on_wait(stage, has_changed) {
            let running = self.actors.running(|actor| actor.stage == stage);
            let running = &*running.collect::<Vec<_>>();
            seen = first(seen, contain(|| observer(&Waiting { cause, running })));
        }
        progress.history.note(seen);
    }

    /// Takes in the actors that handles have added.
    #[cfg(feature = "std")]
    fn take_in(&mut self, cx: &mut Context<'_>) {
        for (stage, actor) in self.progress.settings.take_added(cx) {
            self.insert(stage, actor);
        }
    }

    /// Adds an actor to `stage` or, if that has ended, to the current one. Returns its label.
    pub(crate) fn insert(&mut self, stage: Stage, actor: BoxedActor<'a, T, S>) -> &mut Label {
        let stage = stage.max(self.stage);
        self.progress.running += 1;
        if stage == self.stage {
            self.stage_is_interrupted = false;
            self.last_turn = None;
        }
        self.actors.push(stage, actor)
    }

    /// Returns what was set on the group itself, so that it can be changed.
    pub(crate) fn setting(&mut self) -> &mut Setting<'a, T, S> {
        self.last_turn = None; // there may be another grace period now
        self.progress.settings.own(self.stages)
    }

    /// Returns the sender that a handle needs.
    #[cfg(feature = "std")]
    pub(crate) fn sender(&mut self) -> Sender<'a, T, S> {
        self.has_handles = true;
        self.setting().sender()
    }

    /// Puts the stages of `back` behind those of this machine. Neither group is stopping.
    pub(crate) fn before(&mut self, mut back: Self) {
        let stages = self.stages;
        let (settings, theirs) = (&mut self.progress.settings, &mut back.progress.settings);
        self.stages = stages.checked_add(back.stages).expect(TOO_MANY_STAGES);
        self.has_handles |= back.has_handles;
        self.progress.running += back.progress.running;
        self.actors.append(&mut back.actors, stages);
        settings.append(theirs, stages);
    }

    /// Returns whether nothing was added, set or combined, and no handle was made.
    pub(crate) fn is_new(&self) -> bool {
        self.actors.added == 0 && self.stages == 1 && self.progress.settings.is_empty()
    }

    /// Returns whether there has been an exit.
    pub(crate) fn is_stopping(&self) -> bool {
        self.progress.history.cause().is_some()
    }

    /// Returns how many actors have not exited.
    pub(crate) fn len(&self) -> usize {
        self.progress.running
    }

    /// Returns the actors that have not exited, in the order of adding.
    pub(crate) fn running(&self) -> impl Iterator<Item = Running<'_>> {
        self.actors.running(|_| true)
    }

    /// Returns how many stages there are that have not ended.
    pub(crate) fn stages_left(&self) -> Stage {
        self.stages - self.stage
    }

    /// Returns what has happened, and makes the group empty again.
    pub(crate) fn end(&mut self) -> History<T> {
        let progress = &mut self.progress;
        progress.history.note(progress.settings.close());
        progress.running = 0; // without `std`, an actor that panicked is still counted
        self.actors.clear();
        self.has_handles = false;
        self.stages = 1;
        self.stage = 0;
        mem::take(&mut progress.history)
    }
}

impl<T, S: Kind> Progress<'_, T, S> {
    /// Records an exit of an actor of `stage`, and shows it to the observers.
    ///
    /// Always inlined: a shutdown then takes 1 % fewer instructions.
    #[inline(always)]
    fn exit(&mut self, stage: Stage, exit: Exit<T>) {
        let expected = self.running;
        self.running -= 1;
        if exit.was_interrupted {
            self.interrupted -= 1;
            self.has_changed = true;
        }
        let exit = self.history.push(exit, expected);
        let observers = self.settings.on_exit(stage);
        let calls = observers.map(|observer| contain(|| observer(exit)));
        let seen = calls.fold(Ok(()), first);
        self.history.note(seen);
    }
}

impl<T, S: Kind> Default for Machine<'_, T, S> {
    fn default() -> Self {
        Self {
            actors: Actors::default(),
            progress: Progress {
                running: 0,
                interrupted: 0,
                has_changed: false,
                history: History::default(),
                settings: Settings::new(),
            },
            stages: 1,
            stage: 0,
            stage_is_interrupted: false,
            last_turn: None,
            has_handles: false,
        }
    }
}

/// Drops everything, even if dropping some of it panics, and then continues the first such panic.
impl<T, S: Kind> Drop for Machine<'_, T, S> {
    fn drop(&mut self) {
        if self.is_new() {
            return; // the group has ended, or was never used
        }
        let progress = &mut self.progress;
        let dropped = first(self.actors.drop_all(), progress.settings.close());
        if let Err(payload) = first(dropped, progress.history.clear()) {
            resume_in_drop(payload);
        }
    }
}

const TOO_MANY_STAGES: &str = "a group has room for 65 535 stages";
