//! A desktop daemon.
//!
//! Its actors wait for signals, for hangups, which reload the config, and for commands. A fourth runs the services in a
//! group of their own: `dbus`, `hotplug`, and `logger`, which comes and goes by command. A service has `run`, and
//! `shutdown`, which takes a while. One that returns leaves. One that fails stops the daemon. When the last service has
//! ended, the daemon ends.
//!
//! By hand, all this is one loop over a `select!`, with a token for each service. So a signal during a reload or a slow
//! command is lost. When all services have ended, the daemon panics. A second signal is ignored, and of several errors
//! only the last survives.
//!
//! Here the reload and the commands are actors, so a signal is not lost. The second signal forces both groups. The log
//! shows the exit of every service.
//!
//! | fault | test |
//! | --- | --- |
//! | SIGTERM during a reload | `signal_during_a_reload_is_not_lost` |
//! | SIGINT during a slow command | `signal_during_a_slow_command_is_not_lost` |
//! | `stop logger`, then `start logger` | `stopped_logger_leaves_and_starts_again` |
//! | a service fails | `failed_service_stops_the_daemon` |
//! | a service panics | `panicked_service_stops_the_daemon` |
//! | a service returns | `service_that_returns_leaves` |
//! | a service ignores the shutdown | `deaf_service_alone_expires` |
//! | a service fails in its `shutdown` | `failed_shutdown_is_in_the_exit_code`, `logger_that_fails_to_stop_stops_the_daemon` |
//! | all services return | `daemon_ends_with_its_last_service` |

use std::future::Future;

use run_group::testing::interrupt_at_every_poll;
use run_group::{Exit, Group, Handle, Interrupted, Report};
use smol::future::or;

use super::channel::Channel;
use super::shutdown::{exit_code, hang, log_shutdown, Signal, Signals};
use super::world::{Running, World};

/// How long a reload and a slow command take. The clock counts milliseconds.
const SLOW: u64 = 500;
/// How long the shutdown of a service takes.
const SHUTDOWN: u64 = 100;
const GRACE_PERIOD: u64 = 2_000;
/// Shorter, so that the services expire by their names.
const SERVICES_GRACE_PERIOD: u64 = 1_000;

type Done = Result<(), String>;

#[derive(Default)]
struct Daemon {
    world: World,
    signals: Signals,
    hangups: Channel<()>,
    commands: Channel<&'static str>,
    dbus: Service,
    hotplug: Service,
    logger: Service,
}

/// What a service does in a test.
#[derive(Default)]
struct Service {
    /// It runs until it gets one of these, or until it is interrupted.
    events: Channel<fn() -> Done>,
    /// The error of its shutdown, if it fails.
    broken: Option<&'static str>,
    ignores_shutdown: bool,
}

impl Daemon {
    fn group(&self) -> Group<'_, Done> {
        let force = self.signals.force();
        let mut services = Group::new();
        for (name, service) in [("dbus", &self.dbus), ("hotplug", &self.hotplug)] {
            services
                .add_with(|interrupted| service.run(name, &self.world, interrupted))
                .stops_if(Exit::is_failure)
                .named(name);
        }
        let forced = force.clone();
        services.grace_period(move || or(forced.clone(), self.world.after(SERVICES_GRACE_PERIOD)));
        log_shutdown(&self.world, &mut services);

