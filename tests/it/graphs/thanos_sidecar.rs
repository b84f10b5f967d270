//! Thanos sidecar (thanos-io/thanos, cmd/thanos/main.go and cmd/thanos/sidecar.go).
//!
//! It has these actors: a tracer, which idles; HTTP; a heartbeat, which asks Prometheus for its metadata until it
//! answers, and then opens a gate; a config reloader; gRPC, which waits for the gate or its interruption; a shipper of
//! blocks, if there is a bucket; the signals; and a reload on hangup. When the servers are interrupted, they drain for
//! a limited time. HTTP does not drain if its own server has failed.
//!
//! In Go, the tracer is added first, so it is closed first and the spans of the shutdown are lost. The servers drain
//! inside their interrupts, one after the other, so their limits add up. A second signal is ignored.
//!
//! Here the tracer is a second stage, the servers drain concurrently, and the grace period ends with a timer or a
//! second signal.

use std::cell::Cell;
use std::rc::Rc;

use futures::future::join;
use futures::FutureExt;
use run_group::testing::{abort_at_every_poll, interrupt_at_every_poll};
use run_group::{Exit, Group, Interrupted};
use smol::future::{or, pending, yield_now};

use super::channel::Channel;
use super::gate::Gate;
use super::report::{expired, failures, lines};
use super::server::Server;
use super::world::World;
use super::Done;

const HTTP_DRAIN: u64 = 120;
const GRPC_DRAIN: u64 = 60;
const GRACE_PERIOD: u64 = 150;
const METADATA_TIMEOUT: u64 = 600;

struct Sidecar {
    world: World,
    /// Whether there is a bucket to ship blocks to.
    uploads: bool,

    /// Prometheus answers.
    metadata: Gate,
    signals: Channel<()>,
    hangups: Channel<()>,
    http: Server,
    grpc: Server,

    /// The gate: the metadata is known.
    ready: Gate,
    http_interrupted: Gate,
    tracer_closed: Gate,
}

impl Sidecar {
    fn new(uploads: bool) -> Self {
        let world = World::default();
        Self {
            uploads,
            http: Server::new(&world, "http"),
            grpc: Server::new(&world, "grpc"),
            world,
            metadata: Gate::default(),
            signals: Channel::default(),
            hangups: Channel::default(),
            ready: Gate::default(),
            http_interrupted: Gate::default(),
            tracer_closed: Gate::default(),
        }
    }

    fn group(&self) -> Group<'_, Done> {
        let mut tracing = Group::new();
        tracing.add_with(|interrupted| self.tracer(interrupted)).named("tracer");

        let mut group = Group::new();
        group.add(self.http(), |cause| self.interrupt_http(cause)).named("http");
        group.add_abortable(self.heartbeat()).named("heartbeat");
        group.add_abortable(pending()).named("reloader");
        group.add_with(|interrupted| self.grpc(interrupted)).named("grpc");
        if self.uploads {
            group.add_with(|interrupted| self.shipper(interrupted)).named("shipper");
        }
        let signal = self.signals.receive().map(|_signal| Ok(()));
        group.add_abortable(signal).named("signal");
        group.add_abortable(self.reload()).named("reload");

