//! Prometheus, the server and the agent (prometheus/prometheus, cmd/prometheus/main.go).
//!
//! Eleven actors. The storage takes long to open and cannot be interrupted meanwhile. Once it is open the initial config
//! is loaded, and this opens a gate for everybody who needs a config. Some interrupts of the original wait: those of
//! rules and scrape until their loops have stopped, and the reload handler's hands over to the handler's loop, so that
//! a reload under way is finished first. The interrupts behind them are not called before, which is how the storage
//! comes to be closed last.
//!
//! In Go, after a signal, an error of the storage is lost, since the signal was first. After a quit request through the
//! web, which opens no gate, the same error hangs the program for ever: the reload handler has not come to its loop, so
//! its interrupt waits, and the interrupt that would open the gate is behind it.
//!
//! Here the interrupts only signal. What has to wait for others is a stage behind them, in the same order. The error is
//! in the report, and the hang ends with the grace period, which names who did not come back.

use futures::FutureExt;
use run_group::{Group, Interrupted};
use smol::future::{or, pending};

use super::channel::Channel;
use super::gate::Gate;
use super::report::{expired, lines, names};
use super::world::World;
use super::Done;

const OPENING: u64 = 10;
const GRACE_PERIOD: u64 = 30;

#[derive(Default)]
struct Prometheus {
    world: World,
    /// Whether it is the agent: no rules, and a write-ahead log for a storage.
    agent: bool,
    /// Why the storage cannot be opened, if it cannot.
    broken: Option<&'static str>,
    /// Whether the initial config is told in one go with those who wait for its gate.
    early_config: bool,

    signal: Gate,
    quit: Gate,
    reload: Channel<()>,

    storage_open: Gate,
    /// The gate: there is a config, or there will be none.
    config: Gate,
    termination_told: Gate,
    storage_told: Gate,
}

impl Prometheus {
    fn group(&self) -> Group<'_, Done> {
        let mut front = Group::new();
        let mut back = Group::new();

        front
            .add(self.termination(), |_| {
                self.world.say("web: stopping");
                self.termination_told.open();
            })
            .named("termination");
        front.add_abortable(pending()).named("scrape discovery");
        front.add_abortable(pending()).named("notify discovery");
        if !self.agent {
            front
                .add_with(|interrupted| self.manager("rules", 3, interrupted))
                .named("rules");
        }
        front
            .add_with(|interrupted| self.manager("scrape", 2, interrupted))
            .named("scrape");
        front
            .add_with(|interrupted| self.manager("tracing", 0, interrupted))
            .named("tracing");
        front
            .add_with(|interrupted| self.reload_handler(interrupted))
            .named("reload handler");

        let config_stage = match self.early_config {
            true => &mut front,
            false => &mut back,
        };
        config_stage
            .add_with(|interrupted| self.initial_config(interrupted))
            .named("initial config");
        back.add(self.storage(), |_| {
            self.world.say("storage: told");
            self.storage_told.open();
        })
        .named(match self.agent {
            true => "write-ahead log",
            false => "storage",
        });
        back.add_abortable(pending()).named("web");
        back.add_with(|interrupted| self.manager("notifier", 0, interrupted))
            .named("notifier");

        for stage in [&mut front, &mut back] {
            stage.grace_period(|| self.world.after(GRACE_PERIOD));
        }
        front.before(back)
    }

    async fn termination(&self) -> Done {
        let opens_the_gate = async {
            or(self.signal.opened(), self.termination_told.opened()).await;
            self.config.open();
        };
        or(self.quit.opened(), opens_the_gate).await;
        Ok(())
    }

    /// What rules, scrape, tracing and notifier have in common: the gate, a loop, and some seconds to stop it.
    ///
    /// Being told to stop is a way past the gate, which the original does not have.
    async fn manager(&self, name: &str, seconds: u64, mut interrupted: Interrupted) -> Done {
        or(self.config.opened(), &mut interrupted).await;
        interrupted.await;
        self.world.after(seconds).await;
        self.world.say(format_args!("{name}: stopped"));
        Ok(())
    }

    /// It learns between two reloads that it is told to stop: after the gate, as in the original.
    async fn reload_handler(&self, mut interrupted: Interrupted) -> Done {
        self.config.opened().await;
        loop {
            let told = (&mut interrupted).map(|()| None);
            let Some(()) = or(told, self.reload.receive()).await else {
                return Ok(());
            };
            self.world.after(5).await;
            self.world.say("reload handler: reloaded");
        }
    }

    async fn initial_config(&self, mut interrupted: Interrupted) -> Done {
        or(self.storage_open.opened(), &mut interrupted).await;
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
        self.storage_told.opened().await;
        self.world.say("storage: closed");
        Ok(())
    }
}

