//! Reads any bytes as a script, and plays it with the group and with the model.
//!
//! What it finds is printed such that it can be pasted as a test, see `tests/it/model/replays.rs`.

#![no_main]

#[path = "../../tests/it/model/cast.rs"]
mod cast;
#[path = "../../tests/it/model/compare.rs"]
mod compare;
#[path = "../../tests/it/model/contract.rs"]
mod contract;
#[allow(dead_code)] // the exhaustive search asks for more
#[path = "../../tests/it/model/owner.rs"]
mod owner;
#[path = "../../tests/it/model/play.rs"]
mod play;
#[path = "../../tests/it/model/queue.rs"]
mod queue;
#[path = "../../tests/it/model/real.rs"]
mod real;
#[path = "../../tests/it/model/script.rs"]
mod script;

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

use crate::compare::compare;
use crate::script::{Act, Actor, Grace, How, Op, Script, Stage, Step};

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Unstructured::new(bytes);
    let mut steps = Vec::new();
    while let Ok(step) = step(&mut bytes) {
        steps.push(step);
    }
    let script = Script(steps);
    if let Err(difference) = compare(&script) {
        panic!("{difference}{script:?}");
    }
});

fn step(bytes: &mut Unstructured<'_>) -> Result<Step> {
    if bytes.is_empty() {
        return Err(arbitrary::Error::NotEnoughData);
    }
    Ok(match bytes.int_in_range(0..=15)? {
        0..=2 => Step::PollOnce,
        3..=5 => Step::Settle,
        6..=8 => Step::Outside(act(bytes)?),
        9 | 10 => Step::Add(actor(bytes)?),
        11 => Step::Bound(grace(bytes)?),
        12 => Step::Observe(list(bytes, act)?),
        13 => Step::Before(Stage {
            actors: list(bytes, actor)?,
            grace: match bytes.arbitrary()? {
                true => Some(grace(bytes)?),
                false => None,
            },
            observer: Some(list(bytes, act)?),
        }),
        14 => Step::Report,
        _ => Step::DropIt,
    })
}

fn actor(bytes: &mut Unstructured<'_>) -> Result<Actor> {
    Ok(Actor {
        how: *bytes.choose(&[How::Told, How::Signalled, How::Abortable])?,
        execute: list(bytes, op)?,
        interrupt: list(bytes, act)?,
        drop: list(bytes, act)?,
    })
}

fn op(bytes: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match bytes.int_in_range(0..=5)? {
        0 => Op::AwaitInterrupt,
        1 => Op::AwaitPolls(who(bytes)?, bytes.int_in_range(0..=3)?),
        2 => Op::Pend,
        3 => Op::Return,
        _ => Op::Do(act(bytes)?),
    })
}

fn grace(bytes: &mut Unstructured<'_>) -> Result<Grace> {
    Ok(Grace {
        begin: list(bytes, act)?,
        over: list(bytes, act)?,
        drop: list(bytes, act)?,
    })
}

fn act(bytes: &mut Unstructured<'_>) -> Result<Act> {
    Ok(match bytes.int_in_range(0..=7)? {
        0 => Act::Panic,
        1 | 2 => Act::TimeIsUp(bytes.int_in_range(0..=2)?),
        _ => Act::Wake(who(bytes)?),
    })
}

fn who(bytes: &mut Unstructured<'_>) -> Result<usize> {
    bytes.int_in_range(0..=7)
}

/// Up to seven of them, most often few.
fn list<T>(
    bytes: &mut Unstructured<'_>,
    item: fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let length = bytes.int_in_range(0..=15_u8)?.saturating_sub(8);
    (0..length).map(|_| item(bytes)).collect()
}
