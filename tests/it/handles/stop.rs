//! `Handle::stop`: a shutdown from outside.

use std::future::pending;
use std::panic::Location;
use std::sync::Arc;

use run_group::{Group, LocalGroup};

use super::group_with_handle;
use crate::harness::Test;

#[test]
fn stop_shuts_the_group_down() {
    let (test, mut group, handle) = group_with_handle();
    test.add_stoppable("a", &mut group);
    test.settle(&mut group);
    handle.stop("shutdown");
    assert_eq!(test.take_wakes(), 1);
    assert_eq!(test.poll_ready(&mut group), Some("shutdown"));
    assert_eq!(test.take_log(), ["a", "a! (by ?)", "a"]);
}

/// It adds an actor. So a second one adds another, and the group that is stopping takes it in.
#[test]
fn stop_is_an_actor_like_any_other() {
    let (test, group, handle) = group_with_handle();
    handle.stop("first");
    handle.stop("second");
    let report = test.poll_ready(&mut Box::pin(group.report()));
    let exits =
        report.iter().map(|exit| (exit.index(), *exit.output().unwrap(), exit.was_interrupted()));
    assert_eq!(Vec::from_iter(exits), [(0, "first", false), (1, "second", true)]);
}

#[test]
fn label_of_a_stop_is_the_line_that_calls_it() {
    let (test, group, handle) = group_with_handle();
    let line = Location::caller().line() + 1;
    handle.stop(());
    let report = test.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(report[0].name(), None);
    let label = format!("{}:{line}:12", file!());
    assert_eq!(report[0].label().to_string(), label);
}

/// The output is dropped, as that of an actor that a closed handle drops.
#[test]
fn closed_handle_drops_the_output() {
    let output = Arc::new(());
    let (_, group, handle) = group_with_handle();
    drop(group);
    handle.stop(output.clone());
    assert_eq!(Arc::strong_count(&output), 1);
}

#[test]
fn actor_stops_its_own_group() {
    let (test, mut group, handle) = group_with_handle();
    group.add_abortable(async move {
        handle.stop("from within");
        pending().await
    });
    test.poll_pending(&mut group);
    assert!(test.take_wakes() > 0);
    assert_eq!(test.poll_ready(&mut group), Some("from within"));
}

/// The output may borrow what outlives the group.
#[test]
fn output_of_a_stop_may_borrow() {
    let name = String::from("borrowed");
    let mut group: LocalGroup<'_, &str> = Group::local();
    let handle = group.handle();
    handle.stop(&name);
    let mut shared: Group<'_, &str> = Group::new();
    shared.handle().stop(&name);
    let test = Test::default();
    assert_eq!(test.poll_ready(&mut group), Some("borrowed"));
    assert_eq!(test.poll_ready(&mut shared), Some("borrowed"));
}