        group.grace_period(|| {
            let second_signal = self.signals.receive().map(drop);
            or(self.world.after(GRACE_PERIOD), second_signal)
        });
        group.before(tracing)
    }

    /// Logs a span, or that it is lost because the tracer is closed.
    fn span(&self, name: &str) {
        let fate = if self.tracer_closed.is_open() { "lost" } else { "span" };
        self.world.log(format_args!("{fate}: {name}"));
    }

    async fn tracer(&self, interrupted: Interrupted) -> Done {
        interrupted.await;
        self.tracer_closed.open();
        self.world.log("tracer closed");
        Ok(())
    }

    async fn http(&self) -> Done {
        let result = self.http.serve_until(self.http_interrupted.opened(), HTTP_DRAIN).await;
        self.span("http is not healthy");
        result
    }

    fn interrupt_http(&self, cause: &Exit<Done>) {
        self.span("http is not ready");
        if cause.name() != Some("http") {
            self.span("http drains");
            self.http_interrupted.open();
        }
    }

    async fn heartbeat(&self) -> Done {
        while !self.metadata.is_open() {
            self.world.after(2).await;
        }
        self.ready.open();
        self.world.every(30).await
    }

    async fn grpc(&self, mut interrupted: Interrupted) -> Done {
        interrupted.unless(self.ready.opened()).await;
        self.grpc.serve_until(interrupted, GRPC_DRAIN).await
    }

    async fn shipper(&self, mut interrupted: Interrupted) -> Done {
        let timeout = self.world.after(METADATA_TIMEOUT);
        let known = or(self.ready.opened().map(Ok), timeout.map(|()| Err("no metadata")));
        let ship = async {
            known.await?;
            loop {
                self.world.after(30).await;
                self.span("block shipped");
            }
        };
        let result = interrupted.unless(ship).await;
        self.span("shipper cleans up");
        result.unwrap_or(Ok(()))
    }

    async fn reload(&self) -> Done {
        while let Some(()) = self.hangups.receive().await {
            self.span("reloaded");
        }
        Ok(())
    }
}

#[test]
fn tracer_is_closed_last_so_no_span_is_lost() {
    let sidecar = Sidecar::new(true);
    sidecar.metadata.open();
    let mut program = sidecar.world.start(sidecar.group().report());
    program.until(40);
    sidecar.hangups.send(());
    sidecar.http.request(30);
    sidecar.grpc.request(20);
    program.until(50);
    sidecar.signals.send(());
    let exits = program.end();

    assert_eq!(
        sidecar.world.take_log(),
        [
            "30 span: block shipped",
            "40 span: reloaded",
            "50 span: http is not ready",
            "50 span: http drains",
            "50 span: shipper cleans up",
            "60 grpc answers",
            "70 http answers",
            "70 span: http is not healthy",
            "70 tracer closed",
        ]
    );
    assert_eq!(
        lines(&exits),
        [
            "signal returned Ok(())",
            "heartbeat aborted",
            "reloader aborted",
            "reload aborted",
            "shipper returned Ok(()), interrupted",
            "grpc returned Ok(()), interrupted",
            "http returned Ok(()), interrupted",
            "tracer returned Ok(()), interrupted",
        ]
    );
}

#[test]
fn shutdown_before_the_metadata_is_immediate() {
    let sidecar = Sidecar::new(true);
    let mut program = sidecar.world.start(sidecar.group().report());
    program.until(25);
    sidecar.signals.send(());
    assert_eq!(expired(&program.end()), [""; 0]);
    assert_eq!(sidecar.world.now(), 25);
}

#[test]
fn shipper_gives_up_without_metadata() {
    let sidecar = Sidecar::new(true);
    let result = sidecar.world.start(sidecar.group().run()).end();
    assert_eq!(result, Err("no metadata"));
    assert_eq!(sidecar.world.now(), METADATA_TIMEOUT);
}

#[test]
fn drains_run_concurrently_each_with_its_limit() {
    let sidecar = Sidecar::new(true);
    sidecar.metadata.open();
    let mut program = sidecar.world.start(sidecar.group().report());
    program.until(10);
    sidecar.http.request(1000);
    sidecar.grpc.request(1000);
    sidecar.signals.send(());
    let exits = program.end();
    assert_eq!(
        lines(&exits[exits.len() - 3..]),
        [
            "grpc returned Err(\"requests were cut off\"), interrupted",
            "http returned Err(\"requests were cut off\"), interrupted",
            "tracer returned Ok(()), interrupted",
        ]
    );
    assert_eq!(sidecar.world.now(), 10 + HTTP_DRAIN);
}

