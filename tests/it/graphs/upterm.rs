//! Upterm, which shares a terminal over SSH (owenthereal/upterm, server/server.go and server/sshhandler.go).
//!
//! Three groups, one in the other. The outer one has the server and, if asked for, the metrics. The server's execute is
//! the second: a waiter for the context, a proxy for SSH and one for web-sockets, as configured, and sshd. In sshd every
//! connection is a third: a waiter for the context and two copy loops, one for each direction. When the server is
//! interrupted it cancels the context, and when all is quiet it deletes its sessions, over the network.
//!
//! In Go the sessions are deleted in the interrupt, whose error can only be logged. For long the interrupts of a
//! connection were empty, so that when one direction had ended the group waited for the other. Nobody has a bound, and of the inner groups one
//! learns the first error.
//!
//! Here an actor's output carries the report of the group within, so the whole tree can be read at the end. A failed
//! deletion is the server's result. The outer grace period holds for everything within; a shorter
//! one inside leaves the inner report intact.

use std::sync::Arc;

use futures::future::{pending, FutureExt};
use futures::stream::StreamExt;
use run_group::{Exit, Group, Interrupted, Outcome};
use smol::future::or;

use super::channel::Channel;
use super::gate::Gate;
use super::server::Server;
use super::world::World;
use super::Done;

const DRAIN: u64 = 5;
const GRACE_PERIOD: u64 = 30;
/// What is left of it is for the deletion.
const INNER_GRACE_PERIOD: u64 = 20;
const DELETION: u64 = 2;

/// What an actor ended with: its result, and the report of the group within it.
#[derive(Debug)]
struct End {
    result: Done,
    within: Vec<Exit<End>>,
}

/// The end of an actor without a group within.
impl From<Done> for End {
    fn from(result: Done) -> Self {
        Self {
            result,
            within: Vec::new(),
        }
    }
}

struct Upterm {
    world: World,
    ssh_proxy: Option<Server>,
    web_socket_proxy: Option<Server>,
    metrics: Option<Server>,
    /// What comes of deleting the sessions.
    deletion: Done,
    /// Whether sshd ignores its interrupt.
    stuck: bool,
    /// Whether the second group has a bound of its own.
    bounded: bool,

    context: Gate,
    connections: Channel<Arc<Connection>>,
}

/// What the two ends of a connection send.
#[derive(Default)]
struct Connection {
    client: Channel<&'static str>,
    host: Channel<&'static str>,
}

impl Upterm {
    fn full() -> Self {
        let world = World::default();
        let server = |name| Some(Server::new(&world, name));
        Self {
            ssh_proxy: server("ssh proxy"),
            web_socket_proxy: server("web-socket proxy"),
            metrics: server("metrics"),
            world,
            deletion: Ok(()),
            stuck: false,
            bounded: false,
            context: Gate::default(),
            connections: Channel::default(),
        }
    }

    /// The first level.
    fn group(&self) -> Group<'_, End> {
        let mut group = Group::new();
        group
            .add(self.server(), |_| self.context.open())
            .named("server");
        add_server(&mut group, &self.metrics);
        group.grace_period(|| self.world.after(GRACE_PERIOD));
        group
    }

    /// The second level.
    fn server_group(&self) -> Group<'_, End> {
        let mut group = Group::new();
        group
            .add_abortable(self.context.opened().map(ok))
            .named("context");
        add_server(&mut group, &self.ssh_proxy);
        add_server(&mut group, &self.web_socket_proxy);
        group
            .add_with(|interrupted| self.sshd(interrupted))
            .named("sshd");
        if self.bounded {
            group.grace_period(|| self.world.after(INNER_GRACE_PERIOD));
        }
        group
    }

    /// The third level.
    fn connection_group<'a>(&'a self, connection: &'a Connection) -> Group<'a, End> {
        let mut group = Group::new();
        group
            .add_abortable(self.context.opened().map(ok))
            .named("context");
        group
            .add_abortable(self.copy(&connection.client, "to host"))
            .named("to host");
        group
            .add_abortable(self.copy(&connection.host, "to client"))
            .named("to client");
        group
    }

    async fn server(&self) -> End {
        let within = self.server_group().report().await;
        self.world.after(DELETION).await;
        self.world.say("sessions deleted, or not");
        End {
            result: result(&within).and(self.deletion),
            within,
        }
    }

    async fn sshd(&self, interrupted: Interrupted) -> End {
        let _gone = Gone(&self.world, "sshd");
        let serve = self
            .connections
            .stream()
            .map(|connection| async move { self.connection_group(&connection).report().await })
            .buffer_unordered(usize::MAX)
            .concat();
        let accept_no_more = async {
            interrupted.await;
            if !self.stuck {
                self.connections.close();
            }
            pending().await
        };
        End {
            // What befell a connection is not sshd's fault.
            result: Ok(()),
            within: or(serve, accept_no_more).await,
        }
    }

    async fn copy(&self, from: &Channel<&str>, direction: &str) -> End {
        while let Some(text) = from.receive().await {
            self.world.say(format_args!("{direction}: {text}"));
        }
        ok(())
    }

    fn connect(&self) -> Arc<Connection> {
        let connection = Arc::new(Connection::default());
        self.connections.send(connection.clone());
        connection
    }
}

