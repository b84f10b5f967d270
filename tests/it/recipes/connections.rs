use run_group::{Group, Handle, Interrupted};
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};
use smol::{future::yield_now, Timer};
use std::io;
use std::time::Duration;

type Output = io::Result<()>;

/// Accepts clients until interrupted, and adds an actor for each.
async fn listen(
    mut interrupted: Interrupted,
    listener: TcpListener,
    handle: Handle<'_, Output>,
) -> Output {
    while let Some(accepted) = interrupted.unless(listener.accept()).await {
        match accepted {
            Ok((client, address)) => handle
                .add_with(move |interrupted| async move {
                    if let Err(error) = serve(interrupted, client).await {
                        eprintln!("{address}: {error}"); // it is no failure of the program
                    }
                    Ok(())
                })
                .stops_if(|_| false)
                .named(address.to_string()),
            Err(error) => {
                eprintln!("cannot accept a client: {error}"); // such as too many open files
                interrupted.unless(Timer::after(Duration::from_millis(100))).await;
            }
        }
    }
    Ok(())
}

/// Sends back what the client sends, until it disconnects or the actor is interrupted.
async fn serve(
    mut interrupted: Interrupted,
    mut client: impl AsyncRead + AsyncWrite + Unpin,
) -> Output {
    let mut buffer = [0; 1024];
    while let Some(length) = interrupted.unless(client.read(&mut buffer)).await {
        match length? {
            0 => break, // the client has disconnected
            length => client.write_all(&buffer[..length]).await?,
        }
        yield_now().await; // a client that always has data must not block the others
    }
    Ok(())
}

/// Says hello and reads the answer. Then it returns, and stops the group as a signal would.
async fn visit(mut server: TcpStream) -> Output {
    let mut answer = [0; 5];
    server.write_all(b"hello").await?;
    server.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"hello");
    Ok(())
}

fn main() -> Output {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = TcpStream::connect(listener.local_addr()?).await?;

        let mut group = Group::new();
        let handle = group.handle();
        group.add_with(|interrupted| listen(interrupted, listener, handle)).named("listener");
        group.add_abortable(visit(server)).named("visit");
        // For clients that do not read what they are sent.
        group.grace_period(|| Timer::after(Duration::from_secs(10)));
        group.on_exit(|exit| println!("{exit}"));
        group.run().await
    })
}
// The recipe ends here.

use std::net::{Shutdown, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use super::{assert_is_a_recipe, interrupt_on_smol};
#[cfg(unix)]
use crate::examples::client::reset;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("connections.rs"));
    main().unwrap();
}

