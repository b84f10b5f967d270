//! Thanos receive (thanos-io/thanos, cmd/thanos/receive.go).
//!
//! It has fourteen actors. Two of them depend on each other during the shutdown. The storage flushes, announces that no
//! more blocks follow, waits for the uploader's last upload, and closes. The uploader waits for that announcement,
//! uploads the rest, and announces that it is done.
//!
//! A hashring comes from a file that is watched. The consumer passes it to the storage as a change. When the consumer
//! returns, there are no more changes, so the storage returns as well.
//!
//! In Go, either of the two may be interrupted first, but both must be. If one never answers, the other waits forever,
//! and so does the group.
//!
//! Here the same handshake completes, in both orders of adding. If one side is missing, the grace period ends the
//! shutdown, and the report names the side that waits. No actor is dropped before that.

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Interrupted};
use smol::future::{or, pending};

use super::channel::Channel;
use super::gate::Gate;
use super::report::{expired, failures};
use super::server::Server;
use super::world::World;
use super::Done;

const FLUSH: u64 = 5;
const UPLOAD: u64 = 20;
const GRACE_PERIOD: u64 = 60;

struct Receive {
    world: World,
    /// Whether the uploader is added before the storage.
    uploader_first: bool,
    /// The actor that is not added, although the others depend on it.
    missing: Option<&'static str>,

    signal: Gate,
    /// The hashrings in the file, as numbers. 0 is an invalid one.
    file: Channel<u32>,
    http: Server,
    grpc: Server,
    ingest_http: Server,
    rpc: Server,

    hashrings: Channel<u32>,
    changes: Channel<()>,
    blocks: Channel<()>,
    uploaded: Gate,
}

impl Receive {
    fn new() -> Self {
        let world = World::default();
        Self {
            uploader_first: false,
            missing: None,
            signal: Gate::default(),
            file: Channel::default(),
            http: Server::new(&world, "http"),
            grpc: Server::new(&world, "grpc"),
            ingest_http: Server::new(&world, "ingest http"),
            rpc: Server::new(&world, "rpc"),
            hashrings: Channel::default(),
            changes: Channel::default(),
            blocks: Channel::default(),
            uploaded: Gate::default(),
            world,
        }
    }

    fn group(&self) -> Group<'_, Done> {
        let mut group = Group::new();
        group.add_abortable(pending()).named("tracer");
        if self.uploader_first {
            self.add_uploader(&mut group);
        }
        if self.missing != Some("storage") {
            group.add_with(|interrupted| self.storage(interrupted)).named("storage");
        }
        if !self.uploader_first {
            self.add_uploader(&mut group);
        }
        group.add_with(|interrupted| self.hashring_source(interrupted)).named("hashring source");
        group
            .add_with(|interrupted| self.hashring_consumer(interrupted))
            .named("hashring consumer");
        for server in [&self.http, &self.grpc, &self.ingest_http] {
            self.add_server(&mut group, server);
        }
        group.add_abortable(self.world.every(15)).named("limits poller");
        group.add_abortable(self.world.every(7200)).named("prune");
        group.add_abortable(self.world.every(60)).named("limits reloader");
        self.add_server(&mut group, &self.rpc);
        group.add_abortable(self.signal.opened().map(Ok)).named("signal");
        group.add_abortable(pending()).named("reload");

        group.grace_period(|| self.world.after(GRACE_PERIOD));
        self.world.keep_waits(&mut group);
        group
    }

    fn add_uploader<'a>(&'a self, group: &mut Group<'a, Done>) {
        if self.missing != Some("uploader") {
            group.add_with(|interrupted| self.uploader(interrupted)).named("uploader");
        }
    }

    fn add_server<'a>(&'a self, group: &mut Group<'a, Done>, server: &'a Server) {
        group
            .add_with(|interrupted| server.serve_until(interrupted, GRACE_PERIOD))
            .named(server.name());
    }

    async fn storage(&self, mut interrupted: Interrupted) -> Done {
        loop {
            let changed = async {
                let change = self.changes.receive().await;
                change.ok_or("storage: no more changes")
            };
            let stopped = (&mut interrupted).map(|()| Err("storage: interrupted"));
            match or(changed, stopped).await {
                Ok(()) => {
                    self.world.log("storage: cuts a block for a new hashring");
                    self.blocks.send(());
                }
                Err(reason) => {
                    self.world.log(reason);
                    break;
                }
            }
        }
        self.world.after(FLUSH).await;
        self.world.log("storage: flushed");
        self.blocks.close();
        self.uploaded.opened().await;
        self.world.log("storage: closed");
        Ok(())
    }

    async fn uploader(&self, mut interrupted: Interrupted) -> Done {
        let upload = async {
            while let Some(()) = self.blocks.receive().await {
                self.world.log("uploader: uploads a block");
            }
        };
        interrupted.unless(upload).await;
        self.world.log("uploader: interrupted");
        while let Some(()) = self.blocks.receive().await {}
        self.world.after(UPLOAD).await;
        self.world.log("uploader: uploaded the last block");
        self.uploaded.open();
        Ok(())
    }

    async fn hashring_source(&self, mut interrupted: Interrupted) -> Done {
        let watch = async {
            while let Some(hashring) = self.file.receive().await {
                self.hashrings.send(hashring);
            }
        };
        interrupted.unless(watch).await;
        self.hashrings.close();
        Ok(())
    }

    async fn hashring_consumer(&self, interrupted: Interrupted) -> Done {
        let consume = async {
            while let Some(hashring) = self.hashrings.receive().await {
                if hashring == 0 {
                    return Err("bad hashring");
                }
                self.world.log(format_args!("consumer: hashring {hashring}"));
                self.changes.send(());
            }
            Ok(())
        };
        let result = or(consume, interrupted.map(Ok)).await;
        self.changes.close();
        result
    }
}

