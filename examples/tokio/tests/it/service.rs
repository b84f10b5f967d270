//! The service of the guide.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::process::Signal;

use super::client::{connect, reset, rest};
use super::program::Program;

/// Longer than a test may take.
const HOUR: &str = "3600";

/// Starts the service. Its shutdown may take `seconds`.
fn start(seconds: &str) -> (Program, SocketAddr) {
    let mut program = Program::at(env!("CARGO_BIN_EXE_service"), &["127.0.0.1:0", seconds]);
    let address = program.address();
    (program, address)
}

struct Client {
    name: String,
    connection: BufReader<TcpStream>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let connection = connect(address);
        Self {
            name: connection.local_addr().unwrap().to_string(),
            connection: BufReader::new(connection),
        }
    }

    /// Asks for `seconds` of work.
    fn ask(&mut self, seconds: &str) {
        self.connection.get_mut().write_all(format!("{seconds}\n").as_bytes()).unwrap();
    }

    /// Waits for the next line.
    #[track_caller]
    fn expect(&mut self, line: &str) {
        let mut next = String::new();
        self.connection.read_line(&mut next).unwrap();
        assert_eq!(next.trim_end(), line);
    }

    /// Asks for work, and waits until it has begun.
    fn working(address: SocketAddr, seconds: &str) -> Self {
        let mut client = Self::new(address);
        client.ask(seconds);
        client.expect("working");
        client
    }

    /// Asks for no work, and waits until it is done.
    fn idle(address: SocketAddr) -> Self {
        let mut client = Self::working(address, "0");
        client.expect("done");
        client
    }
}

/// Waits until the program prints `line`.
#[track_caller]
fn wait_for(program: &mut Program, line: &str) {
    while program.line() != line {}
}

#[test]
fn signal_lets_clients_finish() {
    for signal in [Signal::INT, Signal::TERM] {
        let (mut program, address) = start(HOUR);
        let mut idle = Client::idle(address);
        let mut busy = Client::working(address, "0.1");
        program.signal(signal);
        assert_eq!(program.line(), "signals returned Ok(())");
        busy.expect("done");
        assert_eq!(rest(&mut busy.connection), b"");
        assert_eq!(rest(&mut idle.connection), b"");

        let ended = program.end();
        for name in ["listener", &busy.name, &idle.name] {
            let line = format!("{name} returned Ok(()), interrupted\n");
            assert!(ended.stdout.contains(&line), "{ended:?}");
        }
        assert_eq!(ended.stderr, "");
        assert_eq!(ended.status, Some(0));
    }
}

/// The first signal must not be taken for the second, and the second must not be missed.
#[test]
fn second_signal_forces_the_shutdown() {
    for (first, second) in [(Signal::TERM, Signal::TERM), (Signal::TERM, Signal::INT)] {
        let (mut program, address) = start(HOUR);
        let client = Client::working(address, HOUR);
        program.signal(first);
        wait_for(&mut program, &format!("waiting for {}", client.name));
        program.signal(second);
        assert_expires(program, &client.name);
    }
}

#[test]
fn limit_forces_the_shutdown() {
    let (program, address) = start("0");
    let client = Client::working(address, HOUR);
    program.signal(Signal::TERM);
    assert_expires(program, &client.name);
}

#[track_caller]
fn assert_expires(program: Program, name: &str) {
    let ended = program.end();
    assert!(ended.stdout.ends_with(&format!("{name} expired\n")), "{ended:?}");
    assert_eq!(ended.stderr, format!("Error: {name} expired\n"));
    assert_eq!(ended.status, Some(1));
}

#[test]
fn part_that_fails_is_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = TcpListener::bind(&address).unwrap_err();

    let ended = Program::at(env!("CARGO_BIN_EXE_service"), &[address]).end();
    let failure = format!("listener returned Err({error:?})\n");
    assert_eq!(ended.stdout, format!("{failure}signals aborted\n"));
    assert_eq!(ended.stderr, format!("Error: {failure}"));
    assert_eq!(ended.status, Some(1));
}

#[test]
fn failures_of_clients_are_their_own() {
    let (mut program, address) = start(HOUR);
    let mut wrong = Client::new(address);
    wrong.ask("one");
    assert_eq!(program.error_line(), format!("{}: invalid float literal", wrong.name));
    assert_eq!(program.line(), format!("{} returned Ok(()), left", wrong.name));

    let panicking = Client::working(address, "-1");
    let panicked = format!("{}: task ", panicking.name);
    let is_it = |line: &String| line.starts_with(&panicked) && line.contains(" panicked ");
    while !is_it(&program.error_line()) {} // the message of the panic comes first
    assert_eq!(program.line(), format!("{} returned Ok(()), left", panicking.name));

    for _ in 0..70 {
        reset(connect(address));
    }
    Client::idle(address);
    program.signal(Signal::TERM);
    assert_eq!(program.end().status, Some(0));
}

/// The listener pauses, and accepts the clients that wait as soon as others have left.
#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_do_not_stop_it() {
    let (mut program, address) = start(HOUR);
    program.limit_files(30);
    let mut clients: Vec<_> = (0..40).map(|_| Client::new(address)).collect();
    let error = "cannot accept a client: Too many open files (os error 24)";
    assert_eq!(program.error_line(), error);
    let mut last = clients.pop().unwrap();
    drop(clients);
    last.ask("0");
    last.expect("working");
}
