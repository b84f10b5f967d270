//! An HTTP server behind a load balancer, on smol and hyper, in which every client is an actor. It finishes the
//! requests in flight when it shuts down.
//!
//! Its group has three stages. The first has the listener, and an actor that waits for a signal. The second has an
//! actor for each client, which the listener adds through a handle. The third has a server for the load balancer, on an
//! address of its own. When a signal arrives, the listener refuses new connections. Then each client is interrupted: an
//! idle connection is closed, and a request that has begun is finished. The grace period limits this to 10 seconds. A
//! second signal ends the grace period early.
//!
//! The health server still runs meanwhile. It answers `/ready` with 503, so that the load balancer sends clients
//! elsewhere. Its answer to `/status` lists what runs.
//!
//! ```text
//! cargo run --example http_server -- [ADDRESS [HEALTH_ADDRESS]]
//! ```
//!
//! The addresses are 127.0.0.1:8080 and 127.0.0.1:8081 unless you give others; with port 0 the system chooses a port.
//! In a second terminal, begin a request. It lasts as long as you like, because the server sends back what you type:
//!
//! ```text
//! curl -sNT . 127.0.0.1:8080/echo
//! ```
//!
//! In a third terminal, `curl 127.0.0.1:8081/status` lists the actors:
//!
//! ```text
//! listener
//! signals
//! health
//! 127.0.0.1:50112
//! ```
//!
//! Press Ctrl-C in the first terminal. What you type in the second still comes back. In the third, `curl
//! 127.0.0.1:8080` is refused and `curl -i 127.0.0.1:8081/ready` shows 503. When you press Ctrl-D in the second
//! terminal, the server ends:
//!
//! ```text
//! listening on 127.0.0.1:8080
//! health is on 127.0.0.1:8081
//! signals returned Ok(())
//! listener returned Ok(()), interrupted
//! waiting for 127.0.0.1:50112; press Ctrl-C again to drop it
//! 127.0.0.1:50112 returned Ok(()), interrupted
//! health returned Ok(()), interrupted
//! ```
//!
//! To see a client that hangs, run `curl 127.0.0.1:8080/hang` instead, and press Ctrl-C twice. That client alone
//! expires, and the exit code is 1.
//!
//! Some load balancers keep sending clients for a while. If yours does, remove the server from it first, and send the
//! signal later. In Kubernetes, do this with a `preStop` hook that sleeps.
//!
//! This example also handles what the others leave out. If it cannot accept a client, it waits a moment. If its
//! listener is lost, it ends. A signal ends the program even while it looks up an address. If the output is closed, the
//! program continues.
//!
//! After a signal, the exit code is 0. If a port is in use or an address is bad, the program says so and exits with 1.

