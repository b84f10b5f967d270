//! Counts allocations and bytes. They are the same in every run.
//!
//! A separate program, because the allocator that counts applies to a whole program, and takes time.

use std::future::{pending, ready, Future};
use std::pin::{pin, Pin};
use std::task::{Context, Waker};

use allocation_counter::{measure, AllocationInfo};
use run_group::Group;
use run_group_benches::{by_hand, children, group, poll_to_end, wake};

fn show(what: &str, cost: AllocationInfo) {
    assert_eq!(cost.count_current, 0, "{what} leaves nothing behind");
    row(what, cost);
}

fn row(what: &str, cost: AllocationInfo) {
    let AllocationInfo { count_total, bytes_total, bytes_max, .. } = cost;
    println!("{what:<45} {count_total:>11} {bytes_total:>10} {bytes_max:>13}");
}

fn main() {
    println!("{:<45} {:>11} {:>10} {:>13}", "#", "allocations", "bytes", "bytes at once");
    lives();
    shapes();
    actors();
    settings();
    running();
    children();
}

fn lives() {
    for n in [3, 10, 100, 1000, 10_000] {
        let check = |first| assert_eq!(first, Some(n - 1));
        let add = measure(|| check(poll_to_end(group::life_by_add(n))));
        show(&format!("life of {n}, add"), add);
        let add_with = measure(|| check(poll_to_end(group::life(n))));
        show(&format!("life of {n}, add_with"), add_with);
        let by_hand = measure(|| check(poll_to_end(by_hand::life(n))));
        show(&format!("life of {n}, by hand"), by_hand);
    }
}

fn shapes() {
    let n = 100;
    let last = Some(n - 1);
    for stages in [3, 10] {
        let check = |first| assert_eq!(first, last);
        let group = measure(|| check(poll_to_end(group::in_stages(stages, n))));
        show(&format!("{stages} stages of {n}, group"), group);
        let by_hand = measure(|| check(poll_to_end(by_hand::in_stages(stages, n))));
        show(&format!("{stages} stages of {n}, by hand"), by_hand);
    }
    for depth in [2, 8] {
        let check = |first| assert_eq!(first, last);
        let group = measure(|| check(poll_to_end(group::nested(depth, n))));
        show(&format!("{depth} deep of {n}, group"), group);
        let by_hand = measure(|| check(poll_to_end(by_hand::nested(depth, n))));
        show(&format!("{depth} deep of {n}, by hand"), by_hand);
    }
    let check = |first| assert_eq!(first, last);
    let group = measure(|| check(poll_to_end(group::refilled(n, 10))));
    show(&format!("10 fillings of {n}, group"), group);
    let by_hand = measure(|| check(poll_to_end(by_hand::refilled(n, 10))));
    show(&format!("10 fillings of {n}, by hand"), by_hand);
}

/// The cost of one more actor, which captures nothing.
fn actors() {
    let mut group = Group::new();
    group.add_abortable(ready(1));
    row("one more actor, add", measure(|| _ = group.add(pending(), |_| {})));
    row(
        "one more actor, add_with",
        measure(|| {
            group.add_with(|interrupted| async {
                interrupted.await;
                1
            });
        }),
    );
    row("one more actor, add_abortable", measure(|| _ = group.add_abortable(pending())));
}

/// A group with every setting. Each setting captures something, because a closure that captures nothing is not
/// allocated.
fn settings() {
    for n in [1, 10, 100, 1000] {
        let (mut begun, mut seen, mut waits) = (false, 0, 0);
        let life = measure(|| {
            let mut group = group::of(n);
            group.grace_period(|| {
                begun = true;
                async move {
                    pending::<()>().await;
                    n
                }
            });
            group.on_exit(|_| seen += 1);
            group.on_wait(|_| waits += 1);
            assert_eq!(poll_to_end(group), Some(n - 1));
        });
        show(&format!("life with all settings of {n}"), life);
        assert_eq!((begun, seen, waits), (n > 1, n, 0));
    }
}

/// A group that runs: its first poll, and wakes.
fn running() {
    let n = 1000;
    let (first, returns) = futures_channel::oneshot::channel();
    let mut group = Group::new();
    group.grace_period(pending::<()>);
    for _ in 1..n {
        group.add_with(|interrupted| async {
            interrupted.await;
            0
        });
    }
    group.add(async { returns.await.unwrap_or(0) }, |_| {});
    let mut group = pin!(group);
    let mut poll = || Pin::as_mut(&mut group).poll(&mut Context::from_waker(Waker::noop()));
    // The first polls take several polls of the group, because the set yields after as many polls as it has places.
    let polls = measure(|| (0..10).for_each(|_| assert!(poll().is_pending())));
    show(&format!("from the first poll to the first exit of {n}"), polls);
    assert_eq!(first.send(7), Ok(()));
    assert!(poll().is_ready());

    let mut wakes = wake::group(n);
    let cost = measure(|| (0..n).for_each(|_| wakes.another()));
    show(&format!("{n} wakes of {n}"), cost);
}

/// Children that come and go. Like most other rows, these leave nothing behind.
fn children() {
    let million = 1_000_000;
    for (at_once, what) in [(1, "one at once"), (10_000, "10000 at once")] {
        let mut children = children::in_group(at_once, children::add);
        children(); // the first poll of the group
        let cost = measure(|| (0..million / at_once).for_each(|_| children()));
        show(&format!("a million children, {what}"), cost);
    }
    let n = 10_000;
    let group = |add: children::Add| measure(|| children::in_group(n, add)());
    show(&format!("{n} children at once, add"), group(children::add));
    show(&format!("{n} children at once, add_with"), group(children::add_with));
    show(&format!("{n} children at once, add_with, named"), group(children::add_with_name));
    let tasks = measure(|| children::on_executor(n)());
    row(&format!("{n} tasks of an executor at once"), tasks);
    let set = measure(|| children::in_set(n)());
    show(&format!("{n} futures of a FuturesUnordered at once"), set);
    #[cfg(feature = "others")]
    {
        let runtime = run_group_benches::others::tokio::runtime();
        let tasks = measure(|| run_group_benches::others::tokio::tasks(&runtime, n));
        row(&format!("{n} tasks of Tokio at once"), tasks);
    }
}
