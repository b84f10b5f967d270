//! A web server with axum, as the guide `docs/runtimes.md` shows and explains it:
//!
//! ```text
//! cargo run -p run-group-tokio --bin axum -- [ADDRESS [SECONDS]]
//! ```

use axum::{routing::post, Router};
use run_group::{Group, Interrupted, Report};
use std::{env, error::Error, io, time::Duration};
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

/// What each actor returns. `?` takes any error.
type Output = Result<(), Box<dyn Error + Send + Sync>>;

/// Stands for a storage that writes what it has left when it is interrupted.
async fn storage(interrupted: Interrupted) -> Output {
    interrupted.await;
    sleep(Duration::from_millis(10)).await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<Report<Output>, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7010".into());
    let limit = Duration::from_secs(arguments.next().unwrap_or("10".into()).parse()?);

    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let app = Router::new().route("/", post(|body: String| async { body }));

    let mut web = Group::new();
    web.add_abortable(async { Ok(next_signal().await?) }).named("signals");
    web.add_with(|interrupted| async {
        Ok(axum::serve(listener, app).with_graceful_shutdown(interrupted).await?)
    })
    .named("http");
    web.grace_period(|| async {
        tokio::select! {
            Ok(()) = next_signal() => {} // a second signal
            () = sleep(limit) => {}
        }
    });
    let mut back = Group::new();
    back.add_with(storage).named("storage");
    back.grace_period(|| sleep(limit)); // signals that arrive by then do nothing

    let mut group = web.before(back);
    group.on_exit(|exit| println!("{exit}"));
    group.on_wait(|waiting| println!("waiting for {waiting}"));
    Ok(group.report().await) // prints each failure; if there is one, exits with 1
}
