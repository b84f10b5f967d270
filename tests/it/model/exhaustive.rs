//! All schedules of small groups.
//!
//! # What is searched
//!
//! - Every group of one, two or three actors, each of any of the [kinds]. In groups of one or two, also of the
//!   [kinds that leave](kinds_that_leave).
//! - Every group of four actors, each of three kinds, with a grace period for the first stage.
//! - Each of them in every order of adding, in one stage or in two, with a [grace period](Limit) for the first stage,
//!   for the last, or for both together.
//!
//! Groups of three and four take long without optimizations, so `tests/model` searches them.
//!
//! For each group: every order in which actors are woken, the grace period ends, and the group is polled, as long as
//! each of these changes something.
//!
//! # Why that is enough
//!
//! All that the outside can do to an actor is to wake it. The kind of the actor decides what it does then: return,
//! panic, wake others, or wait again. A second wake before the next poll changes nothing. After that poll, the actor
//! has exited or waits as before. So it is enough to wake each actor once.
//!
//! Each clause of the contract is about one actor (its release), two (the cause and another; which of the two is polled
//! first; a stage and the next) or three (which of two running actors is dropped first), and never about more. With
//! four actors in two stages of two, all of these occur in each stage.
//!
//! The test with random scripts covers the rest: longer programs, more stages, actors that are added later, handles and
//! their answers, groups in groups, panics elsewhere, and dropping the group.

use super::replay;
use super::rules::check;
use super::run::run_prefix;
#[cfg(all(feature = "std", panic = "unwind"))]
use super::script::StopsIf;
use super::script::{Action, Actor, Grace, How, Op, Script, Step, Stops};
use super::state::Setting;
use Limit::{First, Last, Whole};

/// What has a grace period.
#[derive(Clone, Copy, PartialEq)]
pub enum Limit {
    First,
    Last,
    Whole,
}

/// Returns the kinds of actors, the most important first.
pub fn kinds() -> Vec<Actor> {
    let returns_when_woken = [Op::Pend, Op::Return];
    vec![
        Actor::new(How::ByClosure, &returns_when_woken),
        Actor::new(How::ByFuture, &[Op::AwaitInterrupt, Op::Return]),
        Actor::new(How::Abortable, &returns_when_woken),
        // Returns in its first poll.
        Actor::new(How::ByClosure, &[Op::Return]),
        // Never returns.
        Actor::new(How::ByClosure, &[]),
        // When woken, wakes itself and the first two actors.
        Actor::new(
            How::ByClosure,
            &[Op::Pend, Op::Do(Action::Wake(0)), Op::Do(Action::Wake(1)), Op::Spin(1), Op::Return],
        ),
        // Leaves when woken.
        Actor::new(How::ByClosure, &returns_when_woken).stops(Stops::Never),
        #[cfg(all(feature = "std", panic = "unwind"))]
        Actor::new(How::ByClosure, &[Op::Pend, Op::Do(Action::Panic)]).stops(Stops::IfPanicked),
        #[cfg(all(feature = "std", panic = "unwind"))]
        Actor { interrupt: vec![Action::Panic], ..Actor::new(How::ByClosure, &returns_when_woken) },
    ]
}

/// Returns more kinds of actors, which may leave.
fn kinds_that_leave() -> Vec<Actor> {
    vec![
        Actor::new(How::Abortable, &[Op::Pend, Op::Return]).stops(Stops::Never),
        // Leaves in its first poll, and its drop wakes the first actor.
        Actor {
            drop: vec![Action::Wake(0)],
            ..Actor::new(How::ByFuture, &[Op::Return]).stops(Stops::Never)
        },
        // Leaves when woken, unless that is because of the interrupt.
        Actor::new(How::ByFuture, &[Op::Pend, Op::Succeed]).stops(Stops::IfPanicked),
        // Panics when woken, and leaves. Its interrupt panics when dropped.
        #[cfg(all(feature = "std", panic = "unwind"))]
        Actor {
            interrupt_drop_panics: true,
            ..Actor::new(How::ByClosure, &[Op::Pend, Op::Do(Action::Panic)]).stops(Stops::Never)
        },
        // Leaves when woken, and its output panics when dropped.
        #[cfg(all(feature = "std", panic = "unwind"))]
        Actor {
            output_drop_panics: true,
            ..Actor::new(How::ByClosure, &[Op::Pend, Op::Return]).stops(Stops::Never)
        },
        // Would leave when woken, but `stops_if` panics.
        #[cfg(all(feature = "std", panic = "unwind"))]
        Actor {
            stops_if: Some(StopsIf { stops: Stops::Never, actions: vec![Action::Panic] }),
            ..Actor::new(How::ByClosure, &[Op::Pend, Op::Return])
        },
    ]
}

