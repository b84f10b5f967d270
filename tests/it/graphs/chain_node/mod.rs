//! A chain node, whose parts run as tasks on an executor with two threads.
//!
//! It has a JSON-RPC server; the network, with a child for each connection; consensus, which takes requests from a
//! channel and asks the database; the database, on a thread that ends when its channel is closed; and an informant, which
//! asks consensus now and then. These stop in three stages: `informant`, `json-rpc` and `network`, then `consensus`, then
//! `database`.
//!
//! By hand, Ctrl-C drops everything, because waiting for the tasks would hang. If consensus panics, the node lives on
//! without it, and its exit code is 0.
//!
//! Here each task is an actor that awaits its handle. If consensus fails, its channel to the database closes before its
//! task is joined, so the database may return first, cleanly. The report still shows consensus. When a second signal
//! forces the shutdown, a task needs a moment until its thread polls it. So each stage gets at least 100 milliseconds.
//!
//! Most tests poll the executor by hand. Those in `threads` run it on two threads.
//!
//! | fault | test |
//! | --- | --- |
//! | consensus fails | `failed_consensus_is_the_result`, `threads::failed_consensus_is_the_result` |
//! | consensus panics | `panicked_consensus_is_the_result`, `threads::panicked_consensus_is_the_result` |
//! | a connection panics on its thread | `panicked_connection_leaves`, `threads::panicked_connection_leaves` |
//! | cleanup fails or panics | `failed_cleanup_is_the_result`, `panicked_cleanup_is_the_result` |
//! | cleanup takes longer than the limit | `long_cleanup_expires` |
//! | the second signal while tasks clean up | `second_signal_leaves_each_stage_a_moment`, `second_signal_ends_a_long_cleanup` |

mod threads;

use std::future::Future;
#[cfg(panic = "unwind")]
use std::panic::catch_unwind;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, Shared};
use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Handle, Interrupted, Report};
use smol::channel::{bounded, unbounded, Receiver, Sender};
use smol::future::{or, pending};
use smol::{Executor, Task};

use super::channel::Channel;
use super::gate::Gate;
use super::report::{expired, place};
use super::shutdown::{exit_code, log_shutdown, Signal, Signals};
use super::world::{Running, World};
use super::Done;

/// The clock counts milliseconds.
const INTERVAL: u64 = 200;
const CLEANUP: u64 = 50;
const GRACE_PERIOD: u64 = 1_000;
/// What each stage gets once the shutdown is forced.
const MOMENT: u64 = 100;

/// Asks for the height of the chain.
type Question = Sender<u64>;

#[derive(Default)]
struct Node {
    world: World,
    executor: Arc<Executor<'static>>,
    /// Whether the database has a thread. Otherwise it is a task.
    has_threads: bool,
    signals: Signals,
    calls: Channel<Question>,
    connections: Channel<(&'static str, Arc<Socket>)>,
    /// How consensus ends, if it does so by itself.
    faults: Channel<End>,
    /// Consensus waits for this when it has ended by itself and closed its channel, before its task is joined.
    joined: Gate,
    /// How long the cleanup of consensus takes, if not `CLEANUP`.
    cleanup: Option<u64>,
    cleanup_end: End,
}

/// How consensus or its cleanup ends.
#[derive(Clone, Copy, Default)]
enum End {
    #[default]
    Returns,
    Fails,
    Panics,
}

impl End {
    fn happen(self) -> Done {
        match self {
            Self::Returns => Ok(()),
            Self::Fails => Err("bad block"),
            Self::Panics => panic!("bad block"),
        }
    }
}

/// What a connection says and hears.
#[derive(Default)]
struct Socket {
    said: Channel<&'static str>,
    heard: Channel<u64>,
}

impl Node {
    fn group(self: &Arc<Self>) -> Group<'static, Done> {
        let (ask, questions) = unbounded();
        let (query, queries) = unbounded();
        let (rpc_ask, network_ask) = (ask.clone(), ask.clone());

        let mut services = Group::new();
        let peers = services.handle();
        let inform = |interrupted| self.spawn(|node| node.inform(ask, interrupted));
        let rpc = |interrupted| self.spawn(|node| node.rpc(rpc_ask, interrupted));
        let listen = |interrupted| self.spawn(|node| node.listen(network_ask, peers, interrupted));
        services.add_abortable(self.signal()).named("signals");
        services.add_with(inform).named("informant");
        services.add_with(rpc).named("json-rpc");
        services.add_with(listen).named("network");

