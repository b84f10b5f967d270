//! Scripts that are worth keeping.
//!
//! A search that fails prints the smallest script that it could find. To keep the script, add a test here that replays
//! it, `replay(Script(vec![…]))`. If the search prints a second script below the trace, keep that one: it is the first,
//! with a report or a `run`.

use super::rules::check;
use super::run::run;
use super::script::{Action::*, Actor, Grace, How::*, Op, Op::*, Script, Step, Step::*, Stops};
use super::{replay, with_end};

/// The grace period is over, and two actors that wake themselves make the set yield. That was taken for the end of all
/// last polls, so the third actor expired, although it had been woken and would have returned.
fn last_poll() -> Vec<Step> {
    vec![
        GracePeriod(Grace::default()),
        Add(Actor::new(ByClosure, &[Pend, Spin(9)])),
        Add(Actor::new(ByClosure, &[Pend, Spin(9)])),
        Add(Actor::new(ByClosure, &[Pend, Return])),
        Add(Actor::new(ByClosure, &[Return])),
        Poll,
        Outside(Wake(0)),
        Outside(Wake(1)),
        Outside(Wake(2)),
        Outside(EndGrace(0)),
        Poll,
    ]
}

#[test]
fn last_poll_while_others_wake_themselves() {
    replay(Script(last_poll()));
}

/// The rules refuse what used to happen there.
#[test]
fn rules_refuse_expiry_before_the_last_poll() {
    use super::event::Event::{Dropped, PollBegan, Polled};
    let mut trace = run(&Script(last_poll()));
    let mut polls = trace.iter().enumerate();
    let last = polls.rposition(|(_, event)| *event == PollBegan(0)).unwrap_or(0);
    let place = |event| trace.iter().skip(last).position(|seen| *seen == event);
    let (poll, expiry) = (place(Polled(2, true)), place(Dropped(0)));
    let (poll, expiry) = (last + poll.unwrap(), last + expiry.unwrap());
    assert!(poll < expiry);
    let early: Vec<_> = trace.drain(expiry..).collect();
    trace.splice(poll.., early);
    let refused = check(trace).map(drop).unwrap_err();
    assert!(refused.starts_with("Polled(2, true) is due"), "{refused}");
}

/// An actor that is added while the front shuts down is dropped after its only poll. Its drop wakes an actor of the back,
/// which is polled right after that.
#[test]
fn drop_after_the_only_poll_wakes_another() {
    replay(Script(vec![
        Add(Actor::new(ByClosure, &[])),
        Add(Actor::new(ByClosure, &[Return])),
        New,
        Add(Actor::new(ByClosure, &[])),
        Before,
        Poll,
        Outside(Wake(0)),
        Add(Actor { drop: vec![Wake(2)], ..Actor::new(Abortable, &[]) }),
    ]));
}

/// Both groups have been polled, and each has actors that have been woken since. All actors of the back are polled once
/// more, after those of the front, in the order of adding.
#[test]
fn groups_combined_after_polls() {
    replay(Script(vec![
        Add(Actor::new(ByClosure, &[])),
        Add(Actor::new(ByFuture, &[AwaitInterrupt, Return])),
        Poll,
        Outside(Wake(1)),
        New,
        Add(Actor::new(ByClosure, &[])),
        Add(Actor::new(ByClosure, &[Pend, Pend, Return])),
        Settle,
        Outside(Wake(3)),
        Outside(Wake(2)),
        Before,
        OnWait(vec![]),
        Poll,
        Outside(Wake(3)),
        Poll,
    ]));
}

/// The front has begun to stop, so `before` refuses, and both groups are dropped.
#[test]
fn stopping_group_is_not_combined() {
    replay(Script(vec![
        Add(Actor::new(ByClosure, &[Return])),
        Add(Actor::new(ByClosure, &[])),
        Poll,
        New,
        Add(Actor::new(ByClosure, &[])),
        Before,
    ]));
}

/// The last actor of a stage returns, and the drop of its execute adds another actor. The stage stays open for that one.
#[test]
fn stage_waits_for_an_actor_of_a_handle() {
    replay(Script(add_while_dropped(&[AwaitInterrupt, Return])));
}

/// The grace period is over when the last actor is dropped, which adds another actor. The stage takes no more actors.
#[test]
fn expired_stage_takes_no_more_actors() {
    let mut steps = add_while_dropped(&[]);
    steps.extend([Outside(EndGrace(0)), Poll]);
    replay(Script(steps));
}

