//! A whole service under Tokio, as the guide `docs/runtimes.md` shows and explains it:
//!
//! ```text
//! cargo run -p run-group-tokio --bin service -- [ADDRESS [SECONDS]]
//! ```

use run_group::{Group, Handle, Interrupted, Report};
use std::{env, error::Error, future::Future, io, time::Duration};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// What each actor returns. `?` takes any error.
type Output = Result<(), Box<dyn Error + Send + Sync>>;

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

/// Runs `work` as a task on the threads of the runtime. A panic becomes an error.
async fn spawned(work: impl Future<Output = Output> + Send + 'static) -> Output {
    AbortOnDropHandle::new(tokio::spawn(work)).await?
}

/// Accepts clients until interrupted. Adds an actor for each, with a task of its own.
async fn listen(
    mut interrupted: Interrupted,
    address: String,
    handle: Handle<'_, Output>,
) -> Output {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    while let Some(accepted) = interrupted.unless(listener.accept()).await {
        match accepted {
            Ok((client, address)) => handle
                .add_with(move |interrupted| async move {
                    if let Err(error) = spawned(serve(interrupted, client)).await {
                        eprintln!("{address}: {error}"); // it is no failure of the program
                    }
                    Ok(())
                })
                .stops_if(|_| false)
                .named(address.to_string()),
            Err(error) => {
                eprintln!("cannot accept a client: {error}"); // such as too many open files
                interrupted.unless(sleep(Duration::from_millis(100))).await;
            }
        }
    }
    Ok(())
}

/// Works as many seconds as each line says. Between two lines, returns if interrupted or when
/// the client disconnects.
async fn serve(mut interrupted: Interrupted, client: TcpStream) -> Output {
    let (requests, mut answers) = client.into_split();
    let mut requests = BufReader::new(requests).lines();
    while let Some(request) = interrupted.unless(requests.next_line()).await {
        let Some(request) = request? else { break };
        let seconds = request.parse()?;
        answers.write_all(b"working\n").await?;
        sleep(Duration::from_secs_f64(seconds)).await; // panics if the number is negative
        answers.write_all(b"done\n").await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<Report<Output>, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:7009".into());
    let limit = Duration::from_secs(arguments.next().unwrap_or("10".into()).parse()?);

    let mut group = Group::new();
    let handle = group.handle();
    group.add_abortable(async { Ok(next_signal().await?) }).named("signals");
    group.add_with(|interrupted| listen(interrupted, address, handle)).named("listener");
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
