//! The example `tcp_server`, from outside: a process, its sockets, its signals, its exit status.

use std::net::{SocketAddr, TcpListener};

use super::client::{connect, rest, BAD_ADDRESSES};
use super::program::{assert_fails, Program};

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
        let line = format!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:7008");
        assert_fails("tcp_server", &[address], &line);
    }
    assert_fails(
        "tcp_server",
        &["127.0.0.1:0", "x"],
        "too many arguments; usage: tcp_server [ADDRESS]",
    );
}

#[test]
fn port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = format!("{address} is in use; stop what listens there or give another address");
    assert_fails("tcp_server", &[address], &line);
}

#[cfg(unix)]
mod signals {
    use super::*;

    use std::time::Duration;

    use rustix::net::sockopt::set_socket_linger;
    use rustix::process::Signal;

    #[test]
    fn either_signal_makes_the_loop_return() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut program, address) = start();
            assert_eq!(rest(&mut connect(address)), b"hello\n");
            program.signal(signal);
            assert_eq!(program.line(), "signals returned Ok(())");
            program
                .end()
                .assert_went_well("greeter returned Ok(()), interrupted\n");
        }
    }

    #[test]
    fn client_that_breaks_off_ends_only_itself() {
        let (mut program, address) = start();
        program.signal(Signal::STOP);
        let rude = connect(address);
        set_socket_linger(&rude, Some(Duration::ZERO)).unwrap();
        drop(rude); // with a reset
        program.signal(Signal::CONT);
        assert_eq!(rest(&mut connect(address)), b"hello\n");

        program.signal(Signal::TERM);
        assert_eq!(program.line(), "signals returned Ok(())");
        let ended = program.end();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.stderr.starts_with("cannot "), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}
