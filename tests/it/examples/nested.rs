//! The example `nested`: the inner group stops with the outer one, and the outer one with the inner.

use futures::channel::oneshot;
use run_group::testing::interrupt_at_every_poll;

use super::header::promised_output;
use super::program::Program;

#[path = "../../../examples/nested.rs"]
#[allow(dead_code)]
mod example;

const SOURCE: &str = include_str!("../../../examples/nested.rs");

/// A run that fails with `error`, after the output that follows `introduction` in the header.
#[track_caller]
fn assert_failed(failure: &str, introduction: &str, error: &str) {
    let ended = Program::example("nested", &[failure]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    assert_eq!(ended.stderr, format!("Error: {error}\n"));
    assert_eq!(ended.status, Some(1));
}

#[test]
fn inner_group_stops_in_its_own_order() {
    let introduction =
        "Without an argument, the program's client returns once the index is ready. It prints, in this order:";
    Program::example("nested", &[""; 0])
        .end()
        .assert_went_well(&promised_output(SOURCE, introduction));
}

#[test]
fn failure_in_the_inner_group_stops_the_outer_one() {
    let introduction =
        "With `reader`, that actor of the library fails. This stops the library's group, and then the program's:";
    assert_failed("reader", introduction, "page 7 is corrupt");
}

#[test]
fn failure_during_the_shutdown_reaches_the_program() {
    let introduction = "the program although the shutdown began without one:";
    assert_failed("writer", introduction, "no space left");
}

#[test]
fn index_interrupted_at_every_poll_keeps_its_failure() {
    for (failure, expected) in [
        (example::Failure::None, "Ok(())"),
        (example::Failure::Reader, "Err(page 7 is corrupt)"),
        (example::Failure::Writer, "Err(no space left)"),
    ] {
        let results = interrupt_at_every_poll(|interrupted| {
            let (ready, _) = oneshot::channel();
            example::index::run(failure, ready, interrupted)
        });
        for result in results {
            assert_eq!(format!("{result:?}"), expected);
        }
    }
}

/// The index may never be ready.
#[test]
fn client_interrupted_at_every_poll_returns() {
    let results = interrupt_at_every_poll(|interrupted| async {
        let (_ready, is_ready) = oneshot::channel();
        example::client(is_ready, interrupted).await
    });
    assert!(matches!(results[..], [Ok(()), Ok(())]));
}