/// The server and the agent, with a storage that opens or with one that does not.
fn both(broken: Option<&'static str>) -> [Prometheus; 2] {
    [false, true].map(|agent| Prometheus {
        agent,
        broken,
        ..Prometheus::default()
    })
}

const BROKEN: Option<&str> = Some("no space left");

#[test]
fn server_and_agent_are_the_same_code() {
    let [server, agent] = both(None).map(|prometheus| {
        prometheus.signal.open();
        let exits = prometheus.world.start(prometheus.group().report()).end();
        names(&exits).join(", ")
    });
    assert_eq!(
        server,
        "termination, scrape discovery, notify discovery, rules, scrape, tracing, reload handler, initial config, \
         storage, web, notifier"
    );
    assert_eq!(
        agent,
        "termination, scrape discovery, notify discovery, scrape, tracing, reload handler, initial config, \
         write-ahead log, web, notifier"
    );
}

#[test]
fn when_the_storage_does_not_open_that_is_the_error() {
    for prometheus in both(BROKEN) {
        let result = prometheus.world.start(prometheus.group().run()).end();
        assert_eq!(result, Err("no space left"));
    }
}

#[test]
fn when_the_storage_does_not_open_after_a_signal_the_report_says_so() {
    for prometheus in both(BROKEN) {
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.signal.open();
        let exits = program.end();
        assert_eq!(exits[0].to_string(), "termination returned Ok(())");
        let storage = exits.last().unwrap();
        assert_eq!(storage.output(), Some(&Err("no space left")));
        assert!(storage.was_interrupted());
        assert_eq!(expired(&exits), [""; 0]);
    }
}

/// The same with `run`, for whom the first output counts, as in Go.
#[test]
fn the_result_is_that_of_the_signal() {
    for prometheus in both(BROKEN) {
        prometheus.signal.open();
        let result = prometheus.world.start(prometheus.group().run()).end();
        assert_eq!(result, Ok(()));
    }
}

#[test]
fn after_a_quit_request_the_stop_waits_for_the_storage_to_open() {
    for prometheus in both(None) {
        let mut program = prometheus.world.start(prometheus.group().run());
        program.until(2);
        prometheus.quit.open();
        assert_eq!(program.end(), Ok(()));
        assert_eq!(prometheus.world.now(), OPENING);
    }
}

#[test]
fn after_a_quit_request_and_a_failed_opening_the_grace_period_ends_and_names_the_reload_handler() {
    for prometheus in both(BROKEN) {
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.quit.open();
        let exits = program.end();

        assert_eq!(exits[0].to_string(), "termination returned Ok(())");
        assert_eq!(expired(&exits), ["reload handler"]);
        assert_eq!(prometheus.world.now(), 2 + GRACE_PERIOD);
        // The storage failed meanwhile, on its own account.
        let storage = exits
            .iter()
            .find(|exit| exit.output() == Some(&Err("no space left")));
        assert!(!storage.unwrap().was_interrupted());
    }
}

/// The cure: interrupts that do not block can be called all at once, so the gate is opened in time.
#[test]
fn told_along_with_the_others_the_initial_config_lets_the_reload_handler_go() {
    for prometheus in both(BROKEN) {
        let prometheus = Prometheus {
            early_config: true,
            ..prometheus
        };
        let mut program = prometheus.world.start(prometheus.group().report());
        program.until(2);
        prometheus.quit.open();
        assert_eq!(expired(&program.end()), [""; 0]);
        assert_eq!(prometheus.world.now(), OPENING);
    }
}

#[test]
fn the_storage_is_told_when_rules_and_scrape_are_back_and_the_notifier_after_rules() {
    let prometheus = Prometheus::default();
    let mut program = prometheus.world.start(prometheus.group().report());
    program.until(100);
    prometheus.reload.send(());
    program.until(101);
    prometheus.signal.open();
    let exits = program.end();

    assert_eq!(
        prometheus.world.log(),
        [
            "101 web: stopping",
            "101 tracing: stopped",
            "103 scrape: stopped",
            "104 rules: stopped",
            "105 reload handler: reloaded",
            "105 storage: told",
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
