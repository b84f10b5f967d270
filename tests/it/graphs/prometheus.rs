//! Prometheus, the server and the agent (prometheus/prometheus, cmd/prometheus/main.go).
//!
//! It has eleven actors. The storage takes long to open, and cannot be interrupted while it does. Once it is open, the
//! initial config is loaded, which opens a gate for all actors that need a config. Some interrupts of the original
//! block: those of rules and scrape until their loops have ended, and that of the reload handler until its loop takes a
//! message, so that a reload in progress finishes first. Later interrupts are not called before that, so the storage is
//! closed last.
//!
//! In Go, if the storage fails after a signal, its error is lost, because the signal came first. If it fails after a
//! quit request through the web, which opens no gate, the program hangs forever: the reload handler has not reached its
//! loop, so its interrupt blocks, and the interrupt that would open the gate comes after it.
//!
//! Here the interrupts do not block. The actors that have to wait for others are in a second stage. `run` returns
//! the error, the hang ends with the grace period, and until then the log names the actor that hangs.

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Interrupted, Report};
use smol::future::{or, pending};

use super::channel::Channel;
use super::gate::Gate;
use super::report::{expired, failures, lines, place};
use super::world::World;
use super::Done;

const OPENING: u64 = 10;
const GRACE_PERIOD: u64 = 30;

#[derive(Default)]
struct Prometheus {
    world: World,
    /// Whether it is the agent: without rules, and with a write-ahead log instead of a storage.
    agent: bool,
    /// The error that opening the storage ends with, if it fails.
    broken: Option<&'static str>,
    /// Whether the initial config is interrupted in the same stage as the actors that wait for its gate.
    early_config: bool,

    signal: Gate,
    quit: Gate,
    reload: Channel<()>,

    storage_open: Gate,
    /// The gate: there is a config, or there will be none.
    config: Gate,
    termination_interrupted: Gate,
    storage_interrupted: Gate,
}

impl Prometheus {
    fn group(&self) -> Group<'_, Done> {
        let mut front = Group::new();
        let mut back = Group::new();

        front
            .add(self.termination(), |_| {
                self.world.log("web: stopping");
                self.termination_interrupted.open();
            })
            .named("termination");
        front.add_abortable(pending()).named("scrape discovery");
        front.add_abortable(pending()).named("notify discovery");
        if !self.agent {
            front.add_with(|interrupted| self.manager("rules", 3, interrupted)).named("rules");
        }
        front.add_with(|interrupted| self.manager("scrape", 2, interrupted)).named("scrape");
        front.add_with(|interrupted| self.manager("tracing", 0, interrupted)).named("tracing");
        front.add_with(|interrupted| self.reload_handler(interrupted)).named("reload handler");

        let config_stage = match self.early_config {
            true => &mut front,
            false => &mut back,
        };
        config_stage
            .add_with(|interrupted| self.initial_config(interrupted))
            .named("initial config");
        back.add(self.storage(), |_| {
            self.world.log("storage: interrupted");
            self.storage_interrupted.open();
        })
        .named(match self.agent {
            true => "write-ahead log",
            false => "storage",
        });
        back.add_abortable(pending()).named("web");
        back.add_with(|interrupted| self.manager("notifier", 0, interrupted)).named("notifier");