/// Runs the server while `client` talks to it, then stops it. Returns the lines of all exits.
fn exits(client: impl FnOnce(SocketAddr, &Handle<'_, Output>) + Send) -> Vec<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut exits = Vec::new();
    let mut group = Group::new();
    let handle = group.handle();
    let stop = handle.clone();
    group
        .add_with(|interrupted| listen(interrupted, listener.try_into().unwrap(), handle))
        .named("listener");
    group.on_exit(|exit| exits.push(exit.to_string()));
    thread::scope(|threads| {
        threads.spawn(move || {
            let talked = std::panic::catch_unwind(AssertUnwindSafe(|| client(address, &stop)));
            stop.stop(Ok(()));
            talked.unwrap();
        });
        smol::block_on(group.report());
    });
    exits
}

/// Sends the server some bytes and reads them back.
fn echo(client: &mut std::net::TcpStream, bytes: &[u8]) {
    use std::io::{Read, Write};
    client.write_all(bytes).unwrap();
    let mut echoed = vec![0; bytes.len()];
    client.read_exact(&mut echoed).unwrap();
    assert_eq!(echoed, bytes);
}

#[test]
fn clients_leave_and_the_listener_stays() {
    let mut names = Vec::new();
    let exits = exits(|address, handle| {
        for _ in 0..3 {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            echo(&mut client, b"hello");
            names.push(client.local_addr().unwrap());
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(std::io::Read::read(&mut client, &mut [0]).unwrap(), 0);
        }
        // Only the listener and perhaps the last client, whose actor closes its connection just before it exits.
        assert!(smol::block_on(handle.running()).len() <= 2);
    });
    for name in names {
        assert!(exits.contains(&format!("{name} returned Ok(()), left")));
    }
}

#[cfg(unix)]
#[test]
fn resets_end_only_their_clients() {
    let exits = exits(|address, _| {
        for _ in 0..70 {
            reset(std::net::TcpStream::connect(address).unwrap());
        }
        echo(&mut std::net::TcpStream::connect(address).unwrap(), b"still here");
    });
    let stopped_by = exits.iter().find(|line| !line.ends_with(", left"));
    assert!(stopped_by.unwrap().starts_with(file!()), "{stopped_by:?}");
}

/// A client that resets its connection during the shutdown once made the exit code 1.
#[cfg(unix)]
#[test]
fn reset_during_the_shutdown_is_no_failure() {
    use std::io::{ErrorKind, Write};
    let mut name = None;
    let exits = exits(|address, handle| {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        name = Some(client.local_addr().unwrap());
        echo(&mut client, b"hello");
        rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
        // Until the server cannot write, because the client does not read.
        client.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
        let full = loop {
            if let Err(full) = client.write(&[0; 1 << 16]) {
                break full;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        handle.stop(Ok(()));
    });
    let line = format!("{} returned Ok(())", name.unwrap());
    assert!(exits.iter().any(|exit| exit.starts_with(&line)), "{exits:?}");
}

#[test]
fn idle_clients_are_closed_when_it_stops() {
    let mut idle = None;
    let exits = exits(|address, _| {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        echo(&mut client, b"hello");
        idle = Some(client);
    });
    let mut idle = idle.unwrap();
    let name = idle.local_addr().unwrap();
    assert!(exits.contains(&format!("{name} returned Ok(()), interrupted")));
    assert_eq!(std::io::Read::read(&mut idle, &mut [0]).unwrap(), 0);
}

/// Returns a connection: the client's end and the server's.
fn pair() -> (std::net::TcpStream, TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client, server.try_into().unwrap())
}

/// What it has read, it sends back. When it is interrupted, it returns, whatever the client does then.
#[test]
fn interrupted_at_every_poll_it_sends_back_all() {
    let results = interrupt_on_smol(|interrupted| {
        let (mut client, server) = pair();
        let talk = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let mut echoed = Vec::new();
            client.write_all(b"hello")?;
            client.shutdown(Shutdown::Write)?;
            client.read_to_end(&mut echoed)?;
            io::Result::Ok(echoed)
        });
        async move {
            let result = serve(interrupted, server).await;
            // An error: the connection was closed before the server had read everything.
            if let Ok(echoed) = talk.join().unwrap() {
                assert!(echoed.is_empty() || echoed == b"hello");
            }
            result
        }
    });
    assert!(results.iter().all(Result::is_ok));
    assert!(results.len() >= 2);
}

/// A client that always sends something, and reads nothing.
struct Stuck;

impl AsyncRead for Stuck {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Output> {
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Output> {
        Poll::Pending
    }
}

#[test]
fn client_that_reads_nothing_expires_alone() {
    let (_client, server) = pair();
    let mut waits = Vec::new();
    let mut group = Group::new();
    group.add_with(|interrupted| serve(interrupted, Stuck)).named("stuck");
    group.add_with(|interrupted| serve(interrupted, server)).named("idle");
    group.add_abortable(async { Ok(()) }).named("signals");
    group.grace_period(smol::future::yield_now);
    group.on_wait(|waiting| waits.push(waiting.to_string()));
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "signals returned Ok(())\nidle returned Ok(()), interrupted\nstuck expired"
    );
    assert_eq!(waits, ["stuck"]);
}
