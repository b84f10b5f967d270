//! kube-state-metrics (kubernetes/kube-state-metrics, pkg/app/server.go).
//!
//! The loop that handles the cluster's events, a telemetry server, and the server for the metrics. When they are
//! interrupted, the servers have three seconds each to finish the scrapes under way. There is no actor for signals: the
//! caller passes a context, and when it ends, the loop does, and with it the group.
//!
//! In Go a comment has to explain why those three seconds are made afresh in the interrupt: a context made earlier, or the
//! caller's, which has ended, would leave nothing of them. And they add up, one server after the other.
//!
//! Here the caller drops a handle, the three seconds begin at the interrupt because `execute` counts them from there,
//! and both servers have them at the same time.

use std::convert::Infallible;

use futures::channel::oneshot;
use futures::FutureExt;
use run_group::Group;
use smol::future::or;

use super::report::lines;
use super::server::Server;
use super::world::World;
use super::Done;

const DRAIN: u64 = 3;

struct KubeStateMetrics {
    world: World,
    telemetry: Server,
    metrics: Server,
}

impl KubeStateMetrics {
    fn new() -> Self {
        let world = World::default();
        Self {
            telemetry: Server::new(&world, "telemetry"),
            metrics: Server::new(&world, "metrics"),
            world,
        }
    }

    fn group(&self, caller: oneshot::Receiver<Infallible>) -> Group<'_, Done> {
        let mut group = Group::new();
        group.add_abortable(self.handle(caller)).named("handler");
        for server in [&self.telemetry, &self.metrics] {
            group
                .add_with(|interrupted| server.serve_until(interrupted, DRAIN))
                .named(server.name());
        }
        group
    }

    /// Handles what happens in the cluster, until the caller is gone.
    async fn handle(&self, caller: oneshot::Receiver<Infallible>) -> Done {
        or(self.world.every(10), caller.map(|_gone| Ok(()))).await
    }
}

#[test]
fn the_caller_stops_it_without_an_actor_of_its_own() {
    let program = KubeStateMetrics::new();
    let (handle, caller) = oneshot::channel();
    let mut running = program.world.start(program.group(caller).report());
    running.until(100);
    drop(handle);
    assert_eq!(
        lines(&running.end()),
        [
            "handler returned Ok(())",
            "telemetry returned Ok(()), interrupted",
            "metrics returned Ok(()), interrupted",
        ]
    );
    assert_eq!(program.world.now(), 100);
}

#[test]
fn a_caller_that_is_gone_before_the_start_stops_it_as_well() {
    let program = KubeStateMetrics::new();
    let (_, caller) = oneshot::channel();
    assert_eq!(
        program.world.start(program.group(caller).run()).end(),
        Ok(())
    );
}

#[test]
fn a_scrape_under_way_has_its_seconds_from_the_interrupt_on() {
    let program = KubeStateMetrics::new();
    let (handle, caller) = oneshot::channel();
    let mut running = program.world.start(program.group(caller).report());
    running.until(100);
    program.metrics.request(2);
    program.telemetry.request(5);
    drop(handle);
    assert_eq!(
        lines(&running.end()),
        [
            "handler returned Ok(())",
            "metrics returned Ok(()), interrupted",
            "telemetry returned Err(\"requests were cut off\"), interrupted",
        ]
    );
    assert_eq!(program.world.log(), ["102 metrics answers"]);
    assert_eq!(program.world.now(), 100 + DRAIN);
}