        let mut group = front.before(back);
        group.grace_period(|| self.world.after(GRACE_PERIOD)); // for each stage
        self.world.keep_waits(&mut group);
        group
    }

    async fn termination(&self) -> Done {
        let opens_the_gate = async {
            or(self.signal.opened(), self.termination_interrupted.opened()).await;
            self.config.open();
        };
        or(self.quit.opened(), opens_the_gate).await;
        Ok(())
    }

    /// What rules, scrape, tracing and notifier have in common: the gate, a loop, and some seconds to end it.
    ///
    /// Unlike in the original, the interruption also ends the wait for the gate.
    async fn manager(&self, name: &str, seconds: u64, mut interrupted: Interrupted) -> Done {
        interrupted.unless(self.config.opened()).await;
        interrupted.await;
        self.world.after(seconds).await;
        self.world.log(format_args!("{name}: stopped"));
        Ok(())
    }

    /// As in the original, it checks for its interruption only after the gate, and between two reloads.
    async fn reload_handler(&self, mut interrupted: Interrupted) -> Done {
        self.config.opened().await;
        while let Some(Some(())) = interrupted.unless(self.reload.receive()).await {
            self.world.after(5).await;
            self.world.log("reload handler: reloaded");
        }
        Ok(())
    }

    async fn initial_config(&self, mut interrupted: Interrupted) -> Done {
        interrupted.unless(self.storage_open.opened()).await;
        self.config.open();
        interrupted.await;
        Ok(())
    }

    async fn storage(&self) -> Done {
        self.world.after(OPENING).await;
        if let Some(error) = self.broken {
            return Err(error);
        }
        self.storage_open.open();
        self.storage_interrupted.opened().await;
        self.world.log("storage: closed");
        Ok(())
    }
}

/// Returns the server and the agent, with a storage that opens or fails to open.
fn both(broken: Option<&'static str>) -> [Prometheus; 2] {
    [false, true].map(|agent| Prometheus { agent, broken, ..Prometheus::default() })
}

const BROKEN: Option<&str> = Some("no space left");

#[test]
fn failed_opening_is_the_error() {
    for prometheus in both(BROKEN) {
        let result = prometheus.world.start(prometheus.group().run()).end();
        assert_eq!(result, Err("no space left"));
    }
}

/// It is in the report, and `run` returns it. A group that is awaited returns the first output, as in Go.
#[test]
fn failed_opening_after_signal_is_the_error() {
    for prometheus in both(BROKEN) {
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.signal.open();
        let exits = program.end();
        assert_eq!(exits[0].to_string(), "termination returned Ok(())");
        let storage = exits.last().unwrap();
        assert_eq!(storage.output(), Some(&Err("no space left")));
        assert!(storage.was_interrupted());
        assert_eq!(failures(&exits).len(), 1);

        let result = prometheus.world.start(prometheus.group().run()).end();
        assert_eq!(result, Err("no space left"));
        let output = prometheus.world.start(prometheus.group()).end();
        assert_eq!(output, Some(Ok(())));
    }
}

#[test]
fn quit_request_waits_for_the_storage_to_open() {
    for prometheus in both(None) {
        let mut program = prometheus.world.start(prometheus.group().run());
        program.until(2);
        prometheus.quit.open();
        assert_eq!(program.end(), Ok(()));
        assert_eq!(prometheus.world.now(), OPENING);
    }
}

/// Go hangs here. The grace period ends the hang, and before that the log names the actor that hangs.
#[test]
fn failed_opening_after_a_quit_request_expires() {
    for prometheus in both(BROKEN) {
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.quit.open();
        let exits = program.end();

        assert_eq!(exits[0].to_string(), "termination returned Ok(())");
        assert_eq!(expired(&exits), ["reload handler"]);
        assert_eq!(prometheus.world.last_wait(), "reload handler");
        assert_eq!(prometheus.world.now(), 2 + GRACE_PERIOD);
        // By then, the storage has failed by itself.
        let storage = exits.iter().find(|exit| exit.output() == Some(&Err("no space left")));
        assert!(!storage.unwrap().was_interrupted());
    }
}

/// Interrupts that do not block are called at the same time. So if all are in one stage, the gate opens in time.
#[test]
fn initial_config_in_same_stage_ends_the_hang() {
    for prometheus in both(BROKEN) {
        let prometheus = Prometheus { early_config: true, ..prometheus };
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.quit.open();
        assert_eq!(expired(&program.end()), [""; 0]);
        assert_eq!(prometheus.world.now(), OPENING);
    }
}

