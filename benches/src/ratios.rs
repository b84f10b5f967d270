//! How the group compares: ratios to the other subjects, some with a limit.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::go::Go;
#[cfg(feature = "others")]
use crate::others;
use crate::pairs::{compare, compare_lasting, rounds, rounds_by_the_clock, Compared};
use crate::wake::{Running, Wakes};
use crate::{by_hand, group, poll_to_end, wake};

/// How long one comparison takes.
const BUDGET: Duration = Duration::from_millis(1500);

/// The numbers of actors in most lives. A million goroutines would take gigabytes.
const SIZES: [usize; 5] = [3, 10, 100, 1000, 10_000];

/// The targets, and the measurements.
struct Table<'a> {
    /// Only comparisons with this in their name are measured.
    wanted: &'a str,
    /// Whether nothing was measured.
    is_empty: bool,
    targets: Vec<Target>,
}

struct Target {
    name: String,
    limit: f64,
    /// The worst measurement.
    worst: f64,
    /// The number of actors in that.
    at: String,
}

impl Table<'_> {
    fn wants(&self, name: &str) -> bool {
        name.contains(self.wanted)
    }

    /// Compares two turns and prints the result, beside the limit if there is one.
    fn compare(
        &mut self,
        name: &str,
        at: &str,
        limit: Option<f64>,
        first: impl FnMut(u32) -> Duration,
        second: impl FnMut(u32) -> Duration,
    ) {
        if self.wants(name) {
            self.show(name, at, limit, compare(BUDGET, first, second));
        }
    }

    /// Compares wakes in two groups of `n` actors.
    fn compare_wakes<A: Running, B: Running>(
        &mut self,
        name: &str,
        limit: Option<f64>,
        n: usize,
        first: impl Fn(usize) -> Wakes<A>,
        second: impl Fn(usize) -> Wakes<B>,
    ) {
        if self.wants(name) {
            let (first, second) = (|| first(n), || second(n));
            let compared = compare_lasting(BUDGET, first, second, Wakes::another, Wakes::another);
            self.show(name, &actors(n), limit, compared);
        }
    }

    fn show(&mut self, name: &str, at: &str, limit: Option<f64>, compared: Compared) {
        self.is_empty = false;
        let Compared {
            ratio: [low, median, high],
            seconds,
            pairs,
        } = compared;
        let [first, second] = seconds.map(time);
        let said = limit.map_or(String::new(), |limit| format!("{limit:.2}"));
        let verdict = limit.map_or("", |limit| verdict(median, limit));
        println!(
            "| {name:<44} | {at:>25} | {said:>5} | {median:>6.3} | {low:>6.3} to {high:>6.3} | {first:>9} | {second:>9} | {pairs:>5} | {verdict:<4} |"
        );
        if let Some(limit) = limit {
            self.note(name, at, limit, median);
        }
    }

    /// Records a measurement for a target, which keeps the worst.
    fn note(&mut self, name: &str, at: &str, limit: f64, measured: f64) {
        if !self.wants(name) {
            return;
        }
        self.is_empty = false;
        let new = Target {
            name: name.into(),
            limit,
            worst: measured,
            at: at.into(),
        };
        let known = self.targets.iter_mut().find(|target| target.name == name);
        match known {
            Some(known) if known.worst < measured => *known = new,
            Some(_) => {}
            None => self.targets.push(new),
        }
    }

    fn print_targets(&self) -> Result<(), String> {
        println!();
        println!(
            "| {:<60} | {:>5} | {:>8} | {:>25} |      |",
            "target", "limit", "measured", "worst at"
        );
        println!(
            "| {} | {}: | {}: | {}: | ---- |",
            "-".repeat(60),
            "-".repeat(4),
            "-".repeat(7),
            "-".repeat(24)
        );
        let mut missed = 0;
        for Target {
            name,
            limit,
            worst,
            at,
        } in &self.targets
        {
            missed += usize::from(worst > limit);
            let verdict = verdict(*worst, *limit);
            println!("| {name:<60} | {limit:>5.2} | {worst:>8.3} | {at:>25} | {verdict:<4} |");
        }
        match missed {
            0 => Ok(()),
            _ => Err(format!(
                "{missed} of {} targets are missed",
                self.targets.len()
            )),
        }
    }
}

