//! Counts allocations and bytes, of the group and of what is written by hand. They are the same in every run.

use std::future::{pending, ready};

use allocation_counter::{measure, AllocationInfo};
use run_group::Group;
use run_group_benches::{by_hand, group, poll_to_end};

fn show(what: &str, cost: AllocationInfo) {
    let AllocationInfo {
        count_total,
        bytes_total,
        bytes_max,
        ..
    } = cost;
    println!("{what:<40} {count_total:>12} {bytes_total:>12} {bytes_max:>12}");
}

fn main() {
    println!(
        "{:<40} {:>12} {:>12} {:>12}",
        "# what", "allocations", "bytes", "at most"
    );
    for n in [3, 10, 100, 1000, 10_000] {
        let finish = |first| assert_eq!(first, Some(n - 1));
        show(
            &format!("life of {n}, group"),
            measure(|| finish(poll_to_end(group::life(n)))),
        );
        show(
            &format!("life of {n}, by hand"),
            measure(|| finish(poll_to_end(by_hand::life(n)))),
        );
    }
    let mut group = Group::new();
    group.add_abortable(ready(1)); // the first one makes the set
    show("add", measure(|| _ = group.add(pending(), |_| {})));
    show(
        "add_with",
        measure(|| {
            _ = group.add_with(|interrupted| async {
                interrupted.await;
                1
            })
        }),
    );
    show(
        "add_abortable",
        measure(|| _ = group.add_abortable(pending())),
    );
}
