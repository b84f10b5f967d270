//! `LocalHandle`, which exists without `std`, too.

use std::future::{pending, ready};
use std::rc::Rc;

use run_group::{Group, LocalGroup, LocalHandle};

use crate::harness::{Output, Test};

/// Adds an actor that logs its name when it is polled, and returns when it is interrupted.
fn add(test: &Test, handle: &LocalHandle<'_, Output>, name: Output) {
    let actor = test.actor(name);
    actor.stops_when_interrupted();
    handle.add(actor.execute(), actor.interrupt()).named(name);
}

#[test]
fn local_handle_adds_actors_that_are_not_send() {
    let test = Test::default();
    let shared = Rc::new("shared");
    let mut group = Group::local();
    let handle = group.handle().clone();
    let inner = shared.clone();
    handle.add_with(|interrupted| async move {
        interrupted.await;
        inner
    });
    let inner = shared.clone();
    handle.add_abortable(async move {
        let _held = inner;
        pending().await
    });
    let (cause, seen) = (shared.clone(), shared.clone());
    handle.add(async move { cause }, move |exit| {
        assert_eq!(exit.output(), Some(&seen));
    });
    let exits = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[0].output(), Some(&shared));
    assert_eq!(exits.len(), 3);
    assert!(handle.is_closed());
}

/// Like `last_actor_adds_another_as_it_returns`, with actors that are not `Send`.
#[test]
fn local_actor_adds_another_as_it_returns() {
    let test = Test::default();
    let mut group = Group::local();
    let handle = group.handle();
    group.add(
        async move {
            handle.add(ready(Rc::new(2)), |_| {});
            Rc::new(1)
        },
        |_| {},
    );
    let mut report = Box::pin(group.report());
    test.poll_pending(&mut report);
    assert_eq!(test.take_wakes(), 1);
    let outputs = test.poll_ready(&mut report).into_iter();
    let outputs = outputs.filter_map(|exit| exit.into_output());
    assert!(outputs.eq([Rc::new(1), Rc::new(2)]));
}

#[test]
fn local_handle_stops_its_group() {
    let test = Test::default();
    let mut group = Group::local();
    let handle = group.handle();
    add(&test, &handle, "a");
    test.settle(&mut group);
    handle.stop("done");
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(test.take_log(), ["a", "a! (by ?)", "a"]);
}

/// The clients of a server come and go, one after the other and several at a time.
#[test]
fn local_children_come_and_go() {
    let test = Test::default();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = handle.clone();
    group.add_with(|mut interrupted| async move {
        for served in 0.. {
            listener.add(async { Rc::new(0) }, |_| {}).stops_if(|_| false);
            if interrupted.unless(smol::future::yield_now()).await.is_none() {
                return Rc::new(served);
            }
        }
        unreachable!()
    });
    for _ in 0..100 {
        test.poll_pending(&mut group);
        assert!(group.len() <= 3 && !group.is_stopping());
    }
    handle.stop(Rc::new(7));
    test.poll_pending(&mut group); // the listener has added another
    assert_eq!(test.poll_ready(&mut group), Some(Rc::new(7)));
}

#[test]
fn local_handle_is_closed_with_its_group() {
    let test = Test::default();
    let mut dropped: LocalGroup<'_, Output> = Group::local();
    let mut ended: LocalGroup<'_, Output> = Group::local();
    let handles = [dropped.handle(), ended.handle()];
    assert!(!handles.iter().any(LocalHandle::is_closed));
    add(&test, &handles[0], "queued");
    drop(dropped);
    test.poll_ready(&mut ended);
    assert!(handles.iter().all(LocalHandle::is_closed));
    handles.iter().for_each(|handle| add(&test, handle, "late"));
    let dropped = ["queued dropped", "late dropped", "late dropped"];
    assert_eq!(test.take_log(), dropped);
}

#[test]
fn local_handles_of_stages() {
    let test = Test::default();
    let (mut front, mut back) = (Group::local(), Group::local());
    let handles = [back.handle(), front.handle()];
    let mut group = front.before(back);
    add(&test, &group.handle(), "combined");
    add(&test, &handles[0], "back");
    add(&test, &handles[1], "front");
    test.poll_pending(&mut group);
    assert_eq!(test.take_log(), ["front", "back", "combined"]);
    group.handle().stop("done");
    assert_eq!(test.poll_ready(&mut group), Some("done"));
    assert_eq!(
        test.take_log(),
        ["front! (by ?)", "combined! (by ?)", "front", "combined", "back! (by ?)", "back"]
    );
}

#[test]
fn debug_names_a_local_handle() {
    let mut local: LocalGroup<'_, ()> = Group::local();
    let handle = local.handle();
    assert_eq!(format!("{handle:?}"), "LocalHandle { is_closed: false }");
    let adding = handle.add_abortable(pending());
    assert_eq!(format!("{adding:?}"), "Adding { .. }");
    drop((adding, local));
    assert_eq!(format!("{handle:?}"), "LocalHandle { is_closed: true }");
}
