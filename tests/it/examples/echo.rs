//! The example `echo`, from outside: a process, its sockets, its signals, its exit code.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use super::client::{connect, rest, BAD_ADDRESSES};
use super::program::{assert_fails, Program};
use super::shutdown::{interrupt_while_it_serves, Sender};

#[path = "../../../examples/echo.rs"]
#[allow(dead_code)]
mod example;

fn start() -> (Program, SocketAddr) {
    let mut program = Program::example("echo", &["127.0.0.1:0"]);
    let address = program.address();
    (program, address)
}

/// Returns what the server calls a client.
#[cfg(unix)]
fn name(client: &TcpStream) -> String {
    client.local_addr().unwrap().to_string()
}

/// Returns the line that the server prints when it waits for this client alone.
#[cfg(unix)]
fn waiting_for(client: &TcpStream) -> String {
    let name = name(client);
    format!("waiting for {name}; press Ctrl-C again to drop it")
}

/// Sends some bytes and reads them back.
#[track_caller]
fn assert_echoes(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).unwrap();
    let mut echoed = vec![0; bytes.len()];
    client.read_exact(&mut echoed).unwrap();
    assert!(echoed == bytes, "the echo differs from the data");
}

#[test]
fn serves_many_clients_at_once() {
    let (_program, address) = start();
    let mut clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            assert_echoes(client, format!("client {number}, round {round}\n").as_bytes());
        }
    }
}

#[test]
fn echoes_binary_data_unchanged() {
    let (_program, address) = start();
    let data: Vec<u8> =
        (0..3_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut reader = connect(address);
    let mut writer = reader.try_clone().unwrap();
    let echoed = std::thread::scope(|threads| {
        threads.spawn(|| {
            writer.write_all(&data).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        rest(&mut reader)
    });
    assert!(echoed == data, "the echo differs from the data");
}

#[test]
fn client_that_breaks_off_ends_only_itself() {
    let (_program, address) = start();
    let mut quiet = connect(address);
    assert_echoes(&mut quiet, b"first");

    let mut rude = connect(address);
    rude.write_all(&[7; 1 << 20]).unwrap();
    drop(rude); // with its echo unread, so the server gets a reset

    assert_echoes(&mut quiet, b"second");
    assert_echoes(&mut connect(address), b"third");
}

#[test]
fn bad_address_is_one_line_and_status_1() {
    for address in BAD_ADDRESSES {
        let error = TcpListener::bind(address).unwrap_err();
        let line = format!("cannot listen on {address}: {error}");
        assert_fails("echo", &[address], &line);
    }
}

#[test]
fn port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = TcpListener::bind(&address).unwrap_err();
    let line = format!("cannot listen on {address}: {error}");
    assert_fails("echo", &[address], &line);
}

#[cfg(target_os = "linux")]
#[test]
fn lost_listener_is_one_line_and_status_1() {
    let (mut program, address) = start();
    let mut client = connect(address);
    assert_echoes(&mut client, b"before");

    program.lose_listener(address);
    let error = "Invalid argument (os error 22)";
    let line = format!("listener returned Err({error})");
    assert_eq!(program.line(), line);
    assert_eq!(program.line(), "signals aborted");
    assert_eq!(program.line(), waiting_for(&client));
    assert_echoes(&mut client, b"after"); // the clients stay
    let name = name(&client);
    drop(client);
    let ended = program.end();
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.stdout, format!("{name} returned Ok(()), interrupted\n"));
    assert_eq!(ended.stderr, format!("Error: {line}\n"));
}

/// The listener pauses, and accepts the clients that wait as soon as others have left.
#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_do_not_stop_it() {
    let (mut program, address) = start();
    program.limit_files(30);
    let mut clients: Vec<_> = (0..40).map(|_| connect(address)).collect();
    let error = "cannot accept a client: Too many open files (os error 24)";
    assert_eq!(program.error_line(), error);
    let mut last = clients.pop().unwrap();
    drop(clients);
    assert_echoes(&mut last, b"hello");
}

/// A client that was served once is served until it leaves.
#[test]
fn interrupted_at_every_poll_it_serves_its_client() {
    use smol::io::{AsyncReadExt, AsyncWriteExt};

    async fn client(address: SocketAddr, _done: Sender<()>) -> String {
        let mut echoed = [0; 8];
        let mut length = 0;
        let _refused = async {
            let mut client = smol::net::TcpStream::connect(address).await?;
            for part in ["one ", "two "] {
                client.write_all(part.as_bytes()).await?;
                client.read_exact(&mut echoed[length..][..4]).await?;
                length += 4;
            }
            std::io::Result::Ok(())
        }
        .await;
        String::from_utf8(echoed[..length].to_vec()).unwrap()
    }

    let runs = interrupt_while_it_serves(
        |listener, interrupted| async {
            let mut group = example::server(listener.try_into().unwrap());
            group.add_abortable(async {
                interrupted.await;
                Ok(())
            });
            group.report().await.into_result()
        },
        client,
    );
    for (served, echoed) in &runs {
        assert!(served.is_ok(), "{served:?}");
        assert!(echoed.is_empty() || echoed == "one two ", "{echoed:?}");
    }
    assert_eq!(runs.first().unwrap().1, "");
    assert_eq!(runs.last().unwrap().1, "one two ");
}

#[cfg(unix)]
mod signals {
    use super::*;

    use std::io::ErrorKind;
    use std::time::{Duration, Instant};

