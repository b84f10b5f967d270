//! One actor in one allocation: execute, interrupt and label.

use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exit::{Exit, Label, Outcome};
use crate::panic::{contain, discard, Payload};

pin_project! {
    /// An actor of a group: what the group knows of it, and its parts.
    pub(crate) struct Actor<P: ?Sized> {
        // Who it is. The name moves into its exit.
        pub(crate) label: Label,
        // The number of the stage it is in.
        pub(crate) stage: usize,
        // Whether it has been polled.
        pub(crate) started: bool,
        // Whether its interrupt has been called.
        pub(crate) interrupted: bool,
        // Whether it has exited: if so, only its interrupt is left.
        pub(crate) exited: bool,
        #[pin]
        parts: P,
    }
}

impl<F: Future, I> Actor<Pair<F, I>>
where
    I: FnOnce(&Exit<F::Output>) -> After,
{
    /// Makes an actor which the caller's caller adds. Its index and its stage are for the group to set.
    #[track_caller]
    fn of(execute: F, interrupt: I) -> Self {
        Self {
            label: Label {
                index: 0,
                name: None,
                location: Location::caller(),
            },
            stage: 0,
            started: false,
            interrupted: false,
            exited: false,
            parts: Pair {
                execute: Some(execute),
                interrupt: Some(interrupt),
            },
        }
    }
}

/// Makes an actor that is told to return by a call of `interrupt`.
#[allow(clippy::type_complexity)] // an alias cannot name the closure
#[track_caller]
pub(crate) fn told<F, I>(
    execute: F,
    interrupt: I,
) -> Actor<Pair<F, impl FnOnce(&Exit<F::Output>) -> After>>
where
    F: Future,
    I: FnOnce(&Exit<F::Output>),
{
    Actor::of(execute, |cause: &Exit<F::Output>| {
        interrupt(cause);
        After::Wait
    })
}

/// Makes an actor that is dropped when it is interrupted.
#[allow(clippy::type_complexity)] // likewise
#[track_caller]
pub(crate) fn abortable<F: Future>(
    execute: F,
) -> Actor<Pair<F, impl FnOnce(&Exit<F::Output>) -> After>> {
    Actor::of(execute, |_: &Exit<F::Output>| After::Abort)
}

impl<P: Parts + ?Sized> Actor<P> {
    /// Polls execute.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<P::Output>> {
        let this = self.project();
        *this.started = true;
        this.parts.poll(cx)
    }

    /// Calls the interrupt.
    pub(crate) fn interrupt(self: Pin<&mut Self>, cause: &Exit<P::Output>) -> After {
        let this = self.project();
        *this.interrupted = true;
        this.parts.interrupt(cause)
    }

    /// Returns the exit of an actor whose execute is gone.
    pub(crate) fn exit(self: Pin<&mut Self>, outcome: Outcome<P::Output>) -> Exit<P::Output> {
        let this = self.project();
        *this.exited = true;
        Exit::new(this.label.take(), *this.interrupted, outcome)
    }

    /// Drops execute where it stands and returns the actor's exit: `outcome`, or the panic that the drop ended in.
    pub(crate) fn end(mut self: Pin<&mut Self>, outcome: Outcome<P::Output>) -> Exit<P::Output> {
        let released = self.as_mut().project().parts.release();
        self.exit(match (outcome, released) {
            (Outcome::Panicked(payload), released) => {
                discard(released); // the first panic counts
                Outcome::Panicked(payload)
            }
            (_, Err(payload)) => Outcome::Panicked(payload),
            (outcome, Ok(())) => outcome,
        })
    }
}

/// What the user gave, with the types forgotten: execute and interrupt.
///
/// The user's code runs in these methods, so they are where its panics are contained.
///
/// Public, like [`After`], because the bounds of [`Kind`](crate::kind::Kind) are. Neither can be named from outside.
pub trait Parts {
    /// What execute returns.
    type Output;

    /// Polls execute, and drops it as soon as it has returned or panicked.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<Self::Output>>;

    /// Calls the interrupt, if that has not been done, and says what is to become of execute.
    fn interrupt(self: Pin<&mut Self>, cause: &Exit<Self::Output>) -> After;

    /// Drops execute, if it is still there.
    fn release(self: Pin<&mut Self>) -> Result<(), Payload>;
}

/// What is to become of execute after the interrupt.
#[derive(Debug)]
pub enum After {
    /// It has been told, and goes on until it returns.
    Wait,
    /// It is dropped where it stands.
    Abort,
    /// The interrupt panicked with this: execute can no longer be told, so it is dropped.
    Panic(Payload),
}

pin_project! {
    /// Execute and interrupt as they were given.
    pub(crate) struct Pair<F, I> {
        // `None` once it has returned, has panicked or was dropped.
        #[pin]
        execute: Option<F>,
        // `None` once it was called.
        interrupt: Option<I>,
    }
}

impl<F, I> Parts for Pair<F, I>
where
    F: Future,
    I: FnOnce(&Exit<F::Output>) -> After,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<F::Output>> {
        let Some(execute) = self.as_mut().project().execute.as_pin_mut() else {
            return Poll::Pending;
        };
        let returned = match contain(|| execute.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        // The first panic counts. Nothing that is left over may be dropped while one unwinds.
        Poll::Ready(match (returned, self.release()) {
            (Ok(output), Ok(())) => Outcome::Returned(output),
            (Ok(output), Err(payload)) => {
                discard(output);
                Outcome::Panicked(payload)
            }
            (Err(payload), released) => {
                discard(released);
                Outcome::Panicked(payload)
            }
        })
    }

    fn interrupt(self: Pin<&mut Self>, cause: &Exit<F::Output>) -> After {
        match self.project().interrupt.take() {
            Some(interrupt) => contain(|| interrupt(cause)).unwrap_or_else(After::Panic),
            None => After::Wait,
        }
    }

    fn release(self: Pin<&mut Self>) -> Result<(), Payload> {
        let mut execute = self.project().execute;
        contain(|| execute.set(None))
    }
}
