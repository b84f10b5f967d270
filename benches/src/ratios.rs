//! How the group compares: ratios to the other subjects, and counts, some with a limit.

use std::cell::RefCell;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

#[cfg(feature = "others")]
use crate::echo;
use crate::go::Go;
use crate::pairs::{compare, compare_lasting, rounds, rounds_by_the_clock, Compared};
use crate::subjects::{self, lives, Turn, MANY};
use crate::{by_hand, group, poll_to_end, wake};

/// How long one comparison takes.
const BUDGET: Duration = Duration::from_millis(1000);

/// The numbers of actors in most lives. A million goroutines would take gigabytes.
const SIZES: [usize; 5] = [3, 10, 100, 1000, 10_000];

#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "others"), expect(dead_code))]
enum Limit {
    None,
    /// A miss does not fail the run, because the ratio depends on the processor.
    Shown(f64),
    AtMost(f64),
    AtLeast(f64),
}

use Limit::{AtLeast, AtMost, Shown};

impl Limit {
    fn is_missed(self, measured: f64) -> bool {
        match self {
            Limit::None => false,
            Shown(limit) | AtMost(limit) => measured > limit,
            AtLeast(limit) => measured < limit,
        }
    }

    /// Returns whether the first is further from passing.
    fn is_worse(self, first: f64, second: f64) -> bool {
        match self {
            AtLeast(_) => first < second,
            _ => first > second,
        }
    }

    fn said(self) -> String {
        match self {
            Limit::None => String::new(),
            Shown(limit) | AtMost(limit) => format!("≤ {limit:.2}"),
            AtLeast(limit) => format!("≥ {limit:.2}"),
        }
    }

    fn verdict(self, measured: f64) -> &'static str {
        match self {
            Limit::None => "",
            Shown(_) if self.is_missed(measured) => "above",
            _ if self.is_missed(measured) => "MISS",
            _ => "pass",
        }
    }
}

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
    limit: Limit,
    /// The worst measurement.
    worst: f64,
    /// The number of actors in that measurement.
    at: String,
}

