use run_group::Group;
use smol::Timer;
use std::future::pending;
use std::time::{Duration, Instant};

/// Limits the whole shutdown, from its beginning.
fn set_deadline<T>(group: &mut Group<'_, T>, limit: Duration) {
    let mut deadline = None;
    group.grace_period(move || {
        let deadline = deadline.get_or_insert_with(|| Instant::now() + limit);
        Timer::at(*deadline)
    });
}

fn main() {
    let mut web = Group::new();
    web.add_abortable(async {}).named("signals");
    web.add(pending(), |_| {}).named("stuck");
    let mut storage = Group::new();
    storage.add_with(|interrupted| interrupted).named("storage");

    let mut group = web.before(storage);
    set_deadline(&mut group, Duration::from_millis(10));
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "signals returned ()\nstuck expired\nstorage returned (), interrupted"
    );
}
// The recipe ends here.

use smol::future::yield_now;

use super::assert_is_a_recipe;
use crate::harness::Test;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("deadline.rs"));
    main();
}

/// Returns a group whose first stage hangs. The second needs two polls, and hangs as well.
fn program() -> Group<'static, ()> {
    let mut web = Group::new();
    web.add_abortable(async {}).named("signals");
    web.add(pending(), |_| {}).named("stuck");
    let mut storage = Group::new();
    storage
        .add_with(|interrupted| async {
            interrupted.await;
            yield_now().await;
        })
        .named("slow");
    storage.add(pending(), |_| {}).named("stuck, too");
    web.before(storage)
}

#[test]
fn stages_after_the_deadline_get_one_poll() {
    let mut group = program();
    set_deadline(&mut group, Duration::from_millis(10));
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "signals returned ()\nstuck expired\nslow expired\nstuck, too expired"
    );
}

#[test]
fn nothing_expires_before_the_deadline() {
    let mut group = program();
    set_deadline(&mut group, Duration::from_secs(3600));
    Test::default().settle(&mut group);
    assert_eq!(group.running().count(), 3);
}
