use futures::channel::oneshot;
use run_group::{Group, Interrupted};
use smol::{future::pending, prelude::*, Timer};
use std::ffi::{OsStr, OsString};
use std::{env, io, time::Duration};

type Output = io::Result<()>;

/// Notifies systemd when the program is ready, while it is alive, and when it stops.
async fn systemd(
    mut interrupted: Interrupted,
    socket: OsString,
    watchdog: Option<Duration>,
    all_ready: impl Future<Output = ()>,
) -> Output {
    let send = |state| {
        if let Err(error) = notify(&socket, state) {
            eprintln!("cannot send {state} to systemd: {error}");
        }
    };
    if interrupted.unless(all_ready).await.is_some() {
        send("READY=1");
        let mut ticks = match watchdog {
            Some(limit) => Timer::interval(limit / 2),
            None => Timer::never(),
        };
        while interrupted.unless(ticks.next()).await.is_some() {
            send("WATCHDOG=1");
        }
    }
    send("STOPPING=1");
    Ok(())
}

/// Returns the interval in which systemd expects a `WATCHDOG=1`, if it expects any.
fn watchdog() -> Option<Duration> {
    let micros = env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
    Some(Duration::from_micros(micros)).filter(|limit| !limit.is_zero())
}

#[cfg(target_os = "linux")]
fn notify(socket: &OsStr, state: &str) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let address = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn notify(_socket: &OsStr, _state: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn main() -> Output {
    let (open, ready) = oneshot::channel();
    let mut group = Group::new();
    if let Some(socket) = env::var_os("NOTIFY_SOCKET") {
        let all_ready = async {
            if ready.await.is_err() {
                pending().await // the web server has failed
            }
        };
        group
            .add_with(|interrupted| systemd(interrupted, socket, watchdog(), all_ready))
            .named("systemd");
    }
    let web = async {
        let _ = open.send(()); // it listens on its port
        Timer::after(Duration::from_millis(20)).await;
        Ok(())
    };
    group.add_abortable(web).named("web");
    smol::block_on(group.run())
}
// The recipe ends here.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use run_group::testing::interrupt_at_every_poll;

use super::as_program;
use crate::recipes::assert_is_a_recipe;

/// What stands for systemd in a test.
struct Manager(UnixDatagram);

impl Manager {
    /// Returns one that listens on an abstract address, and the address.
    fn new(test: &str) -> (Self, String) {
        let name = format!("run-group {} {test}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap(); // only a failing test waits
        (Self(socket), format!("@{name}"))
    }

    /// Waits for the next message.
    fn message(&self) -> String {
        let mut buffer = [0; 64];
        let length = self.0.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into()
    }
}

/// Runs a group of `systemd` and another actor, which is `web`.
fn run(
    socket: &str,
    watchdog: Option<Duration>,
    all_ready: impl Future<Output = ()> + Send,
    web: impl Future<Output = Output> + Send,
) -> Output {
    let mut group = Group::new();
    group
        .add_with(|interrupted| systemd(interrupted, socket.into(), watchdog, all_ready))
        .named("systemd");
    group.add_abortable(web).named("web");
    smol::block_on(group.run())
}

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("systemd.rs"));
    main().unwrap(); // without a socket
}

#[test]
fn program_notifies_systemd() {
    let (manager, address) = Manager::new("program");
    let variables = [&*format!("NOTIFY_SOCKET={address}"), "WATCHDOG_USEC=2000"];
    let Some(program) = as_program("systemd::program_notifies_systemd", &variables) else {
        return main().unwrap();
    };
    assert_eq!(manager.message(), "READY=1");
    let next = loop {
        let message = manager.message();
        if message != "WATCHDOG=1" {
            break message;
        }
    };
    assert_eq!(next, "STOPPING=1");
    assert_eq!(program.end().status, Some(0));
}

/// `WATCHDOG_USEC` is empty, zero, or not a number.
#[test]
fn program_without_a_watchdog_sends_no_pings() {
    const TEST: &str = "systemd::program_without_a_watchdog_sends_no_pings";
    let (manager, address) = Manager::new("no watchdog");
    let socket = format!("NOTIFY_SOCKET={address}");
    for micros in ["WATCHDOG_USEC=", "WATCHDOG_USEC=0", "WATCHDOG_USEC=soon"] {
        let Some(program) = as_program(TEST, &[&socket, micros]) else {
            return main().unwrap();
        };
        assert_eq!([manager.message(), manager.message()], ["READY=1", "STOPPING=1"]);
        assert_eq!(program.end().status, Some(0));
    }
}

#[test]
fn ping_shows_that_the_group_is_polled() {
    let (manager, address) = Manager::new("ping");
    let first = smol::unblock(move || [manager.message(), manager.message()]);
    let web = async {
        assert_eq!(first.await, ["READY=1", "WATCHDOG=1"]);
        Ok(())
    };
    run(&address, Some(Duration::from_millis(2)), async {}, web).unwrap();
}

#[test]
fn failing_before_it_is_ready_sends_no_ready() {
    let (manager, address) = Manager::new("failing");
    let web = async { Err(io::ErrorKind::AddrInUse.into()) };
    let error = run(&address, None, pending(), web).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(manager.message(), "STOPPING=1");
}

#[test]
fn program_continues_when_the_socket_is_gone() {
    let (manager, address) = Manager::new("gone");
    drop(manager);
    assert!(notify(OsStr::new(&address), "READY=1").is_err());
    let web = futures::FutureExt::map(smol::future::yield_now(), Ok);
    run(&address, None, async {}, web).unwrap();
}

#[test]
fn socket_may_be_a_path() {
    let path = env::temp_dir().join(format!("run-group {}", std::process::id()));
    let manager = Manager(UnixDatagram::bind(&path).unwrap());
    notify(path.as_os_str(), "READY=1").unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(manager.message(), "READY=1");
}

#[test]
fn interrupted_at_every_poll_it_says_stopping() {
    let (manager, address) = Manager::new("every poll");
    let results = interrupt_at_every_poll(|interrupted| {
        systemd(interrupted, address.clone().into(), None, smol::future::yield_now())
    });
    let mut messages = Vec::new();
    for _ in results {
        messages.push(manager.message());
        if messages.ends_with(&["READY=1".into()]) {
            messages.push(manager.message());
        }
    }
    assert_eq!(messages, ["STOPPING=1", "STOPPING=1", "READY=1", "STOPPING=1"]);
}