fn verdict(measured: f64, limit: f64) -> &'static str {
    if measured <= limit {
        "pass"
    } else {
        "MISS"
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// Makes all comparisons with `wanted` in their name. Prints them, and then the targets.
pub fn all(wanted: &str) -> Result<(), String> {
    let mut table = Table {
        wanted,
        is_empty: true,
        targets: Vec::new(),
    };
    println!(
        "| {:<44} | {:>25} | limit |  ratio | {:>16} | {:>9} | {:>9} | pairs |      |",
        "the first / the second", "at", "quartiles", "the first", "second"
    );
    println!(
        "| {} | {}: | ----: | -----: | {}: | {}: | {}: | ----: | ---- |",
        "-".repeat(44),
        "-".repeat(24),
        "-".repeat(15),
        "-".repeat(8),
        "-".repeat(8)
    );
    wakes(&mut table);
    lives_against_itself(&mut table);
    lives(&mut table);
    #[cfg(feature = "others")]
    lives_of_others(&mut table);
    match Go::start() {
        Ok(go) => lives_in_go(&mut table, go),
        Err(missing) => eprintln!("oklog/run in Go: skipped, {missing}"),
    }
    shapes(&mut table);
    lives_of_a_million(&mut table);
    costs(&mut table)?;
    tree(&mut table)?;
    if table.is_empty {
        return Err(format!("no comparison has `{wanted}` in its name"));
    }
    table.print_targets()
}

fn actors(n: usize) -> String {
    match n {
        1 => "1 actor".into(),
        n if n < 10_000 => format!("{n} actors"),
        n if n < 1_000_000 => format!("{} 000 actors", n / 1000),
        n => format!("{} 000 000 actors", n / 1_000_000),
    }
}

/// Returns a turn of lives of `n` actors.
fn lives_of(n: usize, mut life: impl FnMut(usize) -> Option<usize>) -> impl FnMut(u32) -> Duration {
    rounds(move || assert_eq!(life(n), Some(n - 1)))
}

/// Returns a turn of lives of a group, polled in a loop.
fn group_lives(n: usize) -> impl FnMut(u32) -> Duration {
    lives_of(n, |n| poll_to_end(group::life(n)))
}

/// Like [`group_lives`], with actors that are interrupted as those by hand are.
fn group_lives_by_add(n: usize) -> impl FnMut(u32) -> Duration {
    lives_of(n, |n| poll_to_end(group::life_by_add(n)))
}

fn by_hand_lives(n: usize) -> impl FnMut(u32) -> Duration {
    lives_of(n, |n| poll_to_end(by_hand::life(n)))
}

/// These ratios should be 1. How far off they are shows how noisy the others are.
fn lives_against_itself(table: &mut Table<'_>) {
    for n in [3, 1000] {
        table.compare(
            "life / itself",
            &actors(n),
            None,
            group_lives(n),
            group_lives(n),
        );
    }
}

const FEW: &str = "life / by hand, 3 and 10 actors";
const MANY: &str = "life / by hand, 100 actors and more";

fn lives(table: &mut Table<'_>) {
    for n in SIZES {
        let (name, limit) = if n < 100 { (FEW, 1.1) } else { (MANY, 1.0) };
        table.compare(
            name,
            &actors(n),
            Some(limit),
            group_lives_by_add(n),
            by_hand_lives(n),
        );
        let name = "life by add_with / by hand";
        table.compare(name, &actors(n), None, group_lives(n), by_hand_lives(n));
    }
}

fn lives_of_a_million(table: &mut Table<'_>) {
    let (few, many) = (1000, 1_000_000);
    table.compare(
        MANY,
        &actors(many),
        Some(1.0),
        group_lives_by_add(many),
        by_hand_lives(many),
    );

    let name = "life per actor, 1 000 000 / 1 000 actors";
    let mut small = group_lives(few);
    let as_many = |rounds: u32| small(rounds * (many / few) as u32);
    table.compare(name, "", Some(2.0), group_lives(many), as_many);
}

/// On Tokio and on smol, their `block_on` polls the group.
#[cfg(feature = "others")]
fn lives_of_others(table: &mut Table<'_>) {
    let runtime = others::tokio::runtime();
    let executor = smol::LocalExecutor::new();
    let group_on_tokio = |n| lives_of(n, |n| runtime.block_on(group::life(n)));
    let group_on_smol = |n| lives_of(n, |n| smol::block_on(group::life(n)));
    for n in SIZES {
        let others = lives_of(n, |n| others::tokio::life(&runtime, n));
        table.compare(
            "life / Tokio",
            &actors(n),
            Some(0.5),
            group_on_tokio(n),
            others,
        );
    }
    for n in SIZES {
        let name = "life / smol LocalExecutor";
        let others = lives_of(n, |n| others::smol::life(&executor, n));
        table.compare(name, &actors(n), Some(0.7), group_on_smol(n), others);
    }
    for n in SIZES {
        let name = "life / futures-concurrency FutureGroup";
        let others = lives_of(n, |n| poll_to_end(others::futures_concurrency::life(n)));
        table.compare(name, &actors(n), None, group_lives(n), others);
    }
    for n in SIZES {
        let name = "life / tokio-graceful-shutdown";
        let others = lives_of(n, |n| others::tokio_graceful_shutdown::life(&runtime, n));
        table.compare(name, &actors(n), None, group_on_tokio(n), others);
    }
}

/// Go has several threads, so wall-clock time counts. The second comparison shows their CPU time.
fn lives_in_go(table: &mut Table<'_>, mut go: Go) {
    for n in SIZES {
        let name = "life / oklog/run in Go";
        let lives = rounds_by_the_clock(|| assert_eq!(poll_to_end(group::life(n)), Some(n - 1)));
        let others = |rounds| go.life(n, rounds);
        table.compare(name, &actors(n), Some(0.25), lives, others);
    }
    for n in SIZES {
        let name = "life / oklog/run in Go, work of all threads";
        let others = |rounds| go.work_of_life(n, rounds);
        table.compare(name, &actors(n), None, group_lives(n), others);
    }
}

/// The largest groups come first, and all of these before the lives, while the heap is not fragmented.
fn wakes(table: &mut Table<'_>) {
    for n in [100_000, 10_000, 1000, 100, 10, 1] {
        let name = "one wake / bare FuturesUnordered";
        table.compare_wakes(name, Some(1.05), n, wake::group, wake::boxed);
        let name = "one wake / bare, of one type, unboxed";
        table.compare_wakes(name, None, n, wake::group, wake::typed);
    }
    for n in [100_000, 1000] {
        table.compare_wakes("one wake / itself", None, n, wake::group, wake::group);
    }
    let (mut group, mut boxed) = (wake::group(1000), wake::boxed(1000));
    let name = "one wake, always of the same / bare";
    let (first, second) = (rounds(|| group.same()), rounds(|| boxed.same()));
    table.compare(name, &actors(1000), None, first, second);
}

/// Stages, nested groups, small groups, and one group that is reused.
fn shapes(table: &mut Table<'_>) {
    let each = 100;
    let in_stages = |stages| lives_of(each, move |n| poll_to_end(group::in_stages(stages, n)));
    for stages in [1, 3, 10] {
        let at = format!("{stages} of {}", actors(each));
        let others = lives_of(each, |n| poll_to_end(by_hand::in_stages(stages, n)));
        table.compare(
            "life in stages / by hand",
            &at,
            None,
            in_stages(stages),
            others,
        );
    }
    for stages in [3, 10] {
        let at = format!("{stages} of {}", actors(each));
        let one = group_lives(stages * each);
        table.compare("life in stages / in one", &at, None, in_stages(stages), one);
    }
    for depth in 1..=8 {
        let at = format!("{depth} deep, of 3 actors");
        let nested = lives_of(3, |n| poll_to_end(group::nested(depth, n)));
        let others = lives_of(3, |n| poll_to_end(by_hand::nested(depth, n)));
        table.compare("life in one another / by hand", &at, None, nested, others);
    }
    let name = "100 000 lives / by hand";
    let (mut short, mut others) = (group_lives(2), by_hand_lives(2));
    let many = |rounds| short(rounds * 100_000);
    let as_many = |rounds| others(rounds * 100_000);
    table.compare(name, &actors(2), None, many, as_many);
    for n in [3, 100] {
        let refilled = || lives_of(n, |n| poll_to_end(group::refilled(n, 1000)));
        let others = lives_of(n, |n| poll_to_end(by_hand::refilled(n, 1000)));
        let name = "one group refilled 1 000 times / by hand";
        table.compare(name, &actors(n), None, refilled(), others);

        let name = "one group refilled / a new one";
        let mut lives = group_lives(n);
        let as_many = |rounds| lives(rounds * 1000);
        table.compare(name, &actors(n), None, refilled(), as_many);
    }
}

/// Runs the program that counts allocations. It is separate because counting takes time.
fn costs(table: &mut Table<'_>) -> Result<(), String> {
    let mut arguments = vec!["run", "--quiet", "--release", "--bin", "costs"];
    if cfg!(not(feature = "others")) {
        arguments.push("--no-default-features");
    }
    let counted = cargo(&arguments)?;
    let row = |what: &str| {
        let line = counted.lines().find_map(|line| line.strip_prefix(what));
        let mut numbers = line.unwrap_or("").split_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(allocations)), Some(Ok(bytes))) => Ok((allocations, bytes)),
            _ => Err(format!("the program `costs` has no row `{what}`")),
        }
    };
    let name = "allocations per actor: add, add_abortable";
    table.note(name, "add", 2.0, row("one more actor, add ")?.0);
    table.note(
        name,
        "add_abortable",
        2.0,
        row("one more actor, add_abortable ")?.0,
    );
    let add_with = row("one more actor, add_with ")?.0;
    table.note("allocations per actor: add_with", "", 3.0, add_with);
    for n in [1, 10, 100, 1000] {
        let name = "allocations per group beyond that";
        let beyond = row(&format!("life with all settings of {n} ",))?.0 - 3.0 * n as f64;
        table.note(name, &actors(n), 11.0, beyond);
    }
    let between = row("from the first poll to the first exit of 1000 ")?.0;
    table.note(
        "allocations between first poll and first exit",
        "1000 actors",
        0.0,
        between,
    );
    let (group, by_hand) = (row("life of 1000, add ")?, row("life of 1000, by hand ")?);
    table.note(
        "bytes allocated / by hand, 1 000 actors",
        "",
        1.25,
        group.1 / by_hand.1,
    );
    Ok(())
}

/// Counts the crates in the tree of `run-group`, itself included.
fn tree(table: &mut Table<'_>) -> Result<(), String> {
    let arguments =
        "tree --package run-group --no-default-features --edges normal --prefix none --format {p}";
    let listed = cargo(&arguments.split(' ').collect::<Vec<_>>())?;
    let mut crates: Vec<_> = listed.lines().collect();
    crates.sort_unstable();
    crates.dedup();
    table.note(
        "crates in the tree, --no-default-features",
        "",
        8.0,
        crates.len() as f64,
    );
    Ok(())
}

/// Returns the output of cargo.
fn cargo(arguments: &[&str]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into()),
        false => Err(format!("cargo {}: {}", arguments.join(" "), output.status)),
    }
}
