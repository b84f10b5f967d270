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
    /// The grace period of the current stage, once it has begun. It lasts until this resolves.
    grace_period: Option<Pin<Box<S::Timer<'a>>>>,
    on_exit: Option<Box<S::OnExit<'a, T>>>,
    on_wait: Option<Box<S::OnWait<'a, T>>>,
    /// Whether `on_wait` has been called since it was set.
    has_seen_wait: bool,
}

impl<'a, T, S: Kind> Settings<'a, T, S> {
    pub(crate) fn new() -> Self {
        Self {
            begin: None,
            grace_period: None,
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

    /// Begins the grace period, unless it has begun. `Err`: `begin` panicked.
    fn begin(&mut self) -> Contained {
        if let (None, Some(begin)) = (&self.grace_period, &mut self.begin) {
            self.grace_period = Some(contain(begin)?);
        }
        Ok(())
    }

    /// Polls the grace period, if it has begun. Returns whether it is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Contained<bool> {
        let Some(mut timer) = self.grace_period.take() else {
            return Ok(false);
        };
        let polled = contain(|| timer.as_mut().poll(cx));
        if let Ok(Poll::Pending) = polled {
            self.grace_period = Some(timer);
            return Ok(false);
        }
        earlier(polled.map(drop), contain(|| drop(timer))).map(|()| true)
    }

    /// Ends the grace period. `Err`: its future panicked when it was dropped.
    fn reset(&mut self) -> Contained {
        contain(|| self.grace_period = None)
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
        let observers = self
            .of(stage)
            .filter_map(|settings| settings.on_exit.as_mut());
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

    /// Begins the grace periods of `stage` that have not begun, then polls them all. Returns whether one is over. `Err`:
    /// the first panic. A grace period that panics is over, because otherwise the shutdown would have no limit.
    pub(crate) fn limit(&mut self, stage: Stage, cx: &mut Context<'_>) -> Contained<bool> {
        let begun = self.of(stage).map(Settings::begin).fold(Ok(()), earlier);
        let (mut is_over, mut panic) = (false, begun);
        for polled in self.of(stage).map(|settings| settings.poll(cx)) {
            is_over |= matches!(polled, Ok(true));
            panic = earlier(panic, polled.map(drop));
        }
        panic.map(|()| is_over)
    }

    /// Drops the settings that apply to no stage after this one, and resets the grace periods of the others. `Err`: the
    /// first panic while doing so.
    pub(crate) fn end(&mut self, stage: Stage) -> Contained {
        let mut panic = Ok(());
        while let Some(settings) = self.pop_ended(stage) {
            panic = earlier(panic, settings.close());
        }
        self.of(stage).map(Settings::reset).fold(panic, earlier)
    }
}
