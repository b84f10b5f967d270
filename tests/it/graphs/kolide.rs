//! Kolide launcher, an endpoint agent (kolide/launcher, cmd/launcher/launcher.go, cmd/launcher/desktop.go,
//! pkg/rungroup).
//!
//! It has twenty-two actors. Their names here say what they do. Each is a struct with one method for execute and one
//! for interrupt. Several of them stop the process by returning: on new hardware, a remote request to restart, or an
//! update. A second process shows a menu. Its seven actors run next to the main thread, which belongs to the user
//! interface.
//!
//! In Go, the program has its own version of oklog/run, for names and time limits. It gives the interrupts 10 seconds
//! and the executes 5. Then it continues without the stuck actors, because the service manager kills it after 20
//! seconds. The log shipper is added first, so it is stopped first and does not ship the log of the shutdown.
//!
//! Here names and time limits are part of the group. A stuck actor is dropped, and the log and the report name it. The
//! actors that log are a second stage.

use run_group::testing::interrupt_at_every_poll;
use run_group::{Exit, Group, Report};

use super::channel::Channel;
use super::report::{expired, failures};
use super::world::World;
use super::Done;

const GRACE_PERIOD: u64 = 10;
const LOG_GRACE_PERIOD: u64 = 5;

/// All actors, in the order of adding.
const ACTORS: [&str; 22] = [
    "log shipper",
    "telemetry exporter",
    "startup settings",
    "database backup",
    "log checkpoint",
    "watchdog",
    "signals",
    "hardware change",
    "power events",
    "session events",
    "runtime metrics",
    "osquery runner",
    "osquery queries",
    "osquery results",
    "control service",
    "hardware keys",
    "desktop runner",
    "actions queue",
    "remote restart",
    "local server",
    "update check",
    "update",
];

/// The actors that ship or store the log of the others.
const LOGGING: [&str; 3] = ["log shipper", "telemetry exporter", "log checkpoint"];

/// A part of the launcher.
struct Component {
    world: World,
    name: &'static str,
    /// Whether it ignores its interrupt.
    stuck: bool,
    events: Channel<Event>,
}

/// What a component does during a run.
enum Event {
    Returns(Done),
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panics(&'static str),
    Interrupted,
}

impl Component {
    async fn execute(&self) -> Done {
        match self.events.receive().await {
            Some(Event::Returns(result)) => result,
            #[cfg(all(feature = "std", panic = "unwind"))]
            Some(Event::Panics(message)) => panic!("{message}"),
            Some(Event::Interrupted) | None => Ok(()),
        }
    }

    fn interrupt(&self, cause: &Exit<Done>) {
        self.world.log(format_args!("{} is stopped by {}", self.name, cause.label()));
        if !self.stuck {
            self.events.send(Event::Interrupted);
        }
    }
}

struct Launcher {
    world: World,
    components: [Component; ACTORS.len()],
}

impl Launcher {
    fn new(stuck: &[&str]) -> Self {
        let world = World::default();
        let components = ACTORS.map(|name| Component {
            world: world.clone(),
            name,
            stuck: stuck.contains(&name),
            events: Channel::default(),
        });
        Self { world, components }
    }

    fn group(&self) -> Group<'_, Done> {
        let mut group = Group::new();
        let mut logging = Group::new();
        for component in &self.components {
            let stage = match LOGGING.contains(&component.name) {
                true => &mut logging,
                false => &mut group,
            };
            stage
                .add(component.execute(), |cause| component.interrupt(cause))
                .named(component.name);
        }
        group.grace_period(|| self.world.after(GRACE_PERIOD));
        logging.grace_period(|| self.world.after(LOG_GRACE_PERIOD));
        let mut group = group.before(logging);
        self.world.keep_waits(&mut group);
        group
    }

    /// Gives a component an event.
    #[track_caller]
    fn send(&self, name: &str, event: Event) {
        let component = self.components.iter().find(|it| it.name == name);
        component.unwrap().events.send(event);
    }

    /// Runs the launcher, gives a component an event at 100 seconds, and returns the report.
    #[track_caller]
    fn run_until(&self, name: &str, event: Event) -> Report<Done> {
        let mut program = self.world.start(self.group().report());
        program.until(100);
        self.send(name, event);
        program.end()
    }

    /// Returns the log of a shutdown in which all actors stop in the order of adding, and those that log last.
    fn stopped_by(cause: &str) -> Vec<String> {
        let others = ACTORS.into_iter().filter(|name| !LOGGING.contains(name));
        others.chain(LOGGING).map(|name| format!("100 {name} is stopped by {cause}")).collect()
    }
}

#[test]
fn report_begins_with_the_actor_that_returned() {
    for name in ["hardware change", "remote restart", "update"] {
        let exits = Launcher::new(&[]).run_until(name, Event::Returns(Err("restart")));
        assert_eq!(exits[0].to_string(), format!("{name} returned Err(\"restart\")"));
        assert_eq!(exits.len(), ACTORS.len());
        assert!(exits[1..].iter().all(Exit::was_interrupted));
    }
}

#[test]
fn actors_that_log_are_stopped_last() {
    let launcher = Launcher::new(&[]);
    launcher.run_until("signals", Event::Returns(Ok(())));
    assert_eq!(launcher.world.take_log(), Launcher::stopped_by("signals"));
}

#[test]
fn three_stuck_actors_are_named_and_expire() {
    let stuck = ["watchdog", "osquery runner", "local server"];
    let launcher = Launcher::new(&stuck);
    let exits = launcher.run_until("signals", Event::Returns(Ok(())));
    assert_eq!(launcher.world.last_wait(), stuck.join(", "));
    assert_eq!(expired(&exits), stuck);
    assert_eq!(exits.len(), ACTORS.len());
    assert_eq!(launcher.world.now(), 100 + GRACE_PERIOD);
}

