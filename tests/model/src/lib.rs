//! Longer runs of the model in `tests/it/model`: all groups of three and four actors, and as many random scripts as
//! `PROPTEST_CASES` says:
//!
//! ```sh
//! PROPTEST_CASES=100000 cargo test --profile model -p run-group-model
//! ```
#![cfg(test)]

#[allow(dead_code)] // the model uses none of its actors
#[path = "../../it/harness.rs"]
mod harness;
#[path = "../../it/model/mod.rs"]
mod model;

use model::exhaustive::{kinds, search_each, Limit::*};
use model::script::{Actor, How, Op};

#[test]
fn all_groups_of_three_keep_the_contract() {
    let of = [(3, 3, First), (3, 1, First), (3, 2, Last), (3, 1, Whole)];
    search_each(&of, &kinds());
}

#[test]
fn all_groups_of_four_keep_the_contract() {
    let of = [(4, 4, First), (4, 2, First)];
    let mut kinds = kinds();
    kinds[2] = Actor::new(How::ByClosure, &[Op::Pend, Op::Spin(1), Op::Return]);
    search_each(&of, &kinds[..3]);
}
