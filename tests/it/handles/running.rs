//! `Handle::running`: which actors run, seen from anywhere.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready, Future};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use run_group::{Exit, Group, Handle, LocalGroup, LocalHandle, Running};

use super::{add, group_with_handle};
use crate::harness::{Output, Test};

/// Returns the answer, which must be there.
#[track_caller]
fn answer(test: &Test, answer: &mut (impl Future<Output = Vec<Running>> + Unpin)) -> Vec<String> {
    let running = test.poll_ready(answer);
    running.iter().map(ToString::to_string).collect()
}

/// The future is polled only when the group was polled, and has changed since.
#[test]
fn question_is_asked_by_the_call() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("a", &mut group);
    test.settle(&mut group);
    let mut asked = handle.running();
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
    test.add_manual("b", &mut group);
    test.settle(&mut group);
    assert_eq!(answer(&test, &mut asked), ["a"]);
}

#[test]
fn next_poll_answers_and_wakes() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("a", &mut group);
    let mut asked = handle.running();
    for _ in 0..3 {
        test.poll_pending(&mut asked);
    }
    let other = Test::default();
    other.poll_pending(&mut group);
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(answer(&test, &mut asked), ["a"]);
}

/// What was added before or after the question, through any handle, is in the answer.
#[test]
fn answer_has_what_was_added_before_the_poll() {
    let test = Test::default();
    let mut group = Group::new();
    let (handle, another) = (group.handle(), group.handle());
    test.add_manual("a", &mut group);
    add(&test, &handle, "b");
    let mut asked = handle.running();
    add(&test, &another, "c");
    let running = {
        test.poll_pending(&mut group);
        test.poll_ready(&mut asked)
    };
    let shown: Vec<_> =
        running.iter().map(|actor| (actor.index(), actor.name(), actor.is_interrupted())).collect();
    let expected = [(0, "a"), (1, "b"), (2, "c")];
    assert_eq!(shown, expected.map(|(index, name)| (index, Some(name), false)));
}

/// The answer is what the poll finds when it begins, so an actor that returns in that poll is still listed.
#[test]
fn answer_is_made_before_actors_are_polled() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("a", &mut group);
    let leaves = test.actor("leaves");
    let added = group.add(leaves.execute(), |_| {});
    added.stops_if(|_| false).named("leaves");
    test.settle(&mut group);
    leaves.returns("done");
    let mut before = handle.running();
    test.settle(&mut group);
    let mut after = handle.running();
    test.settle(&mut group);
    assert_eq!(answer(&test, &mut before), ["a", "leaves"]);
    assert_eq!(answer(&test, &mut after), ["a"]);
}

#[test]
fn answer_shows_interrupted_actors() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("slow", &mut group);
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    let mut asked = handle.running();
    test.settle(&mut group);
    let running = test.poll_ready(&mut asked);
    assert_eq!(running.len(), 1);
    assert!(running[0].is_interrupted());
}

#[test]
fn answer_has_the_stages_of_its_group() {
    let test = Test::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    let stops = test.add_stoppable("a", &mut a);
    test.add_stoppable("b", &mut b);
    test.add_stoppable("c", &mut c);
    let handles = [a.handle(), b.handle(), c.handle()];
    let mut ab = a.before(b);
    let of_ab = ab.handle();
    let mut group = ab.before(c);
    let of_all = group.handle();
    let handles = handles.iter().chain([&of_ab, &of_all]);
    let mut asked: Vec<_> = handles.map(Handle::running).collect();
    test.settle(&mut group);
    let answers: Vec<_> = asked.iter_mut().map(|it| answer(&test, it)).collect();
    let expected: [&[&str]; 5] = [&["a"], &["b"], &["c"], &["a", "b"], &["a", "b", "c"]];
    assert_eq!(answers, expected);
    drop(stops);
}

/// A stage that has ended has no actors.
#[test]
fn answer_during_a_shutdown_has_later_stages() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    test.add_stoppable("a", &mut front);
    test.add_manual("b", &mut back);
    let (of_front, of_back) = (front.handle(), back.handle());
    let mut group = front.before(back);
    let handle = group.handle();
    group.add(ready("done"), |_| {});
    test.settle(&mut group);
    let mut asked = [&handle, &of_front, &of_back].map(Handle::running);
    test.settle(&mut group);
    assert_eq!(asked.each_mut().map(|it| answer(&test, it)), [vec!["b"], vec![], vec!["b"]]);
}

#[test]
fn actor_may_await_the_answer() {
    let (test, mut group, handle) = group_with_handle();
    let status = async move {
        let running = handle.running().await;
        format!("{} {}", running[0], running[1])
    };
    group.add_abortable(pending()).named("http");
    group.add(status, |_| {}).named("status");
    test.poll_pending(&mut group);
    assert!(test.take_wakes() > 0);
    assert_eq!(test.poll_ready(&mut group), Some("http status".into()));
}

