//! Any script.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::script::{Act, Actor, Grace, How, Inner, Op, Script, Step};

/// Scripts of a few stages and steps.
pub fn scripts() -> impl Strategy<Value = Script> {
    let later = prop_oneof![9 => step().prop_map(|step| vec![step]), 1 => rush()];
    (vec(start(), 1..9), vec(later, 0..16)).prop_map(|(mut steps, more)| {
        steps.extend(more.into_iter().flatten());
        Script(steps)
    })
}

/// What a group is made of before its first poll.
fn start() -> BoxedStrategy<Step> {
    let start = prop_oneof![
        8 => actor(2).prop_map(Step::Add),
        2 => grace().prop_map(Step::GracePeriod),
        1 => acts(1).prop_map(Step::OnExit),
        1 => acts(1).prop_map(Step::OnWait),
        3 => Just(Step::New),
        3 => Just(Step::Before),
    ];
    #[cfg(feature = "std")]
    let start = prop_oneof![9 => start, 1 => Just(Step::Handle)];
    start.boxed()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Poll),
        10 => Just(Step::Settle),
        24 => act(1).prop_map(Step::Outside),
        4 => actor(2).prop_map(Step::Add),
        7 => start(),
        3 => Just(Step::Report),
        1 => Just(Step::Drop),
    ]
}

/// Wakes most actors at once, perhaps when a grace period is over, and polls the group.
fn rush() -> impl Strategy<Value = Vec<Step>> {
    let actors = subsequence((0..8).collect::<Vec<_>>(), 2..8).prop_shuffle();
    (actors, option::of(0..3_usize)).prop_map(|(actors, grace)| {
        let wakes = actors.into_iter().map(Act::Wake);
        let acts = wakes.chain(grace.map(Act::TimeIsUp));
        acts.map(Step::Outside).chain([Step::Poll]).collect()
    })
}

/// Actors with other actors in them, nested at most `depth` deep.
fn actor(depth: usize) -> BoxedStrategy<Actor> {
    let how = prop_oneof![
        3 => Just(How::Called),
        3 => Just(How::Signalled),
        2 => Just(How::Abortable),
    ];
    let how = match depth {
        0 => how.boxed(),
        _ => prop_oneof![12 => how, 1 => inner(depth - 1).prop_map(How::Nested)].boxed(),
    };
    let execute = (
        vec(op(depth), 0..5),
        option::weighted(0.7, Just(Op::Return)),
    );
    let output =
        prop_oneof![9 => Just(false), 1 => Just(cfg!(all(feature = "std", panic = "unwind")))];
    let parts = (how, execute, acts(depth), acts(depth), output);
    parts
        .prop_map(
            |(how, (mut execute, last), interrupt, drop, is_output_bad)| {
                execute.extend(last);
                Actor {
                    how,
                    execute,
                    interrupt,
                    drop,
                    is_output_bad,
                }
            },
        )
        .boxed()
}

fn inner(depth: usize) -> impl Strategy<Value = Inner> {
    let settings = (
        option::of(grace()),
        option::of(acts(0)),
        option::of(acts(0)),
    );
    (vec(actor(depth), 0..4), settings, any::<bool>()).prop_map(
        |(actors, (grace, on_exit, on_wait), has_handle)| Inner {
            actors,
            grace,
            on_exit,
            on_wait,
            has_handle: has_handle && cfg!(feature = "std"),
        },
    )
}

fn op(depth: usize) -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => act(depth).prop_map(Op::Do),
        8 => Just(Op::Pend),
        4 => (1..10_usize).prop_map(Op::Spin),
        4 => Just(Op::AwaitInterrupt),
        2 => (number(), 0..4_usize).prop_map(|(actor, times)| Op::AwaitPolls(actor, times)),
    ]
}

fn grace() -> impl Strategy<Value = Grace> {
    (acts(1), acts(1), acts(1)).prop_map(|(begin, over, drop)| Grace { begin, over, drop })
}

/// Most often nothing.
fn acts(depth: usize) -> BoxedStrategy<Vec<Act>> {
    prop_oneof![3 => Just(Vec::new()), 1 => vec(act(depth), 1..3)].boxed()
}

fn act(_depth: usize) -> BoxedStrategy<Act> {
    let act = prop_oneof![
        8 => number().prop_map(Act::Wake),
        2 => (0..3_usize).prop_map(Act::TimeIsUp),
    ];
    #[cfg(feature = "std")]
    let act = match _depth {
        0 => act.boxed(),
        _ => {
            let actors = vec(actor(_depth - 1), 1..3);
            let hand_in =
                (0..3_usize, actors).prop_map(|(handle, actors)| Act::HandIn(handle, actors));
            prop_oneof![10 => act, 1 => hand_in].boxed()
        }
    };
    #[cfg(all(feature = "std", panic = "unwind"))]
    let act = prop_oneof![16 => act, 1 => Just(Act::Panic)];
    act.boxed()
}

fn number() -> impl Strategy<Value = usize> {
    0..8_usize
}
