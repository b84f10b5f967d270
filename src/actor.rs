//! One actor: its label, execute and interrupt, in one allocation.

use alloc::boxed::Box;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exit::{Exit, Label, Outcome};
use crate::panic::{contain, first, Contained, Payload};

/// An actor in its allocation.
pub(crate) type Boxed<A> = Pin<Box<A>>;

/// An actor whose types are erased.
///
/// The methods that call the user's code contain its panics.
///
/// This trait and [`After`] are public because [`Kind`](crate::kind::Kind) is. None of them can be named outside this
/// crate.
pub trait Actor {
    /// What execute returns.
    type Output;

    /// Polls execute. Call `release` as soon as this is ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Self::Output>>;

    /// Calls the interrupt, if it has not been called, and returns what to do with execute.
    fn interrupt(self: Pin<&mut Self>, cause: &Exit<Self::Output>) -> After;

    /// Drops execute, if it is still there.
    fn release(self: Pin<&mut Self>) -> Contained;

    /// Returns the label.
    fn label(&self) -> &Label;

    /// Returns the label, so that it can be changed.
    fn label_mut(self: Pin<&mut Self>) -> &mut Label;
}

/// What to do with execute after the interrupt.
#[derive(Debug)]
pub enum After {
    /// The group waits until execute returns.
    Wait,
    /// Execute is dropped where it is.
    Abort,
    /// The interrupt panicked with this payload. Execute can no longer be asked to return, so it is dropped.
    Panic(Payload),
}

/// Drops an actor that has not exited: execute, then its interrupt, even if dropping one panics. `Err`: the first
/// panic.
pub(crate) fn drop_actor<A: Actor + ?Sized>(mut actor: Boxed<A>) -> Contained {
    let released = actor.as_mut().release();
    first(released, contain(|| drop(actor)))
}

pin_project! {
    /// Execute and interrupt, as they were added, and the label.
    struct Pair<F, I> {
        label: Label,
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
        After::Wait
    })
}

/// Returns an actor that is dropped when it is interrupted.
#[track_caller]
pub(crate) fn abortable<F: Future>(execute: F) -> Boxed<impl Actor<Output = F::Output>> {
    boxed(execute, |_: &Exit<F::Output>| After::Abort)
}

#[track_caller]
fn boxed<F, I>(execute: F, interrupt: I) -> Boxed<Pair<F, I>> {
    let label = Label {
        name: None,
        location: Location::caller(),
    };
    let (execute, interrupt) = (Some(execute), Some(interrupt));
    Box::pin(Pair {
        label,
        execute,
        interrupt,
    })
}

impl<F: Future, I: FnOnce(&Exit<F::Output>) -> After> Actor for Pair<F, I> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<F::Output>> {
        let Some(execute) = self.project().execute.as_pin_mut() else {
            return Poll::Pending;
        };
        match contain(|| execute.poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Outcome::Returned(output)),
            Err(payload) => Poll::Ready(Outcome::Panicked(payload)),
        }
    }

    fn interrupt(self: Pin<&mut Self>, cause: &Exit<F::Output>) -> After {
        match self.project().interrupt.take() {
            Some(interrupt) => contain(|| interrupt(cause)).unwrap_or_else(After::Panic),
            None => After::Wait,
        }
    }

    fn release(self: Pin<&mut Self>) -> Contained {
        let mut execute = self.project().execute;
        contain(|| execute.set(None))
    }

    fn label(&self) -> &Label {
        &self.label
    }

    fn label_mut(self: Pin<&mut Self>) -> &mut Label {
        self.project().label
    }
}
