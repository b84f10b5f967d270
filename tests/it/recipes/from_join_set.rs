use async_signal::{Signal, Signals};
use run_group::{Group, Handle, Interrupted};
use smol::net::{TcpListener, TcpStream}; // or `tokio::net`
use smol::prelude::*;
use smol::Timer; // with Tokio, write `tokio::time::sleep(..)` for `Timer::after(..)`
use std::io;
use std::time::Duration;

type Output = io::Result<()>;

async fn serve(
    listener: TcpListener,
    mut interrupted: Interrupted,
    handle: Handle<'_, Output>,
) -> Output {
    while let Some(accepted) = interrupted.unless(listener.accept()).await {
        match accepted {
            Ok((client, address)) => handle
                .add(answer(client), |_| {}) // until the client disconnects
                .stops_if(|_| false)
                .named(address.to_string()),
            Err(_) => {
                Timer::after(Duration::from_millis(100)).await; // such as too many open files
            }
        }
    }
    Ok(())
}

async fn flush_every_second(mut interrupted: Interrupted) -> Output {
    while interrupted.unless(Timer::after(Duration::from_secs(1))).await.is_some() {
        flush()?;
    }
    flush() // once more
}

async fn program(listener: TcpListener, stop: impl Future<Output = Output> + Send) -> Output {
    let mut group = Group::new();
    let handle = group.handle();
    group.add_with(|interrupted| serve(listener, interrupted, handle)).named("web");
    group.add_with(flush_every_second).named("flush");
    group.add_abortable(stop).named("ctrl-c"); // or `tokio::signal::ctrl_c()`
    group.grace_period(|| Timer::after(Duration::from_secs(10)));
    group.on_exit(|exit| println!("{exit}"));
    group.on_wait(|waiting| println!("waiting for {waiting}"));
    group.run().await
}

async fn answer(client: TcpStream) -> Output {
    smol::io::copy(client.clone(), client).await?;
    Ok(())
}

fn flush() -> Output {
    println!("flushed"); // ... write the data to a disk ...
    Ok(())
}

fn main() -> Output {
    let mut signals = Signals::new([Signal::Int])?;
    let ctrl_c = async move {
        signals.next().await.unwrap_or(Err(io::ErrorKind::BrokenPipe.into())).map(drop)
    };
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:7000").await?;
        program(listener, ctrl_c).await
    })
}
// The recipe ends here.

use smol::future::zip;

use super::{assert_is_a_recipe, printed};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("from_join_set.rs"));
    let _ = main; // it waits for Ctrl-C
}

#[test]
fn prints_what_the_guide_says() {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        program(listener, async { Ok(()) }).await.unwrap();
    });
    let lines = printed().join("\n");
    let guide = include_str!("../../../docs/from-join-set.md");
    assert!(guide.contains(&format!("```text\n{lines}\n```")), "{lines}");
}

/// The client still gets an answer after the listener has closed. The program waits until the client has disconnected.
#[test]
fn clients_finish_after_ctrl_c() {
    let (send, stop) = smol::channel::bounded(1);
    let client = smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let visit = async {
            let mut answer = [0; 3];
            let mut server = TcpStream::connect(address).await?;
            server.write_all(b"one").await?;
            server.read_exact(&mut answer).await?;
            send.send(Ok(())).await.unwrap();
            while TcpStream::connect(address).await.is_ok() {} // until the listener has closed
            server.write_all(b"two").await?;
            server.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"two");
            server.local_addr()
        };
        let stop = async { stop.recv().await.unwrap() };
        let (ended, client) = zip(program(listener, stop), visit).await;
        ended.and(client)
    });
    let line = format!("{} returned Ok(()), interrupted", client.unwrap());
    assert!(printed().contains(&line));
}