        let mut consensus = Group::new();
        let decide = |interrupted| self.spawn(|node| node.decide(questions, query, interrupted));
        consensus.add_with(decide).named("consensus");

        let mut database = Group::new();
        let answer = self.spawn_database(queries);
        database.add(answer, |_| {}).named("database");

        let mut group = services.before(consensus).before(database);
        let (world, force) = (self.world.clone(), self.signals.force());
        group.grace_period(move || limit(world.clone(), force.clone()));
        log_shutdown(&self.world, &mut group);
        group
    }

    fn spawn<F>(self: &Arc<Self>, task: impl FnOnce(Arc<Self>) -> F) -> Task<Done>
    where
        F: Future<Output = Done> + Send + 'static,
    {
        self.executor.spawn(task(self.clone()))
    }

    fn spawn_database(self: &Arc<Self>, queries: Receiver<Question>) -> Task<Done> {
        match self.has_threads {
            true => smol::unblock(|| smol::block_on(database(queries))),
            false => self.executor.spawn(database(queries)),
        }
    }

    fn signal(&self) -> impl Future<Output = Done> + Send + 'static {
        self.signals.next().map(|_| Ok(()))
    }

    async fn inform(self: Arc<Self>, ask: Sender<Question>, interrupted: Interrupted) -> Done {
        let inform = async {
            loop {
                self.world.after(INTERVAL).await;
                if let Some(height) = height(&ask).await {
                    self.world.log(format_args!("informant: {height}"));
                }
            }
        };
        or(interrupted, inform).await;
        Ok(())
    }

    async fn rpc(self: Arc<Self>, ask: Sender<Question>, mut interrupted: Interrupted) -> Done {
        while let Some(Some(reply)) = interrupted.unless(self.calls.receive()).await {
            if let Some(height) = height(&ask).await {
                let _ = reply.try_send(height);
            }
        }
        Ok(())
    }

    async fn listen(
        self: Arc<Self>,
        ask: Sender<Question>,
        peers: Handle<'static, Done>,
        mut interrupted: Interrupted,
    ) -> Done {
        while let Some(Some(connection)) = interrupted.unless(self.connections.receive()).await {
            let ((address, socket), ask) = (connection, ask.clone());
            peers
                .add_with(|interrupted| self.spawn(|_| serve(socket, ask, interrupted)))
                .stops_if(|_| false)
                .named(address);
        }
        Ok(())
    }

    async fn decide(
        self: Arc<Self>,
        questions: Receiver<Question>,
        database: Sender<Question>,
        mut interrupted: Interrupted,
    ) -> Done {
        let answer = async {
            while let Ok(reply) = questions.recv().await {
                if let Some(height) = height(&database).await {
                    let _ = reply.try_send(height);
                }
            }
            pending().await
        };
        let fault = async { self.faults.receive().await.unwrap() };
        if let Some(end) = interrupted.unless(or(fault, answer)).await {
            drop((questions, database));
            self.joined.opened().await;
            return end.happen();
        }
        self.world.after(self.cleanup.unwrap_or(CLEANUP)).await;
        self.cleanup_end.happen()
    }

    /// Starts a program and, beside it, the executor of its tasks.
    fn start<F: Future>(self: &Arc<Self>, program: F) -> Running<impl Future<Output = F::Output>> {
        let executor = self.executor.clone();
        self.world.start(async move { executor.run(program).await })
    }

    fn connect(&self, address: &'static str) -> Arc<Socket> {
        let socket = Arc::new(Socket::default());
        self.connections.send((address, socket.clone()));
        socket
    }
}

/// Asks for the height of the chain. `None`: there is no answer any more.
async fn height(ask: &Sender<Question>) -> Option<u64> {
    let (reply, height) = bounded(1);
    ask.send(reply).await.ok()?;
    height.recv().await.ok()
}

async fn serve(socket: Arc<Socket>, ask: Sender<Question>, mut interrupted: Interrupted) -> Done {
    while let Some(Some(said)) = interrupted.unless(socket.said.receive()).await {
        match said {
            "panic" => panic!("not a block"),
            "hang" => pending().await,
            _ => match height(&ask).await {
                Some(height) => socket.heard.send(height),
                None => return Err("the chain has no height"),
            },
        };
    }
    Ok(())
}