#[test]
fn second_signal_forces_the_shutdown() {
    let sidecar = Sidecar::new(true);
    sidecar.metadata.open();
    let mut program = sidecar.world.start(sidecar.group().report());
    program.until(10);
    sidecar.http.request(1000);
    sidecar.signals.send(());
    program.until(20);
    sidecar.signals.send(());
    let exits = program.end();
    assert_eq!(expired(&exits), ["http"]);
    assert_eq!(sidecar.world.take_log().last().unwrap(), "20 tracer closed");
}

#[test]
fn failed_http_server_does_not_drain() {
    let sidecar = Sidecar::new(false);
    let mut program = sidecar.world.start(sidecar.group().run());
    program.until(10);
    sidecar.http.request(30);
    sidecar.http.fail("listener closed");
    assert_eq!(program.end(), Err("listener closed"));
    assert_eq!(
        sidecar.world.take_log(),
        ["10 span: http is not healthy", "10 span: http is not ready", "10 tracer closed",]
    );
}

#[test]
fn signal_at_every_poll_loses_no_span_or_request() {
    for uploads in [false, true] {
        let runs = interrupt_at_every_poll(|interrupted| async move {
            let sidecar = Sidecar::new(uploads);
            let mut expected = vec!["tracer closed"];
            let events = async {
                sidecar.world.after(5).await;
                sidecar.http.request(30);
                expected.push("http answers");
                sidecar.grpc.request(20);
                expected.push("grpc answers");
                sidecar.world.after(5).await;
                sidecar.metadata.open();
                sidecar.world.after(5).await;
                sidecar.hangups.send(());
            };
            let stop = || _ = sidecar.signals.send(());
            let program = sidecar.world.start(sidecar.group().report());
            let exits = program.interrupted_by(interrupted, events, stop, 50).await;
            (exits, sidecar.world.take_log(), expected)
        });
        for (exits, log, expected) in &runs {
            assert_eq!(failures(exits), [""; 0]);
            assert_eq!(exits.len(), if uploads { 8 } else { 7 });
            assert_eq!(exits.last().unwrap().name(), Some("tracer"));
            assert!(log.last().unwrap().ends_with("tracer closed"), "{log:#?}");
            assert!(!log.iter().any(|line| line.contains("lost")), "{log:#?}");
            for expected in expected {
                let times = log.iter().filter(|line| line.ends_with(expected)).count();
                assert_eq!(times, 1, "{expected}: {log:#?}");
            }
        }
    }
}

/// The reload is abortable, so a drop at any `.await` must not lose a hangup.
#[test]
fn reload_dropped_at_every_poll_loses_no_hangup() {
    let runs = abort_at_every_poll(|| {
        let (sidecar, sent) = (Rc::new(Sidecar::new(false)), Rc::new(Cell::new(0)));
        let (of_reload, hangups) = (sidecar.clone(), sent.clone());
        let reload = async move {
            let send = async {
                for _ in 0..3 {
                    hangups.set(hangups.get() + 1);
                    of_reload.hangups.send(());
                    yield_now().await;
                }
            };
            join(of_reload.reload(), send).await
        };
        let check = move || {
            sidecar.hangups.close();
            let left = sidecar.hangups.receive().now_or_never().flatten();
            let handled = sidecar.world.take_log().len();
            assert_eq!(handled + left.into_iter().count(), sent.get());
        };
        (reload, check)
    });
    assert_eq!(runs, 5);
}

/// A program that is dropped drops its actors, and so their timers.
#[test]
fn program_dropped_at_every_poll_leaves_no_timer() {
    for uploads in [false, true] {
        let runs = abort_at_every_poll(|| {
            let sidecar = Rc::new(Sidecar::new(uploads));
            let of_program = sidecar.clone();
            let program = async move {
                let shutdown = async {
                    of_program.http.request(30);
                    of_program.world.after(5).await;
                    of_program.metadata.open();
                    of_program.world.after(40).await;
                    of_program.grpc.request(20);
                    of_program.signals.send(());
                };
                let program = of_program.world.start(of_program.group().report());
                program.beside(shutdown, 50).await
            };
            (program, move || assert!(!sidecar.world.has_timers()))
        });
        assert!(runs > 5, "{runs}");
    }
}
