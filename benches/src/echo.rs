//! An echo server over loopback, whose clients come and go. It shows what a group adds to work that consists of system
//! calls.
//!
//! The server has this thread. A listener accepts clients in a loop, and each client is an actor, or a task, or a
//! future in one actor. The clients have a thread of their own. They write a message to each connection, and then read
//! each answer.
//!
//! Both threads run on one core. Otherwise the system decides where the clients run, and waking another core can take
//! longer than the rest of a round trip.

use std::future::{poll_fn, Future};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::pin::{pin, Pin};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{select, Either};
use futures_util::stream::{unfold, StreamExt, TryStreamExt};
use run_group::{Group, Interrupted};
use smol::LocalExecutor;
use tokio::runtime::Builder;

use crate::pairs::rounds_of_process;
use crate::subjects::Turn;

/// What the clients do in a round.
#[derive(Clone, Copy, Debug)]
pub enum Clients {
    /// This many stay connected, from one turn to the next. Each makes [`TRIPS`] round trips in a round.
    Stay(usize),
    /// This many at a time connect, make one round trip each, and disconnect, [`TRIPS`] times in a round.
    ComeAndGo(usize),
}

/// How many round trips a round has. In shorter turns, it matters too much how a runtime begins and ends its work.
pub const TRIPS: u32 = 8;
/// How many bytes a message has.
const SIZE: usize = 32;
/// How long a client waits for an answer before it fails.
const TIMEOUT: Duration = Duration::from_secs(10);

const FAILED: &str = "the clients failed";

/// What each actor and each task returns.
type Output = io::Result<()>;

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

/// Returns the turns of a server, by the CPU time of both threads.
pub fn turns(what: &str, clients: Clients) -> Turn {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let ask = start(listener.local_addr().expect("an address"), clients);
    let mut serve_until = server(what, listener);
    Box::new(rounds_of_process(move |rounds| {
        let (done, is_done) = oneshot::channel();
        ask.send((rounds * TRIPS, done)).expect(FAILED);
        serve_until(is_done);
    }))
}

/// Serves clients until this is ready. When it is called again, it continues where it stopped.
type ServeUntil = Box<dyn FnMut(oneshot::Receiver<()>)>;

type Until<'a> = Pin<&'a mut dyn Future<Output = ()>>;

/// Returns a server with smol's sockets, or with Tokio's.
fn server(what: &str, listener: TcpListener) -> ServeUntil {
    let on_tokio = || {
        let runtime = Builder::new_current_thread().enable_io().build().expect("Tokio's reactor");
        move |future: Until<'_>| runtime.block_on(future)
    };
    let on_smol = |future: Until<'_>| smol::block_on(future);
    match what {
        "actors" => in_group(actors::<Smol>(listener), on_smol),
        "actors-on-tokio" => in_group(actors::<Tokio>(listener), on_tokio()),
        "one-actor" => in_group(one_actor::<Smol>(listener), on_smol),
        "tasks" => smol_tasks(listener),
        "tasks-on-tokio" => tokio_tasks(listener, on_tokio()),
        _ => panic!("`{what}` is no server"),
    }
}

/// The sockets of a runtime.
trait Sockets: Sized + Send + 'static {
    /// A listener that accepts them.
    type Listener: Send + Sync;

    fn listener(listener: TcpListener) -> io::Result<Self::Listener>;
    fn accept(
        listener: &Self::Listener,
    ) -> impl Future<Output = io::Result<(Self, SocketAddr)>> + Send;

    /// Sends back what the client sends, until it sends no more.
    fn serve(self) -> impl Future<Output = Output> + Send;
}

type Smol = smol::Async<TcpStream>;

impl Sockets for Smol {
    type Listener = smol::Async<TcpListener>;

