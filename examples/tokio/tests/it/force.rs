use futures::FutureExt;
use run_group::Group;
use std::{future::Future, time::Duration};
use tokio::time::sleep;

/// Limits each stage to `limit`. When `second_signal` resolves, forces all stages.
fn force<'a, T>(
    group: &mut Group<'a, T>,
    limit: Duration,
    second_signal: impl Future<Output = ()> + Send + 'a,
) {
    let second_signal = second_signal.shared();
    group.grace_period(move || {
        let second_signal = second_signal.clone();
        async move {
            tokio::select! {
                () = second_signal => {}
                () = sleep(limit) => {}
            }
        }
    });
}
// The recipe ends here.

use std::future::{pending, ready};

/// Returns the exits of a group of two stages that are stuck.
fn exits(limit: Duration, second_signal: impl Future<Output = ()> + Send) -> String {
    let mut web = Group::new();
    web.add_abortable(ready(())).named("signals");
    web.add(pending(), |_| {}).named("web");
    let mut storage = Group::new();
    storage.add(pending(), |_| {}).named("storage");
    let mut group = web.before(storage);
    force(&mut group, limit, second_signal);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(group.report()).to_string()
}

const EXPIRED: &str = "signals returned ()\nweb expired\nstorage expired";

#[test]
fn signal_forces_all_stages() {
    assert_eq!(exits(Duration::from_secs(3600), tokio::task::yield_now()), EXPIRED);
}

#[test]
fn limit_holds_for_each_stage() {
    assert_eq!(exits(Duration::from_millis(10), pending()), EXPIRED);
}
