//! The server with real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use futures::stream;
use smol::Timer;

use super::*;
use crate::examples::client::{connect, reset};

/// Returns a server for a listener. It is as fast as it can be: its timers are ready after a millisecond.
fn config(
    listener: TcpListener,
    world: &World,
) -> Config<BoxStream<'static, io::Result<(String, smol::net::TcpStream)>>> {
    let listener = smol::Async::new(listener).unwrap();
    let clients = stream::unfold(smol::net::TcpListener::from(listener), |listener| async {
        let client = listener.accept().await;
        Some((client.map(|(client, address)| (address.to_string(), client)), listener))
    });
    let world = world.clone();
    let sleep = Arc::new(|_| async { _ = Timer::after(Duration::from_millis(1)).await }.boxed());
    Config::new(clients.boxed(), Runtime { world, sleep }, Signals::default())
}

fn is_answered(mut client: TcpStream) -> bool {
    client.write_all(b"hello\n").unwrap();
    let mut answer = String::new();
    BufReader::new(client).read_line(&mut answer).unwrap();
    answer == "answered\n"
}

/// Half of them before they are accepted, and half while their request is served.
#[test]
fn seventy_resets_stop_nothing() {
    let world = World::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let reset_after = |request: &[u8]| {
        let mut client = connect(address);
        client.write_all(request).unwrap();
        reset(client);
    };
    (0..35).for_each(|_| reset_after(b""));
    let config = config(listener, &world);
    let server = config.handle();
    let program = thread::spawn(|| smol::block_on(config.run()));
    let stays = connect(address);
    (0..35).for_each(|_| reset_after(b"hello\n"));
    assert!(is_answered(connect(address)));
    assert!(is_answered(stays));
    smol::block_on(server.stop());
    let report = program.join().unwrap();
    assert_eq!(exit_code(&report), 0);
    if cfg!(target_os = "linux") {
        // Elsewhere, the system may not hand out a connection that was reset before.
        let log = world.take_log();
        let left = log.iter().filter(|line| line.ends_with(" returned Ok(()), left"));
        assert_eq!(left.count() + report.len() - 3, 72, "{log:#?}");
    }
}
