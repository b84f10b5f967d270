//! An HTTP server crate, which other programs embed.
//!
//! It has a `Config` with `run`, which serves until it is stopped, and `handle`, whose `stop` asks for the shutdown and
//! returns when it has finished. Its actors are a listener, the signals, and a child for each connection. When the
//! shutdown begins, a connection finishes its request, and an idle one closes at once.
//!
//! By hand, each connection has a guard of a shared shutdown object. The log shows how many there are, and the second
//! signal ends the process. Here `Waiting::len` is that number. The second signal drops what hangs, and the log shows its
//! address.
//!
//! Nothing is tied to an executor: the embedding program passes the listener and the timer.
//!
//! | fault | test |
//! | --- | --- |
//! | a handler panics | `panicking_handler_ends_its_connection` |
//! | a handler hangs | `second_signal_drops_the_hanging_client` |
//! | 70 clients reset their connections | `sockets::seventy_resets_stop_nothing`, `client_lost_in_the_shutdown_is_no_failure` |
//! | too many open files | `listener_pauses_without_files` |
//! | the listener fails for good | `lost_listener_finishes_the_requests` |
//! | `stop` before the first poll, while it runs, twice, after the end | `stop_before_the_first_poll`, `stop_waits_for_the_end`, `stop_after_the_end_returns_at_once`; without a run: `stop_of_a_dropped_config_returns` |

mod connection;
#[cfg(unix)]
mod sockets;

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use futures::future::{join, join_all, BoxFuture, FutureExt};
use futures::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use futures::stream::{BoxStream, Stream, StreamExt};
use run_group::testing::interrupt_at_every_poll;
use run_group::{Group, Handle, Interrupted, Report};
use smol::channel::{bounded, Receiver, Sender};

use self::connection::{connect, Client, Connection};
use super::channel::Channel;
use super::report::expired;
#[cfg(panic = "unwind")]
use super::report::names;
use super::shutdown::{exit_code, hang, Signal, Signals};
use super::world::World;

/// How long a request takes. The clock counts milliseconds.
const WORK: u64 = 200;
/// How long the listener waits when it cannot accept a client.
const PAUSE: u64 = 100;

type Done = io::Result<()>;

/// What the embedding program provides.
#[derive(Clone)]
struct Runtime {
    world: World,
    sleep: Arc<dyn Fn(u64) -> BoxFuture<'static, ()> + Send + Sync>,
}

/// A server before it runs.
struct Config<L> {
    listener: L,
    runtime: Runtime,
    signals: Signals,
    group: Group<'static, Done>,
    handle: ServerHandle,
    /// Dropped when the server has ended.
    running: Sender<Infallible>,
}

#[derive(Clone)]
struct ServerHandle {
    group: Handle<'static, Done>,
    ended: Receiver<Infallible>,
}

impl<L, C> Config<L>
where
    L: Stream<Item = io::Result<(String, C)>> + Unpin + Send + 'static,
    C: AsyncRead + AsyncWrite + Send + 'static,
{
    fn new(listener: L, runtime: Runtime, signals: Signals) -> Self {
        let mut group = Group::new();
        let (running, ended) = bounded(1);
        let handle = ServerHandle { group: group.handle(), ended };
        Self { listener, runtime, signals, group, handle, running }
    }

    fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    async fn run(self) -> Report<Done> {
        let Self { mut group, runtime, signals, .. } = self;
        let (world, clients) = (runtime.world.clone(), self.handle.group);
        let _running = self.running; // until the group has ended
        let listener = |interrupted| listen(self.listener, clients, runtime, interrupted);
        group.add_with(listener).named("listener");
        group.add_abortable(signals.next().map(|_| Ok(()))).named("signals");
        group.grace_period(move || signals.next());
        world.log_exits(&mut group);
        group.on_wait(move |waiting| {
            let guards = waiting.len();
            world.log(format_args!("shutting down, waiting for {guards} guards: {waiting}"));
        });
        group.report().await
    }
}

impl ServerHandle {
    /// Asks for the shutdown. Returns a future that waits for its end. The log shows the line that called this.
    #[track_caller]
    fn stop(&self) -> impl Future<Output = ()> {
        self.group.stop(Ok(()));
        let ended = self.ended.clone();
        async move { assert!(ended.recv().await.is_err()) }
    }