#[test]
fn storage_and_notifier_shut_down_after_rules() {
    let prometheus = Prometheus::default();
    let mut program = prometheus.world.start(prometheus.group().report());
    program.until(100);
    prometheus.reload.send(());
    program.until(101);
    prometheus.signal.open();
    let exits = program.end();

    assert_eq!(
        prometheus.world.take_log(),
        [
            "101 web: stopping",
            "101 tracing: stopped",
            "103 scrape: stopped",
            "104 rules: stopped",
            "105 reload handler: reloaded",
            "105 storage: interrupted",
            "105 storage: closed",
            "105 notifier: stopped",
        ]
    );
    assert_eq!(
        lines(&exits),
        [
            "termination returned Ok(())",
            "scrape discovery aborted",
            "notify discovery aborted",
            "tracing returned Ok(()), interrupted",
            "scrape returned Ok(()), interrupted",
            "rules returned Ok(()), interrupted",
            "reload handler returned Ok(()), interrupted",
            "web aborted",
            "initial config returned Ok(()), interrupted",
            "storage returned Ok(()), interrupted",
            "notifier returned Ok(()), interrupted",
        ]
    );
}

/// Runs the program with a reload at 20 seconds, and calls `stop` when it is interrupted. Returns its report and log.
async fn interrupted_by(
    interrupted: Interrupted,
    prometheus: Prometheus,
    stop: impl FnOnce(&Prometheus),
) -> (Report<Done>, Vec<String>) {
    let mut is_sent = false;
    let events = async {
        prometheus.world.after(20).await;
        is_sent = prometheus.reload.send(());
    };
    let program = prometheus.world.start(prometheus.group().report());
    let exits = program.interrupted_by(interrupted, events, || stop(&prometheus), 30).await;

    // A reload that has begun is finished.
    let log = prometheus.world.take_log();
    let is_left = prometheus.reload.receive().now_or_never().is_some();
    assert_eq!(ends(&log, "reload handler: reloaded"), is_sent && !is_left);
    (exits, log)
}

/// Returns whether a line of the log ends with `end`.
fn ends(log: &[String], end: &str) -> bool {
    log.iter().any(|line| line.ends_with(end))
}

#[test]
fn signal_at_every_poll_closes_the_storage_last() {
    for (agent, actors, storage) in [(false, 11, "storage"), (true, 10, "write-ahead log")] {
        let runs = interrupt_at_every_poll(|interrupted| {
            let prometheus = Prometheus { agent, ..Prometheus::default() };
            interrupted_by(interrupted, prometheus, |it| it.signal.open())
        });
        for (exits, log) in &runs {
            assert_eq!(failures(exits), [""; 0]);
            assert_eq!(exits.len(), actors);
            assert_eq!(exits[0].to_string(), "termination returned Ok(())");
            let front = ["rules", "scrape", "tracing", "reload handler"];
            for name in &front[usize::from(agent)..] {
                assert!(place(exits, name) < place(exits, storage), "{exits:#?}");
            }
            assert!(ends(log, "storage: closed"), "{log:#?}");
        }
        let (_, log) = runs.last().unwrap();
        assert!(ends(log, "reload handler: reloaded"));
    }
}

/// A quit request opens no gate, so the reload handler waits for the config.
#[test]
fn quit_request_at_every_poll_closes_the_storage() {
    let runs = interrupt_at_every_poll(|interrupted| {
        interrupted_by(interrupted, Prometheus::default(), |it| it.quit.open())
    });
    for (exits, log) in &runs {
        assert_eq!(failures(exits), [""; 0]);
        assert_eq!(exits.len(), 11);
        assert!(ends(log, "storage: closed"), "{log:#?}");
    }
}

/// The error is in the report, whether the storage fails before the signal or after it.
#[test]
fn signal_at_every_poll_keeps_the_storage_error() {
    for agent in [false, true] {
        let runs = interrupt_at_every_poll(|interrupted| {
            let prometheus = Prometheus { agent, broken: BROKEN, ..Prometheus::default() };
            interrupted_by(interrupted, prometheus, |it| it.signal.open())
        });
        for (exits, _) in &runs {
            let mut failures = exits.iter().filter(|exit| exit.is_failure());
            let storage = failures.next().unwrap();
            assert_eq!(storage.output(), Some(&Err("no space left")));
            assert!(failures.next().is_none(), "{exits:#?}");
        }
    }
}
