//! An HTTP server behind a load balancer, on smol and hyper, that finishes the requests in flight when it shuts down.
//!
//! Its group has two stages. The first has the public server, and an actor that waits for a signal. The second has a
//! server for the load balancer. This server listens on an address of its own, and answers `/ready` and `/live`. When a
//! signal arrives, the public server refuses new connections, closes idle ones, and finishes the requests that have
//! begun. The grace period limits this to 10 seconds. A second signal ends the grace period early.
//!
//! Meanwhile, the second stage still runs. It answers `/ready` with 503, so that the load balancer sends clients
//! elsewhere. It shuts down after the first stage.
//!
//! ```text
//! cargo run --example http_server -- [ADDRESS [HEALTH_ADDRESS]]
//! ```
//!
//! The addresses are 127.0.0.1:8080 and 127.0.0.1:8081 unless you give others; with port 0 the system chooses a port.
//! In a second terminal, begin a request. It lasts as long as you like, because the server sends back what you type:
//!
//! ```text
//! curl -NT . 127.0.0.1:8080/echo
//! ```
//!
//! Press Ctrl-C in the first terminal. What you type in the second still comes back. In a third, `curl 127.0.0.1:8080`
//! is refused and `curl -i 127.0.0.1:8081/ready` shows 503. When you press Ctrl-D in the second terminal, the
//! server ends:
//!
//! ```text
//! listening on 127.0.0.1:8080
//! health is on 127.0.0.1:8081
//! signals returned Ok(())
//! web returned Ok(()), interrupted
//! health returned Ok(()), interrupted
//! ```
//!
//! Some load balancers keep sending clients for a while. If yours does, remove the server from it first, and send the
//! signal later. In Kubernetes, do this with a `preStop` hook that sleeps.
//!
//! This example also handles what the others leave out. If it cannot accept a client, it waits a moment, and if its
//! listener is lost, it ends. A signal ends the program even while it looks up an address. If the output is closed, the
//! program continues.
//!
//! After a signal, the exit status is 0. If a port is in use or an address is bad, the program says so and exits with
//! 1.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::{ready, Future};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::{anyhow, bail};
use futures::future::{select, Either, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};
use http_body_util::{Either as Body, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use run_group::Group;
use smol::future::or;
use smol::net::{TcpListener, TcpStream};
use smol::Timer;
use smol_hyper::rt::{FuturesIo, SmolTimer};

use signals::Signals;

mod signals;

/// How long requests may take after the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// How long the health server may take after that. Its requests are short.
const HEALTH_GRACE_PERIOD: Duration = Duration::from_secs(1);

/// A response with a text, or with the body of the request.
type Answer = Response<Body<Full<Bytes>, Incoming>>;

fn main() -> anyhow::Result<()> {
    let (web, health) = addresses()?;
    smol::block_on(run(&web, &health))
}

/// Returns the addresses to listen on: the arguments, or the defaults.
fn addresses() -> anyhow::Result<(String, String)> {
    let mut arguments = std::env::args_os().skip(1);
    let web = arguments.next().unwrap_or("127.0.0.1:8080".into());
    let health = arguments.next().unwrap_or("127.0.0.1:8081".into());
    if arguments.next().is_some() {
        bail!("too many arguments; usage: http_server [ADDRESS [HEALTH_ADDRESS]]");
    }
    // An argument that is not Unicode is not an address either. The error message shows it as far as possible.
    Ok((
        web.to_string_lossy().into(),
        health.to_string_lossy().into(),
    ))
}

/// Serves clients until a signal arrives or something fails.
async fn run(web_address: &str, health_address: &str) -> anyhow::Result<()> {
    // Listen for signals before the server is visible from outside, so that none is missed.
    let signals = Signals::listen()?;
    // Looking up an address may take long, so a signal ends the program meanwhile.
    let listen = async {
        let web = listen(web_address).await?;
        Ok(Some((web, listen(health_address).await?)))
    };
    let stop = async { signals.next().await.map(|()| None) };
    let Some((web_listener, health_listener)) = or(listen, stop).await? else {
        return Ok(());
    };
    say(format_args!("listening on {}", web_listener.local_addr()?));
    say(format_args!(
        "health is on {}",
        health_listener.local_addr()?
    ));

    // Both servers use it. All actors run on one thread, so a `Cell` is enough.
    let is_ready = Cell::new(true);

    let mut front = Group::local();
    front
        .add_with(|interrupted| {
            let stop = interrupted.map(|()| is_ready.set(false));
            serve(web_listener, stop, web)
        })
        .named("web");
    front.add_abortable(signals.next()).named("signals");
    front.grace_period(|| select(Timer::after(GRACE_PERIOD), Box::pin(signals.next())));

    let mut back = Group::local();
    back.add_with(|interrupted| {
        serve(health_listener, interrupted, |request| {
            health(&request, is_ready.get())
        })
    })
    .named("health");
    back.grace_period(|| Timer::after(HEALTH_GRACE_PERIOD));

    let mut group = front.before(back);
    group.on_exit(|exit| say(exit));
    group.run().await
}

/// Listens, or returns an error that says what to do.
async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => {
            anyhow!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:8080")
        }
        ErrorKind::AddrInUse => {
            anyhow!("{address} is in use; stop what listens there or give another address")
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// Answers a request of the public.
pub fn web(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/" => answer(StatusCode::OK, "hello\n"),
        // The body is streamed, so that the request takes as long as the client does.
        "/echo" => Response::new(Body::Right(request.into_body())),
        _ => answer(StatusCode::NOT_FOUND, "try / or /echo\n"),
    }
}

/// Answers a request of the load balancer.
fn health(request: &Request<Incoming>, is_ready: bool) -> Answer {
    match request.uri().path() {
        "/live" => answer(StatusCode::OK, "live\n"),
        "/ready" if is_ready => answer(StatusCode::OK, "ready\n"),
        "/ready" => answer(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        _ => answer(StatusCode::NOT_FOUND, "try /ready or /live\n"),
    }
}

fn answer(status: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(Body::Left(Full::from(text)));
    *response.status_mut() = status;
    response
}

/// Accepts clients until `stop` resolves, and then finishes the requests that have begun.
pub async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    answer: impl Fn(Request<Incoming>) -> Answer,
) -> anyhow::Result<()> {
    // Every connection awaits its own clone.
    let stop = stop.shared();
    // The stream owns the listener. When the stream ends, the listener is closed, and the system refuses new clients.
    let clients = stream::try_unfold(listener, |listener| async {
        let client = accept(&listener).await?;
        Ok(Some((client, listener)))
    });
    clients
        .take_until(stop.clone())
        .try_for_each_concurrent(None, |(client, peer)| {
            let served = serve_one(client, stop.clone(), &answer);
            async move {
                if let Err(error) = served.await {
                    complain(format_args!("client {peer}: {error}"));
                }
                Ok(())
            }
        })
        .await
}

/// Accepts one client.
async fn accept(listener: &TcpListener) -> anyhow::Result<(TcpStream, SocketAddr)> {
    loop {
        let error = match listener.accept().await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        if is_lost(&error) {
            bail!("cannot accept clients any more: {error}");
        }
        // Too many files are open, or the client has disconnected. Neither lasts.
        complain(format_args!("cannot accept a client: {error}"));
        Timer::after(Duration::from_millis(100)).await;
    }
}

/// Returns whether the error means that the listener can no longer be used.
fn is_lost(error: &io::Error) -> bool {
    // The system's error codes for a file that is closed, or is not a socket.
    const NO_SOCKET: &[i32] = if cfg!(windows) {
        &[10009, 10038]
    } else {
        &[9, 88]
    };
    error.kind() == ErrorKind::InvalidInput
        || matches!(error.raw_os_error(), Some(code) if NO_SOCKET.contains(&code))
}

/// Answers the requests of one client until it leaves or, once `stop` has resolved, until the current request is
/// answered.
async fn serve_one(
    client: TcpStream,
    stop: impl Future<Output = ()> + Unpin,
    answer: impl Fn(Request<Incoming>) -> Answer,
) -> hyper::Result<()> {
    let service = service_fn(|request| ready(Ok::<_, Infallible>(answer(request))));
    // Because it has a timer, hyper disconnects clients that request nothing for half a minute.
    let connection = http1::Builder::new()
        .timer(SmolTimer::new())
        .serve_connection(FuturesIo::new(client), service);

    let served = match select(pin!(connection), stop).await {
        Either::Left((served, _)) => served,
        Either::Right(((), mut connection)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match served {
        Err(error) if error.is_timeout() => Ok(()),
        served => served,
    }
}

/// Prints a line. If the output is closed, the server continues without it.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line to the standard error. If that is closed, the server continues without it.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
