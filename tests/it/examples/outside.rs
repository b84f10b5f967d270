//! The example `outside`: a stop may be asked for at any time.

use super::header::promised_output;
use super::program::Program;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/outside.rs");
    let ended = Program::example("outside", &[""; 0]).end();
    assert_eq!(
        ended.stdout,
        promised_output(source, "It prints, in this order:")
    );
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.status, Some(0));
}
