//! An HTTP server behind a load balancer, on smol and hyper, that finishes the requests in flight when it shuts down.
//!
//! Its group has two stages. The first has the public server and the signals. The second has a server for the load
//! balancer, on an address of its own, which answers `/ready` and `/live`. When a signal comes, the public server
//! refuses new connections, closes idle ones, and finishes the requests that have begun. The grace period limits this
//! to 10 seconds. A second signal ends it early.
//!
//! Meanwhile the second stage still runs, and answers `/ready` with 503, so that the load balancer sends its clients
//! elsewhere. It shuts down when the public server has.
//!
//! ```text
//! cargo run --example http_server -- [ADDRESS [HEALTH_ADDRESS]]
//! ```
//!
//! The addresses are 127.0.0.1:8080 and 127.0.0.1:8081 unless you give others; with port 0 the system chooses a port.
//! In a second terminal, begin a request that lasts as long as you like, because its answer is what you type:
//!
//! ```text
//! curl -NT . 127.0.0.1:8080/echo
//! ```
//!
//! Press Ctrl-C in the first terminal. What you type in the second still comes back, while a third finds that
//! `curl 127.0.0.1:8080` is refused and `curl -i 127.0.0.1:8081/ready` shows 503. Press Ctrl-D in the second, and the
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
//! Some load balancers keep sending clients for a while. If yours does, remove the server from it first and send the
//! signal later: in Kubernetes, with a `preStop` hook that sleeps.
//!
//! A signal is a clean shutdown, with exit status 0. If a port is in use or an address is bad, the program says so and
//! exits with 1.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::{ready, Future};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use async_signal::{Signal, Signals};
use futures::future::{select, Either, FutureExt};
use futures::stream::{self, StreamExt};
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

/// How long requests may take once the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// How long requests of the load balancer may take after that. They take no time.
const HEALTH_GRACE_PERIOD: Duration = Duration::from_secs(1);

/// The signals that stop it. Windows has only Ctrl-C.
#[cfg(unix)]
const SIGNALS: &[Signal] = &[Signal::Int, Signal::Term];
#[cfg(windows)]
const SIGNALS: &[Signal] = &[Signal::Int];

/// A response with a text, or with the body of the request.
type Answer = Response<Body<Full<Bytes>, Incoming>>;

fn main() -> ExitCode {
    match addresses().and_then(|(web, health)| smol::block_on(run(&web, &health))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            complain(format_args!("http_server: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the addresses to listen on: the arguments, or the defaults.
fn addresses() -> Result<(String, String), String> {
    let mut arguments = std::env::args_os().skip(1);
    let web = arguments.next().unwrap_or("127.0.0.1:8080".into());
    let health = arguments.next().unwrap_or("127.0.0.1:8081".into());
    if arguments.next().is_some() {
        return Err("too many arguments; usage: http_server [ADDRESS [HEALTH_ADDRESS]]".into());
    }
    // An argument that is not Unicode is no address either. It is shown as far as possible.
    Ok((
        web.to_string_lossy().into(),
        health.to_string_lossy().into(),
    ))
}

/// Serves until a signal or a failure.
async fn run(web_address: &str, health_address: &str) -> Result<(), String> {
    // Before the server can be seen from outside, so that no signal comes too early.
    let signals =
        Signals::new(SIGNALS).map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (web_listener, web_address) = listen(web_address).await?;
    let (health_listener, health_address) = listen(health_address).await?;
    say(format_args!("listening on {web_address}"));
    say(format_args!("health is on {health_address}"));

    // All actors run on one thread, so a `Cell` is enough for what both servers use.
    let is_ready = Cell::new(true);

    let mut front = Group::local();
    front
        .add_with(|interrupted| {
            let stop = interrupted.map(|()| is_ready.set(false));
            serve(web_listener, stop, web)
        })
        .named("web");
    front.add_abortable(signal(&signals)).named("signals");
    front.grace_period(|| or(timer(), async { drop(signal(&signals).await) }));

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

/// Listens. Returns the address as well, because the system may have chosen the port.
async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind(address).await;
    let bound = listener.and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => {
            format!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:8080")
        }
        ErrorKind::AddrInUse => {
            format!("{address} is in use; stop what listens there or give another address")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Answers the public.
pub fn web(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/" => answer(StatusCode::OK, "hello\n"),
        // Streamed, so that the request takes as long as the client does.
        "/echo" => Response::new(Body::Right(request.into_body())),
        _ => answer(StatusCode::NOT_FOUND, "try / or /echo\n"),
    }
}

/// Answers the load balancer.
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

/// Accepts clients until `stop`, and serves them until the requests that they have begun by then are answered.
pub async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    answer: impl Fn(Request<Incoming>) -> Answer,
) -> Result<(), String> {
    // Every connection awaits it.
    let stop = stop.shared();
    // The stream owns the listener. When the stream ends, the listener is closed, and the system refuses new clients.
    let clients = stream::unfold(listener, |listener| async {
        Some((accept(&listener).await, listener))
    });
    clients
        .take_until(stop.clone())
        .for_each_concurrent(None, |(client, peer)| {
            let served = serve_one(client, stop.clone(), &answer);
            async move {
                if let Err(error) = served.await {
                    complain(format_args!("client {peer}: {error}"));
                }
            }
        })
        .await;
    Ok(())
}

/// Accepts one client.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(client) => return client,
            // Most likely too many files are open, which passes when some clients leave.
            Err(error) => complain(format_args!("cannot accept clients: {error}")),
        }
        Timer::after(Duration::from_millis(500)).await;
    }
}

/// Answers the requests of one client until it leaves or, after `stop`, until the current request is answered.
async fn serve_one(
    client: TcpStream,
    stop: impl Future<Output = ()> + Unpin,
    answer: impl Fn(Request<Incoming>) -> Answer,
) -> hyper::Result<()> {
    let service = service_fn(|request| ready(Ok::<_, Infallible>(answer(request))));
    // With a timer, hyper disconnects clients that request nothing for half a minute.
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

/// Returns when the grace period is over.
async fn timer() {
    Timer::after(GRACE_PERIOD).await;
}

/// Returns when a signal comes.
async fn signal(mut signals: &Signals) -> Result<(), String> {
    match signals.next().await {
        Some(Err(error)) => Err(format!("cannot wait for signals any more: {error}")),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// Prints a line. If the output is closed, the server continues without it.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line to the standard error, with the same rule.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
