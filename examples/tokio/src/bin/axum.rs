//! A web server with axum, as the guide `docs/runtimes.md` shows and explains it:
//!
//! ```text
//! cargo run -p run-group-tokio --bin axum -- [ADDRESS [SECONDS]]
//! ```

use axum::{routing::post, Router};
use run_group::{Group, Report};
use std::{env, future::IntoFuture, io, time::Duration};
use tokio::{net::TcpListener, time::sleep};

/// Returns when SIGINT or SIGTERM arrives. Listens from its first poll.
#[cfg(unix)]
async fn next_signal() -> io::Result<()> {
    use tokio::signal::unix::{signal, SignalKind};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        Some(()) = terminate.recv() => Ok(()),
    }
}
#[cfg(windows)]
use tokio::signal::ctrl_c as next_signal;

#[tokio::main]
async fn main() -> anyhow::Result<Report<io::Result<()>>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7010".into());
    let limit = Duration::from_secs(arguments.next().unwrap_or("10".into()).parse()?);

    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let app = Router::new().route("/", post(|body: String| async { body }));

    let mut group = Group::new();
    group.add_abortable(next_signal()).named("signals");
    group
        .add_with(|interrupted| {
            axum::serve(listener, app).with_graceful_shutdown(interrupted).into_future()
        })
        .named("http");
    group.grace_period(|| async {
        tokio::select! {
            Ok(()) = next_signal() => {} // a second signal
            () = sleep(limit) => {}
        }
    });
    group.on_exit(|exit| println!("{exit}"));
    group.on_wait(|waiting| println!("waiting for {waiting}"));
    Ok(group.report().await) // prints each failure; if there is one, exits with 1
}
