//! Dex, an identity provider (dexidp/dex, cmd/dex/serve.go).
//!
//! It has servers for telemetry, HTTP, HTTPS and gRPC, and an actor for the signals. The first three servers drain for
//! a minute at most, gRPC without a limit.
//!
//! In Go, they drain inside their interrupts, one after the other. So the limits add up to three minutes, HTTPS accepts
//! requests while HTTP drains, and a stuck gRPC call hangs the program.
//!
//! Here the interrupts do not block and the servers drain concurrently, so the shutdown takes as long as the longest
//! drain. A stuck gRPC call ends with the grace period. The log and the report name it.

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::{Exit, Group, Interrupted};

use super::gate::Gate;
use super::report::{expired, failures};
use super::server::Server;
use super::world::World;
use super::Done;

const DRAIN: u64 = 60;
const GRACE_PERIOD: u64 = 90;

struct Dex {
    world: World,
    signal: Gate,
    /// The servers, in the order of adding.
    servers: [Server; 4],
}

impl Dex {
    fn new() -> Self {
        let world = World::default();
        let servers = ["telemetry", "http", "https", "grpc"].map(|name| Server::new(&world, name));
        Self { signal: Gate::default(), servers, world }
    }

    fn group(&self) -> Group<'_, Done> {
        let mut group = Group::new();
        for server in &self.servers {
            group.add_with(|interrupted| self.serve(server, interrupted)).named(server.name());
        }
        group.add_abortable(self.signal.opened().map(Ok)).named("signal");
        group.grace_period(|| self.world.after(GRACE_PERIOD));
        self.world.log_exits(&mut group);
        self.world.keep_waits(&mut group);
        group
    }

    async fn serve(&self, server: &Server, interrupted: Interrupted) -> Done {
        let limit = match server.name() {
            "grpc" => 10 * GRACE_PERIOD, // no limit of its own
            _ => DRAIN,
        };
        server.serve_until(interrupted, limit).await
    }

    fn request(&self, server: &str, seconds: u64) -> bool {
        let server = self.servers.iter().find(|it| it.name() == server);
        server.unwrap().request(seconds)
    }
}

/// In Go, nothing returns the error of the servers that were cut off.
#[test]
fn shutdown_takes_as_long_as_the_longest_drain() {
    let dex = Dex::new();
    let mut program = dex.world.start(dex.group().run());
    program.until(10);
    dex.request("telemetry", 1000);
    dex.request("http", 1000);
    dex.request("https", 50);
    dex.request("grpc", 40);
    dex.signal.open();
    assert_eq!(program.end(), Err("requests were cut off"));
    assert_eq!(
        dex.world.take_log(),
        [
            "10 signal returned Ok(())",
            "50 grpc answers",
            "50 grpc returned Ok(()), interrupted",
            "60 https answers",
            "60 https returned Ok(()), interrupted",
            "70 telemetry returned Err(\"requests were cut off\"), interrupted",
            "70 http returned Err(\"requests were cut off\"), interrupted",
        ]
    );
}

#[test]
fn no_server_accepts_while_another_drains() {
    let dex = Dex::new();
    let mut program = dex.world.start(dex.group().run());
    program.until(10);
    assert!(dex.request("http", 30));
    dex.signal.open();
    program.until(20);
    assert!(!dex.request("http", 1));
    assert!(!dex.request("https", 1));
}

#[test]
fn stuck_grpc_call_is_named_and_expires() {
    let dex = Dex::new();
    let mut program = dex.world.start(dex.group().report());
    program.until(10);
    dex.request("http", 30);
    dex.request("grpc", 80_000);
    dex.signal.open();
    let exits = program.end();
    assert_eq!(dex.world.last_wait(), "grpc");
    assert_eq!(expired(&exits), ["grpc"]);
    assert_eq!(
        dex.world.take_log(),
        [
            "10 signal returned Ok(())",
            "10 telemetry returned Ok(()), interrupted",
            "10 https returned Ok(()), interrupted",
            "40 http answers",
            "40 http returned Ok(()), interrupted",
            "100 grpc expired",
        ]
    );
}

#[test]
fn port_in_use_stops_the_others() {
    for failing in 0..4 {
        let dex = Dex::new();
        dex.servers[failing].fail("port in use");
        let exits = dex.world.start(dex.group().report()).end();
        assert_eq!(exits[0].index(), failing);
        assert_eq!(exits[0].output(), Some(&Err("port in use")));
        assert!(exits[1..].iter().all(Exit::was_interrupted));
        assert_eq!(exits.len(), 5);
    }
}

#[test]
fn signal_at_every_poll_drains_every_server() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let dex = Dex::new();
        let mut requests = Vec::new();
        let events = async {
            for server in &dex.servers {
                dex.world.after(10).await;
                server.request(45);
                requests.push(server.name());
            }
        };
        let mut interrupted_at = 0;
        let stop = || {
            interrupted_at = dex.world.now();
            dex.signal.open();
        };
        let program = dex.world.start(dex.group().report());
        let exits = program.interrupted_by(interrupted, events, stop, 90).await;
        assert!(dex.world.now() <= interrupted_at + 45);
        (exits, dex.world.take_log(), requests)
    });
    for (exits, log, requests) in &runs {
        assert_eq!(failures(exits), [""; 0]);
        assert_eq!(exits.len(), 5);
        assert_eq!(exits[0].to_string(), "signal returned Ok(())");
        for server in requests {
            let answer = format!("{server} answers");
            let answers = log.iter().filter(|line| line.ends_with(&answer)).count();
            assert_eq!(answers, 1, "{answer}: {log:#?}");
        }
    }
}
