//! Up, which watches a service for a while and reports whether it was healthy (observatorium/up, cmd/up/main.go).
//!
//! It has actors for the signals and HTTP and, optionally, a writer, a reader and custom queries. These three share one
//! deadline. At the deadline, each returns its verdict: did enough of its requests succeed?
//!
//! In Go, the first of them to return stops the group, and `Run` drops the verdicts of the others. So the program
//! passes the verdicts through a channel, and reads that afterwards.
//!
//! Here every verdict is in the report, and the program takes its result from there.

use futures::future::{FutureExt, Shared};
use run_group::testing::interrupt_at_every_poll;
use run_group::{Exit, Group, Interrupted, Report};
use smol::future::or;

use super::clock::Timer;
use super::gate::Gate;
use super::report::lines;
use super::server::Server;
use super::world::World;
use super::Done;

const DURATION: u64 = 300;
const PERIOD: u64 = 5;

struct Up {
    world: World,
    signal: Gate,
    http: Server,
    /// The checks that are enabled, in the order of adding.
    checks: Vec<Check>,
}

#[derive(Clone, Copy)]
struct Check {
    name: &'static str,
    /// One in this many of its requests fails.
    fails_every: usize,
}

const WELL: usize = 100;
const BADLY: usize = 3;

impl Up {
    fn new(checks: &[(&'static str, usize)]) -> Self {
        let world = World::default();
        Self {
            signal: Gate::default(),
            http: Server::new(&world, "http"),
            checks: checks.iter().map(|&(name, fails_every)| Check { name, fails_every }).collect(),
            world,
        }
    }

    fn group(&self) -> Group<'_, Done> {
        let mut group = Group::new();
        group.add_abortable(self.signal.opened().map(Ok)).named("signal");
        group.add_with(|interrupted| self.http.serve_until(interrupted, 30)).named("http");
        let deadline = self.world.after(DURATION).shared();
        for &check in &self.checks {
            let deadline = deadline.clone();
            group
                .add_with(|interrupted| self.check(check, deadline, interrupted))
                .named(check.name);
        }
        group
    }

    /// Makes requests until the deadline or its interruption, and then returns whether enough of them succeeded.
    async fn check(&self, check: Check, deadline: Shared<Timer>, interrupted: Interrupted) -> Done {
        let (mut requests, mut failures) = (0, 0);
        let make_requests = async {
            loop {
                self.world.after(PERIOD).await;
                requests += 1;
                failures += usize::from(requests % check.fails_every == 0);
            }
        };
        or(or(deadline, interrupted), make_requests).await;
        if failures * 10 > requests {
            return Err(check.name);
        }
        Ok(())
    }
}

/// Returns the result of the program: the first bad verdict, of any check.
fn result(exits: Report<Done>) -> Done {
    exits.into_iter().filter_map(Exit::into_output).collect()
}

#[test]
fn all_verdicts_are_in_the_report() {
    let up = Up::new(&[("writer", WELL), ("reader", BADLY), ("queries", WELL)]);
    let exits = up.world.start(up.group().report()).end();
    assert_eq!(
        lines(&exits),
        [
            "writer returned Ok(())",
            "signal aborted",
            "reader returned Err(\"reader\"), interrupted",
            "queries returned Ok(()), interrupted",
            "http returned Ok(()), interrupted",
        ]
    );
    assert_eq!(up.world.now(), DURATION);
}

#[test]
fn one_bad_verdict_of_any_check_fails_the_run() {
    let names = ["writer", "reader", "queries"];
    for bad in names {
        let checks = names.map(|name| (name, if name == bad { BADLY } else { WELL }));
        let up = Up::new(&checks);
        let exits = up.world.start(up.group().report()).end();
        assert_eq!(result(exits), Err(bad));
    }
    let up = Up::new(&names.map(|name| (name, WELL)));
    let exits = up.world.start(up.group().report()).end();
    assert_eq!(result(exits), Ok(()));
}

#[test]
fn early_signal_keeps_the_verdicts_so_far() {
    let up = Up::new(&[("writer", WELL), ("reader", BADLY)]);
    let mut program = up.world.start(up.group().report());
    program.until(50);
    up.signal.open();
    let exits = program.end();
    assert_eq!(exits[0].to_string(), "signal returned Ok(())");
    assert_eq!(result(exits), Err("reader"));
    assert_eq!(up.world.now(), 50);
}

/// In the last run, the deadline comes before the signal. The bad check fails with its first failed request.
#[test]
fn signal_at_every_poll_has_every_verdict() {
    let first_failure = PERIOD * BADLY as u64;
    for fails_every in [WELL, BADLY] {
        let runs = interrupt_at_every_poll(|interrupted| async move {
            let up = Up::new(&[("writer", WELL), ("reader", fails_every), ("queries", WELL)]);
            let mut interrupted_at = DURATION;
            let stop = || {
                interrupted_at = up.world.now();
                up.signal.open();
            };
            let program = up.world.start(up.group().report());
            let exits = program.interrupted_by(interrupted, async {}, stop, DURATION).await;
            (exits, interrupted_at)
        });
        for (exits, interrupted_at) in runs {
            assert_eq!(exits.len(), 5);
            match result(exits) {
                Ok(()) => assert!(fails_every == WELL || interrupted_at <= first_failure),
                Err(check) => {
                    assert_eq!((check, fails_every), ("reader", BADLY));
                    assert!(interrupted_at >= first_failure);
                }
            }
        }
    }
}
