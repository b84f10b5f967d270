//! One actor: its profile, its future (`execute`) and its interrupt, in one allocation.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exit::{Exit, Label, Outcome, Panic};
use crate::panic::{contain, earlier, Contained};

/// An actor in its allocation.
pub(crate) type Boxed<A> = Pin<Box<A>>;

/// An actor whose types are erased.
///
/// The methods that call the user's code contain its panics.
///
/// This trait and [`Profile`] are public because [`Kind`](crate::kind::Kind) is. Neither can be named outside this
/// crate.
pub trait Actor {
    /// What its future returns.
    type Output;

    /// Polls its future. Call `release` as soon as this is ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Self::Output>>;

    /// Calls the interrupt, if it has not been called. `None`: the group waits until the actor returns. Otherwise it
    /// drops the actor's future with this outcome, because the actor is abortable or its interrupt panicked.
    fn interrupt(self: Pin<&mut Self>, cause: &Exit<Self::Output>)
        -> Option<Outcome<Self::Output>>;

    /// Drops its future, if it is still there.
    fn release(self: Pin<&mut Self>) -> Contained;

    /// Returns the profile.
    fn profile(&self) -> &Profile<Self::Output>;

    /// Returns the profile, so that it can be changed.
    fn profile_mut(self: Pin<&mut Self>) -> &mut Profile<Self::Output>;
}

/// What was said of an actor when it was added.
pub struct Profile<T> {
    pub(crate) label: Label,
    /// Whether its exit stops the group, if it has not been interrupted.
    pub(crate) stops_if: fn(&Exit<T>) -> bool,
}

impl<T> fmt::Debug for Profile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(f)
    }
}

/// Drops an actor that has not exited: its future, then its interrupt, even if dropping one panics. `Err`: the first
/// panic.
pub(crate) fn drop_actor<A: Actor + ?Sized>(mut actor: Boxed<A>) -> Contained {
    let released = actor.as_mut().release();
    earlier(released, contain(|| drop(actor)))
}

pin_project! {
    /// `execute` and `interrupt`, as they were added, and the profile.
    struct Pair<F: Future, I> {
        profile: Profile<F::Output>,
        // `None` once it has returned, has panicked or was dropped.
        #[pin]
        execute: Option<F>,
        // `None` once it was called.
        interrupt: Option<I>,
    }
}

/// Returns an actor that returns after `interrupt` has been called.
#[track_caller]
pub(crate) fn interruptible<F: Future>(
    execute: F,
    interrupt: impl FnOnce(&Exit<F::Output>),
) -> Boxed<impl Actor<Output = F::Output>> {
    boxed(execute, |cause: &Exit<F::Output>| {
        interrupt(cause);
        None
    })
}

/// Returns an actor that is dropped when it is interrupted.
#[track_caller]
pub(crate) fn abortable<F: Future>(execute: F) -> Boxed<impl Actor<Output = F::Output>> {
    boxed(execute, |_: &Exit<F::Output>| Some(Outcome::Aborted))
}

#[track_caller]
fn boxed<F: Future, I>(execute: F, interrupt: I) -> Boxed<Pair<F, I>> {
    let label = Label { name: None, location: Location::caller() };
    let stops_if = |_: &Exit<F::Output>| true;
    Box::pin(Pair {
        profile: Profile { label, stops_if },
        execute: Some(execute),
        interrupt: Some(interrupt),
    })
}

impl<F, I> Actor for Pair<F, I>
where
    F: Future,
    I: FnOnce(&Exit<F::Output>) -> Option<Outcome<F::Output>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<F::Output>> {
        let Some(execute) = self.project().execute.as_pin_mut() else {
            return Poll::Pending;
        };
        match contain(|| execute.poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Outcome::Returned(output)),
            Err(payload) => Poll::Ready(Outcome::Panicked(Panic::new(payload))),
        }
    }

    fn interrupt(self: Pin<&mut Self>, cause: &Exit<F::Output>) -> Option<Outcome<F::Output>> {
        let interrupt = self.project().interrupt.take()?;
        let interrupted = contain(|| interrupt(cause));
        interrupted.unwrap_or_else(|payload| Some(Outcome::Panicked(Panic::new(payload))))
    }

    fn release(self: Pin<&mut Self>) -> Contained {
        let mut execute = self.project().execute;
        contain(|| execute.set(None))
    }

    fn profile(&self) -> &Profile<F::Output> {
        &self.profile
    }

    fn profile_mut(self: Pin<&mut Self>) -> &mut Profile<F::Output> {
        self.project().profile
    }
}
