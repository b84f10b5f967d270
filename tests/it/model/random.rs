//! Any script.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::script::{Act, Actor, Grace, How, Op, Script, Stage, Step};

/// Scripts of a few stages and about so many steps.
pub fn scripts() -> impl Strategy<Value = Script> {
    (vec(start(), 1..8), vec(step(), 0..16)).prop_map(|(mut steps, more)| {
        steps.extend(more);
        Script(steps)
    })
}

/// What a group is made of before its first poll.
fn start() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => actor().prop_map(Step::Add),
        1 => grace().prop_map(Step::Bound),
        1 => acts().prop_map(Step::Observe),
        2 => stage().prop_map(Step::Before),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::PollOnce),
        12 => Just(Step::Settle),
        24 => act().prop_map(Step::Outside),
        4 => actor().prop_map(Step::Add),
        4 => start(),
        3 => Just(Step::Report),
        1 => Just(Step::DropIt),
    ]
}

fn stage() -> impl Strategy<Value = Stage> {
    let actors = vec(actor(), 0..4);
    (actors, option::of(grace()), option::of(acts())).prop_map(|(actors, grace, observer)| Stage {
        actors,
        grace,
        observer,
    })
}

fn actor() -> impl Strategy<Value = Actor> {
    let how = prop_oneof![
        3 => Just(How::Told),
        2 => Just(How::Signalled),
        1 => Just(How::Abortable),
    ];
    let execute = (vec(op(), 0..5), option::weighted(0.7, Just(Op::Return)));
    (how, execute, acts(), acts()).prop_map(|(how, (mut execute, last), interrupt, drop)| {
        execute.extend(last);
        Actor {
            how,
            execute,
            interrupt,
            drop,
        }
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => act().prop_map(Op::Do),
        4 => Just(Op::Pend),
        2 => Just(Op::AwaitInterrupt),
        1 => (who(), 0..4_usize).prop_map(|(who, times)| Op::AwaitPolls(who, times)),
    ]
}

fn grace() -> impl Strategy<Value = Grace> {
    (acts(), acts(), acts()).prop_map(|(begin, over, drop)| Grace { begin, over, drop })
}

/// Most often nothing.
fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop_oneof![2 => Just(Vec::new()), 1 => vec(act(), 1..3)]
}

fn act() -> impl Strategy<Value = Act> {
    let act = prop_oneof![
        8 => who().prop_map(Act::Wake),
        2 => (0..3_usize).prop_map(Act::TimeIsUp),
    ];
    #[cfg(all(feature = "std", panic = "unwind"))]
    let act = prop_oneof![12 => act, 1 => Just(Act::Panic)];
    act
}

fn who() -> impl Strategy<Value = usize> {
    0..7_usize
}
