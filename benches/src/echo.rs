//! An echo server over loopback. It shows what a group adds to work that consists of system calls.
//!
//! The server is one future, which serves all its connections on this thread. The client has a thread of its own. It
//! writes a message to each connection, and then reads each answer. The connections stay open from one turn to the
//! next.
//!
//! Both threads run on one core. Otherwise the system decides where the client runs, and waking another core can take
//! longer than the rest of a round trip.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use run_group::Group;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::{Async, LocalExecutor};
use tokio::runtime::Builder;

use crate::subjects::Turn;

/// How many round trips each connection makes in a round.
pub const TRIPS: u32 = 10;
/// How many bytes a message has.
const SIZE: usize = 32;
/// How long the client waits for an answer before it panics.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Calls `then` with this thread, and all threads that it starts in it, on one core.
pub fn on_one_core(then: impl FnOnce()) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{sched_getaffinity, sched_setaffinity, CpuSet};

        let all = sched_getaffinity(None).expect("the cores of this thread");
        let mut one = CpuSet::new();
        let first = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core));
        one.set(first.expect("this thread runs on a core"));
        sched_setaffinity(None, &one).expect("it may choose among them");
        then();
        sched_setaffinity(None, &all).expect("it may choose among them");
    }
    #[cfg(not(target_os = "linux"))]
    then();
}

/// A server. It returns its connections when it has answered every message.
type Server<S> = Pin<Box<dyn Future<Output = Vec<S>> + Send>>;

/// Returns the turns of a server with this many connections, by wall-clock time.
pub fn turns(what: &str, connections: usize) -> Turn {
    let (streams, client) = connect(connections);
    if let Some(what) = what.strip_suffix("-on-tokio") {
        return on_tokio(what == "group", streams, client);
    }
    let executor = LocalExecutor::new();
    let run: fn(&LocalExecutor<'_>, _) -> _ = match what {
        "alone" => |_, server| smol::block_on(server),
        "group" => |_, server| smol::block_on(in_group(server)),
        "smol-task" => |executor, server| smol::block_on(executor.run(executor.spawn(server))),
        _ => panic!("`{what}` is no server"),
    };
    let streams: Result<Vec<_>, _> = streams.into_iter().map(Async::new).collect();
    let echo = |mut stream: Async<TcpStream>, trips| async move {
        let mut message = [0; SIZE];
        for _ in 0..trips {
            stream.read_exact(&mut message).await.expect("the message");
            stream.write_all(&message).await.expect("the answer");
        }
        stream
    };
    let run = move |server| run(&executor, server);
    serve(streams.expect("smol's reactor"), client, echo, run)
}

/// On Tokio's reactor: a task, or a group instead of it.
fn on_tokio(in_a_group: bool, streams: Vec<TcpStream>, client: Sender<u32>) -> Turn {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    let runtime = Builder::new_current_thread().enable_io().build();
    let runtime = runtime.expect("Tokio's reactor");
    let context = runtime.enter();
    let streams: Result<Vec<_>, _> = streams.into_iter().map(TcpStream::from_std).collect();
    drop(context);
    let echo = |mut stream: TcpStream, trips| async move {
        let mut message = [0; SIZE];
        for _ in 0..trips {
            stream.read_exact(&mut message).await.expect("the message");
            stream.write_all(&message).await.expect("the answer");
        }
        stream
    };
    let run = move |server| match in_a_group {
        true => runtime.block_on(in_group(server)),
        false => runtime.block_on(async { tokio::spawn(server).await.expect("the server") }),
    };
    serve(streams.expect("Tokio's reactor"), client, echo, run)
}

/// Returns turns in which `run` runs the server.
fn serve<S: Send + 'static, E: Future<Output = S> + Send + 'static>(
    mut streams: Vec<S>,
    client: Sender<u32>,
    echo: impl Fn(S, u32) -> E + 'static,
    run: impl Fn(Server<S>) -> Vec<S> + 'static,
) -> Turn {
    Box::new(move |rounds| {
        let echoes = streams.drain(..).map(|stream| echo(stream, rounds * TRIPS));
        let server = Box::pin(echoes.collect::<FuturesUnordered<_>>().collect());
        let start = Instant::now();
        client.send(rounds).expect("the client has panicked");
        streams = run(server);
        start.elapsed()
    })
}

/// Returns a group of the server and two other actors.
async fn in_group<S: Send>(server: Server<S>) -> Vec<S> {
    let mut group = Group::new();
    group.add(server, |_| {});
    for _ in 0..2 {
        group.add_with(|interrupted| async {
            interrupted.await;
            Vec::new()
        });
    }
    group.await.unwrap_or_default()
}

/// Returns the server's side of new connections, and a channel to their client, which starts to write when it gets a
/// number of rounds.
fn connect(connections: usize) -> (Vec<TcpStream>, Sender<u32>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let at = listener.local_addr().expect("an address");
    let connect = |_| -> std::io::Result<_> {
        let client = TcpStream::connect(at)?;
        let (server, _) = listener.accept()?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        client.set_read_timeout(Some(TIMEOUT))?;
        server.set_nonblocking(true)?;
        Ok((client, server))
    };
    let pairs: Result<Vec<_>, _> = (0..connections).map(connect).collect();
    let (mut clients, servers): (Vec<_>, Vec<_>) = pairs.expect("loopback").into_iter().unzip();
    let (client, asked) = mpsc::channel();
    thread::spawn(move || {
        let mut message = [7; SIZE];
        for rounds in asked {
            for _ in 0..rounds * TRIPS {
                for client in &mut clients {
                    client.write_all(&message).expect("the message");
                }
                for client in &mut clients {
                    client.read_exact(&mut message).expect("the answer");
                }
            }
        }
    });
    (servers, client)
}