/// Returns a script with two stages. An actor of the first executes these operations, and adds another when it is
/// dropped.
fn add_while_dropped(execute: &[Op]) -> Vec<Step> {
    let late = Actor::new(ByClosure, &[AwaitInterrupt, Return]);
    vec![
        Handle,
        GracePeriod(Grace::default()),
        Add(Actor { drop: vec![AddByHandle(0, vec![late])], ..Actor::new(ByClosure, execute) }),
        Add(Actor::new(ByClosure, &[Return])),
        New,
        Add(Actor::new(ByFuture, &[AwaitInterrupt, Return])),
        Before,
        Poll,
    ]
}

/// The last actor leaves, and its drop adds another. The group takes that one in before it ends, and so it does not end.
#[test]
fn group_waits_for_an_actor_of_a_handle() {
    replay(Script(vec![
        Handle,
        Add(Actor {
            drop: vec![AddByHandle(0, vec![Actor::new(ByClosure, &[])])],
            ..Actor::new(ByClosure, &[Return]).stops(Stops::Never)
        }),
        Poll,
        Poll,
    ]));
}

/// An actor leaves, its observer panics, and then the drop of its interrupt and that of its output. The panic of the
/// observer came first, and `before` keeps it.
#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panics_of_a_leaving_actor() {
    let leaves = Actor {
        interrupt_drop_panics: true,
        output_drop_panics: true,
        ..Actor::new(ByClosure, &[Return]).stops(Stops::Never)
    };
    let group = |actor| {
        [
            Add(actor),
            Add(Actor::new(ByFuture, &[AwaitInterrupt, Return])),
            OnExit(vec![Panic]),
            Poll,
        ]
    };
    let mut steps = vec![];
    steps.extend(group(Actor::new(ByClosure, &[Pend, Return])));
    steps.push(New);
    steps.extend(group(leaves));
    steps.extend([Before, Outside(Wake(0)), Poll]);
    replay(Script(steps));
}

/// Three groups, the last of which has an observer, a grace period and a handle. These apply to the last stage only. The
/// cause returns `Ok`, an actor of the second stage expires, and one of the last returns an error, which `run` returns.
#[test]
fn settings_of_the_third_stage() {
    let mut steps = vec![
        Add(Actor::new(ByClosure, &[Pend, Succeed])),
        New,
        GracePeriod(Grace::default()),
        Add(Actor::new(ByClosure, &[])),
        Before,
        New,
        GracePeriod(Grace::default()),
        OnExit(vec![]),
        Handle,
        Add(Actor::new(ByFuture, &[AwaitInterrupt, Return])),
        Add(Actor::new(ByClosure, &[])),
        Before,
        Outside(AddByHandle(0, vec![Actor::new(ByClosure, &[])])),
        Poll,
        Outside(Wake(0)),
        Poll,
    ];
    for grace in 0..2 {
        steps.extend([Outside(EndGrace(grace)), Poll]);
    }
    for end in [Run, Report] {
        replay(with_end(Script(steps.clone()), end));
    }
    replay(Script(steps));
}

/// The handles of the last stage and of the whole group close together. What waits behind the first is dropped then, and
/// adds through the second, which is closed by that time.
#[test]
fn handles_close_before_actors_are_dropped() {
    let adds = |handle, actor| Actor {
        drop: vec![AddByHandle(handle, vec![actor])],
        ..Actor::new(ByClosure, &[])
    };
    replay(Script(vec![
        Add(Actor::new(ByClosure, &[Return])),
        New,
        Handle,
        Add(adds(0, adds(1, Actor::new(ByClosure, &[])))),
        GracePeriod(Grace::default()),
        Before,
        Handle,
        Poll,
        Outside(EndGrace(0)),
        Poll,
    ]));
}

/// All actors of two groups leave, and the drop of the last adds another through the handle of the combined group, or
/// through one of a part. The group then waits for that one, whichever handle it is.
#[test]
fn any_handle_keeps_a_group_open() {
    for handle in 0..3 {
        for stops in [Stops::Never, Stops::Always] {
            let adds = Actor {
                drop: vec![AddByHandle(handle, vec![Actor::new(ByClosure, &[])])],
                ..Actor::new(ByClosure, &[Pend, Return]).stops(stops)
            };
            replay(Script(vec![
                Add(adds),
                Handle,
                New,
                Handle,
                Before,
                Handle,
                Poll,
                Outside(Wake(0)),
                Poll,
            ]));
        }
    }
}

/// An actor that is a group waits for the answer to a question when its own group is combined with another. The answer
/// wakes what the inner group was last polled with, which is of no use any more.
#[cfg(feature = "std")]
#[test]
fn answer_after_before() {
    use super::script::Inner;
    let asks = Actor::new(ByClosure, &[Op::Ask(1)]);
    let inner = Inner {
        actors: vec![asks, Actor::new(ByClosure, &[])],
        has_handle: true,
        ..Inner::default()
    };
    replay(Script(vec![Handle, New, Add(Actor::new(Nested(inner), &[])), Poll, Before]));
}
