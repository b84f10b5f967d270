//! The example `http_server`, from outside: a process, its sockets, its signals, its exit code.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::client::{connect, rest, BAD_ADDRESSES};
use super::program::{assert_fails, Program};
use super::shutdown::{interrupt_while_it_serves, Sender};

#[path = "../../../examples/http_server.rs"]
#[allow(dead_code)]
mod example;

/// Returns the program and its two addresses: the public one, and the one for the load balancer.
fn start() -> (Program, SocketAddr, SocketAddr) {
    let mut program = Program::example("http_server", &["127.0.0.1:0", "127.0.0.1:0"]);
    let web = program.address();
    let line = program.line();
    let health = line.strip_prefix("health is on ").expect(&line);
    let health = health.parse().expect(&line);
    (program, web, health)
}

/// A client that keeps its connection from one request to the next.
struct Client(BufReader<TcpStream>);

impl Client {
    #[track_caller]
    fn connect(address: SocketAddr) -> Self {
        Self(BufReader::new(connect(address)))
    }

    /// Returns what the server calls this client.
    fn name(&self) -> String {
        self.0.get_ref().local_addr().unwrap().to_string()
    }

    #[track_caller]
    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads the head of an answer and returns the status and the length of the body.
    #[track_caller]
    fn head(&mut self) -> (u16, usize) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let length = self.0.read_line(&mut head).unwrap();
            assert!(length > 0, "the connection was closed: {head:?}");
        }
        let status = head.strip_prefix("HTTP/1.1 ").expect(&head)[..3].parse();
        let (_, length) = head.split_once("content-length: ").expect(&head);
        let length = length.lines().next().unwrap().parse();
        (status.expect(&head), length.expect(&head))
    }

    #[track_caller]
    fn assert_receives(&mut self, text: &str) {
        let mut received = vec![0; text.len()];
        self.0.read_exact(&mut received).unwrap();
        assert_eq!(String::from_utf8_lossy(&received), text);
    }

    #[track_caller]
    fn assert_get(&mut self, path: &str, status: u16, body: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        assert_eq!(self.head(), (status, body.len()), "{path}");
        self.assert_receives(body);
    }

    /// Begins a request that is in flight until six more bytes are echoed.
    #[track_caller]
    fn begin(&mut self) {
        self.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 12\r\n\r\nbefore");
        assert_eq!(self.head(), (200, 12));
        self.assert_receives("before");
    }

    #[track_caller]
    fn assert_echoes(&mut self, text: &str) {
        self.send(text);
        self.assert_receives(text);
    }

    #[track_caller]
    fn assert_closed(&mut self) {
        assert_eq!(String::from_utf8_lossy(&rest(&mut self.0)), "");
    }
}

#[test]
fn each_address_has_its_own_answers() {
    let (_program, web, health) = start();
    let mut client = Client::connect(web);
    client.assert_get("/", 200, "hello\n");
    client.begin();
    client.assert_echoes("behind");
    client.assert_get("/ready", 404, "try /, /echo or /hang\n");

    let mut balancer = Client::connect(health);
    balancer.assert_get("/live", 200, "live\n");
    balancer.assert_get("/ready", 200, "ready\n");
    balancer.assert_get("/echo", 404, "try /ready, /live or /status\n");
}

#[test]
fn status_lists_what_runs() {
    let (mut program, web, health) = start();
    let mut balancer = Client::connect(health);
    let status = "listener\nsignals\nhealth\n";
    balancer.assert_get("/status", 200, status);

    let mut client = Client::connect(web);
    client.assert_get("/", 200, "hello\n");
    let name = client.name();
    balancer.assert_get("/status", 200, &format!("{status}{name}\n"));

    drop(client);
    assert_eq!(program.line(), format!("{name} returned Ok(()), left"));
    balancer.assert_get("/status", 200, status);
}

#[test]
fn serves_many_clients_at_once() {
    let (_program, web, _) = start();
    let mut clients: Vec<_> = (0..100).map(|_| Client::connect(web)).collect();
    clients.iter_mut().for_each(Client::begin);
    for client in &mut clients {
        client.assert_echoes("behind");
    }
}