/// Answers until its channel is closed.
async fn database(queries: Receiver<Question>) -> Done {
    for height in 1.. {
        let Ok(reply) = queries.recv().await else {
            break;
        };
        let _ = reply.try_send(height);
    }
    Ok(())
}

/// The grace period of a stage. Once forced, a stage gets another moment, in which the threads poll its tasks.
async fn limit(world: World, force: Shared<BoxFuture<'static, ()>>) {
    let forced = async {
        force.await;
        world.after(MOMENT).await;
    };
    or(forced, world.after(GRACE_PERIOD)).await;
}

#[test]
fn signal_stops_the_stages_in_order() {
    let node = Arc::new(Node::default());
    let mut program = node.start(node.group().report());
    let socket = node.connect("10.0.0.7:1");
    socket.said.send("height");
    program.until(250);
    let (reply, height) = bounded(1);
    node.calls.send(reply);
    program.until(300);
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!((socket.heard.take(), height.try_recv()), (vec![1], Ok(3)));
    assert_eq!(exit_code(&report), 0);
    assert_eq!(
        node.world.take_log(),
        [
            "200 informant: 2",
            "300 signals returned Ok(())",
            "300 waiting for informant, json-rpc, network, 10.0.0.7:1",
            "300 informant returned Ok(()), interrupted",
            "300 json-rpc returned Ok(()), interrupted",
            "300 network returned Ok(()), interrupted",
            "300 10.0.0.7:1 returned Ok(()), interrupted",
            "300 waiting for consensus",
            "350 consensus returned Ok(()), interrupted",
            "350 database returned Ok(()), interrupted",
        ]
    );
}

/// Runs a node in which consensus ends by itself. Its task is joined after the database has returned.
fn end_consensus<F: Future>(
    end: End,
    run: impl FnOnce(Group<'static, Done>) -> F,
) -> (F::Output, World) {
    let node = Arc::new(Node::default());
    let mut program = node.start(run(node.group()));
    program.until(50);
    node.faults.send(end);
    program.until(60);
    node.joined.open();
    (program.end(), node.world.clone())
}

/// Returns the log of such a node.
fn log_of_ended_consensus(consensus: &str) -> Vec<String> {
    let lines = [
        "50 database returned Ok(())",
        "50 signals aborted",
        "50 waiting for informant, json-rpc, network",
        "50 informant returned Ok(()), interrupted",
        "50 json-rpc returned Ok(()), interrupted",
        "50 network returned Ok(()), interrupted",
        "50 waiting for consensus",
        consensus,
    ];
    lines.map(String::from).into()
}

#[test]
fn failed_consensus_is_the_result() {
    let (report, world) = end_consensus(End::Fails, Group::report);
    let consensus = "60 consensus returned Err(\"bad block\"), interrupted";
    assert_eq!(world.take_log(), log_of_ended_consensus(consensus));
    assert_eq!(exit_code(&report), 1);
    assert_eq!(end_consensus(End::Fails, Group::run).0, Err("bad block"));
}

#[cfg(panic = "unwind")]
#[test]
fn panicked_consensus_is_the_result() {
    let (report, world) = end_consensus(End::Panics, Group::report);
    let consensus = "60 consensus panicked: bad block, interrupted";
    assert_eq!(world.take_log(), log_of_ended_consensus(consensus));
    assert_eq!(exit_code(&report), 1);
    let result = catch_unwind(|| end_consensus(End::Panics, Group::run).0);
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "bad block");
}

#[cfg(panic = "unwind")]
#[test]
fn panicked_connection_leaves() {
    let node = Arc::new(Node::default());
    let mut program = node.start(node.group().report());
    let [bad, good] = ["bad", "good"].map(|address| node.connect(address));
    bad.said.send("panic");
    good.said.send("height");
    program.until(50);
    assert_eq!(node.world.take_log(), ["0 bad panicked: not a block, left"]);
    assert_eq!(good.heard.take(), [1]);
    node.signals.send(Signal::Int);
    assert_eq!(exit_code(&program.end()), 0);
}

