//! The terms of a stop: who sees the exits, and how long is waited.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::mem;
use core::ops::Range;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::actor::StageNumber;
use crate::exit::Exit;
use crate::kind::Kind;
use crate::panic::{contain, first, Payload};

/// What was set on a group, and on the groups which it was put together from.
pub(crate) struct Terms<'a, T, S: Kind> {
    /// What was set on the group: it is for all its stages.
    own: Term<'a, T, S>,
    /// What was set on its parts, the inner before the outer, and the numbers of the stages which it is for.
    parts: Vec<(Range<StageNumber>, Term<'a, T, S>)>,
}

/// What was set on one group.
struct Term<'a, T, S: Kind> {
    grace_period: GracePeriod<'a, S>,
    observer: Option<Box<S::Observer<'a, T>>>,
}

/// How long a group waits for its actors once they are interrupted.
enum GracePeriod<'a, S: Kind> {
    /// As long as it takes.
    Unlimited,
    /// As this will say when the first stage is interrupted.
    Set(Box<S::GracePeriod<'a>>),
    /// Until this resolves.
    Begun(Pin<Box<S::Timer<'a>>>),
    /// Not any longer.
    Over,
}

impl<'a, T, S: Kind> Terms<'a, T, S> {
    /// Sets the grace period of the group.
    pub(crate) fn set_grace_period(&mut self, begin: Box<S::GracePeriod<'a>>) {
        self.own.grace_period = GracePeriod::Set(begin);
    }

    /// Sets the observer of the group.
    pub(crate) fn set_observer(&mut self, observer: Box<S::Observer<'a, T>>) {
        self.own.observer = Some(observer);
    }

    /// Returns whether nothing was set.
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.parts.is_empty()
    }

    /// Returns whether anybody observes `stage`.
    pub(crate) fn observe(&mut self, stage: StageNumber) -> bool {
        self.of(stage).any(|term| term.observer.is_some())
    }

    /// Shows an exit in `stage` to whoever observes that. `Err`: an observer panicked.
    pub(crate) fn see(&mut self, stage: StageNumber, exit: &Exit<T>) -> Result<(), Payload> {
        let mut seen = Ok(());
        for term in self.of(stage) {
            if let Some(observer) = &mut term.observer {
                seen = first(seen, contain(|| observer(exit)));
            }
        }
        seen
    }

    /// Begins the grace periods which `stage` is the first to need. `Err`: one panicked in that, and is over.
    pub(crate) fn begin(&mut self, stage: StageNumber) -> Result<(), Payload> {
        let mut begun = Ok(());
        for term in self.of(stage) {
            begun = first(begun, term.grace_period.begin());
        }
        begun
    }

    /// Returns whether a grace period of `stage` is over. `Err`: it panicked, and it is over.
    pub(crate) fn are_over(
        &mut self,
        stage: StageNumber,
        cx: &mut Context<'_>,
    ) -> Result<bool, Payload> {
        for term in self.of(stage) {
            if term.grace_period.is_over(cx)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Drops what `stage` was the last to need. `Err`: that panicked.
    pub(crate) fn leave(&mut self, stage: StageNumber) -> Result<(), Payload> {
        let mut left = Ok(());
        self.parts.retain_mut(|(stages, term)| {
            let is_needed = stages.end > stage + 1;
            if !is_needed {
                left = first(mem::replace(&mut left, Ok(())), mem::take(term).close());
            }
            is_needed
        });
        left
    }

    /// Drops everything. `Err`: that panicked.
    pub(crate) fn close(&mut self) -> Result<(), Payload> {
        let mut left = mem::take(&mut self.own).close();
        for (_, term) in mem::take(&mut self.parts) {
            left = first(left, term.close());
        }
        left
    }

    /// Makes these the terms of a part, which has `stages`, of a group that has none of its own.
    pub(crate) fn into_part(mut self, stages: Range<StageNumber>) -> Self {
        let own = mem::take(&mut self.own);
        if !own.is_empty() {
            self.parts.push((stages, own));
        }
        self
    }

    /// Takes over the terms of the parts of `back`, whose stages have other numbers here.
    pub(crate) fn append(&mut self, back: Self, renumbered: impl Fn(StageNumber) -> StageNumber) {
        for (stages, term) in back.parts {
            let stages = renumbered(stages.start)..renumbered(stages.end);
            self.parts.push((stages, term));
        }
    }

    /// Returns what is set for `stage`, the inner before the outer.
    fn of(&mut self, stage: StageNumber) -> impl Iterator<Item = &mut Term<'a, T, S>> {
        self.parts
            .iter_mut()
            .filter(move |(stages, _)| stages.contains(&stage))
            .map(|(_, term)| term)
            .chain([&mut self.own])
    }
}

impl<T, S: Kind> Term<'_, T, S> {
    /// Drops it. `Err`: that panicked.
    fn close(self) -> Result<(), Payload> {
        let Self {
            grace_period,
            observer,
        } = self;
        first(contain(|| drop(grace_period)), contain(|| drop(observer)))
    }

    fn is_empty(&self) -> bool {
        matches!(self.grace_period, GracePeriod::Unlimited) && self.observer.is_none()
    }
}

impl<S: Kind> GracePeriod<'_, S> {
    /// Begins, if it is set.
    ///
    /// The user wanted a bound. One that fails must not become none, so then it is over.
    fn begin(&mut self) -> Result<(), Payload> {
        match mem::replace(self, GracePeriod::Over) {
            GracePeriod::Set(begin) => *self = GracePeriod::Begun(contain(begin)?),
            unchanged => *self = unchanged,
        }
        Ok(())
    }

    /// Returns whether it is over, and stays so.
    fn is_over(&mut self, cx: &mut Context<'_>) -> Result<bool, Payload> {
        let GracePeriod::Begun(timer) = self else {
            return Ok(matches!(self, GracePeriod::Over));
        };
        let polled = match contain(|| timer.as_mut().poll(cx)) {
            Ok(Poll::Pending) => return Ok(false),
            Ok(Poll::Ready(())) => Ok(()),
            Err(payload) => Err(payload),
        };
        let dropped = contain(|| *self = GracePeriod::Over);
        first(polled, dropped).map(|()| true)
    }
}

impl<T, S: Kind> Default for Terms<'_, T, S> {
    fn default() -> Self {
        Self {
            own: Term::default(),
            parts: Vec::new(),
        }
    }
}

impl<T, S: Kind> Default for Term<'_, T, S> {
    fn default() -> Self {
        Self {
            grace_period: GracePeriod::Unlimited,
            observer: None,
        }
    }
}