#[test]
fn client_that_breaks_off_ends_only_itself() {
    let (_program, web, _) = start();
    let mut quiet = Client::connect(web);
    quiet.assert_get("/", 200, "hello\n");

    let mut rude = Client::connect(web);
    rude.begin();
    drop(rude);
    let mut rude = Client::connect(web);
    rude.send("this is not HTTP\r\n\r\n");
    assert_eq!(rude.head(), (400, 0));
    rude.assert_closed();

    quiet.assert_get("/", 200, "hello\n");
}

#[test]
fn bad_address_is_one_line_and_status_1() {
    for address in BAD_ADDRESSES {
        let line = format!("bad address `{address}`; give HOST:PORT, such as 127.0.0.1:8080");
        assert_fails("http_server", &[address], &line);
        assert_fails("http_server", &["127.0.0.1:0", address], &line);
    }
}

#[test]
fn port_in_use_is_one_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = format!("{address} is in use; stop what listens there or give another address");
    assert_fails("http_server", &[&address], &line);
    assert_fails("http_server", &["127.0.0.1:0", &address], &line);
}

/// A request in flight is finished.
#[cfg(target_os = "linux")]
#[test]
fn lost_listener_is_one_line_and_status_1() {
    let (mut program, web, _) = start();
    let mut client = Client::connect(web);
    client.begin();
    let name = client.name();

    program.lose_listener(web);
    let error = "cannot accept clients any more: Invalid argument (os error 22)";
    let line = format!("listener returned Err({error})");
    assert_eq!(program.line(), line);
    assert_eq!(program.line(), "signals aborted");
    assert_eq!(program.line(), waits_for(&name));
    client.assert_echoes("behind");
    client.assert_closed();
    let ended = program.end();
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.stdout, returned(&[&name]));
    assert_eq!(ended.stderr, format!("Error: {line}\n"));
}

/// Returns the line that the server prints when it waits for this client alone.
#[cfg(unix)]
fn waits_for(name: &str) -> String {
    format!("waiting for {name}; press Ctrl-C again to drop it")
}

/// Returns the lines of these clients and of the health server, when they return because they are interrupted.
#[cfg(unix)]
fn returned(names: &[&str]) -> String {
    let names = names.iter().chain([&"health"]);
    names.map(|name| format!("{name} returned Ok(()), interrupted\n")).collect()
}

/// The listener pauses, and accepts the clients that wait as soon as others have left.
#[cfg(target_os = "linux")]
#[test]
fn too_many_open_files_do_not_stop_it() {
    let (mut program, web, _) = start();
    program.limit_files(30);
    let mut clients: Vec<_> = (0..40).map(|_| Client::connect(web)).collect();
    let error = "cannot accept a client: Too many open files (os error 24)";
    assert_eq!(program.error_line(), error);
    let mut last = clients.pop().unwrap();
    drop(clients);
    last.assert_get("/", 200, "hello\n");
}

