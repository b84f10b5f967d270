//! Upterm, which shares a terminal over SSH (owenthereal/upterm, server/server.go and server/sshhandler.go).
//!
//! It has groups at three levels:
//!
//! - The outer group has the server and the metrics.
//! - The execute of the server is the second group: an actor that waits for the context, proxies for SSH and
//!   web-sockets, and sshd.
//! - In sshd, every connection is a third group: an actor that waits for the context, and two copy loops, one for each
//!   direction.
//!
//! When the server is interrupted, it cancels the context. When the second group has ended, the server deletes its
//! sessions over the network.
//!
//! In Go, the interrupt deletes the sessions, so it can only log an error. For a long time, the interrupts of a
//! connection were empty, so when one direction had ended, the group waited for the other. No group has a time limit,
//! and the inner groups report only their first errors.
//!
//! Here the output of an actor has the report of its inner group, so the whole tree is there at the end. A failed
//! deletion is the result of the server. The outer grace period limits everything inside. A shorter inner one keeps the
//! inner report.

use std::sync::Arc;

use futures::future::{pending, FutureExt};
use futures::stream::StreamExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::{Exit, Group, Interrupted, Outcome};
use smol::future::or;

use super::channel::Channel;
use super::gate::Gate;
use super::server::Server;
use super::world::World;
use super::Done;

const DRAIN: u64 = 5;
const GRACE_PERIOD: u64 = 30;
/// The rest of the outer grace period is for the deletion.
const INNER_GRACE_PERIOD: u64 = 20;
const DELETION: u64 = 2;

/// The output of an actor: its result, and the report of its inner group.
#[derive(Debug)]
struct End {
    result: Done,
    within: Vec<Exit<End>>,
}

/// The output of an actor without an inner group.
impl From<Done> for End {
    fn from(result: Done) -> Self {
        Self { result, within: Vec::new() }
    }
}

struct Upterm {
    world: World,
    ssh_proxy: Server,
    web_socket_proxy: Server,
    metrics: Server,
    /// The result of deleting the sessions.
    deletion: Done,
    /// Whether sshd ignores its interrupt.
    stuck: bool,
    /// Whether the second group has a grace period of its own.
    limited: bool,

    context: Gate,
    connections: Channel<Arc<Connection>>,
}

/// The data that the two ends of a connection send.
#[derive(Default)]
struct Connection {
    client: Channel<&'static str>,
    host: Channel<&'static str>,
}

impl Upterm {
    fn new() -> Self {
        let world = World::default();
        Self {
            ssh_proxy: Server::new(&world, "ssh proxy"),
            web_socket_proxy: Server::new(&world, "web-socket proxy"),
            metrics: Server::new(&world, "metrics"),
            world,
            deletion: Ok(()),
            stuck: false,
            limited: false,
            context: Gate::default(),
            connections: Channel::default(),
        }
    }

    /// The first level.
    fn group(&self) -> Group<'_, End> {
        let mut group = Group::new();
        group.add(self.server(), |_| self.context.open()).named("server");
        add_server(&mut group, &self.metrics);
        group.grace_period(|| self.world.after(GRACE_PERIOD));
        group
    }

    /// The second level.
    fn server_group(&self) -> Group<'_, End> {
        let mut group = Group::new();
        group.add_abortable(self.context.opened().map(ok)).named("context");
        add_server(&mut group, &self.ssh_proxy);
        add_server(&mut group, &self.web_socket_proxy);
        group.add_with(|interrupted| self.sshd(interrupted)).named("sshd");
        if self.limited {
            group.grace_period(|| self.world.after(INNER_GRACE_PERIOD));
        }
        group
    }

    /// The third level.
    fn connection_group<'a>(&'a self, connection: &'a Connection) -> Group<'a, End> {
        let mut group = Group::new();
        group.add_abortable(self.context.opened().map(ok)).named("context");
        group.add_abortable(self.copy(&connection.client, "to host")).named("to host");
        group.add_abortable(self.copy(&connection.host, "to client")).named("to client");
        group
    }

    async fn server(&self) -> End {
        let within = self.server_group().report().await;
        self.world.after(DELETION).await;
        self.world.log("deletion has ended");
        End { result: result(&within).and(self.deletion), within: within.into() }
    }

    async fn sshd(&self, interrupted: Interrupted) -> End {
        let _dropped = Dropped(&self.world, "sshd");
        let serve = self
            .connections
            .stream()
            .map(|connection| async move { self.connection_group(&connection).report().await })
            .buffer_unordered(usize::MAX)
            .map(Vec::from)
            .concat();
        let accept_no_more = async {
            interrupted.await;
            if !self.stuck {
                self.connections.close();
            }
            pending().await
        };
        End {
            // The failure of a connection is not a failure of sshd.
            result: Ok(()),
            within: or(serve, accept_no_more).await,
        }
    }

    async fn copy(&self, from: &Channel<&str>, direction: &str) -> End {
        while let Some(text) = from.receive().await {
            self.world.log(format_args!("{direction}: {text}"));
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

fn add_server<'a>(group: &mut Group<'a, End>, server: &'a Server) {
    group
        .add_with(|interrupted| server.serve_until(interrupted, DRAIN).map(End::from))
        .named(server.name());
}

/// Returns the result of a group: the first error in its report.
fn result(exits: &[Exit<End>]) -> Done {
    let mut ends = exits.iter().filter_map(Exit::output);
    ends.try_for_each(|end| end.result)
}

/// Returns a line for each exit, followed by the lines of its inner group, indented.
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

/// Logs its drop, with the name of its actor.
struct Dropped<'a>(&'a World, &'static str);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.log(format_args!("{} is dropped", self.1));
    }
}