/// The grace periods of the two stages add up to less than the 20 seconds of the service manager.
#[test]
fn stuck_actor_in_each_stage_expires_in_time() {
    let launcher = Launcher::new(&["log shipper", "osquery runner"]);
    let exits = launcher.run_until("signals", Event::Returns(Ok(())));
    assert_eq!(expired(&exits), ["osquery runner", "log shipper"]);
    assert_eq!(
        launcher.world.take_log()[ACTORS.len() - LOGGING.len()..],
        LOGGING.map(|name| format!("110 {name} is stopped by signals"))
    );
    assert_eq!(launcher.world.now(), 115);
}

#[cfg(all(feature = "std", panic = "unwind"))]
#[test]
fn panic_stops_the_others_in_order() {
    let launcher = Launcher::new(&[]);
    let exits = launcher.run_until("desktop runner", Event::Panics("no display"));
    assert_eq!(launcher.world.take_log(), Launcher::stopped_by("desktop runner"));
    assert_eq!(exits[0].to_string(), "desktop runner panicked: no display");
    assert_eq!(exits.len(), ACTORS.len());
}

#[test]
fn signal_at_every_poll_stops_all_in_order() {
    for stuck in [&[][..], &["osquery runner", "log shipper"]] {
        let runs = interrupt_at_every_poll(|interrupted| async move {
            let launcher = Launcher::new(stuck);
            let stop = || launcher.send("signals", Event::Returns(Ok(())));
            let program = launcher.world.start(launcher.group().report());
            let exits = program.interrupted_by(interrupted, async {}, stop, 0).await;
            (exits, launcher.world.take_log())
        });
        for (exits, log) in &runs {
            assert_eq!(exits.len(), ACTORS.len());
            assert_eq!(exits[0].to_string(), "signals returned Ok(())");
            assert_eq!(expired(exits), stuck);
            assert_eq!(failures(exits).len(), stuck.len());
            let stopped = log.iter().map(|line| line.split_once(' ').unwrap().1);
            let expected = Launcher::stopped_by("signals");
            let expected = expected.iter().map(|line| line.split_once(' ').unwrap().1);
            assert!(stopped.eq(expected), "{log:#?}");
        }
    }
}

/// The second process: a group on a thread, and the user interface on the main one.
#[cfg(not(target_family = "wasm"))]
mod desktop {
    use std::future::pending;
    use std::sync::mpsc::{self, Sender};
    use std::thread;

    use futures::FutureExt;
    use run_group::testing::interrupt_at_every_poll;
    use run_group::Group;

    use crate::graphs::gate::Gate;
    use crate::graphs::report::{failures, lines};
    use crate::graphs::server::Server;
    use crate::graphs::world::World;
    use crate::graphs::Done;

    struct Desktop {
        shutdown: Gate,
        server: Server,
    }

    impl Desktop {
        /// Three actors of the original have empty interrupts, and end with the process. Here they are abortable.
        fn group(&self, quit: Sender<()>) -> Group<'_, Done> {
            let mut group = Group::new();
            group.add_abortable(pending()).named("signals");
            group.add_abortable(pending()).named("parent monitor");
            group.add_with(|interrupted| interrupted.map(Ok)).named("notifier");
            group.add_with(|interrupted| interrupted.map(Ok)).named("links");
            group.add_with(|interrupted| self.server.serve_until(interrupted, 5)).named("server");
            group
                .add(self.shutdown.opened().map(Ok), move |_| {
                    quit.send(()).unwrap();
                })
                .named("shutdown");
            group.add_abortable(pending()).named("menu monitor");
            group
        }
    }

    #[test]
    fn main_thread_continues_when_the_group_stops() {
        let desktop =
            Desktop { shutdown: Gate::default(), server: Server::new(&World::default(), "server") };
        let (quit, menu) = mpsc::channel();
        let exits = thread::scope(|threads| {
            let group = desktop.group(quit);
            let group = threads.spawn(|| smol::block_on(group.report()));
            desktop.shutdown.open();
            // The menu blocks the main thread until it gets a message.
            menu.recv().unwrap();
            group.join().unwrap()
        });
        assert_eq!(
            lines(&exits),
            [
                "shutdown returned Ok(())",
                "signals aborted",
                "parent monitor aborted",
                "menu monitor aborted",
                "notifier returned Ok(()), interrupted",
                "links returned Ok(()), interrupted",
                "server returned Ok(()), interrupted",
            ]
        );
    }

    #[test]
    fn request_at_every_poll_frees_main_thread() {
        let runs = interrupt_at_every_poll(|interrupted| async move {
            let world = World::default();
            let desktop =
                Desktop { shutdown: Gate::default(), server: Server::new(&world, "server") };
            let (quit, menu) = mpsc::channel();
            let events = async {
                world.after(10).await;
                desktop.server.request(3);
            };
            let stop = || desktop.shutdown.open();
            let program = world.start(desktop.group(quit).report());
            let exits = program.interrupted_by(interrupted, events, stop, 20).await;
            (exits, menu)
        });
        for (exits, menu) in runs {
            assert_eq!(failures(&exits), [""; 0]);
            assert_eq!(exits.len(), 7);
            assert_eq!(exits[0].to_string(), "shutdown returned Ok(())");
            assert_eq!(menu.try_recv(), Ok(()));
        }
    }
}
