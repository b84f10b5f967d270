//! The example `outside`: a shutdown can be requested at any time.

use super::header::promised_output;
use super::program::Program;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/outside.rs");
    Program::example("outside", &[""; 0])
        .end()
        .assert_went_well(&promised_output(source, "It prints, in this order:"));
}