impl Table<'_> {
    fn wants(&self, name: &str) -> bool {
        name.contains(self.wanted)
    }

    /// Compares two turns and prints the result, beside the limit if there is one.
    fn compare(&mut self, name: &str, at: &str, limit: Limit, first: Turn, second: Turn) {
        if self.wants(name) {
            let compared = compare(BUDGET, first, second);
            self.show(name, at, limit, compared, time);
        }
    }

    /// Compares two subjects with `n` actors.
    fn compare_lives(&mut self, name: &str, limit: Limit, n: usize, first: &str, second: &str) {
        if self.wants(name) {
            let [first, second] = [first, second].map(|what| subjects::turns(what, n));
            self.compare(name, &actors(n), limit, first, second);
        }
    }

    /// Compares wakes of `n` actors.
    fn compare_wakes(&mut self, name: &str, n: usize, first: &str, second: &str) {
        if self.wants(name) {
            let first = || subjects::turns(first, n);
            let second = || subjects::turns(second, n);
            let compared = compare_lasting(BUDGET, [&first, &second]);
            self.show(name, &actors(n), Limit::None, compared, time);
        }
    }

    fn show(
        &mut self,
        name: &str,
        at: &str,
        limit: Limit,
        compared: Compared,
        shown: impl Fn(f64) -> String,
    ) {
        self.is_empty = false;
        let Compared { ratio: [low, median, high], seconds, pairs } = compared;
        let [first, second] = seconds.map(shown);
        let (said, verdict) = (limit.said(), limit.verdict(median));
        println!(
            "| {name:<44} | {at:>24} | {said:>6} | {median:>6.3} | {low:>6.3} to {high:>6.3} | {first:>9} | {second:>9} | {pairs:>5} | {verdict:<5} |"
        );
        if !matches!(limit, Limit::None) {
            self.note(name, at, limit, median);
        }
    }

    /// Records a measurement for a target. The target keeps the worst.
    fn note(&mut self, name: &str, at: &str, limit: Limit, measured: f64) {
        if !self.wants(name) {
            return;
        }
        self.is_empty = false;
        let new = Target { name: name.into(), limit, worst: measured, at: at.into() };
        let known = self.targets.iter_mut().find(|target| target.name == name);
        match known {
            Some(known) if limit.is_worse(measured, known.worst) => *known = new,
            Some(_) => {}
            None => self.targets.push(new),
        }
    }

    fn print_targets(&self) -> Result<(), String> {
        println!();
        println!("| {:<48} | limit  | measured | {:>24} |       |", "target or count", "worst at");
        println!("| {} | -----: | -------: | {}: | ----- |", "-".repeat(48), "-".repeat(23));
        let mut missed = 0;
        for Target { name, limit, worst, at } in &self.targets {
            let verdict = limit.verdict(*worst);
            missed += usize::from(verdict == "MISS");
            let said = limit.said();
            println!("| {name:<48} | {said:>6} | {worst:>8.3} | {at:>24} | {verdict:<5} |");
        }
        match missed {
            0 => Ok(()),
            _ => Err(format!("targets missed: {missed}")),
        }
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
    let mut table = Table { wanted, is_empty: true, targets: Vec::new() };
    println!(
        "| {:<44} | {:>24} | limit  |  ratio | {:>16} | {:>9} | {:>9} | pairs |       |",
        "the first / the second", "at", "quartiles", "the first", "second"
    );
    println!(
        "| {} | {}: | -----: | -----: | {}: | {}: | {}: | ----: | ----- |",
        "-".repeat(44),
        "-".repeat(23),
        "-".repeat(15),
        "-".repeat(8),
        "-".repeat(8)
    );
    wakes(&mut table);
    children(&mut table);
    lives_against_itself(&mut table);
    lives_against_by_hand(&mut table);
    #[cfg(feature = "others")]
    lives_of_others(&mut table);
    #[cfg(feature = "others")]
    echo::on_one_core(|| echoes(&mut table));
    match Go::start() {
        Ok(go) => lives_in_go(&mut table, go),
        Err(missing) => eprintln!("oklog/run in Go: skipped, {missing}"),
    }
    shapes(&mut table);
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
        n => format!("{} actors", spaced(n)),
    }
}

fn spaced(n: usize) -> String {
    match n {
        n if n < 10_000 => n.to_string(),
        n if n < 1_000_000 => format!("{} 000", n / 1000),
        n => format!("{} 000 000", n / 1_000_000),
    }
}

/// These ratios should be 1. Their distance from 1 shows how noisy the others are.
fn lives_against_itself(table: &mut Table<'_>) {
    for n in [3, 1000] {
        table.compare_lives("life / itself", Limit::None, n, "add", "add");
    }
}

fn lives_against_by_hand(table: &mut Table<'_>) {
    for n in SIZES.into_iter().chain([MANY, 10 * MANY]) {
        table.compare_lives("life by add / by hand", Limit::None, n, "add", "by-hand");
        let name = "life by add_with / by hand";
        table.compare_lives(name, Limit::None, n, "add-with", "by-hand");
    }
    let (few, many) = (1000, 10 * MANY);
    let name = "life per actor, 1 000 000 / 1 000 actors";
    if table.wants(name) {
        let mut small = subjects::turns("add", few);
        let as_many = Box::new(move |rounds: u32| small(rounds * (many / few) as u32));
        table.compare(name, "", Limit::None, subjects::turns("add", many), as_many);
    }
}

