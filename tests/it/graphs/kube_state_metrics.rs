//! kube-state-metrics (kubernetes/kube-state-metrics, pkg/app/server.go).
//!
//! It has a loop that handles the cluster's events, a telemetry server, and a server for the metrics. When the servers
//! are interrupted, each has three seconds to finish the scrapes in progress. There is no actor for signals: the caller
//! passes a context. When the context ends, the loop ends, and so does the group.
//!
//! In Go, a comment has to explain why the interrupt makes a new context for the three seconds: a context that was made
//! earlier, or the caller's, which has ended, would leave no time. The limits of the two servers add up.
//!
//! Here the context is an `Interrupted`. Each execute counts its three seconds from its interruption, and both servers
//! do so at the same time.

use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Interrupted};

use super::report::{failures, lines};
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

    fn group(&self, context: Interrupted) -> Group<'_, Done> {
        let mut group = Group::new();
        group.add_abortable(self.handler(context)).named("handler");
        for server in [&self.telemetry, &self.metrics] {
            group
                .add_with(|interrupted| server.serve_until(interrupted, DRAIN))
                .named(server.name());
        }
        group
    }

    /// Handles the events of the cluster until the context ends.
    async fn handler(&self, mut context: Interrupted) -> Done {
        let handle = self.world.every(10);
        context.unless(handle).await.unwrap_or(Ok(()))
    }
}

#[test]
fn caller_stops_it_without_an_actor_of_its_own() {
    let program = KubeStateMetrics::new();
    let (cancel, context) = Interrupted::channel();
    let mut running = program.world.start(program.group(context).report());
    running.until(100);
    cancel.interrupt();
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
fn scrapes_in_progress_have_three_seconds() {
    let program = KubeStateMetrics::new();
    let (cancel, context) = Interrupted::channel();
    let mut running = program.world.start(program.group(context).report());
    running.until(100);
    program.metrics.request(2);
    program.telemetry.request(5);
    cancel.interrupt();
    assert_eq!(
        lines(&running.end()),
        [
            "handler returned Ok(())",
            "metrics returned Ok(()), interrupted",
            "telemetry returned Err(\"requests were cut off\"), interrupted",
        ]
    );
    assert_eq!(program.world.take_log(), ["102 metrics answers"]);
    assert_eq!(program.world.now(), 100 + DRAIN);
}

/// In the first run, the context has ended before the start.
#[test]
fn context_ended_at_every_poll_finishes_scrapes() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let program = KubeStateMetrics::new();
        let (cancel, context) = Interrupted::channel();
        let mut scrapes = 0;
        let events = async {
            for server in [&program.metrics, &program.telemetry] {
                program.world.after(9).await;
                server.request(2);
                scrapes += 1;
            }
        };
        let mut cancelled_at = 0;
        let stop = || {
            cancelled_at = program.world.now();
            cancel.interrupt();
        };
        let running = program.world.start(program.group(context).report());
        let exits = running.interrupted_by(interrupted, events, stop, 40).await;
        assert!(program.world.now() < cancelled_at + DRAIN);
        (exits, program.world.take_log(), scrapes)
    });
    for (exits, log, scrapes) in &runs {
        assert_eq!(failures(exits), [""; 0]);
        assert_eq!(exits.len(), 3);
        assert_eq!(exits[0].to_string(), "handler returned Ok(())");
        assert_eq!(log.len(), *scrapes);
    }
}