fn ok((): ()) -> End {
    Ok(()).into()
}

/// Adds a server, if it is configured.
fn add_server<'a>(group: &mut Group<'a, End>, server: &'a Option<Server>) {
    if let Some(server) = server {
        group
            .add_with(|interrupted| server.serve_until(interrupted, DRAIN).map(End::from))
            .named(server.name());
    }
}

/// The result of a group: the first error in its report.
fn result(exits: &[Exit<End>]) -> Done {
    let mut ends = exits.iter().filter_map(Exit::output);
    ends.try_for_each(|end| end.result)
}

/// Returns a line for each exit, and below it, indented, those of the group within.
fn tree(exits: &[Exit<End>]) -> Vec<String> {
    let mut lines = Vec::new();
    for exit in exits {
        let name = exit.name().unwrap();
        match exit.outcome() {
            Outcome::Returned(End { result, within }) => {
                lines.push(format!("{name} returned {result:?}"));
                lines.extend(tree(within).iter().map(|line| format!("  {line}")));
            }
            _ => lines.push(exit.to_string()),
        }
    }
    lines
}

/// Says when it is dropped, with whatever it is part of.
struct Gone<'a>(&'a World, &'static str);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.say(format_args!("{} is gone", self.1));
    }
}

#[test]
fn a_connection_ends_when_one_of_its_directions_ends_and_the_others_go_on() {
    let upterm = Upterm::full();
    let mut program = upterm.world.start(upterm.group().report());
    let [one, other] = [upterm.connect(), upterm.connect()];
    program.until(10);
    one.client.send("exit");
    one.client.close();
    program.until(20);
    one.host.send("nobody hears this");
    other.host.send("hello");
    program.until(30);
    assert_eq!(
        upterm.world.log(),
        ["10 to host: exit", "20 to client: hello"]
    );
}

#[test]
fn the_report_holds_the_reports_of_all_groups_within() {
    let upterm = Upterm::full();
    let mut program = upterm.world.start(upterm.group().report());
    let [one, _other] = [upterm.connect(), upterm.connect()];
    program.until(10);
    one.client.close();
    program.until(20);
    upterm.context.open();
    let exits = program.end();
    assert_eq!(
        tree(&exits),
        [
            "server returned Ok(())",
            "  context returned Ok(())",
            "  sshd returned Ok(())",
            "    to host returned Ok(())",
            "    context aborted",
            "    to client aborted",
            "    context returned Ok(())",
            "    to host aborted",
            "    to client aborted",
            "  ssh proxy returned Ok(())",
            "  web-socket proxy returned Ok(())",
            "metrics returned Ok(())",
        ]
    );
    assert_eq!(result(&exits), Ok(()));
}

#[test]
fn what_is_not_configured_is_not_there() {
    let upterm = Upterm {
        ssh_proxy: None,
        web_socket_proxy: None,
        metrics: None,
        ..Upterm::full()
    };
    upterm.context.open();
    let exits = upterm.world.start(upterm.group().report()).end();
    assert_eq!(
        tree(&exits),
        [
            "server returned Ok(())",
            "  context returned Ok(())",
            "  sshd returned Ok(())",
        ]
    );
}

#[test]
fn sessions_that_cannot_be_deleted_are_an_error() {
    let upterm = Upterm {
        deletion: Err("network is down"),
        ..Upterm::full()
    };
    let mut program = upterm.world.start(upterm.group());
    program.until(10);
    upterm.context.open();
    assert_eq!(program.end().unwrap().result, Err("network is down"));
}

#[test]
fn sessions_that_cannot_be_deleted_are_an_error_when_another_was_the_cause_too() {
    let upterm = Upterm {
        deletion: Err("network is down"),
        ..Upterm::full()
    };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.as_ref().unwrap().drain(); // a clean return
    let exits = program.end();
    assert_eq!(exits[0].name(), Some("metrics"));
    assert_eq!(exits[0].output().unwrap().result, Ok(()));
    assert_eq!(result(&exits), Err("network is down"));
}

#[test]
fn an_inner_group_without_a_bound_ends_with_the_grace_period_of_the_outer() {
    let upterm = Upterm {
        stuck: true,
        ..Upterm::full()
    };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.as_ref().unwrap().fail("port in use");
    let exits = program.end();
    assert_eq!(
        tree(&exits),
        ["metrics returned Err(\"port in use\")", "server expired"]
    );
    assert_eq!(upterm.world.log(), ["40 sshd is gone"]);
}

#[test]
fn an_inner_group_with_a_bound_of_its_own_leaves_its_report() {
    let upterm = Upterm {
        stuck: true,
        bounded: true,
        ..Upterm::full()
    };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.as_ref().unwrap().fail("port in use");
    let exits = program.end();
    assert_eq!(
        tree(&exits),
        [
            "metrics returned Err(\"port in use\")",
            "server returned Ok(())",
            "  context returned Ok(())",
            "  ssh proxy returned Ok(())",
            "  web-socket proxy returned Ok(())",
            "  sshd expired",
        ]
    );
    assert_eq!(
        upterm.world.log(),
        ["30 sshd is gone", "32 sessions deleted, or not"]
    );
}
