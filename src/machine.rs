//! The machine: the order of events. Nothing else defines it.
//!
//! # The order of events
//!
//! 1. All actors run. Each is polled when it has been woken. One that leaves changes nothing for the others.
//! 2. The first to exit and not leave is the *cause*: from now on, the group is stopping.
//! 3. Every actor of the first stage is interrupted, in the order of adding, and the grace period begins.
//! 4. The actors of the stage exit. When its grace period ends, each is polled one last time, and then any that are
//!    still running are dropped.
//! 5. When all actors of the stage have exited, step 3 follows for the next stage.
//! 6. When all stages have ended, or all actors have left, the group has ended.
//!
//! [`Machine::poll`] is steps 1 and 2, and [`Machine::stop`] is the rest. [`Machine::insert`] and [`Machine::before`]
//! only change the state that those two start from.
//!
//! # Invariants
//!
//! - An actor is in `actors` until it has left, or has exited and has been interrupted.
//! - The group is stopping if and only if its history has an exit.
//! - No actor is in a stage before the current one: a stage ends when all its actors have exited, and actors are added
//!   to the current stage or to a later one.
//! - Running actors that have been interrupted are in the current stage. `progress.interrupted` counts them. The length
//!   of the set is no substitute, because it includes empty places.
//! - With `std`, no panic of the user's code unwinds out of `poll`, wakers aside: each is contained. Its payload goes
//!   into an exit or, if it belongs to none, into the history.

use alloc::vec::Vec;
use core::mem;
use core::task::{Context, Poll, Waker};

use futures_util::ready;

use crate::actor::Profile;
use crate::actors::{Actors, Place, State};
use crate::exit::{Exit, Outcome};
use crate::handle::{Handle, Letter};
use crate::history::History;
use crate::kind::{BoxedActor, Kind};
use crate::panic::{contain, earlier, resume_in_drop, Contained};
use crate::running::{Running, Waiting};
use crate::settings::Settings;
use crate::stages::{Stage, Staged};
#[cfg(feature = "std")]
use crate::testing::drop_unfinished;

/// The actors of a group, and how far their shutdown has come.
pub(crate) struct Machine<'a, T, S: Kind> {
    actors: Actors<S::Actor<'a, T>>,
    /// A handle of each group that has any: what its clones send waits there.
    handles: Staged<Handle<'a, T, S>>,
    progress: Progress<'a, T, S>,
    /// How many stages there are, including those that have ended.
    stages: Stage,
    /// The current stage: the one that is shutting down or, before the group is stopping, the first.
    stage: Stage,
    /// Whether the actors of the current stage have been interrupted. Adding one resets it.
    is_interrupted: bool,
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
    settings: Staged<Settings<'a, T, S>>,
}