    use rustix::process::Signal;

    use super::super::client::reset;
    use super::super::header::promised_output;

    /// How long clients may stay after the first signal.
    const GRACE_PERIOD: Duration = Duration::from_secs(10);

    /// Sends the first signal, and reads the lines of the listener and of the actor that waits for signals.
    #[track_caller]
    fn stop(program: &mut Program, signal: Signal) {
        program.signal(signal);
        assert_eq!(program.line(), "signals returned Ok(())");
        assert_eq!(program.line(), LISTENER);
    }

    const LISTENER: &str = "listener returned Ok(()), interrupted";

    #[test]
    fn prints_what_its_header_promises() {
        let source = include_str!("../../../examples/echo.rs");
        let promised = promised_output(source, "connected, then leave `nc`:");

        let (mut program, address) = start();
        let first = connect(address);
        let first_name = name(&first);
        drop(first);
        let left = program.line();
        let mut client = connect(address);
        assert_echoes(&mut client, b"before");
        program.signal(Signal::INT);
        let [cause, listener, waiting] = [program.line(), program.line(), program.line()];
        let client_name = name(&client);
        drop(client);
        let ended = program.end();
        assert_eq!(ended.status, Some(0));
        let end = ended.stdout;
        assert_eq!(
            format!("listening on {address}\n{left}\n{cause}\n{listener}\n{waiting}\n{end}"),
            promised
                .replace("127.0.0.1:7007", &address.to_string())
                .replace("127.0.0.1:50110", &first_name)
                .replace("127.0.0.1:50112", &client_name)
        );
    }

    /// Half of the clients reset their connection before it is accepted, the others while they are served.
    #[test]
    fn clients_that_reset_stop_nothing() {
        let (mut program, address) = start();
        let mut quiet = connect(address);
        assert_echoes(&mut quiet, b"first");

        program.signal(Signal::STOP);
        (0..35).for_each(|_| reset(connect(address)));
        program.signal(Signal::CONT);
        for _ in 0..35 {
            let mut client = connect(address);
            assert_echoes(&mut client, b"hello");
            reset(client);
        }
        assert_echoes(&mut quiet, b"second");
        for _ in 0..70 {
            let line = program.line();
            assert!(line.ends_with(", left"), "{line}");
        }
    }

    #[test]
    fn names_the_clients_it_waits_for() {
        let (mut program, address) = start();
        let mut clients = [connect(address), connect(address)];
        for client in &mut clients {
            assert_echoes(client, b"before");
        }
        stop(&mut program, Signal::INT);
        let [first, second] = &clients;
        let [first, second] = [name(first), name(second)];
        let line = format!("waiting for {first}, {second}; press Ctrl-C again to drop them");
        assert_eq!(program.line(), line);
    }

    #[test]
    fn either_signal_is_a_clean_shutdown() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut program, _) = start();
            stop(&mut program, signal);
            program.end().assert_went_well("");
        }
    }

    #[test]
    fn open_connections_are_served_after_a_signal() {
        let (mut program, address) = start();
        let mut client = connect(address);
        assert_echoes(&mut client, b"before");

        stop(&mut program, Signal::TERM);
        assert_eq!(program.line(), waiting_for(&client));
        assert_echoes(&mut client, b"after");
        client.write_all(b"last words").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(&mut client), b"last words");

        let name = name(&client);
        program.end().assert_went_well(&format!("{name} returned Ok(()), interrupted\n"));
    }

    #[test]
    fn new_clients_are_refused_after_a_signal() {
        let (mut program, address) = start();
        let mut client = connect(address);
        assert_echoes(&mut client, b"before");

        stop(&mut program, Signal::TERM);
        // The listener's line is printed when it has been dropped. The echo comes after that, too.
        assert_echoes(&mut client, b"after");
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn second_signal_ends_open_connections() {
        let (mut program, address) = start();
        let mut client = connect(address);
        assert_echoes(&mut client, b"before");

        let begin = Instant::now();
        stop(&mut program, Signal::TERM);
        assert_eq!(program.line(), waiting_for(&client));
        program.signal(Signal::INT);
        assert_expired(program, &name(&client));
        assert!(begin.elapsed() < GRACE_PERIOD, "it was the timer, not the signal");
        assert_eq!(rest(&mut client), b"");
    }

    /// The client with this name has expired, and that is a failure of the program.
    #[track_caller]
    fn assert_expired(program: Program, name: &str) {
        let ended = program.end();
        assert_eq!(ended.stdout, format!("{name} expired\n"));
        assert_eq!(ended.stderr, format!("Error: {name} expired\n"));
        assert_eq!(ended.status, Some(1));
    }

    /// A client that never stops sending could block everything else in a server on one thread.
    #[test]
    fn busy_client_does_not_block_the_signals() {
        let (mut program, address) = start();
        let mut reader = connect(address);
        let mut writer = reader.try_clone().unwrap();
        let [name, waiting] = [name(&reader), waiting_for(&reader)];
        std::thread::scope(|threads| {
            threads.spawn(move || while writer.write_all(&[7; 1 << 16]).is_ok() {});
            threads.spawn(
                move || {
                    while reader.read(&mut [0; 1 << 16]).is_ok_and(|length| length > 0) {}
                },
            );
            stop(&mut program, Signal::TERM);
            assert_eq!(program.line(), waiting);
            program.signal(Signal::TERM);
            assert_expired(program, &name);
        });
    }
}
