use futures::future::select;
use run_group::Group;
use smol::Timer;
use std::{future::Future, pin::pin, time::Duration};

/// Ends each stage after `limit` or when `forced` resolves, but not before it had `at_least`.
fn set_limits<'a, T>(
    group: &mut Group<'a, T>,
    limit: Duration,
    at_least: Duration,
    forced: impl Future + Clone + Send + 'a,
) {
    group.grace_period(move || {
        let forced = forced.clone();
        async move {
            let at_least = Timer::after(at_least);
            select(Timer::after(limit), pin!(forced)).await;
            at_least.await;
        }
    });
}
// The recipe ends here.

use std::future::{pending, ready};
use std::time::Instant;

use futures::channel::oneshot;
use futures::FutureExt;

use crate::harness::Test;
use crate::recipes::{assert_is_a_recipe, two_stuck_stages};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("at_least.rs"));
}

#[test]
fn force_waits_for_the_least_time() {
    let mut group = two_stuck_stages();
    set_limits(&mut group, HOUR, HOUR, ready(()));
    Test::default().settle(&mut group);
    assert_eq!(group.len(), 2);
}

#[test]
fn each_stage_has_the_least_time() {
    let least = Duration::from_millis(5);
    let begin = Instant::now();
    let mut group = two_stuck_stages();
    set_limits(&mut group, HOUR, least, ready(()));
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "signals returned ()\nweb expired\nstorage expired");
    assert!(begin.elapsed() >= 2 * least);
}

#[test]
fn without_force_each_stage_has_its_limit() {
    let limit = Duration::from_millis(5);
    let begin = Instant::now();
    let mut group = two_stuck_stages();
    set_limits(&mut group, limit, Duration::ZERO, pending::<()>());
    smol::block_on(group.report());
    assert!(begin.elapsed() >= 2 * limit);
}

/// The stage that is shutting down has had its time when the second signal arrives.
#[test]
fn force_ends_a_stage_that_had_its_time() {
    let (force, forced) = oneshot::channel();
    let mut group = two_stuck_stages();
    set_limits(&mut group, HOUR, Duration::ZERO, forced.shared());
    Test::default().settle(&mut group);
    assert_eq!(group.len(), 2);
    force.send(()).unwrap();
    smol::block_on(group.report());
}

/// After a force, one last poll would not be enough for this storage.
#[test]
fn late_stage_can_still_await_a_thread() {
    let mut web = Group::new();
    web.add_abortable(async {}).named("signals");
    let mut storage = Group::new();
    storage
        .add_with(|interrupted| async {
            interrupted.await;
            smol::unblock(|| ()).await
        })
        .named("storage");
    let mut group = web.before(storage);
    set_limits(&mut group, HOUR, HOUR, ready(()));
    let report = smol::block_on(group.report());
    assert_eq!(report[1].to_string(), "storage returned (), interrupted");
}
