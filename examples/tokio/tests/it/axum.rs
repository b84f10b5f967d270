//! The web server of the guide.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::process::Signal;

use super::client::{connect, rest};
use super::program::Program;

/// Longer than a test may take.
const HOUR: &str = "3600";

/// What it prints when the storage shuts down: after the web, and in time.
const STORAGE: &str = "waiting for storage\nstorage returned Ok(()), interrupted\n";

/// Starts the server. Its shutdown may take `seconds`.
fn start(seconds: &str) -> (Program, SocketAddr) {
    let mut program = Program::at(env!("CARGO_BIN_EXE_axum"), &["127.0.0.1:0", seconds]);
    let address = program.address();
    (program, address)
}

struct Client(BufReader<TcpStream>);

impl Client {
    /// Sends the head of a request, and waits until the server wants the body.
    #[track_caller]
    fn in_flight(address: SocketAddr) -> Self {
        let mut client = Self(BufReader::new(connect(address)));
        client.send(
            "POST / HTTP/1.1\r\nhost: it\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n",
        );
        assert_eq!(client.head(), "HTTP/1.1 100 Continue");
        client
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads the head of a response. Returns its first line.
    fn head(&mut self) -> String {
        let lines = self.0.by_ref().lines().map(Result::unwrap);
        let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        head[0].clone()
    }

    /// Sends the body of the request, and reads the response.
    #[track_caller]
    fn finish(&mut self) {
        self.send("hello");
        assert_eq!(self.head(), "HTTP/1.1 200 OK");
        let mut body = [0; 5];
        self.0.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"hello");
    }
}

/// Sends a signal, and reads the lines up to the one that says what the shutdown waits for.
#[track_caller]
fn stop(program: &mut Program, signal: Signal) {
    program.signal(signal);
    assert_eq!(program.line(), "signals returned Ok(())");
    assert_eq!(program.line(), "waiting for http");
}

#[test]
fn signal_lets_requests_finish() {
    for signal in [Signal::INT, Signal::TERM] {
        let (mut program, address) = start(HOUR);
        let mut idle = Client::in_flight(address);
        idle.finish();
        let mut busy = Client::in_flight(address);
        stop(&mut program, signal);
        busy.finish();
        assert_eq!(rest(&mut busy.0), b"");
        assert_eq!(rest(&mut idle.0), b""); // although it was kept alive

        let ended = program.end();
        assert_eq!(ended.stdout, format!("http returned Ok(()), interrupted\n{STORAGE}"));
        assert_eq!(ended.stderr, "");
        assert_eq!(ended.status, Some(0));
    }
}

#[test]
fn second_signal_drops_requests() {
    let (mut program, address) = start(HOUR);
    let mut client = Client::in_flight(address);
    stop(&mut program, Signal::TERM);
    program.signal(Signal::TERM);
    assert_expires(program);
    assert_eq!(rest(&mut client.0), b"");
}

#[test]
fn limit_drops_requests() {
    let (mut program, address) = start("1");
    let mut client = Client::in_flight(address);
    stop(&mut program, Signal::TERM);
    assert_expires(program);
    assert_eq!(rest(&mut client.0), b"");
}

#[track_caller]
fn assert_expires(program: Program) {
    let ended = program.end();
    assert_eq!(ended.stdout, format!("http expired\n{STORAGE}"));
    assert_eq!(ended.stderr, "Error: http expired\n");
    assert_eq!(ended.status, Some(1));
}

#[test]
fn port_in_use_is_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = TcpListener::bind(&address).unwrap_err();
    Program::at(env!("CARGO_BIN_EXE_axum"), &[address]).fails(&format!("Error: {error:?}"));
}