        let mut group = Group::new();
        let (start, stop) = (services.handle(), services.handle());
        group.add_abortable(self.signal()).named("signals");
        group.add_with(|interrupted| self.reload(interrupted)).named("reload");
        group.add_with(|interrupted| self.obey(start, interrupted)).named("commands");
        let stop = move |_: &Exit<_>| stop.add(async { Ok(()) }, |_| {}).named("shutdown");
        group.add(result(services), stop).named("services");
        group.grace_period(move || or(force.clone(), self.world.after(GRACE_PERIOD)));
        log_shutdown(&self.world, &mut group);
        group
    }

    async fn signal(&self) -> Done {
        match self.signals.next().await {
            Signal::Int | Signal::Term => Ok(()),
            Signal::Quit => Err("SIGQUIT".into()),
        }
    }

    async fn reload(&self, mut interrupted: Interrupted) -> Done {
        while let Some(Some(())) = interrupted.unless(self.hangups.receive()).await {
            self.world.after(SLOW).await;
            self.world.log("reloaded");
        }
        Ok(())
    }

    async fn obey<'a>(&'a self, services: Handle<'a, Done>, mut interrupted: Interrupted) -> Done {
        let mut logger = None; // dropping it stops the logger
        while let Some(Some(command)) = interrupted.unless(self.commands.receive()).await {
            match command {
                "start logger" => services
                    .add_with(|interrupted| {
                        logger = Some(interrupted.other_end());
                        self.logger.run("logger", &self.world, interrupted)
                    })
                    .stops_if(Exit::is_failure)
                    .named("logger"),
                "stop logger" => logger = None,
                slow => {
                    self.world.after(SLOW).await;
                    self.world.log(format_args!("{slow} has ended"));
                }
            }
        }
        Ok(())
    }

    /// Starts the daemon, and runs it until 10 milliseconds.
    fn start(&self) -> Running<impl Future<Output = Report<Done>> + '_> {
        let mut program = self.world.start(self.group().report());
        program.until(10);
        program
    }

    /// Checks the rest of the log.
    #[track_caller]
    fn check_log(&self, expected: &[&str]) {
        assert_eq!(self.world.take_log(), expected);
    }
}

/// Runs the services. Returns the first failure.
async fn result(services: Group<'_, Done>) -> Done {
    let result = services.report().await.into_result();
    result.map_err(|exit| exit.to_string())
}

impl Service {
    async fn run(&self, name: &str, world: &World, mut interrupted: Interrupted) -> Done {
        match interrupted.unless(self.events.receive()).await {
            Some(event) => event.unwrap()(),
            None => self.shutdown(name, world, interrupted).await,
        }
    }

    async fn shutdown(&self, name: &str, world: &World, interrupted: Interrupted) -> Done {
        if self.ignores_shutdown {
            match hang(world, name, interrupted).await {}
        }
        world.after(SHUTDOWN).await;
        self.broken.map_or(Ok(()), |error| Err(error.into()))
    }
}

#[test]
fn either_signal_stops_the_daemon() {
    for signal in [Signal::Int, Signal::Term, Signal::Quit] {
        let daemon = Daemon::default();
        let program = daemon.start();
        daemon.signals.send(signal);
        let report = program.end();
        let result = if signal == Signal::Quit { "Err(\"SIGQUIT\")" } else { "Ok(())" };
        daemon.check_log(&[
            &format!("10 signals returned {result}"),
            "10 reload returned Ok(()), interrupted",
            "10 commands returned Ok(()), interrupted",
            "10 shutdown returned Ok(())",
            "10 waiting for dbus, hotplug",
            "10 waiting for services",
            "110 dbus returned Ok(()), interrupted",
            "110 hotplug returned Ok(()), interrupted",
            "110 services returned Ok(()), interrupted",
        ]);
        assert_eq!(exit_code(&report), u8::from(signal == Signal::Quit));
    }
}

#[test]
fn signal_during_a_reload_is_not_lost() {
    let daemon = Daemon::default();
    let mut program = daemon.start();
    daemon.hangups.send(());
    program.until(200);
    daemon.signals.send(Signal::Term);
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    assert_eq!(daemon.world.now(), 10 + SLOW);
    let log = daemon.world.take_log();
    assert_eq!(log[0], "200 signals returned Ok(())");
    assert_eq!(log[log.len() - 2], "510 reloaded");
    assert_eq!(log[log.len() - 1], "510 reload returned Ok(()), interrupted");
}

/// A command that waits behind it is dropped.
#[test]
fn signal_during_a_slow_command_is_not_lost() {
    let daemon = Daemon::default();
    let mut program = daemon.start();
    daemon.commands.send("slow");
    daemon.commands.send("start logger");
    program.until(200);
    daemon.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    assert_eq!(daemon.world.now(), 10 + SLOW);
    let log = daemon.world.take_log();
    assert_eq!(log[0], "200 signals returned Ok(())");
    assert_eq!(log[log.len() - 2], "510 slow has ended");
    assert_eq!(log[log.len() - 1], "510 commands returned Ok(()), interrupted");
}

