//! The measurements.

use std::time::Duration;

use run_group_benches::pairs::{compare, rounds, Compared};
use run_group_benches::{by_hand, group, poll_to_end, wake};

const BUDGET: Duration = Duration::from_millis(1500);

fn show(what: &str, limit: f64, compared: Compared) {
    let [low, median, high] = compared.ratio;
    let verdict = if median <= limit { "pass" } else { "MISS" };
    let [a, b] = compared.seconds.map(|s| s * 1e9);
    println!(
        "{what:<44} {median:>6.3} [{low:.3} {high:.3}]  {limit:.2}  {verdict}  {a:>12.1} ns {b:>12.1} ns  {} pairs",
        compared.pairs
    );
}

fn main() {
    for (n, limit) in [
        (3, 1.1),
        (10, 1.1),
        (100, 1.0),
        (1000, 1.0),
        (10_000, 1.0),
        (1_000_000, 1.0),
    ] {
        let compared = compare(
            BUDGET,
            rounds(|| assert_eq!(poll_to_end(group::life(n)), Some(n - 1))),
            rounds(|| assert_eq!(poll_to_end(by_hand::life(n)), Some(n - 1))),
        );
        show(&format!("life of {n} / by hand"), limit, compared);
    }
    for n in [1, 10, 100, 1000, 10_000, 100_000] {
        let (mut a, mut b, mut c) = (wake::group(n), wake::boxed(n), wake::typed(n));
        show(
            &format!("wake, the same of {n} / boxed"),
            1.05,
            compare(BUDGET, rounds(|| a.same()), rounds(|| b.same())),
        );
        show(
            &format!("wake, another of {n} / boxed"),
            1.05,
            compare(BUDGET, rounds(|| a.another()), rounds(|| b.another())),
        );
        show(
            &format!("wake, another of {n} / typed"),
            1.05,
            compare(BUDGET, rounds(|| a.another()), rounds(|| c.another())),
        );
    }
}
