//! The example `basic`: its output is the order of events.

use super::header::promised_output;
use super::program::Program;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/basic.rs");
    let promised = promised_output(source, "It prints, in this order:");

    Program::example("basic", &[""; 0])
        .end()
        .assert_went_well(&promised);
}
