//! Reads any bytes as a script, runs it, and panics if the group violates its contract.
//!
//! You can paste a script that it finds into a test: see `tests/it/model/replays.rs`.

#![no_main]

#[path = "../../tests/it/model/ends.rs"]
mod ends;
#[path = "../../tests/it/model/event.rs"]
mod event;
#[path = "../../tests/it/model/execute.rs"]
mod execute;
#[path = "../../tests/it/model/rules.rs"]
mod rules;
#[allow(dead_code)] // only the exhaustive search uses `run_prefix`
#[path = "../../tests/it/model/run.rs"]
mod run;
#[allow(dead_code)] // only the other tests use `Actor::stops`
#[path = "../../tests/it/model/script.rs"]
mod script;
#[allow(dead_code)] // only the exhaustive search uses all of it
#[path = "../../tests/it/model/state.rs"]
mod state;
#[path = "../../tests/it/model/user.rs"]
mod user;
#[path = "../../tests/it/model/world.rs"]
mod world;

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

use crate::rules::check;
use crate::run::run;
use crate::script::{Action, Actor, Grace, How, Inner, Op, Script, Step, Stops, StopsIf};

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let mut steps = Vec::new();
    while let Ok(step) = step(&mut bytes) {
        steps.push(step);
    }
    let script = Script(steps);
    if let Err(broken) = check(run(&script)) {
        panic!("{broken}{script:?}");
    }
});

fn step(bytes: &mut Unstructured<'_>) -> Result<Step> {
    if bytes.is_empty() {
        return Err(arbitrary::Error::NotEnoughData);
    }
    Ok(match bytes.int_in_range(0..=20)? {
        0..=2 => Step::Poll,
        3..=5 => Step::Settle,
        6..=8 => Step::Outside(action(bytes, 1)?),
        9 | 10 => Step::Add(actor(bytes, 2)?),
        11 => Step::GracePeriod(grace(bytes)?),
        12 => Step::OnExit(list(bytes, 1, action)?),
        13 => Step::OnWait(list(bytes, 1, action)?),
        14 => Step::Handle,
        15 => Step::New,
        16 | 17 => Step::Before,
        18 => Step::Report,
        19 => Step::Run,
        _ => Step::Drop,
    })
}

/// Returns an actor, which may contain others, nested at most `depth` deep.
fn actor(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Actor> {
    Ok(Actor {
        how: match bytes.int_in_range(0..=9)? {
            0..=2 => How::ByClosure,
            3 | 4 => How::ByFuture,
            5 => How::ByClone,
            9 if depth > 0 => How::Nested(inner(bytes, depth - 1)?),
            _ => How::Abortable,
        },
        execute: list(bytes, depth, op)?,
        interrupt: list(bytes, depth, action)?,
        stops_if: bytes.arbitrary::<bool>()?.then(|| stops_if(bytes, depth)).transpose()?,
        drop: list(bytes, depth, action)?,
        interrupt_drop_panics: bytes.ratio(1, 10)?,
        output_drop_panics: bytes.ratio(1, 10)?,
    })
}

fn stops_if(bytes: &mut Unstructured<'_>, depth: usize) -> Result<StopsIf> {
    Ok(StopsIf {
        stops: match bytes.int_in_range(0..=4)? {
            0..=2 => Stops::Never,
            3 => Stops::IfPanicked,
            _ => Stops::Always,
        },
        actions: list(bytes, depth, action)?,
    })
}

fn inner(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Inner> {
    Ok(Inner {
        actors: list(bytes, depth, actor)?,
        grace: bytes.arbitrary::<bool>()?.then(|| grace(bytes)).transpose()?,
        on_exit: Some(list(bytes, 0, action)?),
        on_wait: Some(list(bytes, 0, action)?),
        has_handle: bytes.arbitrary()?,
    })
}

fn op(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Op> {
    Ok(match bytes.int_in_range(0..=9)? {
        0 => Op::AwaitInterrupt,
        1 => Op::AwaitPolls(number(bytes)?, bytes.int_in_range(0..=3)?),
        2 | 3 => Op::Pend,
        4 => Op::Return,
        5 => Op::Spin(bytes.int_in_range(1..=9)?),
        6 | 7 => Op::Do(action(bytes, depth)?),
        8 => Op::Ask(bytes.int_in_range(0..=2)?),
        _ => Op::Succeed,
    })
}

fn grace(bytes: &mut Unstructured<'_>) -> Result<Grace> {
    Ok(Grace {
        begin: list(bytes, 1, action)?,
        resolve: list(bytes, 1, action)?,
        drop: list(bytes, 1, action)?,
    })
}

fn action(bytes: &mut Unstructured<'_>, depth: usize) -> Result<Action> {
    Ok(match bytes.int_in_range(0..=11)? {
        0 => Action::Panic,
        1 | 2 => Action::EndGrace(bytes.int_in_range(0..=2)?),
        3 if depth > 0 => {
            let handle = bytes.int_in_range(0..=2)?;
            Action::AddByHandle(handle, vec![actor(bytes, depth - 1)?])
        }
        4 => Action::Ask(bytes.int_in_range(0..=2)?),
        5 => Action::InterruptAlone(number(bytes)?),
        _ => Action::Wake(number(bytes)?),
    })
}

fn number(bytes: &mut Unstructured<'_>) -> Result<usize> {
    bytes.int_in_range(0..=7)
}

/// Returns up to seven items, most often few.
fn list<X>(
    bytes: &mut Unstructured<'_>,
    depth: usize,
    item: fn(&mut Unstructured<'_>, usize) -> Result<X>,
) -> Result<Vec<X>> {
    let length = bytes.int_in_range(0..=15_u8)?.saturating_sub(8);
    (0..length).map(|_| item(bytes, depth)).collect()
}
