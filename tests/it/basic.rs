//! The example `basic`: its output is the order of events.

use crate::program::Program;

#[test]
fn prints_the_order_of_events_which_its_header_promises() {
    let source = include_str!("../../examples/basic.rs");
    let promised: String = source
        .lines()
        .skip_while(|line| *line != "//! It prints, in this order:")
        .skip_while(|line| *line != "//! ```text")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.trim_start_matches("//! ")))
        .collect();
    assert_eq!(promised.lines().count(), 6);

    Program::example("basic", &[""; 0])
        .end()
        .assert_went_well(&promised);
}
