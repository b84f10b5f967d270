//! `Panic`: a panic that was caught in an actor.

use std::any::Any;
use std::panic::{catch_unwind, panic_any, AssertUnwindSafe};

use run_group::{Group, Outcome, Panic};

use crate::harness::Test;

/// Returns the panic of an actor that calls `panics`.
fn panic_of(panics: impl FnOnce() + Send) -> Panic {
    let mut group = Group::new();
    group.add(async { panics() }, |_| {});
    let report = Test::default().poll_ready(&mut Box::pin(group.report()));
    let exit = report.into_iter().next().unwrap();
    match exit.into_outcome() {
        Outcome::Panicked(panic) => panic,
        outcome => unreachable!("{outcome:?}"),
    }
}

/// Returns panics with a literal, with a formatted message, and with neither.
fn all_kinds() -> [Panic; 3] {
    let seven = 7;
    [
        panic_of(|| panic!("a literal")),
        panic_of(|| panic!("number {seven}")),
        panic_of(|| panic_any(404)),
    ]
}

#[test]
fn message_of_a_string() {
    let messages = all_kinds();
    let messages = messages.each_ref().map(Panic::message);
    assert_eq!(messages, [Some("a literal"), Some("number 7"), None]);
}

#[test]
fn display_shows_the_message() {
    let shown = all_kinds().map(|panic| panic.to_string());
    assert_eq!(shown, ["a literal", "number 7", "no message"]);
}

/// `Debug` of a payload is `Any { .. }`. So an assertion that shows its exits did not say why an actor panicked.
#[test]
fn debug_shows_the_message() {
    let shown = all_kinds().map(|panic| format!("{panic:?}"));
    let expected = [r#"Panic("a literal")"#, r#"Panic("number 7")"#, r#"Panic("no message")"#];
    assert_eq!(shown, expected);
    let mut group: Group<'_, ()> = Group::new();
    group.add(async { panic!("no route") }, |_| {});
    let report = Test::default().poll_ready(&mut Box::pin(group.report()));
    let shown = r#"outcome: Panicked(Panic("no route"))"#;
    assert!(format!("{report:?}").contains(shown), "{report:?}");
}

#[test]
fn message_is_shown_in_one_line() {
    let panic = panic_of(|| panic!("one\ntwo\u{1b}[31m\u{2028}"));
    assert_eq!(panic.message(), Some("one\ntwo\u{1b}[31m\u{2028}"));
    assert_eq!(panic.to_string(), r"one\ntwo\u{1b}[31m\u{2028}");
    assert_eq!(format!("{panic:?}"), r#"Panic("one\ntwo\u{1b}[31m\u{2028}")"#);
}

/// The payload has the type with which the actor panicked.
#[test]
fn payload_is_unchanged() {
    type Take = fn(Panic) -> Box<dyn Any + Send>;
    let resume: Take = |panic| catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    for (how, take) in [("into_payload", Panic::into_payload as Take), ("resume", resume)] {
        let [literal, formatted, number] = all_kinds().map(take);
        assert_eq!(literal.downcast_ref::<&str>(), Some(&"a literal"), "{how}");
        assert_eq!(formatted.downcast_ref::<String>(), Some(&"number 7".into()), "{how}");
        assert_eq!(number.downcast_ref(), Some(&404), "{how}");
    }
}

/// The panic hook, which prints the message, ran when the actor panicked.
#[test]
fn resume_prints_nothing() {
    let panic = panic_of(|| panic!("no route"));
    let (hook, test) = (std::panic::take_hook(), std::thread::current().id());
    let (send, called) = std::sync::mpsc::channel();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == test {
            send.send(()).unwrap();
        } else {
            hook(info);
        }
    }));
    let resumed = catch_unwind(AssertUnwindSafe(|| panic.resume()));
    drop(std::panic::take_hook());
    assert!(resumed.is_err() && called.try_recv().is_err());
}

/// A payload is `Send` but need not be `Sync`. The panic is, so that a report can be shared.
#[cfg(not(target_family = "wasm"))]
#[test]
fn panic_may_be_shared_between_threads() {
    let panic = panic_of(|| panic_any(std::cell::Cell::new(7)));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(panic.message(), None));
        }
    });
    let payload = panic.into_payload();
    let cell = payload.downcast::<std::cell::Cell<i32>>().unwrap();
    assert_eq!(cell.get(), 7);
}
