//! Random scripts.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::script::{Action, Actor, Grace, How, Inner, Op, Script, Step, Stops, StopsIf};

/// Returns scripts of a few stages and steps.
pub fn scripts() -> impl Strategy<Value = Script> {
    let later = prop_oneof![9 => step().prop_map(|step| vec![step]), 1 => wake_many()];
    (vec(start(), 1..9), vec(later, 0..16)).prop_map(|(mut steps, more)| {
        steps.extend(more.into_iter().flatten());
        Script(steps)
    })
}

/// Returns a step of the kind that comes first.
fn start() -> BoxedStrategy<Step> {
    let start = prop_oneof![
        8 => actor(2).prop_map(Step::Add),
        2 => grace().prop_map(Step::GracePeriod),
        1 => actions(1).prop_map(Step::OnExit),
        1 => actions(1).prop_map(Step::OnWait),
        3 => Just(Step::New),
        3 => Just(Step::Before),
        3 => Just(Step::Handle),
        2 => Just(Step::Poll),
    ];
    start.boxed()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Poll),
        10 => Just(Step::Settle),
        24 => action(1).prop_map(Step::Outside),
        4 => actor(2).prop_map(Step::Add),
        7 => start(),
        1 => Just(Step::Run),
        2 => Just(Step::Report),
        1 => Just(Step::Drop),
    ]
}

/// Wakes many actors, in some cases ends a grace period, and then polls the group.
fn wake_many() -> impl Strategy<Value = Vec<Step>> {
    let actors = subsequence((0..8).collect::<Vec<_>>(), 2..8).prop_shuffle();
    (actors, option::of(0..3_usize)).prop_map(|(actors, grace)| {
        let wakes = actors.into_iter().map(Action::Wake);
        let actions = wakes.chain(grace.map(Action::EndGrace));
        actions.map(Step::Outside).chain([Step::Poll]).collect()
    })
}

/// Returns an actor, which may contain others, nested at most `depth` deep.
fn actor(depth: usize) -> BoxedStrategy<Actor> {
    let how = prop_oneof![
        3 => Just(How::ByClosure),
        3 => Just(How::ByFuture),
        2 => Just(How::Abortable),
    ];
    #[cfg(feature = "std")]
    let how = prop_oneof![8 => how, 1 => Just(How::ByClone)];
    let how = match depth {
        0 => how.boxed(),
        _ => prop_oneof![12 => how, 1 => inner(depth - 1).prop_map(How::Nested)].boxed(),
    };
    let last = prop_oneof![3 => Just(Op::Return), 1 => Just(Op::Succeed)];
    let execute = (vec(op(depth), 0..5), option::weighted(0.7, last));
    let stops_if = option::weighted(0.4, stops_if(depth));
    let parts = ((how, execute, stops_if), (actions(depth), actions(depth)), (panics(), panics()));
    let actor = parts.prop_map(|((how, (mut execute, last), stops_if), actions, panics)| {
        execute.extend(last);
        Actor {
            how,
            execute,
            stops_if,
            interrupt: actions.0,
            drop: actions.1,
            interrupt_drop_panics: panics.0,
            output_drop_panics: panics.1,
        }
    });
    actor.boxed()
}

fn stops_if(depth: usize) -> impl Strategy<Value = StopsIf> {
    let stops = prop_oneof![
        4 => Just(Stops::Never),
        2 => Just(Stops::IfPanicked),
        1 => Just(Stops::Always),
    ];
    (stops, actions(depth)).prop_map(|(stops, actions)| StopsIf { stops, actions })
}

/// Returns whether a drop panics, most often not.
fn panics() -> impl Strategy<Value = bool> {
    prop_oneof![9 => Just(false), 1 => Just(cfg!(all(feature = "std", panic = "unwind")))]
}

fn inner(depth: usize) -> impl Strategy<Value = Inner> {
    let settings = (option::of(grace()), option::of(actions(0)), option::of(actions(0)));
    (vec(actor(depth), 0..4), settings, any::<bool>()).prop_map(
        |(actors, (grace, on_exit, on_wait), has_handle)| Inner {
            actors,
            grace,
            on_exit,
            on_wait,
            has_handle,
        },
    )
}

fn op(depth: usize) -> BoxedStrategy<Op> {
    let op = prop_oneof![
        8 => action(depth).prop_map(Op::Do),
        8 => Just(Op::Pend),
        4 => (1..10_usize).prop_map(Op::Spin),
        4 => Just(Op::AwaitInterrupt),
        2 => (number(), 0..4_usize).prop_map(|(actor, times)| Op::AwaitPolls(actor, times)),
    ];
    #[cfg(feature = "std")]
    let op = prop_oneof![25 => op, 1 => (0..3_usize).prop_map(Op::Ask)];
    op.boxed()
}

fn grace() -> impl Strategy<Value = Grace> {
    (actions(1), actions(1), actions(1)).prop_map(|(begin, resolve, drop)| Grace {
        begin,
        resolve,
        drop,
    })
}

/// Returns a few actions, most often none.
fn actions(depth: usize) -> BoxedStrategy<Vec<Action>> {
    prop_oneof![3 => Just(Vec::new()), 1 => vec(action(depth), 1..3)].boxed()
}

fn action(depth: usize) -> BoxedStrategy<Action> {
    let action = prop_oneof![
        8 => number().prop_map(Action::Wake),
        2 => (0..3_usize).prop_map(Action::EndGrace),
        1 => number().prop_map(Action::InterruptAlone),
    ];
    let action = match depth {
        0 => action.boxed(),
        _ => {
            let actors = vec(actor(depth - 1), 1..3);
            let add_by_handle = (0..3_usize, actors)
                .prop_map(|(handle, actors)| Action::AddByHandle(handle, actors));
            prop_oneof![6 => action, 1 => add_by_handle].boxed()
        }
    };
    #[cfg(feature = "std")]
    let action = prop_oneof![24 => action, 1 => (0..3_usize).prop_map(Action::Ask)];
    #[cfg(all(feature = "std", panic = "unwind"))]
    let action = prop_oneof![12 => action, 1 => Just(Action::Panic)];
    action.boxed()
}

fn number() -> impl Strategy<Value = usize> {
    0..8_usize
}
