//! Clause 12, without `std`: a panic unwinds through the group, which is then only good for being dropped.

use std::panic::{catch_unwind, AssertUnwindSafe};

use run_group::Group;

use crate::play::Play;

#[test]
fn a_panic_unwinds_out_of_poll_and_takes_its_actor_with_it() {
    let play = Play::default();
    let mut group = Group::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| play.stubborn(name, &mut group));
    play.settle(&mut group);
    play.log();

    b.panics("oh");
    assert!(catch_unwind(AssertUnwindSafe(|| play.poll(&mut group))).is_err());
    assert_eq!(play.log(), ["b"]);
    assert!(b.is_dropped() && !a.is_dropped() && !c.is_dropped());

    drop(group);
    assert!(a.is_dropped() && c.is_dropped());
}

/// With nobody left in the set, such a group ended as if it had been empty from the start.
#[test]
fn a_group_whose_only_actor_has_panicked_does_not_finish() {
    let play = Play::default();
    let mut group = Group::new();
    let only = play.stubborn("only", &mut group);
    only.panics("oh");
    assert!(catch_unwind(AssertUnwindSafe(|| play.poll(&mut group))).is_err());
    assert_eq!(group.len(), 1);
    play.poll_pending(&mut group);
}

#[test]
fn a_panic_in_an_interrupt_unwinds_out_of_poll() {
    let play = Play::default();
    let mut group = Group::new();
    let a = play.stubborn("a", &mut group);
    group.add(std::future::pending(), |_| panic!("oh"));
    a.returns("done");
    assert!(catch_unwind(AssertUnwindSafe(|| play.poll(&mut group))).is_err());
    assert_eq!(
        play.log(),
        ["a", "a! (by ?)"].map(|line| line.replace('?', "a"))
    );
}