/// On Tokio and on smol, their `block_on` polls the group.
#[cfg(feature = "others")]
fn lives_of_others(table: &mut Table<'_>) {
    for n in SIZES {
        let limit = if n <= 100 { Shown(0.5) } else { Limit::None };
        let name = "life / Tokio JoinSet + token";
        table.compare_lives(name, limit, n, "add-with-on-tokio", "tokio");
    }
    for n in SIZES {
        let name = "life / smol LocalExecutor";
        table.compare_lives(name, Limit::None, n, "add-with-on-smol", "smol");
    }
    for n in SIZES {
        let name = "life by add / FutureGroup";
        table.compare_lives(name, Limit::None, n, "add", "future-group");
    }
    for n in SIZES {
        let name = "life / tokio-graceful-shutdown";
        let other = "tokio-graceful-shutdown";
        table.compare_lives(name, Limit::None, n, "add-with-on-tokio", other);
    }
}

/// Round trips and connections a second, so a ratio above 1 means that the group is faster.
#[cfg(feature = "others")]
fn echoes(table: &mut Table<'_>) {
    let loads = [
        ("echo", 1, "1 that stays", AtLeast(0.98)),
        ("echo", 64, "64 that stay", AtLeast(0.98)),
        ("connections", 1, "1 that comes and goes", Limit::None),
        ("connections", 64, "64 that come and go", AtLeast(0.97)),
    ];
    let servers = [
        ("actors", "tasks", "smol tasks"),
        ("actors", "one-actor", "for_each_concurrent"),
        ("actors-on-tokio", "tasks-on-tokio", "Tokio tasks"),
    ];
    for (load, clients, at, limit) in loads {
        for (first, second, others) in servers {
            let name = format!("{load}, actors / {others}");
            if !table.wants(&name) {
                continue;
            }
            let turns = |server| subjects::turns(&format!("{load}-{server}"), clients);
            // In reverse order, because the ratio of the rates is the inverse of the ratio of the times.
            let mut compared = compare(3 * BUDGET, turns(second), turns(first));
            compared.seconds.reverse();
            let trips = clients as f64 * f64::from(echo::TRIPS);
            let rate = |seconds| format!("{:.0}/s", trips / seconds);
            table.show(&name, at, limit, compared, rate);
        }
    }
}

/// Go has several threads, so wall-clock time counts. The second comparison shows their CPU time.
fn lives_in_go(table: &mut Table<'_>, go: Go) {
    let go = Rc::new(RefCell::new(go));
    for n in SIZES {
        let name = "life / oklog/run in Go";
        let life = move || assert_eq!(poll_to_end(group::life(n)), Some(n - 1));
        let go = go.clone();
        let others = move |rounds| go.borrow_mut().life(n, rounds);
        let first = Box::new(rounds_by_the_clock(life));
        table.compare(name, &actors(n), Limit::None, first, Box::new(others));
    }
    for n in SIZES {
        let name = "life / oklog/run in Go, work of all threads";
        let go = go.clone();
        let others = move |rounds| go.borrow_mut().work_of_life(n, rounds);
        let first = subjects::turns("add-with", n);
        table.compare(name, &actors(n), Limit::None, first, Box::new(others));
    }
}

/// The largest groups come first, and all of these before the others, while the heap is not fragmented.
fn wakes(table: &mut Table<'_>) {
    for n in [100_000, 10_000, 1000, 100, 10, 1] {
        let group = "group-wake";
        table.compare_wakes("wake / bare FuturesUnordered", n, group, "bare-wake");
        table.compare_wakes("wake / bare, of one type, unboxed", n, group, "typed-wake");
    }
    for n in [100_000, 1000] {
        table.compare_wakes("wake / itself", n, "group-wake", "group-wake");
    }
    for n in [1000, 1] {
        let name = "wake with a handle / bare FuturesUnordered";
        table.compare_wakes(name, n, "handle-wake", "bare-wake");
    }
    let (mut group, mut boxed) = (wake::group(1000), wake::boxed(1000));
    let name = "wake, always of the same / bare";
    let first = Box::new(rounds(move || group.same()));
    let second = Box::new(rounds(move || boxed.same()));
    table.compare(name, &actors(1000), Limit::None, first, second);
}