    fn listener(listener: TcpListener) -> io::Result<Self::Listener> {
        smol::Async::new(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<(Self, SocketAddr)> {
        listener.accept().await
    }

    async fn serve(mut self) -> Output {
        use smol::io::{AsyncReadExt, AsyncWriteExt};

        let mut message = [0; SIZE];
        loop {
            let length = self.read(&mut message).await?;
            if length == 0 {
                return Ok(());
            }
            self.write_all(&message[..length]).await?;
        }
    }
}

type Tokio = tokio::net::TcpStream;

impl Sockets for Tokio {
    type Listener = tokio::net::TcpListener;

    fn listener(listener: TcpListener) -> io::Result<Self::Listener> {
        Self::Listener::from_std(listener)
    }

    async fn accept(listener: &Self::Listener) -> io::Result<(Self, SocketAddr)> {
        listener.accept().await
    }

    async fn serve(mut self) -> Output {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let mut message = [0; SIZE];
        loop {
            let length = self.read(&mut message).await?;
            if length == 0 {
                return Ok(());
            }
            self.write_all(&message[..length]).await?;
        }
    }
}

/// Accepts clients and calls `add` with each.
async fn listen<S: Sockets>(listener: TcpListener, add: impl Fn(S, SocketAddr)) -> Output {
    let listener = S::listener(listener)?;
    loop {
        let (client, address) = S::accept(&listener).await?;
        add(client, address);
    }
}

/// A group in which each client is an actor.
fn actors<S: Sockets>(listener: TcpListener) -> Group<'static, Output> {
    let mut group = Group::new();
    let handle = group.handle();
    let add = move |client: S, address: SocketAddr| {
        let serve = |interrupted| unless(interrupted, client.serve());
        handle.add_with(serve).stops_if(|_| false).named(address.to_string());
    };
    let listen = |interrupted| unless(interrupted, listen(listener, add));
    group.add_with(listen).named("listener");
    group
}

/// Does this until interrupted.
async fn unless(mut interrupted: Interrupted, work: impl Future<Output = Output>) -> Output {
    interrupted.unless(work).await.unwrap_or(Ok(()))
}

/// A group in which one actor serves all clients.
fn one_actor<S: Sockets>(listener: TcpListener) -> Group<'static, Output> {
    let mut group = Group::new();
    let serve_all = |interrupted| async move {
        let accept = |listener| async move { Some((S::accept(&listener).await, listener)) };
        let accepted = unfold(S::listener(listener)?, accept).take_until(interrupted);
        let serve = |(client, _): (S, _)| async {
            let _ = client.serve().await;
            Ok(())
        };
        accepted.try_for_each_concurrent(None, serve).await
    };
    group.add_with(serve_all).named("server");
    group
}

/// Runs a group.
fn in_group(
    mut group: Group<'static, Output>,
    block_on: impl Fn(Until<'_>) + 'static,
) -> ServeUntil {
    Box::new(move |done| {
        let until = async {
            match select(until(done), &mut group).await {
                Either::Left(((), _)) => {}
                Either::Right((output, _)) => panic!("the server has stopped: {output:?}"),
            }
        };
        block_on(pin!(until));
    })
}

/// A task of smol for each client.
fn smol_tasks(listener: TcpListener) -> ServeUntil {
    let executor: &LocalExecutor<'_> = Box::leak(Box::default());
    let spawn = |client: Smol, _| executor.spawn(client.serve()).detach();
    executor.spawn(listen(listener, spawn)).detach();
    Box::new(move |done| smol::block_on(executor.run(until(done))))
}

/// A task of Tokio for each client.
fn tokio_tasks(listener: TcpListener, block_on: impl Fn(Until<'_>) + 'static) -> ServeUntil {
    let spawn = |client: Tokio, _| drop(tokio::spawn(client.serve()));
    block_on(pin!(async { drop(tokio::spawn(listen(listener, spawn))) }));
    Box::new(move |done| block_on(pin!(until(done))))
}

/// Waits for the clients. Only the first poll stores the waker, which is always the same, because a group is polled
/// with this whenever a client is served.
fn until(mut done: oneshot::Receiver<()>) -> impl Future<Output = ()> + Unpin {
    let mut is_first = true;
    poll_fn(move |cx| {
        if std::mem::take(&mut is_first) {
            return Pin::new(&mut done).poll(cx).map(|done| done.expect(FAILED));
        }
        match done.try_recv().expect(FAILED) {
            Some(()) => Poll::Ready(()),
            None => Poll::Pending,
        }
    })
}

/// What clients are asked for: a number of round trips, and where to say that these are done.
type Request = (u32, oneshot::Sender<()>);

/// Starts the clients, in a thread of their own.
fn start(address: SocketAddr, clients: Clients) -> Sender<Request> {
    let (ask, asked) = mpsc::channel();
    thread::spawn(move || run(address, clients, asked).expect("the server answers"));
    ask
}

fn run(address: SocketAddr, clients: Clients, asked: Receiver<Request>) -> io::Result<()> {
    let connect = |_| {
        let client = TcpStream::connect(address)?;
        client.set_nodelay(true)?;
        client.set_read_timeout(Some(TIMEOUT))?;
        Ok(client)
    };
    let connect = |n| (0..n).map(connect).collect::<io::Result<Vec<_>>>();
    let mut message = [7; SIZE];
    let mut trip = |clients: &mut [TcpStream]| {
        clients.iter_mut().try_for_each(|client| client.write_all(&message))?;
        clients.iter_mut().try_for_each(|client| client.read_exact(&mut message))
    };
    let mut connected = match clients {
        Clients::Stay(n) => connect(n)?,
        Clients::ComeAndGo(_) => Vec::new(),
    };
    for (trips, done) in asked {
        for _ in 0..trips {
            match clients {
                Clients::Stay(_) => trip(&mut connected)?,
                Clients::ComeAndGo(n) => trip(&mut connect(n)?)?,
            }
        }
        let _ = done.send(()); // the server waits for it
    }
    Ok(())
}
