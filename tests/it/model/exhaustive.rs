//! All schedules of small groups.
//!
//! # What is searched
//!
//! Every group of one, two or three actors, each of any of the [kinds], and of four actors, each of the first three kinds,
//! in every order of adding, in one stage or in two with any border between them. The first stage has a grace period. For
//! each group, every order in which an actor is woken, time is up, and the group is polled, such that each of these changes
//! something.
//!
//! # Why that is enough
//!
//! From outside, all that can be done to an actor is to wake it. What it does then is its kind: return, panic, wake others,
//! or wait on. To be woken again before the next poll changes nothing, and after that it has exited or waits on as before;
//! so each is woken once. The rules of the contract speak of one actor (its release), of two (the cause and another, who
//! is polled first, a stage and the next) or of three (which of two that are still out is dropped first), and of no more.
//! Of four actors, two stages of two have all of that in each stage. What goes further, longer programs, more stages, adding on the
//! way, panics elsewhere, dropping the group, is left to chance, in the test with random scripts.

use super::contract::Model;
use super::play::{step, Subject};
use super::replay;
use super::script::{Act, Actor, Grace, How, Op, Script, Stage, Step};

/// An actor that is told when it is interrupted, or not, and does nothing else than `execute`.
fn actor(how: How, execute: &[Op], interrupt: &[Act]) -> Actor {
    Actor {
        how,
        execute: execute.to_vec(),
        interrupt: interrupt.to_vec(),
        drop: Vec::new(),
    }
}

/// The kinds of actors, those that matter most first.
fn kinds() -> Vec<Actor> {
    let returns_when_woken = [Op::Pend, Op::Return];
    vec![
        actor(How::Told, &returns_when_woken, &[]),
        actor(How::Signalled, &[Op::AwaitInterrupt, Op::Return], &[]),
        actor(How::Abortable, &returns_when_woken, &[]),
        // Returns in its first poll.
        actor(How::Told, &[Op::Return], &[]),
        // Never returns.
        actor(How::Told, &[], &[]),
        // Wakes itself, and the first actor.
        actor(
            How::Told,
            &[
                Op::Do(Act::Wake(0)),
                Op::Do(Act::Wake(1)),
                Op::Pend,
                Op::Return,
            ],
            &[],
        ),
        #[cfg(all(feature = "std", panic = "unwind"))]
        actor(How::Told, &[Op::Pend, Op::Do(Act::Panic)], &[]),
        #[cfg(all(feature = "std", panic = "unwind"))]
        actor(How::Told, &returns_when_woken, &[Act::Panic]),
    ]
}

/// Searches the groups of so many actors of these kinds, with so many of them in the first stage. Returns how many
/// schedules there were.
fn search(size: usize, first: usize, kinds: &[Actor]) -> usize {
    let mut schedules = 0;
    let n = kinds.len();
    for number in 0..n.pow(size as u32) {
        // The digits of the number, to the base `n`, are the kinds of the actors.
        let digits = (0..size as u32).map(|place| number / n.pow(place) % n);
        let actors: Vec<_> = digits.map(|kind| kinds[kind].clone()).collect();
        let grace = Grace {
            begin: Vec::new(),
            over: Vec::new(),
            drop: Vec::new(),
        };
        let stage = |actors: &[Actor], grace| {
            Step::Before(Stage {
                actors: actors.to_vec(),
                grace,
                observer: Some(Vec::new()),
            })
        };
        let mut steps = vec![stage(&actors[..first], Some(grace))];
        if first < size {
            steps.push(stage(&actors[first..], None));
        }
        let mut model = Model::default();
        steps.iter().for_each(|each| step(&mut model, each));
        go_on(&model, &mut steps, &mut schedules);
    }
    schedules
}

/// Goes on with everything that changes something. If there is nothing, the schedule is complete.
fn go_on(model: &Model, steps: &mut Vec<Step>, schedules: &mut usize) {
    let wakes = model.waiting().map(Act::Wake);
    let mut next: Vec<_> = wakes
        .chain((model.len() > 0).then_some(Act::TimeIsUp(0)))
        .map(Step::Outside)
        .filter(|each| !steps.contains(each))
        .collect();
    if model.is_due() {
        next.push(Step::PollOnce);
    }
    for each in &next {
        let mut model = model.clone();
        step(&mut model, each);
        steps.push(each.clone());
        go_on(&model, steps, schedules);
        steps.pop();
    }
    if next.is_empty() {
        *schedules += 1;
        replay(Script(steps.clone()));
    }
}

#[test]
fn every_schedule_of_up_to_three_actors_plays_as_the_model_says() {
    for size in 1..=3 {
        for first in 1..=size {
            assert!(search(size, first, &kinds()) > 0);
        }
    }
}

#[test]
fn every_schedule_of_four_actors_plays_as_the_model_says() {
    for first in 1..=4 {
        assert!(search(4, first, &kinds()[..3]) > 0);
    }
}