    /// Returns what runs.
    fn running(&self) -> impl Future<Output = Vec<String>> {
        let running = self.group.running();
        running.map(|running| running.iter().map(ToString::to_string).collect())
    }
}

/// Accepts clients, each as a child with the name of its address.
async fn listen<C: AsyncRead + AsyncWrite + Send + 'static>(
    mut listener: impl Stream<Item = io::Result<(String, C)>> + Unpin,
    clients: Handle<'static, Done>,
    runtime: Runtime,
    mut interrupted: Interrupted,
) -> Done {
    while let Some(Some(client)) = interrupted.unless(listener.next()).await {
        match client {
            Ok((address, client)) => clients
                .add_with(|interrupted| {
                    serve(client, address.clone(), runtime.clone(), interrupted)
                })
                .stops_if(|_| false)
                .named(address),
            Err(error) if is_lost(&error) => return Err(error),
            Err(error) => {
                runtime.world.log(format_args!("cannot accept: {error}"));
                interrupted.unless((runtime.sleep)(PAUSE)).await;
            }
        }
    }
    Ok(())
}

/// Returns whether the error means that the listener can no longer be used.
fn is_lost(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput)
}

/// Serves a client until it disconnects or, once interrupted, until its request is answered.
///
/// A lost client is no failure of the server, not even if it is lost during the shutdown.
async fn serve<C: AsyncRead + AsyncWrite>(
    client: C,
    address: String,
    runtime: Runtime,
    interrupted: Interrupted,
) -> Done {
    if let Err(error) = answer(client, &address, &runtime, interrupted).await {
        runtime.world.log(format_args!("{address}: {error}"));
    }
    Ok(())
}

async fn answer<C: AsyncRead + AsyncWrite>(
    client: C,
    address: &str,
    runtime: &Runtime,
    mut interrupted: Interrupted,
) -> Done {
    let (requests, mut answers) = client.split();
    let mut requests = BufReader::new(requests).lines();
    while let Some(Some(request)) = interrupted.unless(requests.next()).await {
        match request?.as_str() {
            "panic" => panic!("the handler has a bug"),
            "hang" => match hang(&runtime.world, address, interrupted.clone()).await {},
            _ => (runtime.sleep)(WORK).await,
        }
        answers.write_all(b"answered\n").await?;
    }
    answers.close().await
}

/// What surrounds a server in a test.
#[derive(Default)]
struct Outside {
    world: World,
    signals: Signals,
    connections: Arc<Channel<io::Result<(String, Connection)>>>,
}

impl Outside {
    fn config(&self) -> Config<BoxStream<'static, io::Result<(String, Connection)>>> {
        let (world, clock) = (self.world.clone(), self.world.clone());
        let sleep = Arc::new(move |time| clock.after(time).boxed());
        let connections = self.connections.stream().boxed();
        Config::new(connections, Runtime { world, sleep }, self.signals.clone())
    }

    fn connect(&self, address: &str) -> Client {
        let (client, connection) = connect();
        self.connections.send(Ok((address.into(), connection)));
        client
    }

    fn fail(&self, error: impl Into<io::Error>) {
        self.connections.send(Err(error.into()));
    }
}

#[test]
fn signal_finishes_requests_and_closes_idle_clients() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let [busy, idle, left] = ["busy", "idle", "left"].map(|address| outside.connect(address));
    left.send("hello");
    program.until(250);
    left.leave();
    program.until(300);
    busy.send("hello");
    program.until(400);
    outside.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(
        outside.world.take_log(),
        [
            "250 left returned Ok(()), left",
            "400 signals returned Ok(())",
            "400 listener returned Ok(()), interrupted",
            "400 idle returned Ok(()), interrupted",
            "400 shutting down, waiting for 1 guards: busy",
            "500 busy returned Ok(()), interrupted",
        ]
    );
    assert_eq!(exit_code(&report), 0);
    assert!(idle.is_closed());
    for client in [busy, left] {
        assert_eq!(client.received(), "answered\n");
        assert!(client.is_closed());
    }
}

