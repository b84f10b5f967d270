//! The example `basic`: its output is the order of events.

use super::header::promised_output;
use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;

use super::program::Program;

#[path = "../../../examples/basic.rs"]
#[allow(dead_code)]
mod example;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/basic.rs");
    let promised = promised_output(source, "It prints, in this order:");

    Program::example("basic", &[""; 0]).end().assert_went_well(&promised);
}

#[test]
fn both_actors_return_at_every_poll() {
    let runs = interrupt_at_every_poll(|interrupted| {
        let mut group = example::group();
        group.add(interrupted.map(|()| "the test"), |_| {});
        group.report()
    });
    for exits in runs {
        let outputs: Vec<_> = exits.iter().filter_map(|exit| exit.output()).collect();
        assert_eq!(outputs[0], &"the second actor");
        assert!(outputs[1..].contains(&&"the first actor"));
        assert_eq!(outputs.len(), 3);
    }
}
