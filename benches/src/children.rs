//! Actors that come and go: children that a handle adds to a running group, and joiners of a shutdown that hangs.
//!
//! Each function returns what does one round.

use std::future::{pending, Future};
use std::pin::Pin;
use std::task::{Context, Waker};

use async_executor::LocalExecutor;
use futures_channel::oneshot;
use futures_util::stream::{FuturesUnordered, StreamExt};
use run_group::{Group, Handle};

use crate::poll_to_end;
use crate::wake::{idle, Wakes};

fn poll_pending(group: &mut Group<'_, ()>) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(group).poll(&mut cx).is_pending());
}

/// A way to add a child that returns in its first poll, and leaves.
pub type Add = fn(&Handle<'static, ()>);

pub fn add(handle: &Handle<'static, ()>) {
    handle.add(async {}, |_| {}).stops_if(|_| false);
}

pub fn add_with(handle: &Handle<'static, ()>) {
    handle.add_with(|interrupted| async { drop(interrupted) }).stops_if(|_| false);
}

/// With a name that is not a literal.
pub fn add_with_name(handle: &Handle<'static, ()>) {
    let child = handle.add_with(|interrupted| async { drop(interrupted) });
    child.stops_if(|_| false).named(String::from("127.0.0.1:50110"));
}

/// `n` children are added through a handle, and all leave.
pub fn in_group(n: usize, add: Add) -> impl FnMut() {
    let mut group = Group::new();
    let handle = group.handle();
    group.add_abortable(pending());
    move || {
        for _ in 0..n {
            add(&handle);
        }
        poll_pending(&mut group);
        assert_eq!(group.len(), 1);
    }
}

/// `n` tasks are spawned on an executor, which runs as a future, as the group does. They return in their first poll.
pub fn on_executor(n: usize) -> impl FnMut() {
    let executor: &LocalExecutor<'_> = Box::leak(Box::default());
    let mut runs = Box::pin(executor.run(pending::<()>()));
    move || {
        for _ in 0..n {
            executor.spawn(async {}).detach();
        }
        let mut cx = Context::from_waker(Waker::noop());
        while !executor.is_empty() {
            assert!(runs.as_mut().poll(&mut cx).is_pending()); // it runs up to 200 tasks
        }
    }
}

/// `n` futures are added to a `FuturesUnordered`, without boxes, and all return in their first poll.
pub fn in_set(n: usize) -> impl FnMut() {
    let mut set = FuturesUnordered::new();
    move || {
        for _ in 0..n {
            set.push(async {});
        }
        poll_to_end((&mut set).collect::<()>());
    }
}

/// An actor joins a shutdown that hangs, after `n` others have, and returns in its first poll.
pub fn joiners(n: usize) -> impl FnMut() {
    let mut group = Group::new();
    let handle = group.handle();
    group.add(pending(), |_| {});
    group.add(async {}, |_| {});
    poll_pending(&mut group);
    let mut join = move || {
        handle.add(async {}, |_| {});
        poll_pending(&mut group);
        assert_eq!(group.len(), 1);
    };
    (0..n).for_each(|_| join());
    join
}

/// The life of a group whose `n` actors return one in each poll. With an observer that reads how many it waits for, or
/// without.
pub fn exits_one_a_poll(n: usize, is_observed: bool) -> impl FnMut() {
    move || {
        let mut seen = 0;
        let mut group = Group::new();
        let exits = Vec::from_iter((0..n).map(|_| {
            let (exit, exits) = oneshot::channel();
            group.add(async { exits.await.unwrap_or(()) }, |_| {});
            exit
        }));
        group.add(pending(), |_| {});
        if is_observed {
            group.on_wait(|waiting| seen += waiting.len());
        }
        for exit in exits {
            assert_eq!(exit.send(()), Ok(()));
            poll_pending(&mut group);
        }
        drop(group);
        assert!(!is_observed || seen == n * (n + 1) / 2, "{seen}");
    }
}

/// Wakes in a group of `n` groups with an actor and an observer each, and a handle.
pub fn wakes(n: usize) -> Wakes<Group<'static, ()>> {
    Wakes::start(n, |wakers| {
        let mut group = Group::new();
        for _ in 0..n {
            let mut part = Group::new();
            part.add_abortable(idle(wakers.clone()));
            part.on_exit(|_| {});
            group = group.before(part);
        }
        drop(group.handle()); // the group still looks for what handles add
        group
    })
}
