use futures::FutureExt;
use run_group::Group;
use smol::{future::or, Timer};
use std::{future::Future, time::Duration};

/// Limits each stage to ten seconds. When `signal` resolves, limits each to another 100 ms.
fn force_soon<'a, T>(group: &mut Group<'a, T>, signal: impl Future<Output = ()> + Send + 'a) {
    let signal = signal.shared();
    group.grace_period(move || {
        let signal = signal.clone();
        let forced = async {
            signal.await;
            Timer::after(Duration::from_millis(100)).await;
        };
        or(forced, async {
            Timer::after(Duration::from_secs(10)).await;
        })
    });
}
// The recipe ends here.

use smol::channel::{bounded, Sender};
use smol::future::poll_once;

use super::{assert_is_a_recipe, two_stuck_stages};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("gentle_force.rs"));
}

/// Adds an actor that waits for a task, which ends when the test sends something.
fn add_waiting(group: &mut Group<'_, ()>, name: &'static str) -> Sender<()> {
    let (task, ended) = bounded(1);
    group.add(async move { ended.recv().await.unwrap() }, |_| {}).named(name);
    task
}

#[test]
fn tasks_still_end_after_the_second_signal() {
    let mut exits = Vec::new();
    let (user, signals) = bounded::<()>(2);
    let mut web = Group::new();
    let first_task = add_waiting(&mut web, "web");
    let mut storage = Group::new();
    let second_task = add_waiting(&mut storage, "storage");
    let mut group = web.before(storage);
    group.add_abortable(async {}).named("signals");
    force_soon(&mut group, async { signals.recv().await.unwrap() });
    group.on_exit(|exit| exits.push(exit.to_string()));
    user.try_send(()).unwrap();
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    first_task.try_send(()).unwrap();
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    second_task.try_send(()).unwrap();
    smol::block_on(group);
    assert_eq!(
        exits,
        ["signals returned ()", "web returned (), interrupted", "storage returned (), interrupted"]
    );
}

#[test]
fn second_signal_forces_both_stages() {
    let (user, signals) = bounded::<()>(2);
    let mut group = two_stuck_stages();
    force_soon(&mut group, async { signals.recv().await.unwrap() });
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    user.try_send(()).unwrap();
    let report = smol::block_on(group.report());
    assert_eq!(report.to_string(), "signals returned ()\nweb expired\nstorage expired");
}
