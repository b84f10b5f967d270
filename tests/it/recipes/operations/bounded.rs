use run_group::{Group, Handle, Interrupted};
use smol::lock::Semaphore;
use smol::net::{TcpListener, TcpStream};
use smol::{io, prelude::*, Timer};
use std::sync::Arc;
use std::time::Duration;

type Output = io::Result<()>;

/// Accepts clients until interrupted. Adds an actor for each, but never more than `clients`.
async fn listen(
    mut interrupted: Interrupted,
    listener: TcpListener,
    handle: Handle<'_, Output>,
    clients: usize,
) -> Output {
    let permits = Arc::new(Semaphore::new(clients));
    while let Some(permit) = interrupted.unless(permits.acquire_arc()).await {
        match interrupted.unless(listener.accept()).await {
            Some(Ok((client, address))) => handle
                .add_with(|interrupted| async move {
                    let _permit = permit; // until this client disconnects
                    serve(interrupted, client).await
                })
                .stops_if(|_| false)
                .named(address.to_string()),
            Some(Err(error)) => {
                eprintln!("cannot accept a client: {error}");
                interrupted.unless(Timer::after(Duration::from_millis(100))).await;
            }
            None => break,
        }
    }
    Ok(())
}

/// Sends back what the client sends, until it disconnects or the actor is interrupted.
async fn serve(mut interrupted: Interrupted, client: TcpStream) -> Output {
    let echo = io::copy(client.clone(), client);
    interrupted.unless(echo).await.transpose()?;
    Ok(())
}

async fn visit(mut server: TcpStream) -> Output {
    server.write_all(b"hello").await?;
    server.read_exact(&mut [0; 5]).await
}

fn main() -> Output {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = TcpStream::connect(listener.local_addr()?).await?;
        let mut group = Group::new();
        let handle = group.handle();
        let listen = |interrupted| listen(interrupted, listener, handle, 100);
        group.add_with(listen).named("listener");
        group.add_abortable(visit(server)).named("visit");
        group.run().await
    })
}
// The recipe ends here.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;

use smol::future::poll_once;

#[cfg(unix)]
use crate::examples::client::reset;
use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("bounded.rs"));
    main().unwrap();
}

/// Runs a listener for at most two clients, while `client` talks to it, then stops it.
fn run(client: impl FnOnce(SocketAddr, &Handle<'_, Output>) + Send) {
    let listener = smol::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let mut group = Group::new();
    let handle = group.handle();
    let stop = handle.clone();
    group.add_with(|interrupted| listen(interrupted, listener, handle, 2)).named("listener");
    thread::scope(|threads| {
        threads.spawn(move || {
            let talked = catch_unwind(AssertUnwindSafe(|| client(address, &stop)));
            stop.stop(Ok(()));
            talked.unwrap();
        });
        smol::block_on(group.run()).unwrap();
    });
}

/// Sends the server a byte and reads it back.
fn echo(client: &mut std::net::TcpStream) {
    client.write_all(b"!").unwrap();
    client.read_exact(&mut [0]).unwrap();
}

/// Without the permits, all of them would be actors at once.
#[test]
fn flood_becomes_two_actors_at_a_time() {
    run(|address, handle| {
        let connect = |_| std::net::TcpStream::connect(address).unwrap();
        for mut client in Vec::from_iter((0..50).map(connect)) {
            echo(&mut client);
            let running = smol::block_on(handle.running()).len();
            assert!(running <= 3, "{running}");
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.read(&mut [0]).unwrap(), 0);
        }
    });
}

#[cfg(unix)]
#[test]
fn reset_returns_the_permit() {
    run(|address, _| {
        for _ in 0..10 {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            echo(&mut client);
            reset(client);
        }
        echo(&mut std::net::TcpStream::connect(address).unwrap());
    });
}

/// It need not wait until a client disconnects.
#[test]
fn full_listener_can_be_stopped() {
    let listener = smol::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let handle = Group::new().handle();
    let (interrupt, interrupted) = Interrupted::channel();
    let mut listen = Box::pin(listen(interrupted, listener, handle, 0));
    assert!(smol::block_on(poll_once(&mut listen)).is_none());
    interrupt.interrupt();
    assert!(smol::block_on(poll_once(&mut listen)).unwrap().is_ok());
}

/// What happens without permits: nothing else limits a handle.
#[test]
fn handle_alone_takes_all() {
    let mut group: Group<'_, Output> = Group::new();
    let handle = group.handle();
    for _ in 0..1000 {
        handle.add_abortable(std::future::pending());
    }
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert_eq!(group.len(), 1000);
}
