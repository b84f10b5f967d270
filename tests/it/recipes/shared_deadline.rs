use futures::FutureExt;
use run_group::Group;
use std::future::Future;

/// Limits the whole shutdown. An example of a timer is `async { sleep(limit).await }`.
fn set_limit<'a, T>(group: &mut Group<'a, T>, timer: impl Future<Output = ()> + Send + 'a) {
    let timer = timer.shared();
    group.grace_period(move || timer.clone());
}
// The recipe ends here.

use smol::{channel::bounded, future::poll_once, Timer};
use std::future::pending;
use std::time::Duration;

use super::{assert_is_a_recipe, two_stuck_stages};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("shared_deadline.rs"));
}

#[test]
fn both_stages_expire() {
    let mut group = two_stuck_stages();
    set_limit(&mut group, async {
        Timer::after(Duration::from_millis(10)).await;
    });
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "signals returned ()\nweb expired\nstorage expired");
}

#[test]
fn timer_starts_with_the_shutdown() {
    let (start, started) = bounded(1);
    let mut group = two_stuck_stages();
    set_limit(&mut group, async move {
        start.try_send(()).unwrap();
        pending().await
    });
    assert!(started.is_empty());
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert_eq!(started.len(), 1);
    assert_eq!(group.running().count(), 2);
}
