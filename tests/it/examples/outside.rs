//! The example `outside`: a shutdown can be requested at any time.

use std::sync::mpsc;

use futures::join;
use run_group::testing::interrupt_at_every_poll;

use super::header::promised_output;
use super::program::Program;

#[path = "../../../examples/outside.rs"]
#[allow(dead_code)]
mod example;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/outside.rs");
    Program::example("outside", &[""; 0])
        .end()
        .assert_went_well(&promised_output(source, "It prints, in this order:"));
}

#[test]
fn shutdown_requested_at_every_poll_completes() {
    let runs = interrupt_at_every_poll(|interrupted| async {
        let (started, _) = mpsc::channel();
        let mut group = example::group(started);
        let handle = group.handle();
        let request = async {
            interrupted.await;
            example::request(&handle, "by the test");
        };
        let (exits, ()) = join!(group.report(), request);
        exits
    });
    for exits in runs {
        let exits: Vec<_> = exits.iter().map(ToString::to_string).collect();
        assert_eq!(
            exits,
            ["request returned \"by the test\"", "worker returned \"interrupted\", interrupted",]
        );
    }
}
