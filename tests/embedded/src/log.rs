//! The events of a case, in order, each with its tick.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{poll_fn, Future};
use core::marker::PhantomData;
use core::pin::pin;
use core::task::{Poll, Waker};

use run_group::{Exit, Interrupted, LocalGroup};

use crate::contract::Clock;

/// The events of one case, each with its tick, counted from the start of the case.
pub(crate) struct Log<C> {
    start: u32,
    events: RefCell<Vec<String>>,
    clock: PhantomData<C>,
}

impl<C: Clock> Log<C> {
    pub(crate) fn new() -> Self {
        Self { start: C::now(), events: RefCell::default(), clock: PhantomData }
    }

    /// Adds an event.
    pub(crate) fn note(&self, event: impl core::fmt::Display) {
        let tick = C::now() - self.start;
        self.events.borrow_mut().push(format!("{tick} {event}"));
    }

    /// Notes when `execute` is polled and when it is dropped.
    pub(crate) async fn execute<F: Future>(&self, name: &'static str, execute: F) -> F::Output {
        /// Notes its own drop. It is declared first, so it is dropped after the future.
        struct Dropped<'l, C: Clock>(&'l Log<C>, &'static str);
        impl<C: Clock> Drop for Dropped<'_, C> {
            fn drop(&mut self) {
                self.0.note(format_args!("{} dropped", self.1));
            }
        }
        let _dropped = Dropped(self, name);
        let mut execute = pin!(execute);
        poll_fn(|cx| {
            self.note(format_args!("{name} polled"));
            execute.as_mut().poll(cx)
        })
        .await
    }

    /// Returns an interrupt that notes its call.
    pub(crate) fn interrupt<T>(&self, name: &'static str) -> impl FnOnce(&Exit<T>) + '_ {
        move |cause| {
            let cause = cause.name().unwrap_or("?");
            self.note(format_args!("{name} interrupted by {cause}"));
        }
    }

    /// Adds an actor that takes this many ticks to stop.
    pub(crate) fn add_slow<'a>(
        &'a self,
        group: &mut LocalGroup<'a, ()>,
        name: &'static str,
        ticks: u32,
    ) {
        let stop = |interrupted: Interrupted| async move {
            interrupted.await;
            C::after(ticks).await;
        };
        group.add_with(|interrupted| self.execute(name, stop(interrupted))).named(name);
    }

    /// Sorts the events, for those that may come in any order.
    pub(crate) fn sort(&self) {
        self.events.borrow_mut().sort();
    }

    /// Compares the events with `events`, and clears them.
    #[track_caller]
    pub(crate) fn expect(&self, events: &[&str]) {
        assert_eq!(*self.events.borrow(), events);
        *self.events.borrow_mut() = Vec::new();
    }
}

/// Counts how often `future` is polled.
pub(crate) async fn counted<F: Future>(polls: &Cell<u32>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(cx)
    })
    .await
}

/// A flag that an interrupt sets and its execute awaits.
#[derive(Default)]
pub(crate) struct Event {
    is_set: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Event {
    pub(crate) fn set(&self) {
        self.is_set.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    pub(crate) fn reset(&self) {
        self.is_set.set(false);
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|cx| {
            if self.is_set.get() {
                return Poll::Ready(());
            }
            self.waiting.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await
    }
}
