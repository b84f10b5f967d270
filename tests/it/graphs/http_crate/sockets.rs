//! The server with real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use futures::stream;
use rustix::process::{getrlimit, setrlimit, Resource, Rlimit};
use smol::Timer;

use super::*;
use crate::examples::client::{connect, reset};
use crate::examples::program::Program;

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

/// The server is a process of its own, because the limit applies to a process. It is this test in another role.
#[test]
fn too_many_open_files_stop_nothing() {
    const ROLE: &str = "SERVER_WITH_FEW_FILES";
    const NAME: &str = "graphs::http_crate::sockets::too_many_open_files_stop_nothing";
    if std::env::var_os(ROLE).is_some() {
        return server_with_few_files();
    }
    let test = std::env::current_exe().unwrap();
    let role = format!("{ROLE}=1");
    let arguments = [role.as_ref(), test.as_os_str(), NAME.as_ref()];
    let arguments = arguments.into_iter().chain(["--exact", "--nocapture"].map(str::as_ref));
    let mut server = Program::at("env", &Vec::from_iter(arguments));
    let address = loop {
        if let Some((_, address)) = server.line().split_once("listening on ") {
            break address.parse().unwrap();
        }
    };
    let clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
    assert!(clients.into_iter().all(is_answered));
    server.close_input();
    let ended = server.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("cannot accept: "), "{ended:?}");
}

/// Serves until the input ends.
fn server_with_few_files() {
    let world = World::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("listening on {}", listener.local_addr().unwrap());
    let config = config(listener, &world);
    let server = config.handle();
    let input = thread::spawn(move || {
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
        smol::block_on(server.stop());
    });
    let limit = Rlimit { current: Some(40), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).unwrap();
    let report = smol::block_on(config.run());
    input.join().unwrap();
    println!("{}", world.take_log().join("\n"));
    assert_eq!(exit_code(&report), 0);
}