#[test]
fn stopped_logger_leaves_and_starts_again() {
    let daemon = Daemon::default();
    let mut program = daemon.start();
    for time in [100, 300] {
        daemon.commands.send("start logger");
        program.until(time);
        daemon.commands.send("stop logger");
        program.until(time + 99);
        daemon.check_log(&[]);
        program.until(time + 100);
        daemon.check_log(&[&format!("{} logger returned Ok(()), left", time + 100)]);
    }
    daemon.commands.send("start logger");
    program.until(500);
    daemon.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    let log = daemon.world.take_log();
    assert!(log.contains(&"500 waiting for dbus, hotplug, logger".into()), "{log:#?}");
    assert!(log.contains(&"600 logger returned Ok(()), interrupted".into()), "{log:#?}");
}

#[test]
fn logger_that_fails_to_stop_stops_the_daemon() {
    let mut daemon = Daemon::default();
    daemon.logger.broken = Some("disk full");
    let program = daemon.start();
    daemon.commands.send("start logger");
    daemon.commands.send("stop logger");
    let report = program.end();
    let log = daemon.world.take_log();
    assert_eq!(log[0], "110 logger returned Err(\"disk full\")");
    let cause = r#"services returned Err("logger returned Err(\"disk full\")")"#;
    assert_eq!(report[0].to_string(), cause);
    assert_eq!(exit_code(&report), 1);
}

/// The others shut down first.
#[test]
fn failed_service_stops_the_daemon() {
    let daemon = Daemon::default();
    let program = daemon.start();
    daemon.dbus.events.send(|| Err("no bus".into()));
    let report = program.end();
    daemon.check_log(&[
        "10 dbus returned Err(\"no bus\")",
        "10 waiting for hotplug",
        "110 hotplug returned Ok(()), interrupted",
        r#"110 services returned Err("dbus returned Err(\"no bus\")")"#,
        "110 signals aborted",
        "110 reload returned Ok(()), interrupted",
        "110 commands returned Ok(()), interrupted",
    ]);
    assert_eq!(exit_code(&report), 1);
}

#[cfg(panic = "unwind")]
#[test]
fn panicked_service_stops_the_daemon() {
    let daemon = Daemon::default();
    let program = daemon.start();
    daemon.dbus.events.send(|| panic!("no bus"));
    let report = program.end();
    let log = daemon.world.take_log();
    assert_eq!(log[0], "10 dbus panicked: no bus");
    assert_eq!(log[2], "110 hotplug returned Ok(()), interrupted");
    let cause = report[0].to_string();
    assert_eq!(cause, "services returned Err(\"dbus panicked: no bus\")");
    assert_eq!(exit_code(&report), 1);
}

#[test]
fn service_that_returns_leaves() {
    let daemon = Daemon::default();
    let mut program = daemon.start();
    daemon.dbus.events.send(|| Ok(()));
    program.until(1_000);
    daemon.check_log(&["10 dbus returned Ok(()), left"]);
    daemon.signals.send(Signal::Int);
    assert_eq!(exit_code(&program.end()), 0);
    let log = daemon.world.take_log();
    assert!(log.contains(&"1000 waiting for hotplug".into()), "{log:#?}");
}

#[test]
fn daemon_ends_with_its_last_service() {
    let daemon = Daemon::default();
    let mut program = daemon.start();
    daemon.commands.send("start logger");
    program.until(20);
    daemon.dbus.events.send(|| Ok(()));
    daemon.hotplug.events.send(|| Ok(()));
    program.until(1_000);
    daemon.logger.events.send(|| Ok(()));
    let report = program.end();
    daemon.check_log(&[
        "20 dbus returned Ok(()), left",
        "20 hotplug returned Ok(()), left",
        "1000 logger returned Ok(()), left",
        "1000 services returned Ok(())",
        "1000 signals aborted",
        "1000 reload returned Ok(()), interrupted",
        "1000 commands returned Ok(()), interrupted",
    ]);
    assert_eq!(exit_code(&report), 0);
}