#[test]
fn status_lists_the_clients() {
    let outside = Outside::default();
    let config = outside.config();
    let server = config.handle();
    let mut program = outside.world.start(config.run());
    let _clients = ["10.0.0.7:1", "10.0.0.8:1"].map(|address| outside.connect(address));
    program.until(10);
    let running = server.running();
    program.until(11);
    let all = ["listener", "signals", "10.0.0.7:1", "10.0.0.8:1"];
    assert_eq!(running.now_or_never().unwrap(), all);
}

#[cfg(panic = "unwind")]
#[test]
fn panicking_handler_ends_its_connection() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let [bad, good] = ["bad", "good"].map(|address| outside.connect(address));
    bad.send("panic");
    good.send("hello");
    program.until(300);
    let line = "0 bad panicked: the handler has a bug, left";
    assert_eq!(outside.world.take_log(), [line]);
    assert_eq!(good.received(), "answered\n");
    outside.signals.send(Signal::Term);
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    assert_eq!(names(&report), ["listener", "signals", "good"]);
}

/// The second signal drops it at once. It was interrupted before, and is polled one last time.
#[test]
fn second_signal_drops_the_hanging_client() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let [hangs, busy] = ["10.0.0.7:1", "10.0.0.8:1"].map(|address| outside.connect(address));
    hangs.send("hang");
    program.until(100);
    busy.send("hello");
    outside.signals.send(Signal::Int);
    program.until(1_000);
    outside.world.take_log();
    outside.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(
        outside.world.take_log(),
        ["1000 10.0.0.7:1 is polled, interrupted", "1000 10.0.0.7:1 expired",]
    );
    assert_eq!(expired(&report), ["10.0.0.7:1"]);
    assert_eq!(exit_code(&report), 1);
    assert_eq!(outside.world.now(), 1_000);
}

/// Two signals that arrive together: each actor is interrupted and polled one last time.
#[test]
fn two_signals_at_once_interrupt_everything() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let [idle, hangs, busy] = ["idle", "hangs", "busy"].map(|address| outside.connect(address));
    hangs.send("hang");
    busy.send("hello");
    program.until(100);
    outside.world.take_log();
    outside.signals.send(Signal::Int);
    outside.signals.send(Signal::Int);
    let report = program.end();
    assert_eq!(
        outside.world.take_log(),
        [
            "100 signals returned Ok(())",
            "100 listener returned Ok(()), interrupted",
            "100 idle returned Ok(()), interrupted",
            "100 hangs is polled, interrupted",
            "100 hangs expired",
            "100 busy expired",
        ]
    );
    assert_eq!(exit_code(&report), 1);
    assert!(idle.is_closed());
}

#[test]
fn client_lost_in_the_shutdown_is_no_failure() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let client = outside.connect("10.0.0.7:1");
    client.send("hello");
    program.until(100);
    outside.signals.send(Signal::Int);
    program.until(150);
    client.reset();
    let report = program.end();
    assert_eq!(exit_code(&report), 0);
    let log = outside.world.take_log();
    let end = ["200 10.0.0.7:1: connection reset", "200 10.0.0.7:1 returned Ok(()), interrupted"];
    assert!(log.ends_with(&end.map(String::from)), "{log:#?}");
}

#[test]
fn listener_pauses_without_files() {
    const TOO_MANY_OPEN_FILES: i32 = 24;
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    for _ in 0..3 {
        outside.fail(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES));
    }
    let client = outside.connect("10.0.0.7:1");
    client.send("hello");
    program.until(299);
    assert_eq!(client.received(), "");
    program.until(500);
    assert_eq!(client.received(), "answered\n");
    let log = outside.world.take_log();
    assert_eq!(log.len(), 3);
    for (line, pause) in log.iter().zip([0, 100, 200]) {
        assert!(line.starts_with(&format!("{pause} cannot accept: ")), "{log:#?}");
    }
    // The shutdown does not wait for the pause.
    outside.fail(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES));
    program.until(550);
    outside.signals.send(Signal::Int);
    assert_eq!(exit_code(&program.end()), 0);
    assert_eq!(outside.world.now(), 550);
}