/// Runs the program for 100 seconds, and stops it with a request in progress. Returns the actors that expired, and the
/// log.
fn stop(receive: &Receive) -> (Vec<String>, Vec<String>) {
    let mut program = receive.world.start(receive.group().report());
    program.until(100);
    receive.ingest_http.request(50);
    receive.signal.open();
    let exits = program.end();
    assert_eq!(exits[0].to_string(), "signal returned Ok(())");
    let expired = expired(&exits).into_iter().map(String::from).collect();
    (expired, receive.world.take_log())
}

#[test]
fn storage_and_uploader_finish_in_either_order() {
    for (uploader_first, interrupted) in [
        (false, ["100 storage: interrupted", "100 uploader: interrupted"]),
        (true, ["100 uploader: interrupted", "100 storage: interrupted"]),
    ] {
        let receive = Receive { uploader_first, ..Receive::new() };
        let (expired, log) = stop(&receive);
        assert_eq!(log[..2], interrupted);
        assert_eq!(
            log[2..],
            [
                "105 storage: flushed",
                "125 uploader: uploaded the last block",
                "125 storage: closed",
                "150 ingest http answers",
            ]
        );
        assert_eq!(expired, [""; 0]);
    }
}

#[test]
fn side_that_waits_for_a_missing_one_expires() {
    for (missing, waits, steps) in [
        ("uploader", "storage", &["100 storage: interrupted", "105 storage: flushed"][..]),
        ("storage", "uploader", &["100 uploader: interrupted"]),
    ] {
        let receive = Receive { missing: Some(missing), ..Receive::new() };
        let (expired, log) = stop(&receive);
        assert_eq!(receive.world.last_wait(), waits);
        assert_eq!(expired, [waits]);
        assert_eq!(log, [steps, &["150 ingest http answers"]].concat());
        assert_eq!(receive.world.now(), 100 + GRACE_PERIOD);
    }
}

/// The storage is interrupted as well, but returns because there are no more changes.
#[test]
fn exit_of_the_consumer_ends_the_storage() {
    let receive = Receive::new();
    let mut program = receive.world.start(receive.group().report());
    program.until(100);
    receive.file.send(0);
    let exits = program.end();
    assert_eq!(exits[0].to_string(), "hashring consumer returned Err(\"bad hashring\")");
    assert_eq!(receive.world.take_log()[0], "100 storage: no more changes");
}

#[test]
fn signal_at_every_poll_completes_the_handshake() {
    for uploader_first in [false, true] {
        let runs = interrupt_at_every_poll(|interrupted| async move {
            let receive = Receive { uploader_first, ..Receive::new() };
            let mut requests = 0;
            let events = async {
                for hashring in 1..4 {
                    receive.world.after(10).await;
                    receive.file.send(hashring);
                    receive.ingest_http.request(7);
                    requests += 1;
                }
            };
            let program = receive.world.start(receive.group().report());
            let stop = || receive.signal.open();
            let exits = program.interrupted_by(interrupted, events, stop, 45).await;
            (exits, receive.world.take_log(), requests)
        });
        for (exits, log, requests) in &runs {
            assert_eq!(failures(exits), [""; 0]);
            assert_eq!(exits.len(), 14);
            assert_eq!(exits[0].to_string(), "signal returned Ok(())");
            let ends = |end: &str| log.iter().filter(|line| line.ends_with(end)).count();
            assert_eq!(ends("ingest http answers"), *requests);
            let handshake = ["flushed", "the last block", "storage: closed"];
            let steps = log.iter().filter_map(|line| {
                let step = handshake.iter().find(|step| line.ends_with(*step));
                step.copied()
            });
            assert_eq!(steps.collect::<Vec<_>>(), handshake, "{log:#?}");
        }
    }
}