impl<'a, T, S: Kind> Machine<'a, T, S> {
    /// Goes through the order of events as far as possible. Ready when the group has ended.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.handles.0.is_empty() {
            self.take_in(cx.waker());
        }
        while !self.is_stopping() {
            if self.progress.running == 0 {
                let mut handles = self.handles.0.iter();
                return match handles.any(|(_, handle)| handle.has_actors()) {
                    true => Poll::Pending, // the next poll takes it in
                    false => Poll::Ready(()),
                };
            }
            let (actor, exit) = ready!(self.actors.poll_next(cx));
            self.exited(actor, exit);
        }
        self.stop(cx)
    }

    /// Continues the shutdown as far as possible, stage by stage. Ready when the group has ended.
    ///
    /// Not inlined, so that a wake in a running group does not pay for its stack space.
    #[inline(never)]
    fn stop(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.interrupt();
            // The grace period is polled before the actors, because under Tokio's budget they could starve it.
            if self.progress.interrupted > 0 && self.limit(cx) {
                self.expire();
            } else {
                while self.progress.interrupted > 0 {
                    let Poll::Ready((actor, exit)) = self.actors.poll_next(cx) else {
                        self.show_wait();
                        return Poll::Pending;
                    };
                    self.exited(actor, exit);
                }
                if self.handles.of(self.stage).any(|handle| handle.has_actors()) {
                    return Poll::Pending; // the next poll takes it in
                }
            }
            if !self.next_stage() {
                return Poll::Ready(());
            }
        }
    }

    /// Takes in the actors that handles have added, and then answers which actors run.
    fn take_in(&mut self, waker: &Waker) {
        #[cfg(feature = "std")]
        let mut questions = Vec::new();
        for place in 0..self.handles.0.len() {
            let (stages, handle) = &self.handles.0[place];
            let Some(letters) = handle.take(waker) else {
                continue;
            };
            let stages = stages.clone();
            for letter in letters {
                match letter {
                    Letter::Actor(actor) => _ = self.insert(stages.start, actor),
                    #[cfg(feature = "std")]
                    Letter::Question(question) => questions.push((stages.clone(), question)),
                }
            }
        }
        #[cfg(feature = "std")]
        for (stages, question) in questions {
            let _ = question.send(self.actors.running(stages)); // nothing may wait for it any more
        }
    }

    /// Records that an actor has returned or panicked: it leaves, or its exit belongs to the shutdown.
    ///
    /// Not inlined, so that `poll` can be.
    #[inline(never)]
    fn exited(&mut self, actor: Place<S::Actor<'a, T>>, exit: Exit<T>) {
        let is_due = !exit.was_interrupted; // to be interrupted, unless it leaves
        let asked = match is_due {
            true => actor.stops_if(&exit),
            false => Ok(true),
        };
        if matches!(asked, Ok(false)) {
            return self.progress.leave(actor, exit);
        }
        self.progress.exit(actor.stage, exit, asked.map(drop));
        if is_due {
            self.actors.keep(actor);
        }
    }

    /// Interrupts every actor of the current stage that has not been interrupted.
    fn interrupt(&mut self) {
        if self.is_interrupted {
            return;
        }
        let (stage, progress) = (self.stage, &mut self.progress);
        for actor in self.actors.of(stage..stage + 1) {
            if actor.state == State::Interrupted {
                continue;
            }
            progress.interrupted += usize::from(actor.state == State::Running);
            progress.has_changed = true;
            match actor.interrupt(progress.history.cause().expect("it is stopping")) {
                Ok(Some(exit)) => progress.exit(stage, exit, Ok(())),
                Ok(None) => {}
                Err(payload) => progress.history.note(Err(payload)),
            }
        }
        self.is_interrupted = true;
    }

    /// Begins the grace periods of the current stage, and polls them. Returns whether one is over.
    fn limit(&mut self, cx: &mut Context<'_>) -> bool {
        let (is_over, panic) = self.progress.settings.limit(self.stage, cx);
        self.progress.history.note(panic);
        is_over
    }

    /// Polls every actor of the current stage one last time, and then drops any that are still running.
    fn expire(&mut self) {
        let (stage, progress) = (self.stage, &mut self.progress);
        let mut late = self.actors.of(stage..stage + 1);
        let steps = [Place::poll_last, |actor: &mut Place<_>| actor.end(Outcome::Expired)];
        for step in steps {
            for exit in late.iter_mut().filter_map(|actor| step(actor)) {
                progress.exit(stage, exit, Ok(()));
            }
        }
    }

    /// Ends the current stage and makes the next one current. Returns whether there is one.
    fn next_stage(&mut self) -> bool {
        self.close(self.stage);
        self.stage += 1;
        self.is_interrupted = false;
        self.stage < self.stages
    }

    /// Closes the handles that add to no stage after this one, and drops the settings that apply to none. The life of a
    /// small group, which has neither, takes 5 % fewer instructions because this looks first.
    fn close(&mut self, stage: Stage) {
        let progress = &mut self.progress;
        if !self.handles.0.is_empty() {
            progress.history.note(self.handles.end(stage));
        }
        if !progress.settings.0.is_empty() {
            progress.history.note(progress.settings.end(stage));
        }
    }

    /// Shows the observers which actors the group waits for, unless they have seen these already.
    fn show_wait(&mut self) {
        let (stage, progress) = (self.stage, &mut self.progress);
        let has_changed = mem::take(&mut progress.has_changed);
        let waiting = Waiting {
            cause: progress.history.cause().expect("it is stopping"),
            len: progress.interrupted,
            running: &|| self.actors.running(stage..stage + 1),
        };
        let seen = progress.settings.show_wait(stage, has_changed, &waiting);
        progress.history.note(seen);
    }

    /// Adds an actor to `stage` or, if that has ended, to the current one. Returns its profile.
    pub(crate) fn insert(&mut self, stage: Stage, actor: BoxedActor<'a, T, S>) -> &mut Profile<T> {
        let stage = stage.max(self.stage);
        self.progress.running += 1;
        if stage == self.stage {
            self.is_interrupted = false;
        }
        self.actors.push(stage, actor)
    }

    /// Returns what was set on the group itself, so that it can be changed.
    pub(crate) fn settings(&mut self) -> &mut Settings<'a, T, S> {
        self.progress.settings.own(self.stages, Settings::new)
    }

    /// Returns a handle of the group itself.
    pub(crate) fn handle(&mut self) -> Handle<'a, T, S> {
        self.handles.own(self.stages, Handle::new).clone()
    }

    /// Appends the stages of `back` to those of this machine. Neither group is stopping.
    pub(crate) fn before(&mut self, mut back: Self) {
        let stages = self.stages;
        let (progress, theirs) = (&mut self.progress, &mut back.progress);
        self.stages = stages.checked_add(back.stages).expect(TOO_MANY_STAGES);
        progress.running += theirs.running;
        progress.history.append(&mut theirs.history);
        progress.settings.append(&mut theirs.settings, stages);
        self.handles.append(&mut back.handles, stages);
        self.actors.append(&mut back.actors, stages);
    }

    /// Returns whether nothing was added, set or combined, and no handle was made.
    pub(crate) fn is_new(&self) -> bool {
        let is_set = !self.progress.settings.0.is_empty() || !self.handles.0.is_empty();
        self.actors.added == 0 && self.stages == 1 && !is_set
    }

    /// Returns whether there has been an exit that stops the group.
    pub(crate) fn is_stopping(&self) -> bool {
        self.progress.history.cause().is_some()
    }

    /// Returns how many actors have not exited.
    pub(crate) fn len(&self) -> usize {
        self.progress.running
    }

    /// Returns the actors that have not exited, in the order of adding.
    pub(crate) fn running(&self) -> Vec<Running> {
        self.actors.running(0..Stage::MAX)
    }

    /// Returns how many stages there are that have not ended.
    pub(crate) fn stages_left(&self) -> Stage {
        self.stages - self.stage
    }

    /// Returns what has happened, and makes the group empty again.
    pub(crate) fn end(&mut self) -> History<T> {
        self.close(Stage::MAX);
        self.actors.clear();
        (self.stages, self.stage, self.is_interrupted) = (1, 0, false);
        let progress = &mut self.progress;
        (progress.running, progress.interrupted) = (0, 0); // without `std`, actors that panicked are still counted
        mem::take(&mut progress.history)
    }
}

