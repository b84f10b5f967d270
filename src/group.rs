//! [`Group`] and [`LocalGroup`]: collect actors, set the terms of their stage; await, run, report.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::{poll_fn, Future};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::future::{FusedFuture, FutureExt};
use futures_util::ready;

use crate::actor;
use crate::exit::{Exit, Label};
#[cfg(target_has_atomic = "ptr")]
use crate::interrupted::{signal, Interrupted};
use crate::kind::{Kind, Local, Shared};
use crate::stop::{Ended, Stop};

#[must_use = "a group does nothing unless you `.await`, `run` or `report` it"]
pub struct Group<'a, T, S: Kind = Shared> {
    stop: Stop<'a, T, S>,
    /// Whether it has ended and nothing was added since.
    terminated: bool,
}

pub type LocalGroup<'a, T> = Group<'a, T, Local>;

impl<'a, T> Group<'a, T> {
    pub fn new() -> Self {
        Self::default()
    }

    #[track_caller]
    pub fn add<F, I>(&mut self, execute: F, interrupt: I) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
        I: FnOnce(&Exit<T>) + Send + 'a,
    {
        self.insert(Box::pin(actor::told(execute, interrupt)))
    }

    #[cfg(target_has_atomic = "ptr")]
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
    {
        let (sender, interrupted) = signal();
        self.add(execute(interrupted), |_| drop(sender))
    }

    #[track_caller]
    pub fn add_abortable<F>(&mut self, execute: F) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
    {
        self.insert(Box::pin(actor::abortable(execute)))
    }

    pub fn grace_period<F>(&mut self, begin: impl FnOnce() -> F + Send + 'a)
    where
        F: Future + Send + 'a,
    {
        self.stop
            .set_grace_period(Box::new(|| Box::pin(begin().map(drop))));
    }

    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + Send + 'a) {
        self.stop.set_observer(Box::new(observer));
    }
}

impl<'a, T> LocalGroup<'a, T> {
    pub fn local() -> Self {
        Self::default()
    }

    #[track_caller]
    pub fn add<F, I>(&mut self, execute: F, interrupt: I) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
        I: FnOnce(&Exit<T>) + 'a,
    {
        self.insert(Box::pin(actor::told(execute, interrupt)))
    }

    #[cfg(target_has_atomic = "ptr")]
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
    {
        let (sender, interrupted) = signal();
        self.add(execute(interrupted), |_| drop(sender))
    }

    #[track_caller]
    pub fn add_abortable<F>(&mut self, execute: F) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
    {
        self.insert(Box::pin(actor::abortable(execute)))
    }

    pub fn grace_period<F>(&mut self, begin: impl FnOnce() -> F + 'a)
    where
        F: Future + 'a,
    {
        self.stop
            .set_grace_period(Box::new(|| Box::pin(begin().map(drop))));
    }

    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + 'a) {
        self.stop.set_observer(Box::new(observer));
    }
}

impl<'a, T, S: Kind> Group<'a, T, S> {
    fn insert(&mut self, actor: Pin<Box<actor::Actor<S::Parts<'a, T>>>>) -> Added<'_> {
        self.terminated = false;
        Added {
            label: self.stop.insert(actor),
        }
    }

    pub fn before(self, back: Self) -> Self {
        Self {
            stop: self.stop.before(back.stop),
            terminated: self.terminated && back.terminated,
        }
    }

    pub fn len(&self) -> usize {
        self.stop.running()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub async fn report(mut self) -> Vec<Exit<T>> {
        poll_fn(|cx| self.poll_end(cx)).await.into_report()
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended<T>> {
        ready!(self.stop.poll(cx));
        self.terminated = true;
        Poll::Ready(self.stop.end())
    }
}

impl<E, S: Kind> Group<'_, Result<(), E>, S> {
    pub async fn run(self) -> Result<(), E> {
        self.await.unwrap_or(Ok(()))
    }
}

impl<T, S: Kind> Future for Group<'_, T, S> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_end(cx).map(Ended::into_output)
    }
}

impl<T, S: Kind> FusedFuture for Group<'_, T, S> {
    fn is_terminated(&self) -> bool {
        self.terminated
    }
}

impl<T, S: Kind> Unpin for Group<'_, T, S> {}

impl<T, S: Kind> Default for Group<'_, T, S> {
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            terminated: false,
        }
    }
}

impl<T, S: Kind> fmt::Debug for Group<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::NAME)
            .field("len", &self.len())
            .field("stages", &self.stop.stages())
            .field("is_stopping", &self.stop.is_stopping())
            .finish()
    }
}

pub struct Added<'g> {
    label: &'g mut Label,
}

impl Added<'_> {
    pub fn named(self, name: impl Into<Cow<'static, str>>) {
        self.label.name = Some(name.into());
    }
}

impl fmt::Debug for Added<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Added")
            .field("index", &self.label.index)
            .field("name", &self.label.name)
            .finish()
    }
}
