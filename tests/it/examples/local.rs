//! The example `local`: its actors take turns, and give back what they borrowed.

use super::header::promised_output;
use super::program::Program;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/local.rs");
    Program::example("local", &[""; 0])
        .end()
        .assert_went_well(&promised_output(source, "program prints, in this order:"));
}
