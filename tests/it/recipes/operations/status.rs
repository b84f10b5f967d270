use run_group::{Group, Handle, Interrupted};
use smol::net::{TcpListener, TcpStream};
use smol::{future::or, io::AsyncReadExt, io::AsyncWriteExt, Timer};
use std::{io, time::Duration};

type Output = io::Result<()>;

/// Lists the actors that have not exited, one on each line.
async fn status(handle: &Handle<'_, Output>) -> String {
    let running = handle.running().await;
    let lines = running.iter().map(|actor| match actor.is_interrupted() {
        false => format!("{actor}: running\n"),
        true => format!("{actor}: interrupted\n"),
    });
    lines.collect()
}

/// Returns `group` with one more stage, which sends the status of `group` to each client.
fn with_status(mut group: Group<'_, Output>, listener: TcpListener) -> Group<'_, Output> {
    let handle = group.handle();
    let mut last = Group::new();
    last.add_with(|interrupted| serve_status(interrupted, listener, handle)).named("status");
    group.before(last)
}

async fn serve_status(
    mut interrupted: Interrupted,
    listener: TcpListener,
    handle: Handle<'_, Output>,
) -> Output {
    while let Some(accepted) = interrupted.unless(listener.accept()).await {
        let answer = async {
            let text = status(&handle).await;
            accepted?.0.write_all(text.as_bytes()).await
        };
        let limit = async {
            Timer::after(Duration::from_secs(1)).await; // for a client that does not read
            Err(io::ErrorKind::TimedOut.into())
        };
        if let Err(error) = or(answer, limit).await {
            eprintln!("cannot show the status: {error}");
            interrupted.unless(Timer::after(Duration::from_millis(100))).await;
        }
    }
    Ok(())
}

async fn visit(mut server: TcpStream) -> Output {
    let mut text = String::new();
    server.read_to_string(&mut text).await?;
    assert_eq!(text, "main job: running\n");
    Ok(())
}

fn main() -> Output {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = TcpStream::connect(listener.local_addr()?).await?;
        let mut group = Group::new();
        group.add_abortable(visit(server)).named("main job");
        with_status(group, listener).run().await
    })
}
// The recipe ends here.

use std::future::pending;
use std::io::Read;
use std::net::SocketAddr;
use std::thread;

use futures::FutureExt;
use smol::channel;

#[cfg(unix)]
use crate::examples::client::reset;
use crate::recipes::assert_is_a_recipe;

/// Returns a listener of the system's choice, and its address.
fn listener() -> (TcpListener, SocketAddr) {
    let listener = smol::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Asks for the status.
fn ask(address: SocketAddr) -> String {
    let mut server = std::net::TcpStream::connect(address).unwrap();
    server.set_read_timeout(Some(Duration::from_secs(60))).unwrap(); // only a failing test waits
    let mut text = String::new();
    server.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("status.rs"));
    main().unwrap();
}

/// `web` ignores its interrupt until the test has seen it.
#[test]
fn shutdown_shows_what_was_interrupted() {
    let (listener, address) = listener();
    let (finish, finished) = channel::bounded::<()>(1);
    let mut web = Group::new();
    let handle = web.handle();
    web.add(async { finished.recv().await.or(Ok(())) }, |_| {}).named("web");
    let mut storage = Group::new();
    storage.add_with(|interrupted| interrupted.map(Ok)).named("storage");
    let group = with_status(web.before(storage), listener);
    let texts = thread::scope(|threads| {
        let texts = threads.spawn(move || {
            let before = ask(address);
            handle.add(async { Ok(()) }, |_| {}).named("signals");
            let after = loop {
                let text = ask(address);
                if text.contains("interrupted") {
                    break text;
                }
            };
            finish.close();
            [before, after]
        });
        smol::block_on(group.run()).unwrap();
        texts.join().unwrap()
    });
    assert_eq!(texts, ["web: running\nstorage: running\n", "web: interrupted\nstorage: running\n"]);
}

#[test]
fn after_the_end_it_is_empty() {
    let mut group: Group<'_, Output> = Group::new();
    let handle = group.handle();
    group.add_abortable(async { Ok(()) });
    smol::block_on(group.run()).unwrap();
    assert_eq!(smol::block_on(status(&handle)), "");
}

/// The stage that shows the status is not part of it.
#[test]
fn status_is_empty_when_all_have_left() {
    let (listener, address) = listener();
    let mut group = Group::new();
    group.add(async { Ok(()) }, |_| {}).stops_if(|_| false).named("warm-up");
    let group = with_status(group, listener);
    let asked = or(async { Err(group.await) }, smol::unblock(move || Ok(ask(address))));
    assert_eq!(smol::block_on(asked).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn resets_do_not_end_it() {
    let (listener, address) = listener();
    let mut group = Group::new();
    group.add_abortable(pending()).named("web");
    let handle = group.handle();
    let group = with_status(group, listener);
    let client = thread::spawn(move || {
        for _ in 0..3 {
            reset(std::net::TcpStream::connect(address).unwrap());
        }
        let text = ask(address);
        handle.stop(Ok(()));
        text
    });
    smol::block_on(group.run()).unwrap();
    assert_eq!(client.join().unwrap(), "web: running\n");
}

/// The status is longer than what the system buffers.
#[test]
fn client_that_does_not_read_does_not_end_it() {
    let (listener, address) = listener();
    let mut group = Group::new();
    group.add_abortable(pending()).named("web".repeat(4 << 20));
    let handle = group.handle();
    let group = with_status(group, listener);
    let client = thread::spawn(move || {
        let _deaf = std::net::TcpStream::connect(address).unwrap();
        let text = ask(address);
        handle.stop(Ok(()));
        text
    });
    smol::block_on(group.run()).unwrap();
    assert!(client.join().unwrap().starts_with("web"));
}