/// Searches the groups of `size` actors of these kinds, `first` of them in the first stage. Returns how many schedules
/// there are.
fn search(size: usize, first: usize, limit: Limit, kinds: &[Actor]) -> usize {
    let mut schedules = 0;
    let n = kinds.len();
    for number in 0..n.pow(size as u32) {
        // The digits of the number, to the base `n`, are the kinds of the actors.
        let digits = (0..size as u32).map(|place| number / n.pow(place) % n);
        let mut add = digits.map(|kind| Step::Add(kinds[kind].clone()));
        let grace_on = |part| (limit == part).then(|| Step::GracePeriod(Grace::default()));
        let mut steps: Vec<_> = add.by_ref().take(first).collect();
        steps.extend(grace_on(Limit::First));
        if first < size {
            steps.push(Step::New);
            steps.extend(add);
            steps.extend(grace_on(Limit::Last));
            steps.push(Step::Before);
        }
        steps.extend(grace_on(Limit::Whole));
        steps.extend([Step::OnExit(Vec::new()), Step::OnWait(Vec::new())]);
        poll_and_continue(&mut steps, &mut schedules);
        steps.push(Step::Outside(Action::EndGrace(0)));
        poll_and_continue(&mut steps, &mut schedules);
    }
    schedules
}

/// Polls the group, and continues with everything that can [come next](act_then_poll). If nothing can, the schedule is
/// complete.
fn poll_and_continue(steps: &mut Vec<Step>, schedules: &mut usize) {
    steps.push(Step::Poll);
    let state = match check(run_prefix(steps)) {
        Ok(state) => state,
        Err(_) => return replay(Script(steps.clone())), // panics with what is wrong
    };
    let group = state.groups.values().find(|group| group.added > 0);
    let running = state.actors.iter().filter(|(_, actor)| actor.is_running());
    let waits = |number: usize| group.is_some_and(|group| !group.woken.contains(&number));
    let wakes = running.map(|(&number, _)| number).filter(|&number| waits(number));
    let wakes = wakes.map(|number| Step::Outside(Action::Wake(number)));
    let mut actions: Vec<_> = wakes.filter(|action| !steps.contains(action)).collect();
    let time = Step::Outside(Action::EndGrace(0));
    let is_limited = group.is_some_and(|group| group.settings.iter().any(Setting::is_running));
    let is_time_left = is_limited && !steps.contains(&time);
    let is_woken = group.is_some_and(|group| group.is_woken);
    let before = *schedules;
    for has_time in [false, true] {
        if !has_time || is_time_left {
            let length = steps.len();
            steps.extend(has_time.then(|| time.clone()));
            act_then_poll(&mut actions, is_woken || has_time, steps, schedules);
            steps.truncate(length);
        }
    }
    *schedules += usize::from(*schedules == before);
    steps.pop();
}

/// Continues with every selection of these actions, in every order. A poll follows.
fn act_then_poll(
    actions: &mut Vec<Step>,
    is_due: bool,
    steps: &mut Vec<Step>,
    schedules: &mut usize,
) {
    if is_due {
        poll_and_continue(steps, schedules);
    }
    for place in 0..actions.len() {
        let action = actions.remove(place);
        steps.push(action);
        act_then_poll(actions, true, steps, schedules);
        let action = steps.pop().expect("it was just there");
        actions.insert(place, action);
    }
}

/// Searches each of these: how many actors there are, how many are in the first stage, and what has a grace period.
pub fn search_each(of: &[(usize, usize, Limit)], kinds: &[Actor]) {
    for &(size, first, limit) in of {
        assert!(search(size, first, limit, kinds) > 0);
    }
}

#[test]
fn all_groups_of_two_keep_the_contract() {
    let of = [(1, 1, First), (2, 2, First), (2, 1, First), (2, 1, Last), (2, 1, Whole)];
    let mut kinds = kinds();
    kinds.extend(kinds_that_leave());
    search_each(&of, &kinds);
}