#[test]
fn deaf_service_alone_expires() {
    let mut daemon = Daemon::default();
    daemon.hotplug.ignores_shutdown = true;
    let program = daemon.start();
    daemon.signals.send(Signal::Int);
    let report = program.end();
    let log = daemon.world.take_log();
    let end = [
        "110 dbus returned Ok(()), interrupted",
        "110 waiting for hotplug",
        "1010 hotplug is polled, interrupted",
        "1010 hotplug expired",
        "1010 services returned Err(\"hotplug expired\"), interrupted",
    ];
    assert!(log.ends_with(&end.map(String::from)), "{log:#?}");
    assert_eq!(exit_code(&report), 1);
}

#[test]
fn failed_shutdown_is_in_the_exit_code() {
    let mut daemon = Daemon::default();
    daemon.dbus.broken = Some("cannot say goodbye");
    let program = daemon.start();
    daemon.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(report[0].to_string(), "signals returned Ok(())");
    let failures: Vec<_> = report.failures().filter_map(Exit::error).collect();
    assert_eq!(failures, ["dbus returned Err(\"cannot say goodbye\"), interrupted"]);
    assert_eq!(exit_code(&report), 1);
}

/// Both groups end at once. Every actor and every service is still interrupted, and is polled one last time.
#[test]
fn second_signal_forces_both_groups() {
    for delay in [0, 50] {
        let mut daemon = Daemon::default();
        daemon.hotplug.ignores_shutdown = true;
        let mut program = daemon.start();
        daemon.commands.send("slow");
        program.until(20);
        daemon.signals.send(Signal::Int);
        if delay > 0 {
            program.until(20 + delay);
        }
        daemon.signals.send(Signal::Int);
        let report = program.end();
        assert_eq!(daemon.world.now(), 20 + delay);
        let log = daemon.world.take_log();
        let end = [
            "hotplug is polled, interrupted",
            "dbus expired",
            "hotplug expired",
            "services returned Err(\"dbus expired\"), interrupted",
            "commands expired",
        ];
        let end = end.map(|line| format!("{} {line}", 20 + delay));
        assert!(log.ends_with(&end), "{log:#?}");
        assert_eq!(exit_code(&report), 1);
    }
}

/// It is never lost. A reload or a command that has begun is finished, and every logger that was started ends.
#[test]
fn signal_at_every_poll_stops_the_daemon() {
    const COMMANDS: [&str; 4] = ["start logger", "slow", "stop logger", "start logger"];
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let daemon = Daemon::default();
        let mut sent = 0;
        let events = async {
            for command in COMMANDS {
                daemon.world.after(50).await;
                daemon.commands.send(command);
                daemon.hangups.send(());
                sent += 1;
            }
        };
        let stop = || daemon.signals.send(Signal::Term);
        let program = daemon.world.start(daemon.group().report());
        let report = program.interrupted_by(interrupted, events, stop, 2_000).await;
        let reloads = sent - daemon.hangups.take().len();
        let commands = &COMMANDS[..sent - daemon.commands.take().len()];
        (report, daemon.world.take_log(), reloads, commands)
    });
    for (report, log, reloads, commands) in &runs {
        assert_eq!(exit_code(report), 0, "{log:#?}");
        assert_eq!(report[0].to_string(), "signals returned Ok(())");
        assert_eq!(report.len(), 4);
        let lines = |text| log.iter().filter(|line| line.contains(text)).count();
        assert_eq!(lines("reloaded"), *reloads, "{log:#?}");
        let begun = |command| commands.iter().filter(|it| **it == command).count();
        assert_eq!(lines("slow has ended"), begun("slow"), "{log:#?}");
        assert_eq!(lines("logger returned Ok"), begun("start logger"), "{log:#?}");
    }
    let (_, _, reloads, commands) = runs.last().unwrap();
    assert_eq!((*reloads, commands.len()), (4, 4));
}