impl<T, S: Kind> Progress<'_, T, S> {
    /// Records an exit of an actor of `stage` that belongs to the shutdown. `asked` is the panic of `stops_if`.
    #[inline(always)]
    fn exit(&mut self, stage: Stage, exit: Exit<T>, asked: Contained) {
        if exit.was_interrupted {
            self.interrupted -= 1;
            self.has_changed = true;
        }
        self.history.push(exit, self.running);
        self.running -= 1;
        self.history.note(asked);
        let seen = self.settings.show_exit(stage, self.history.last());
        self.history.note(seen);
    }

    /// Records that an actor leaves, and drops what is left of it.
    fn leave(&mut self, actor: Place<S::Actor<'_, T>>, mut exit: Exit<T>) {
        self.running -= 1;
        exit.has_left = true;
        self.history.note(self.settings.show_exit(actor.stage, &exit));
        self.history.note(contain(|| drop(actor))); // its interrupt
        self.history.note(contain(|| drop(exit)));
    }
}

impl<T, S: Kind> Default for Machine<'_, T, S> {
    fn default() -> Self {
        Self {
            actors: Actors::default(),
            handles: Staged::default(),
            progress: Progress {
                running: 0,
                interrupted: 0,
                has_changed: false,
                history: History::default(),
                settings: Staged::default(),
            },
            stages: 1,
            stage: 0,
            is_interrupted: false,
        }
    }
}

/// Drops everything, even if dropping some of it panics, and then continues the first such panic.
impl<T, S: Kind> Drop for Machine<'_, T, S> {
    fn drop(&mut self) {
        if self.is_new() {
            return; // the group has ended, or was never used
        }
        #[cfg(feature = "std")]
        drop_unfinished(self.is_stopping(), || {
            self.actors.running(match self.is_stopping() {
                true => self.stage..self.stage + 1,
                false => 0..Stage::MAX,
            })
        });
        let dropped = [
            self.actors.drop_all(),
            self.progress.settings.end(Stage::MAX),
            self.handles.end(Stage::MAX),
            self.progress.history.clear(),
        ];
        if let Err(payload) = dropped.into_iter().fold(Ok(()), earlier) {
            resume_in_drop(payload);
        }
    }
}

const TOO_MANY_STAGES: &str = "a group has room for 65 535 stages";
