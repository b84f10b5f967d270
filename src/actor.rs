//! One actor: execute and interrupt, in one allocation, and what the group knows of them.

use alloc::boxed::Box;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::ready;
use pin_project_lite::pin_project;

use crate::exit::{Exit, Outcome, Record};
use crate::panic::{contain, discard, Payload};

/// An actor of a group: what the group knows of it, and its parts.
///
/// It is empty once the parts were taken out. Everything else can still be read. What stands here is what a group goes
/// through to find whom it has to interrupt, and so it is small: with numbers of full size, a wake in a large group would
/// take a tenth longer.
pub(crate) struct Actor<P: ?Sized> {
    /// Its place in the order of adding.
    pub(crate) index: u32,
    /// The number of the stage it is in.
    pub(crate) stage: StageNumber,
    pub(crate) state: State,
    /// Whether its interrupt has been called.
    pub(crate) interrupted: bool,
    parts: Option<Pin<Box<P>>>,
}

/// The place of a stage in the order of stopping.
pub(crate) type StageNumber = u16;

/// How far an actor has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It was added, and has not been polled.
    Added,
    /// It has been polled.
    Started,
    /// It has exited: only its interrupt is left.
    Exited,
}

impl<P: ?Sized> Actor<P> {
    pub(crate) fn new(parts: Pin<Box<P>>, index: u32, stage: StageNumber) -> Self {
        Self {
            index,
            stage,
            state: State::Added,
            interrupted: false,
            parts: Some(parts),
        }
    }

    /// Returns whether the actor was taken out or has been ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_none()
    }

    /// Takes the actor out of its place, which is empty then.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            parts: self.parts.take(),
            ..*self
        }
    }
}

impl<P: Parts + ?Sized> Actor<P> {
    /// Calls the interrupt.
    pub(crate) fn interrupt(&mut self, cause: &Exit<P::Output>) -> After {
        self.interrupted = true;
        match &mut self.parts {
            Some(parts) => parts.as_mut().interrupt(cause),
            None => After::Wait,
        }
    }

    /// Drops execute where it stands and returns the actor's record: `outcome`, or the panic that the drop ended in.
    pub(crate) fn end(&mut self, outcome: Outcome<P::Output>) -> Option<Record<P::Output>> {
        let mut parts = self.parts.take()?;
        let outcome = match (outcome, parts.as_mut().release()) {
            (Outcome::Panicked(payload), released) => {
                discard(released); // the first panic counts
                Outcome::Panicked(payload)
            }
            (_, Err(payload)) => Outcome::Panicked(payload),
            (outcome, Ok(())) => outcome,
        };
        Some(self.exit(parts.location(), outcome))
    }

    /// Returns the record of an actor whose execute is gone.
    fn exit(
        &mut self,
        location: &'static Location<'static>,
        outcome: Outcome<P::Output>,
    ) -> Record<P::Output> {
        self.state = State::Exited;
        Record {
            index: self.index,
            location,
            was_interrupted: self.interrupted,
            outcome,
        }
    }
}

/// An actor that has exited, out of its place, and its record.
pub(crate) type Exited<P> = (Actor<P>, Record<<P as Parts>::Output>);

/// Ready with the actor, taken out, and its record when it has one. `None`: the place is empty.
impl<P: Parts + ?Sized> Future for Actor<P> {
    type Output = Option<Exited<P>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(parts) = &mut this.parts else {
            return Poll::Ready(None);
        };
        this.state = State::Started;
        let outcome = ready!(parts.as_mut().poll(cx));
        let location = parts.location();
        let record = this.exit(location, outcome);
        Poll::Ready(Some((this.take(), record)))
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

    /// Returns the line that added the actor.
    fn location(&self) -> &'static Location<'static>;

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
        location: &'static Location<'static>,
        // `None` once it has returned, has panicked or was dropped.
        #[pin]
        execute: Option<F>,
        // `None` once it was called.
        interrupt: Option<I>,
    }
}

impl<F: Future, I> Pair<F, I>
where
    I: FnOnce(&Exit<F::Output>) -> After,
{
    #[track_caller]
    fn of(execute: F, interrupt: I) -> Self {
        Self {
            location: Location::caller(),
            execute: Some(execute),
            interrupt: Some(interrupt),
        }
    }
}

/// The parts of an actor that is told to return by a call of `interrupt`.
#[track_caller]
pub(crate) fn told<F, I>(
    execute: F,
    interrupt: I,
) -> Pair<F, impl FnOnce(&Exit<F::Output>) -> After>
where
    F: Future,
    I: FnOnce(&Exit<F::Output>),
{
    Pair::of(execute, |cause: &Exit<F::Output>| {
        interrupt(cause);
        After::Wait
    })
}

/// The parts of an actor that is dropped when it is interrupted.
#[track_caller]
pub(crate) fn abortable<F: Future>(execute: F) -> Pair<F, impl FnOnce(&Exit<F::Output>) -> After> {
    Pair::of(execute, |_: &Exit<F::Output>| After::Abort)
}

impl<F, I> Pair<F, I>
where
    F: Future,
    I: FnOnce(&Exit<F::Output>) -> After,
{
    /// Drops execute, which has returned or panicked.
    #[inline(never)]
    fn exit(self: Pin<&mut Self>, returned: Result<F::Output, Payload>) -> Outcome<F::Output> {
        // The first panic counts. Nothing that is left over may be dropped while one unwinds.
        match (returned, self.release()) {
            (Ok(output), Ok(())) => Outcome::Returned(output),
            (Ok(output), Err(payload)) => {
                discard(output);
                Outcome::Panicked(payload)
            }
            (Err(payload), released) => {
                discard(released);
                Outcome::Panicked(payload)
            }
        }
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
        Poll::Ready(self.exit(returned))
    }

    fn interrupt(self: Pin<&mut Self>, cause: &Exit<F::Output>) -> After {
        match self.project().interrupt.take() {
            Some(interrupt) => contain(|| interrupt(cause)).unwrap_or_else(After::Panic),
            None => After::Wait,
        }
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn release(self: Pin<&mut Self>) -> Result<(), Payload> {
        let mut execute = self.project().execute;
        contain(|| execute.set(None))
    }
}