#[test]
fn lost_listener_finishes_the_requests() {
    let outside = Outside::default();
    let mut program = outside.world.start(outside.config().run());
    let clients = ["10.0.0.7:1", "10.0.0.8:1"].map(|address| outside.connect(address));
    program.until(100);
    clients.iter().for_each(|client| client.send("hello"));
    outside.fail(ErrorKind::InvalidInput);
    let report = program.end();
    assert_eq!(
        outside.world.take_log(),
        [
            "100 listener returned Err(Kind(InvalidInput))",
            "100 signals aborted",
            "100 shutting down, waiting for 2 guards: 10.0.0.7:1, 10.0.0.8:1",
            "300 10.0.0.7:1 returned Ok(()), interrupted",
            "300 10.0.0.8:1 returned Ok(()), interrupted",
        ]
    );
    assert_eq!(clients.map(|client| client.received()), ["answered\n"; 2]);
    assert_eq!(exit_code(&report), 1);
}

/// The listener starts and is interrupted.
#[test]
fn stop_before_the_first_poll() {
    let outside = Outside::default();
    let config = outside.config();
    let server = config.handle();
    let mut stopped = server.stop().boxed();
    assert!(stopped.as_mut().now_or_never().is_none());
    let report = outside.world.start(config.run()).end();
    assert_eq!(exit_code(&report), 0);
    assert_eq!(report.len(), 3);
    assert_eq!(stopped.now_or_never(), Some(()));
}

/// It is called once, or twice at the same time.
#[test]
fn stop_waits_for_the_end() {
    for calls in [1, 2] {
        let outside = Outside::default();
        let config = outside.config();
        let (world, server) = (&outside.world, &config.handle());
        let client = outside.connect("10.0.0.7:1");
        client.send("hello");
        let line = line!() + 3;
        let stop = |_| async move {
            world.after(50).await;
            server.stop().await;
            world.now()
        };
        let stops = join_all((0..calls).map(stop));
        let (report, stopped) = world.start(join(config.run(), stops)).end();
        assert_eq!(stopped, vec![WORK; calls]);
        assert_eq!(report.cause().unwrap().location().line(), line);
        assert_eq!(exit_code(&report), 0);
        assert_eq!(client.received(), "answered\n");
    }
}

#[test]
fn stop_after_the_end_returns_at_once() {
    let outside = Outside::default();
    let config = outside.config();
    let server = config.handle();
    outside.signals.send(Signal::Int);
    let report = outside.world.start(config.run()).end();
    assert_eq!(report.len(), 2);
    assert_eq!(server.stop().now_or_never(), Some(()));
    assert_eq!(server.running().now_or_never(), Some(Vec::new()));
}

#[test]
fn stop_of_a_dropped_config_returns() {
    let outside = Outside::default();
    let config = outside.config();
    let server = config.handle();
    let stopped = server.stop();
    drop(config);
    assert_eq!(stopped.now_or_never(), Some(()));
}

/// A request that was begun is answered, whenever the signal arrives. No other request is read.
#[test]
fn signal_at_every_poll_answers_what_was_begun() {
    let runs = interrupt_at_every_poll(|interrupted| async move {
        let outside = Outside::default();
        let mut clients = Vec::new();
        let events = async {
            for address in ["one", "two", "three"] {
                outside.world.after(50).await;
                let client = outside.connect(address);
                client.send("hello");
                client.send("again");
                clients.push(client);
            }
        };
        let stop = || outside.signals.send(Signal::Int);
        let program = outside.world.start(outside.config().run());
        let report = program.interrupted_by(interrupted, events, stop, 1_000).await;
        (report, clients)
    });
    for (report, clients) in &runs {
        assert_eq!(exit_code(report), 0, "{report}");
        assert_eq!(report[0].name(), Some("signals"));
        for client in clients {
            let begun = 2 - client.unread();
            assert_eq!(client.received(), "answered\n".repeat(begun));
            assert!(client.is_closed() || begun == 0);
        }
    }
    assert_eq!(runs[0].0.len(), 2);
    assert_eq!(runs.last().unwrap().0.len(), 5);
}
