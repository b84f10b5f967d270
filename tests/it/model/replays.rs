//! Scripts that are worth keeping.
//!
//! When one of the searches fails, it prints the script, as small as it could make it. To keep it, add a test here that
//! replays what was printed, `replay(Script(vec![…]))`. If a script is printed beside the difference, it is that one: it
//! is the other with a report.

use super::replay;
use super::script::{Act::*, Actor, Grace, How::*, Op::*, Script, Stage, Step::*};

/// The break which the set takes after two that have woken themselves is when the grace period is looked at. The third
/// actor was to return, but had no turn.
#[test]
fn time_is_up_while_others_wake_themselves() {
    let spins = Actor {
        how: Told,
        execute: vec![Pend, Do(Wake(0)), Do(Wake(1)), Pend, Return],
        interrupt: vec![],
        drop: vec![],
    };
    replay(Script(vec![
        Bound(Grace {
            begin: vec![],
            over: vec![],
            drop: vec![],
        }),
        Observe(vec![]),
        Add(spins.clone()),
        Add(spins),
        Add(Actor {
            how: Signalled,
            execute: vec![AwaitInterrupt, Pend, Return],
            interrupt: vec![],
            drop: vec![],
        }),
        Add(Actor {
            how: Abortable,
            execute: vec![AwaitPolls(2, 1), Return],
            interrupt: vec![],
            drop: vec![],
        }),
        PollOnce,
        Outside(Wake(0)),
        Outside(Wake(1)),
        Outside(Wake(2)),
        Outside(TimeIsUp(0)),
        PollOnce,
    ]));
}

/// An actor that is added while the front stops is dropped before it was polled. Its drop wakes an actor of the back,
/// which is polled right after that.
#[test]
fn an_actor_dropped_before_its_first_poll_wakes_another() {
    let stubborn = Actor {
        how: Told,
        execute: vec![],
        interrupt: vec![],
        drop: vec![],
    };
    replay(Script(vec![
        Add(stubborn.clone()),
        Add(Actor {
            how: Told,
            execute: vec![Return],
            interrupt: vec![],
            drop: vec![],
        }),
        Before(Stage {
            actors: vec![stubborn],
            grace: None,
            observer: Some(vec![]),
        }),
        PollOnce,
        Outside(Wake(0)),
        Add(Actor {
            how: Abortable,
            execute: vec![],
            interrupt: vec![],
            drop: vec![Wake(2)],
        }),
    ]));
}
