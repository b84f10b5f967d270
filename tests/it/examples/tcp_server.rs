//! The example `tcp_server`, from outside: a process, its sockets, its signals, its exit code.

use std::net::{SocketAddr, TcpListener};

use smol::io::AsyncReadExt;

use super::client::{connect, rest, BAD_ADDRESSES};
use super::program::{assert_fails, Program};
use super::shutdown::{interrupt_while_it_serves, Sender};

#[path = "../../../examples/tcp_server.rs"]
#[allow(dead_code)]
mod example;

fn start() -> (Program, SocketAddr) {
    let mut program = Program::example("tcp_server", &["127.0.0.1:0"]);
    let address = program.address();
    (program, address)
}

#[test]
fn greets_every_client_and_hangs_up() {
    let (_program, address) = start();
    let mut clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
    for client in &mut clients {
        assert_eq!(rest(client), b"hello\n");
    }
}

#[test]
fn bad_address_is_one_line_and_status_1() {
    for address in BAD_ADDRESSES {
        let line = format!("cannot listen on {address}: could not resolve address `{address:?}`");
        assert_fails("tcp_server", &[address], &line);
    }
}

#[test]
fn port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = TcpListener::bind(&address).unwrap_err();
    assert_fails("tcp_server", &[&address], &format!("cannot listen on {address}: {error}"));
}

/// A client is greeted in full or not at all.
#[test]
fn interrupted_at_every_poll_it_finishes_a_greeting() {
    async fn client(address: SocketAddr, _done: Sender<()>) -> Vec<u8> {
        let mut greeting = Vec::new();
        let _refused = async {
            let mut client = smol::net::TcpStream::connect(address).await?;
            client.read_to_end(&mut greeting).await
        }
        .await;
        greeting
    }

    let runs = interrupt_while_it_serves(
        |listener, interrupted| example::greet(listener.into(), interrupted),
        client,
    );
    for (greeted, greeting) in &runs {
        assert!(greeted.is_ok(), "{greeted:?}");
        assert!(greeting.is_empty() || greeting == b"hello\n");
    }
    assert_eq!(runs.first().unwrap().1, b"");
    assert_eq!(runs.last().unwrap().1, b"hello\n");
}

#[cfg(unix)]
mod signals {
    use super::*;

    use rustix::process::Signal;

    use super::super::client::reset;
    use super::super::header::promised_output;

    #[test]
    fn prints_what_its_header_promises() {
        let source = include_str!("../../../examples/tcp_server.rs");
        let introduction = "`nc` prints `hello` and ends. Press Ctrl-C in the first terminal:";
        let promised = promised_output(source, introduction);

        let (program, address) = start();
        assert_eq!(rest(&mut connect(address)), b"hello\n");
        program.signal(Signal::INT);
        let end = program.end().stdout;
        assert_eq!(
            format!("listening on {address}\n{end}"),
            promised.replace("127.0.0.1:7008", &address.to_string())
        );
    }

    #[test]
    fn either_signal_makes_the_loop_return() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut program, address) = start();
            assert_eq!(rest(&mut connect(address)), b"hello\n");
            program.signal(signal);
            assert_eq!(program.line(), "signals returned Ok(())");
            program.end().assert_went_well("greeter returned Ok(()), interrupted\n");
        }
    }

    #[test]
    fn client_that_breaks_off_ends_only_itself() {
        let (mut program, address) = start();
        program.signal(Signal::STOP);
        reset(connect(address));
        program.signal(Signal::CONT);
        assert_eq!(rest(&mut connect(address)), b"hello\n");

        program.signal(Signal::TERM);
        assert_eq!(program.line(), "signals returned Ok(())");
        let ended = program.end();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.stderr.starts_with("client "), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}
