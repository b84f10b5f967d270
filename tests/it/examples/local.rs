//! The example `local`: its actors take turns, and what they borrowed is there afterwards.

use super::header::promised_output;
use super::program::Program;

#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/local.rs");
    let ended = Program::example("local", &[""; 0]).end();
    assert_eq!(
        ended.stdout,
        promised_output(source, "It prints, in this order:")
    );
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.status, Some(0));
}
