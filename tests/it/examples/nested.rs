//! The example `nested`: the inner group stops with the outer one, and the outer one with the inner.

use super::header::promised_output;
use super::program::{assert_fails, Program};

const SOURCE: &str = include_str!("../../../examples/nested.rs");

#[test]
fn the_inner_group_stops_in_its_order_when_the_outer_one_interrupts_it() {
    let introduction =
        "Without FAILURE the program's client returns when it has what it wants. It prints, in this order:";
    Program::example("nested", &[""; 0])
        .end()
        .assert_went_well(&promised_output(SOURCE, introduction));
}

#[test]
fn a_failure_in_the_inner_group_ends_the_outer_one() {
    let introduction =
        "With `reader` as FAILURE, that actor of the library fails. That ends its group, and then the program's:";
    let ended = Program::example("nested", &["reader"]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    assert_eq!(ended.stderr, "nested: a page is torn out\n");
    assert_eq!(ended.status, Some(1));
}

#[test]
fn an_unknown_failure_is_one_line_and_status_1() {
    assert_fails(
        "nested",
        &["writer"],
        "unknown failure `writer`; give reader or nothing",
    );
    assert_fails(
        "nested",
        &["reader", "reader"],
        "too many arguments; usage: nested [FAILURE]",
    );
}