/// A request whose answer has begun is answered to its end. Then the connection is idle and is closed.
#[test]
fn interrupted_at_every_poll_it_finishes_a_request() {
    use smol::io::{AsyncReadExt, AsyncWriteExt};

    const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    const POST: &str = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 12\r\n\r\nbefore";

    /// Returns how many answers have begun, and how many have ended.
    async fn client(address: SocketAddr, done: Sender<()>) -> (usize, usize) {
        let mut begun = 0;
        let mut ended = 0;
        let _closed = async {
            let mut client = smol::net::TcpStream::connect(address).await?;
            for (request, rest, end) in [(GET, "", "hello\n"), (POST, "behind", "beforebehind")] {
                client.write_all(request.as_bytes()).await?;
                let mut answer = String::new();
                while !answer.ends_with(end) {
                    let mut buffer = [0; 1024];
                    let length = client.read(&mut buffer).await?;
                    if length == 0 {
                        return Ok(());
                    }
                    if answer.is_empty() {
                        begun += 1;
                        client.write_all(rest.as_bytes()).await?;
                    }
                    answer += std::str::from_utf8(&buffer[..length]).unwrap();
                }
                ended += 1;
            }
            drop(done);
            assert_eq!(client.read(&mut [0]).await?, 0);
            std::io::Result::Ok(())
        }
        .await;
        (begun, ended)
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
    for (served, (begun, ended)) in &runs {
        assert!(served.is_ok(), "{served:?}");
        assert_eq!(begun, ended);
    }
    assert_eq!(runs.first().unwrap().1, (0, 0));
    assert_eq!(runs.last().unwrap().1, (2, 2));
}

#[cfg(unix)]
mod signals {
    use super::*;

    use std::io::ErrorKind;
    use std::time::{Duration, Instant};

    use rustix::process::Signal;

    use super::super::client::reset;
    use super::super::header::promised_output;

    /// How long requests may take after the first signal.
    const GRACE_PERIOD: Duration = Duration::from_secs(10);

    /// Sends the first signal, and reads the lines of the first stage.
    #[track_caller]
    fn stop(program: &mut Program, signal: Signal) {
        program.signal(signal);
        assert_eq!(program.line(), "signals returned Ok(())");
        assert_eq!(program.line(), "listener returned Ok(()), interrupted");
    }

    #[test]
    fn prints_what_its_header_promises() {
        let source = include_str!("../../../examples/http_server.rs");
        let in_the_header = |introduction| promised_output(source, introduction);

        let (mut program, web, health) = start();
        let mut client = Client::connect(web);
        client.begin();
        let name = client.name();
        let status =
            in_the_header("In a third terminal, `curl 127.0.0.1:8081/status` lists the actors:");
        let status = status.replace("127.0.0.1:50112", &name);
        Client::connect(health).assert_get("/status", 200, &status);

        program.signal(Signal::INT);
        let [cause, listener, waiting] = [program.line(), program.line(), program.line()];
        client.assert_echoes("behind");
        let end = program.end().stdout;
        assert_eq!(
            format!(
                "listening on {web}\nhealth is on {health}\n{cause}\n{listener}\n{waiting}\n{end}"
            ),
            in_the_header("terminal, the server ends:")
                .replace("127.0.0.1:8080", &web.to_string())
                .replace("127.0.0.1:8081", &health.to_string())
                .replace("127.0.0.1:50112", &name)
        );
    }

    #[track_caller]
    fn assert_refused(address: SocketAddr) {
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn either_signal_is_a_clean_shutdown() {
        for signal in [Signal::TERM, Signal::INT] {
            let (mut program, ..) = start();
            stop(&mut program, signal);
            program.end().assert_went_well(&returned(&[]));
        }
    }

    #[test]
    fn idle_connections_are_closed_after_a_signal() {
        let (program, web, _) = start();
        let mut busy = Client::connect(web);
        busy.begin();
        let mut silent = Client::connect(web);
        let mut idle = Client::connect(web);
        // Accepted after the silent one, so the server has accepted both.
        idle.assert_get("/", 200, "hello\n");

        program.signal(Signal::TERM);
        idle.assert_closed();
        silent.assert_closed();
        assert_refused(web);

        // The program still runs, so its end has not closed them.
        busy.assert_echoes("behind");
        program.end();
    }

    /// A request in flight is finished. The load balancer learns that the server is stopping.
    #[test]
    fn load_balancer_gets_503_during_the_shutdown() {
        let (mut program, web, health) = start();
        let mut client = Client::connect(web);
        client.begin();
        let name = client.name();
        let mut balancer = Client::connect(health);
        balancer.assert_get("/ready", 200, "ready\n");

        stop(&mut program, Signal::TERM);
        assert_eq!(program.line(), waits_for(&name));
        // Everything that the public server sends from here on, it sends after its interrupt. It echoes in two steps,
        // so that polling the connection once more is not enough.
        client.assert_echoes("be");
        for balancer in [&mut balancer, &mut Client::connect(health)] {
            balancer.assert_get("/ready", 503, "stopping\n");
            balancer.assert_get("/live", 200, "live\n");
            balancer.assert_get("/status", 200, &format!("health\n{name}\n"));
        }
        assert_refused(web);

        client.assert_echoes("hind");
        client.assert_closed();
        balancer.assert_closed();
        program.end().assert_went_well(&returned(&[&name]));
    }

    #[test]
    fn second_signal_drops_the_client_that_hangs() {
        let (mut program, web, _) = start();
        let mut client = Client::connect(web);
        client.begin();
        let mut stuck = Client::connect(web);
        stuck.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n");
        // Accepted after the other, so the server has accepted both.
        Client::connect(web).assert_get("/", 200, "hello\n");
        assert!(program.line().ends_with(" returned Ok(()), left"));
        let [name, hang] = [client.name(), stuck.name()];

        let begin = Instant::now();
        stop(&mut program, Signal::TERM);
        let line = format!("waiting for {name}, {hang}; press Ctrl-C again to drop them");
        assert_eq!(program.line(), line);
        client.assert_echoes("behind");
        client.assert_closed();
        assert_eq!(program.line(), format!("{name} returned Ok(()), interrupted"));
        assert_eq!(program.line(), waits_for(&hang));
        program.signal(Signal::INT);
        let ended = program.end();
        assert_eq!(ended.stdout, format!("{hang} expired\n{}", returned(&[])));
        assert_eq!(ended.stderr, format!("Error: {hang} expired\n"));
        assert_eq!(ended.status, Some(1));
        assert!(begin.elapsed() < GRACE_PERIOD, "it was the timer, not the signal");
        stuck.assert_closed();
    }

    /// Half of the clients reset their connection before it is accepted, the others in the middle of a request.
    #[test]
    fn clients_that_reset_stop_nothing() {
        let (mut program, web, _) = start();
        let mut quiet = Client::connect(web);
        quiet.assert_get("/", 200, "hello\n");

        program.signal(Signal::STOP);
        (0..35).for_each(|_| reset(connect(web)));
        program.signal(Signal::CONT);
        for _ in 0..35 {
            let mut client = Client::connect(web);
            client.begin();
            reset(client.0.into_inner());
        }
        quiet.assert_get("/", 200, "hello\n");
        for _ in 0..70 {
            let line = program.line();
            assert!(line.ends_with(", left"), "{line}");
        }
    }

    /// Each of them sends one request after the other, until the server closes its connection. No answer is cut off.
    #[test]
    fn busy_connections_get_whole_answers() {
        const BODY: usize = 10_000;

        /// Returns how many answers were whole, and how many bytes of another one came.
        fn talk(mut client: TcpStream, mut answered: impl FnMut()) -> (usize, usize) {
            let head =
                format!("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: {BODY}\r\n\r\n");
            let request = [head.as_bytes(), &[b'x'; BODY]].concat();
            let mut whole = 0;
            loop {
                let mut answer = Vec::new();
                let written = client.write_all(&request);
                while !is_whole(&answer) {
                    let mut buffer = [0; 16 * 1024];
                    match client.read(&mut buffer) {
                        Ok(length) if length > 0 => answer.extend(&buffer[..length]),
                        _ => return (whole, answer.len()),
                    }
                }
                written.unwrap();
                whole += 1;
                answered();
            }
        }

        fn is_whole(answer: &[u8]) -> bool {
            let mut windows = answer.windows(4);
            let head = windows.position(|window| window == b"\r\n\r\n");
            head.is_some_and(|head| answer.len() == head + 4 + BODY)
        }

        let (program, web, _) = start();
        let begin = Instant::now();
        let busy = std::sync::Barrier::new(65);
        let ended = std::thread::scope(|threads| {
            let clients: Vec<_> = (0..64)
                .map(|_| {
                    let client = connect(web);
                    let busy = &busy;
                    threads.spawn(move || {
                        let mut first = true;
                        talk(client, || {
                            if std::mem::take(&mut first) {
                                busy.wait();
                            }
                        })
                    })
                })
                .collect();
            busy.wait(); // each has had an answer
            program.signal(Signal::TERM);
            for client in clients {
                let (whole, rest) = client.join().unwrap();
                assert!(whole > 0);
                assert_eq!(rest, 0, "an answer was cut off");
            }
            program.end()
        });
        assert!(begin.elapsed() < GRACE_PERIOD, "it took too long");
        assert_eq!(ended.stderr, "");
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert_eq!(ended.stdout.matches(" returned Ok(()), interrupted").count(), 64 + 2);
    }

    /// The second stage has a grace period of its own.
    #[test]
    fn half_a_health_request_does_not_block_the_exit() {
        let (mut program, _, health) = start();
        let mut half = Client::connect(health);
        half.send("GET /ready HTTP");
        // Accepted after the other, so the server has accepted both.
        Client::connect(health).assert_get("/ready", 200, "ready\n");

        stop(&mut program, Signal::TERM);
        let ended = program.end();
        assert_eq!(ended.stdout, "health expired\n");
        assert_eq!(ended.stderr, "Error: health expired\n");
        assert_eq!(ended.status, Some(1));
        half.assert_closed();
    }
}