/// Runs a node that gets a signal at 50 milliseconds. Returns the output, and the log from `stage` on.
fn clean_up<F: Future>(
    node: Node,
    run: impl FnOnce(Group<'static, Done>) -> F,
) -> (F::Output, Vec<String>) {
    let node = Arc::new(node);
    let mut program = node.start(run(node.group()));
    program.until(50);
    node.signals.send(Signal::Int);
    let output = program.end();
    let mut log = node.world.take_log();
    let stage = log.iter().position(|line| line == "50 waiting for consensus");
    (output, log.split_off(stage.unwrap() + 1))
}

#[test]
fn failed_cleanup_is_the_result() {
    let node = || Node { cleanup_end: End::Fails, ..Node::default() };
    let (report, log) = clean_up(node(), Group::report);
    assert_eq!(
        log,
        [
            "100 consensus returned Err(\"bad block\"), interrupted",
            "100 database returned Ok(()), interrupted",
        ]
    );
    assert_eq!(report.cause().unwrap().name(), Some("signals"));
    assert_eq!(exit_code(&report), 1);
    assert_eq!(clean_up(node(), Group::run).0, Err("bad block"));
}

#[cfg(panic = "unwind")]
#[test]
fn panicked_cleanup_is_the_result() {
    let node = || Node { cleanup_end: End::Panics, ..Node::default() };
    let (report, log) = clean_up(node(), Group::report);
    assert_eq!(log[0], "100 consensus panicked: bad block, interrupted");
    assert_eq!(log.last().unwrap(), "100 database returned Ok(()), interrupted");
    assert_eq!(exit_code(&report), 1);
    assert!(catch_unwind(|| clean_up(node(), Group::run)).is_err());
}

/// Dropping its handle cancels the task. That closes the channel of the database.
#[test]
fn long_cleanup_expires() {
    let node = Node { cleanup: Some(GRACE_PERIOD + 1), ..Node::default() };
    let (report, log) = clean_up(node, Group::report);
    assert_eq!(
        log,
        [
            "1050 consensus expired",
            "1050 waiting for database", // until a thread has dropped the task
            "1050 database returned Ok(()), interrupted",
        ]
    );
    assert_eq!(expired(&report), ["consensus"]);
    assert_eq!(exit_code(&report), 1);
}

/// The connection hangs. Consensus and the database are interrupted after the force, and still return.
#[test]
fn second_signal_leaves_each_stage_a_moment() {
    for together in [true, false] {
        let node = Arc::new(Node::default());
        let mut program = node.start(node.group().report());
        let _socket = node.connect("10.0.0.7:1");
        _socket.said.send("hang");
        program.until(50);
        node.signals.send(Signal::Int);
        if !together {
            program.until(70);
        }
        node.signals.send(Signal::Int);
        let report = program.end();
        let forced = if together { 50 } else { 70 };
        let log = node.world.take_log();
        let end = [
            (forced + MOMENT, "10.0.0.7:1 expired"),
            (forced + MOMENT, "waiting for consensus"),
            (forced + MOMENT + CLEANUP, "consensus returned Ok(()), interrupted"),
            (forced + MOMENT + CLEANUP, "database returned Ok(()), interrupted"),
        ];
        let end = end.map(|(time, line)| format!("{time} {line}"));
        assert!(log.ends_with(&end), "{log:#?}");
        assert_eq!(expired(&report), ["10.0.0.7:1"]);
        assert_eq!(exit_code(&report), 1);
    }
}

#[test]
fn second_signal_ends_a_long_cleanup() {
    let node = Arc::new(Node { cleanup: Some(500), ..Node::default() });
    let mut program = node.start(node.group().report());
    program.until(50);
    node.signals.send(Signal::Int);
    program.until(70);
    node.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(expired(&report), ["consensus"]);
    assert_eq!(node.world.now(), 70 + MOMENT);
    assert_eq!(report.last().unwrap().name(), Some("database"));
    assert!(!report.last().unwrap().is_failure());
}

/// Checks that the first stage has ended before the others.
#[track_caller]
fn check_order(report: &Report<Done>) {
    for service in ["signals", "informant", "json-rpc", "network"] {
        for later in ["consensus", "database"] {
            assert!(place(report, service) < place(report, later), "{report}");
        }
    }
}

#[test]
fn signal_at_every_poll_stops_the_stages_in_order() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let node = Arc::new(Node::default());
        let events = async {
            for address in ["one", "two", "three"] {
                node.world.after(70).await;
                node.connect(address).said.send("height");
            }
        };
        let stop = || node.signals.send(Signal::Int);
        let program = node.start(node.group().report());
        program.interrupted_by(interrupted, events, stop, 300).await
    });
    for report in &runs {
        assert_eq!(report[0].to_string(), "signals returned Ok(())");
        assert_eq!(exit_code(report), 0, "{report}");
        check_order(report);
    }
}