/// Each of them is answered, in the same poll.
#[test]
fn many_questions_get_the_same_answer() {
    let (test, mut group, handle) = group_with_handle::<()>();
    group.add_abortable(pending()).named("a");
    let mut asked = [(); 5].map(|()| handle.clone().running());
    test.poll_pending(&mut group);
    let answers = asked.each_mut().map(|it| answer(&test, it));
    assert_eq!(answers, [(); 5].map(|()| ["a"]));
}

#[test]
fn answer_may_be_dropped() {
    let (test, mut group, handle) = group_with_handle::<()>();
    group.add_abortable(pending()).named("a");
    drop(handle.running());
    assert_eq!(test.take_wakes(), 0); // it was not polled before
    test.settle(&mut group);
    drop(handle.running());
    assert_eq!(test.take_wakes(), 1);
    test.settle(&mut group);
}

// When there is no answer, the list is empty.

#[test]
fn closed_handle_answers_at_once() {
    let (test, group, handle) = group_with_handle::<Output>();
    drop(group);
    assert!(answer(&test, &mut handle.running()).is_empty());
}

#[test]
fn dropped_group_answers_with_an_empty_list() {
    let (test, mut group, handle) = group_with_handle();
    test.add_manual("a", &mut group);
    let mut asked = handle.running();
    test.poll_pending(&mut asked);
    drop(group);
    assert_eq!(test.take_wakes(), 1);
    assert!(answer(&test, &mut asked).is_empty());
}

/// The last actor asks in the poll in which it returns. The group ends nevertheless.
#[test]
fn question_keeps_no_stage_from_ending() {
    for leaves in [true, false] {
        let test = Test::default();
        let asked = Arc::new(Mutex::new(None));
        let mut group = Group::new();
        let (handle, asks) = (group.handle(), asked.clone());
        let last = poll_fn(move |_| {
            *asks.lock().unwrap() = Some(handle.running());
            Poll::Ready("done")
        });
        let stops_if: fn(&Exit<_>) -> bool = if leaves { |_| false } else { |_| true };
        let added = group.add(last, |_| {});
        added.stops_if(stops_if).named("last");
        assert_eq!(test.poll_ready(&mut group), (!leaves).then_some("done"));
        let mut asked = asked.lock().unwrap().take().unwrap();
        assert!(answer(&test, &mut asked).is_empty());
    }
}

/// The front ends, and its handle is closed, although a question waits behind it.
#[test]
fn question_to_a_front_that_ends() {
    let test = Test::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = front.handle();
    let asked = Arc::new(Mutex::new(None));
    let asks = asked.clone();
    front.add(ready("done"), move |_| {
        *asks.lock().unwrap() = Some(handle.running());
    });
    test.add_manual("b", &mut back);
    let mut group = front.before(back);
    test.poll_pending(&mut group);
    let mut asked = asked.lock().unwrap().take().unwrap();
    assert!(answer(&test, &mut asked).is_empty());
}

/// A group without actors ends, whether or not there is a question.
#[test]
fn empty_group_answers_and_ends() {
    let test = Test::default();
    let mut group: Group<'_, Output> = Group::new();
    let mut asked = group.handle().running();
    assert_eq!(test.poll_ready(&mut group), None);
    assert!(answer(&test, &mut asked).is_empty());
}

// What the future borrows.

/// It may be sent to a thread, and outlive the group and what the group borrows, whatever the actors return.
#[test]
fn answer_borrows_nothing() {
    type Answer = Pin<Box<dyn Future<Output = Vec<Running>> + Send + Sync + 'static>>;
    fn ask<T>(handle: &Handle<'_, T>) -> Answer {
        Box::pin(handle.running())
    }
    fn ask_locally<T>(handle: &LocalHandle<'_, T>) -> Answer {
        Box::pin(handle.running())
    }
    let test = Test::default();
    let mut answers = {
        let name = String::from("borrowed");
        let mut group: Group<'_, (&str, Rc<Cell<u8>>)> = Group::new();
        group.add(async { (name.as_str(), Rc::default()) }, |_| {});
        let mut local: LocalGroup<'_, (&str, Rc<Cell<u8>>)> = Group::local();
        local.add(async { (name.as_str(), Rc::default()) }, |_| {});
        let answers = [ask(&group.handle()), ask_locally(&local.handle())];
        test.poll_ready(&mut group);
        test.poll_ready(&mut local);
        answers
    };
    for asked in &mut answers {
        assert_eq!(test.poll_ready(asked).len(), 1);
    }
}