/// Stages, nested groups, small groups, and one group that is reused, all by `add`.
fn shapes(table: &mut Table<'_>) {
    let each = 100;
    let in_stages = |stages| lives(each, move |n| poll_to_end(group::in_stages(stages, n)));
    for stages in [1, 3, 10] {
        let at = format!("{stages} of {}", actors(each));
        let others = lives(each, move |n| poll_to_end(by_hand::in_stages(stages, n)));
        let name = "life in stages / by hand";
        table.compare(name, &at, Limit::None, in_stages(stages), others);
    }
    for stages in [3, 10] {
        let at = format!("{stages} of {}", actors(each));
        let one = subjects::turns("add", stages * each);
        let name = "life in stages / in one";
        table.compare(name, &at, Limit::None, in_stages(stages), one);
    }
    for depth in [1, 2, 4, 8] {
        let at = format!("{depth} deep, of 3 actors");
        let nested = lives(3, move |n| poll_to_end(group::nested(depth, n)));
        let others = lives(3, move |n| poll_to_end(by_hand::nested(depth, n)));
        let name = "life in one another / by hand";
        table.compare(name, &at, Limit::None, nested, others);
    }
    for n in [3, 100] {
        let refilled = || lives(n, |n| poll_to_end(group::refilled(n, 1000)));
        let others = lives(n, |n| poll_to_end(by_hand::refilled(n, 1000)));
        let name = "one group refilled 1 000 times / by hand";
        table.compare(name, &actors(n), Limit::None, refilled(), others);

        let name = "one group refilled / a new one";
        let mut new = subjects::turns("add", n);
        let as_many = Box::new(move |rounds| new(rounds * 1000));
        table.compare(name, &actors(n), Limit::None, refilled(), as_many);
    }
}

/// Children that come and go, and actors that join a shutdown.
fn children(table: &mut Table<'_>) {
    for n in [1, 100, 10_000] {
        let name = "life of a child / of an executor's task";
        let at = format!("{} at once", spaced(n));
        let [first, second] = ["children", "executor"].map(|what| subjects::turns(what, n));
        table.compare(name, &at, Limit::None, first, second);
    }
    let name = "joiner after 100 000 others / after 100";
    if table.wants(name) {
        let [first, second] = [100_000, 100].map(|n| subjects::turns("joiners", n));
        table.compare(name, "", Limit::None, first, second);
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
    for what in ["add", "add_abortable"] {
        let (allocations, _) = row(&format!("one more actor, {what} "))?;
        table.note(name, what, AtMost(2.0), allocations);
    }
    let (add_with, _) = row("one more actor, add_with ")?;
    table.note("allocations per actor: add_with", "", AtMost(3.0), add_with);
    let (between, _) = row("from the first poll to the first exit of 1000 ")?;
    let name = "allocations between first poll and first exit";
    table.note(name, &actors(1000), AtMost(0.0), between);
    for n in [1, 10, 100, 1000] {
        let (all, _) = row(&format!("life with all settings of {n} "))?;
        let name = "allocations per group beyond those of its actors";
        table.note(name, &actors(n), Limit::None, all - 3.0 * n as f64);
    }
    for n in [3, 10, 1000] {
        let (_, group) = row(&format!("life of {n}, add "))?;
        let (_, by_hand) = row(&format!("life of {n}, by hand "))?;
        let name = format!("bytes of a life of {n}, by add / by hand");
        table.note(&name, "", Limit::None, group / by_hand);
    }
    Ok(())
}

/// Counts the crates in the tree of `run-group`, itself included.
fn tree(table: &mut Table<'_>) -> Result<(), String> {
    let all = [
        ("crates in the tree, without std", "--no-default-features", 6.0),
        ("crates in the tree, with std", "--features=std", 7.0),
    ];
    for (name, features, limit) in all {
        let arguments = "tree --package run-group --edges normal --prefix none --format {p}";
        let arguments: Vec<_> = arguments.split(' ').chain([features]).collect();
        let listed = cargo(&arguments)?;
        let mut crates: Vec<_> = listed.lines().collect();
        crates.sort_unstable();
        crates.dedup();
        table.note(name, "", AtMost(limit), crates.len() as f64);
    }
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
