use run_group::{Group, Report};
use smol::{future::or, Timer};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Runs the group. While it shuts down, logs after each pause which actors are still running.
async fn run<T, F: Future>(
    mut group: Group<'_, T>,
    pause: impl Fn() -> F,
    mut log: impl FnMut(String),
) -> Report<T> {
    let labels = Arc::new(Mutex::new(String::new()));
    let to_update = labels.clone();
    group.on_wait(move |waiting| *to_update.lock().unwrap() = waiting.to_string());
    let status = async {
        loop {
            pause().await;
            let labels = labels.lock().unwrap().clone();
            if !labels.is_empty() {
                log(format!("still running: {labels}"));
            }
        }
    };
    or(group.report(), status).await // `status` never ends
}

fn main() {
    let second = || Timer::after(Duration::from_secs(1));
    let mut group = Group::new();
    group.add_abortable(async {}).named("signals");
    let report = smol::block_on(run(group, second, |line| println!("{line}")));
    assert_eq!(report.to_string(), "signals returned ()");
}
// The recipe ends here.

use smol::channel::unbounded;
use smol::future::{pending, yield_now};

use super::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("status.rs"));
    main();
}

#[test]
fn logs_what_still_runs_after_each_pause() {
    let (tick, ticks) = unbounded();
    let mut front = Group::new();
    front.add_abortable(async { yield_now().await }).named("main job");
    front.add(pending(), |_| {}).named("stuck");
    front.grace_period(|| async {
        for _ in 0..3 {
            tick.try_send(()).unwrap();
            while !tick.is_empty() {
                yield_now().await;
            }
        }
    });
    let mut back = Group::new();
    back.add_with(|interrupted| interrupted).named("storage");
    let mut lines = Vec::new();
    let group = front.before(back);
    let report = smol::block_on(run(group, || ticks.recv(), |line| lines.push(line)));
    assert_eq!(
        report.to_string(),
        "main job returned ()\nstuck expired\nstorage returned (), interrupted"
    );
    assert_eq!(lines, ["still running: stuck"; 3]);
}

#[test]
fn logs_nothing_before_the_shutdown() {
    let mut group = Group::new();
    group.add_abortable(async {
        for _ in 0..9 {
            yield_now().await; // in the meantime, there are pauses
        }
        panic!("no such index")
    });
    let report = smol::block_on(run(group, yield_now, |line| panic!("{line}")));
    assert!(report[0].to_string().ends_with("panicked: no such index"));
}