#[test]
fn connection_ends_with_one_of_its_directions() {
    let upterm = Upterm::new();
    let mut program = upterm.world.start(upterm.group().report());
    let [one, other] = [upterm.connect(), upterm.connect()];
    program.until(10);
    one.client.send("exit");
    one.client.close();
    program.until(20);
    one.host.send("not copied");
    other.host.send("hello");
    program.until(30);
    assert_eq!(upterm.world.take_log(), ["10 to host: exit", "20 to client: hello"]);
}

#[test]
fn report_holds_the_inner_reports() {
    let upterm = Upterm::new();
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
fn failed_deletion_is_the_error() {
    let upterm = Upterm { deletion: Err("network is down"), ..Upterm::new() };
    let mut program = upterm.world.start(upterm.group());
    program.until(10);
    upterm.context.open();
    assert_eq!(program.end().unwrap().result, Err("network is down"));
}

#[test]
fn late_failed_deletion_is_an_error() {
    let upterm = Upterm { deletion: Err("network is down"), ..Upterm::new() };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.drain(); // a clean return
    let exits = program.end();
    assert_eq!(exits[0].name(), Some("metrics"));
    assert_eq!(exits[0].output().unwrap().result, Ok(()));
    assert_eq!(result(&exits), Err("network is down"));
}

#[test]
fn outer_grace_period_limits_the_inner_group() {
    let upterm = Upterm { stuck: true, ..Upterm::new() };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.fail("port in use");
    let exits = program.end();
    assert_eq!(tree(&exits), ["metrics returned Err(\"port in use\")", "server expired"]);
    assert_eq!(upterm.world.take_log(), ["40 sshd is dropped"]);
}

#[test]
fn inner_grace_period_leaves_the_inner_report() {
    let upterm = Upterm { stuck: true, limited: true, ..Upterm::new() };
    let mut program = upterm.world.start(upterm.group().report());
    program.until(10);
    upterm.metrics.fail("port in use");
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
    assert_eq!(upterm.world.take_log(), ["30 sshd is dropped", "32 deletion has ended"]);
}

/// Every connection that was accepted is in the report of sshd, and the sessions are deleted.
#[test]
fn shutdown_at_every_poll_reports_all_connections() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let upterm = Upterm::new();
        let mut connections = 0;
        let requested = Gate::default();
        let events = async {
            for _ in 0..3 {
                upterm.world.after(1).await;
                let connection = upterm.connect();
                connections += 1;
                connection.client.send("hello");
                upterm.world.after(1).await;
                connection.host.send("bye");
                connection.host.close();
            }
        };
        let mut group = upterm.group();
        group.add_abortable(requested.opened().map(ok)).named("shutdown requested");
        let program = upterm.world.start(group.report());
        let exits = program.interrupted_by(interrupted, events, || requested.open(), 20).await;
        (exits, upterm.world.take_log(), connections)
    });
    for (exits, log, connections) in &runs {
        assert_eq!(result(exits), Ok(()));
        let tree = tree(exits);
        let count = |exit: &str| tree.iter().filter(|line| line.starts_with(exit)).count();
        assert_eq!(count("    "), 3 * connections, "{tree:#?}");
        assert_eq!(count(""), 7 + 3 * connections, "{tree:#?}");
        assert!(!tree.iter().any(|line| line.ends_with("expired")));
        assert!(log.last().unwrap().ends_with("deletion has ended"));
    }
}
