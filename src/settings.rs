//! What was set on a group: its grace period and its observers.

use alloc::boxed::Box;
use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::exit::Exit;
use crate::kind::Kind;
use crate::panic::{contain, earlier, resume, Contained};
use crate::running::Waiting;
use crate::stages::{Stage, Staged};

/// What was set on one group.
pub(crate) struct Settings<'a, T, S: Kind> {
    /// Begins the grace period of a stage.
    begin: Option<Box<S::Begin<'a>>>,
    grace_period: GracePeriod<'a, S>,
    on_exit: Option<Box<S::OnExit<'a, T>>>,
    on_wait: Option<Box<S::OnWait<'a, T>>>,
    /// Whether `on_wait` has been called since it was set.
    has_seen_wait: bool,
}

/// The state of the grace period in the current stage.
enum GracePeriod<'a, S: Kind> {
    /// It has not begun, or there is none.
    NotBegun,
    /// It lasts until this resolves.
    Running(Pin<Box<S::Timer<'a>>>),
    /// It has ended, and the stage ends with it. Without `std`, this is also the state after a panic that unwound.
    Over,
}

impl<'a, T, S: Kind> Settings<'a, T, S> {
    pub(crate) fn new() -> Self {
        Self {
            begin: None,
            grace_period: GracePeriod::NotBegun,
            on_exit: None,
            on_wait: None,
            has_seen_wait: false,
        }
    }

    /// Sets the grace period. If dropping the previous one panics, it is replaced nevertheless, and then the panic
    /// continues.
    pub(crate) fn set_grace_period(&mut self, begin: Box<S::Begin<'a>>) {
        let dropped = earlier(self.reset(), contain(|| self.begin = None));
        self.begin = Some(begin);
        dropped.unwrap_or_else(|payload| resume(payload));
    }

    /// Sets the observer that is called with each exit.
    pub(crate) fn set_on_exit(&mut self, observer: Box<S::OnExit<'a, T>>) {
        self.on_exit = Some(observer);
    }

    /// Sets the observer that is called with what the group waits for.
    pub(crate) fn set_on_wait(&mut self, observer: Box<S::OnWait<'a, T>>) {
        self.has_seen_wait = false;
        self.on_wait = Some(observer);
    }

    /// Begins the grace period, unless it has begun. `Err`: `begin` panicked, and the grace period is over.
    fn begin(&mut self) -> Contained {
        if let (GracePeriod::NotBegun, Some(begin)) = (&self.grace_period, &mut self.begin) {
            self.grace_period = GracePeriod::Over;
            self.grace_period = GracePeriod::Running(contain(begin)?);
        }
        Ok(())
    }

    /// Polls the grace period, if it is running. `Err`: its future panicked, and the grace period is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Contained {
        match mem::replace(&mut self.grace_period, GracePeriod::Over) {
            GracePeriod::Running(mut timer) => match contain(|| timer.as_mut().poll(cx)) {
                Ok(Poll::Pending) => self.grace_period = GracePeriod::Running(timer),
                over => return earlier(over.map(drop), contain(|| drop(timer))),
            },
            unchanged => self.grace_period = unchanged,
        }
        Ok(())
    }

    /// Resets the grace period for the next stage. `Err`: its future panicked when it was dropped.
    fn reset(&mut self) -> Contained {
        contain(|| self.grace_period = GracePeriod::NotBegun)
    }

    /// Drops everything, even if dropping some of it panics. `Err`: the first such panic.
    fn close(mut self) -> Contained {
        let dropped = [
            self.reset(),
            contain(|| self.begin = None),
            contain(|| self.on_exit = None),
            contain(|| self.on_wait = None),
        ];
        dropped.into_iter().fold(Ok(()), earlier)
    }
}

impl<'a, T, S: Kind> Staged<Settings<'a, T, S>> {
    /// Calls the observers of exits in `stage`. `Err`: the first panic of one.
    pub(crate) fn show_exit(&mut self, stage: Stage, exit: &Exit<T>) -> Contained {
        let observers = self.of(stage).filter_map(|settings| settings.on_exit.as_mut());
        let calls = observers.map(|observer| contain(|| observer(exit)));
        calls.fold(Ok(()), earlier)
    }

    /// Calls the observers of what the group waits for in `stage`: all of them if that `has_changed`, otherwise only
    /// those that have not been called since they were set. `Err`: the first panic of one.
    pub(crate) fn show_wait(
        &mut self,
        stage: Stage,
        has_changed: bool,
        waiting: &Waiting<'_, T>,
    ) -> Contained {
        let observers = self.of(stage).filter_map(|settings| {
            let has_seen_it = mem::replace(&mut settings.has_seen_wait, true) && !has_changed;
            settings.on_wait.as_mut().filter(|_| !has_seen_it)
        });
        let calls = observers.map(|observer| contain(|| observer(waiting)));
        calls.fold(Ok(()), earlier)
    }

    /// Begins the grace periods of `stage` that have not begun, then polls them all. Returns whether one is over, and
    /// the first panic as `Err`. A grace period that panics is over, because otherwise the shutdown would have no
    /// limit.
    pub(crate) fn limit(&mut self, stage: Stage, cx: &mut Context<'_>) -> (bool, Contained) {
        let mut panic = self.of(stage).map(Settings::begin).fold(Ok(()), earlier);
        let mut is_over = false;
        for settings in self.of(stage) {
            panic = earlier(panic, settings.poll(cx));
            is_over |= matches!(settings.grace_period, GracePeriod::Over);
        }
        (is_over, panic)
    }

    /// Drops the settings that apply to no stage after this one, and resets the grace periods of the others. `Err`: the
    /// first panic while doing so.
    pub(crate) fn end(&mut self, stage: Stage) -> Contained {
        let panic = self.drain_ended(stage).map(Settings::close).fold(Ok(()), earlier);
        self.of(stage).map(Settings::reset).fold(panic, earlier)
    }
}