use std::convert::Infallible;
use std::future::{pending, Future};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use anyhow::{anyhow, bail};
use futures::future::{select, Either};
use futures::stream::{self, StreamExt, TryStreamExt};
use http_body_util::{Either as Body, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use run_group::{Group, Interrupted, LocalGroup, LocalHandle, Report, Running};
use smol::future::or;
use smol::net::{TcpListener, TcpStream};
use smol::Timer;
use smol_hyper::rt::{FuturesIo, SmolTimer};

use accept::accept;
use signals::Signals;
use terminal::{eprintln, println, Usage};

mod accept;
mod signals;
mod terminal;

/// How long requests may take after the shutdown has begun.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// How long the health server may take after that. Its requests are short.
const HEALTH_GRACE_PERIOD: Duration = Duration::from_secs(1);

/// What each actor returns.
type Output = anyhow::Result<()>;

/// A response with a text, or with the body of the request.
type Answer = Response<Body<Full<Bytes>, Incoming>>;

fn main() -> anyhow::Result<Report<Output>> {
    let [web, health] = Usage("[ADDRESS [HEALTH_ADDRESS]]").arguments();
    let web = web.unwrap_or("127.0.0.1:8080".into());
    let health = health.unwrap_or("127.0.0.1:8081".into());
    smol::block_on(run(&web, &health))
}

/// Serves clients until a signal arrives or something fails.
async fn run(web_address: &str, health_address: &str) -> anyhow::Result<Report<Output>> {
    // Listen for signals before the server is visible from outside, so that none is missed.
    let signals = Signals::listen()?;
    // Looking up an address may take long, so a signal ends the program meanwhile.
    let listen = async {
        let web = listen(web_address).await?;
        Ok(Some((web, listen(health_address).await?)))
    };
    let stop = async { signals.next().await.map(|()| None) };
    let Some((web_listener, health_listener)) = or(listen, stop).await? else {
        return Ok(Report::default());
    };
    println!("listening on {}", web_listener.local_addr()?);
    println!("health is on {}", health_listener.local_addr()?);

    let mut web = server(web_listener);
    web.add_abortable(signals.next()).named("signals");
    web.grace_period(|| select(Timer::after(GRACE_PERIOD), Box::pin(signals.second())));
    web.on_wait(|waiting| {
        let them = if waiting.len() == 1 { "it" } else { "them" };
        println!("waiting for {waiting}; press Ctrl-C again to drop {them}");
    });

    let mut last = Group::local();
    last.grace_period(|| Timer::after(HEALTH_GRACE_PERIOD));
    let last_handle = last.handle();

    // The health server needs a handle of the whole group, and belongs to the last stage.
    let mut group = web.before(last);
    let handle = group.handle();
    last_handle
        .add_with(|interrupted| health(health_listener, handle, interrupted))
        .named("health");
    group.on_exit(|exit| println!("{exit}"));
    Ok(group.report().await)
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

/// Returns a group of two stages: first the listener, then the clients.
pub fn server<'a>(listener: TcpListener) -> LocalGroup<'a, Output> {
    let mut front = Group::local();
    let mut clients = Group::local();
    let handle = clients.handle();
    front.add_with(|interrupted| serve(listener, handle, interrupted)).named("listener");
    front.before(clients)
}

/// Accepts clients until interrupted. Then the listener is closed, and the system refuses new clients.
async fn serve(
    listener: TcpListener,
    clients: LocalHandle<'_, Output>,
    mut interrupted: Interrupted,
) -> Output {
    while let Some(accepted) = interrupted.unless(accept(&listener)).await {
        let (client, address) = accepted.map_err(lost)?;
        clients
            .add_with(|interrupted| serve_one(client, interrupted, web))
            .stops_if(|_| false)
            .named(address.to_string());
    }
    Ok(())
}

/// Serves the load balancer until interrupted. Its few clients share one actor.
async fn health(
    listener: TcpListener,
    handle: LocalHandle<'_, Output>,
    interrupted: Interrupted,
) -> Output {
    let clients = stream::try_unfold(listener, |listener| async {
        let (client, _) = accept(&listener).await.map_err(lost)?;
        Ok(Some((client, listener)))
    });
    clients
        .take_until(interrupted.clone())
        .try_for_each_concurrent(None, |client| async {
            let answer = |request| balance(request, &handle);
            if let Err(error) = serve_one(client, interrupted.clone(), answer).await {
                eprintln!("health: {error}");
            }
            Ok(())
        })
        .await
}

fn lost(error: io::Error) -> anyhow::Error {
    anyhow!("cannot accept clients any more: {error}")
}

/// Answers a request of the public.
async fn web(request: Request<Incoming>) -> Answer {
    match request.uri().path() {
        "/" => answer(StatusCode::OK, "hello\n"),
        // The body is streamed, so that the request takes as long as the client does.
        "/echo" => Response::new(Body::Right(request.into_body())),
        "/hang" => pending().await,
        _ => answer(StatusCode::NOT_FOUND, "try /, /echo or /hang\n"),
    }
}

/// Answers a request of the load balancer.
async fn balance(request: Request<Incoming>, handle: &LocalHandle<'_, Output>) -> Answer {
    let running = handle.running().await;
    let is_stopping = running.iter().any(Running::is_interrupted);
    match request.uri().path() {
        "/live" => answer(StatusCode::OK, "live\n"),
        "/ready" if is_stopping => answer(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        "/ready" => answer(StatusCode::OK, "ready\n"),
        "/status" => {
            let lines: String = running.iter().map(|actor| format!("{actor}\n")).collect();
            answer(StatusCode::OK, lines)
        }
        _ => answer(StatusCode::NOT_FOUND, "try /ready, /live or /status\n"),
    }
}

fn answer(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Body::Left(Full::from(text.into())));
    *response.status_mut() = status;
    response
}

/// Answers the requests of one client until it disconnects or, once interrupted, until the current request is answered.
async fn serve_one<A: Future<Output = Answer>>(
    client: TcpStream,
    interrupted: Interrupted,
    answer: impl Fn(Request<Incoming>) -> A,
) -> Output {
    let service = service_fn(|request| {
        let answer = answer(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    // Because it has a timer, hyper disconnects clients that request nothing for half a minute.
    let connection = http1::Builder::new()
        .timer(SmolTimer::new())
        .serve_connection(FuturesIo::new(client), service);

    let served = match select(pin!(connection), interrupted).await {
        Either::Left((served, _)) => served,
        Either::Right(((), mut connection)) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match served {
        Err(error) if !error.is_timeout() => {
            let error = anyhow::Error::from(error);
            bail!("{error:#}") // with its causes, in one line
        }
        _ => Ok(()),
    }
}
