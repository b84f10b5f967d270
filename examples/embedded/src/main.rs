//! Firmware whose parts are the actors of one group: a light, a sensor, its watchdog, and a listener that opens a session
//! for each peer on the serial line. README.md says how to run it, and how peers share the line.
//!
//! Sessions come and go while the group runs. One that is closed leaves, and stops nothing. The peer of a `shell` can stop
//! the firmware, make its own session hang, and make the sensor hang. Then the watchdog returns an error, which stops the
//! group. What hangs ignores its interrupt, and is dropped when the grace period ends. The output is in a second stage. It
//! shuts down last, so no line of the shutdown is lost.

#![no_std]
#![no_main]

extern crate alloc;

mod board;

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::cell::Cell;
use core::fmt::Display;
use core::future::pending;

use embassy_executor::Spawner;
use embassy_futures::select::{select3, Either3};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{with_timeout, Duration, Ticker, Timer};
use run_group::{Exit, Group, Interrupt, Interrupted, LocalHandle};

use crate::board::Led;

const BLINK: Duration = Duration::from_millis(250);
const SAMPLE: Duration = Duration::from_millis(50);

/// How long the watchdog waits for a sample.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How long the actors of the first stage may take to shut down.
const GRACE_PERIOD: Duration = Duration::from_millis(200);

/// How many sessions may run at the same time.
const SESSIONS: usize = 4;

/// How many lines about the group can wait to be sent.
const LOG: usize = 16;

/// How much of a line is kept. Every command is shorter.
const LINE: usize = 40;

/// The sender of lines that are about the firmware itself.
const FIRMWARE: &str = "*";

type Result = core::result::Result<(), &'static str>;

/// The state that the actors share. The actors run on one thread, so it needs neither `Sync` nor a lock. The task that
/// runs the group owns it, so the actors can borrow it.
struct Shared {
    blinks: Cell<u32>,
    samples: Cell<u32>,
    /// The latest sample. The board has no thermometer, so the sensor measures how much of the heap is in use.
    sample: Cell<usize>,
    /// Whether the sensor is to hang.
    stuck: Cell<bool>,
    /// Set by each sample.
    fed: Signal<NoopRawMutex, ()>,
    /// The lines for the peers. When this is full, their senders wait.
    answers: Channel<NoopRawMutex, Vec<u8>, 16>,
    /// The lines about the group, which are sent first. An observer cannot wait, so there is room for a whole shutdown.
    log: Channel<NoopRawMutex, Vec<u8>, LOG>,
}

/// What the listener knows of a session.
struct Session {
    peer: String,
    /// The session has the other reference.
    frames: Rc<Frames>,
    /// Stops this session alone. `None` once the peer has closed it.
    stop: Option<Interrupt>,
}

/// What a session has: the way to its peer.
struct Peer<'a> {
    name: String,
    frames: Rc<Frames>,
    interrupted: Interrupted,
    shared: &'a Shared,
    /// Adds actors to the group.
    group: LocalHandle<'a, Result>,
}

/// The frames of a peer that its session has not handled.
type Frames = Channel<NoopRawMutex, String, 2>;

// This is embassy's thread-mode executor, which every interrupt preempts. So an actor is always woken at the priority
// of the group or at a higher one, which is safe. If the group ran on an `InterruptExecutor`, code at a lower priority
// would have to wake actors inside `critical_section::with`. Otherwise, the group could preempt that code in the middle
// of a wake. It would then wake itself again and again, and the code would never get to complete its wake.
#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let led = board::start();
    let shared = Shared {
        blinks: Cell::new(0),
        samples: Cell::new(0),
        sample: Cell::new(0),
        stuck: Cell::new(false),
        fed: Signal::new(),
        answers: Channel::new(),
        log: Channel::new(),
    };

    let mut front = Group::local();
    front.add_with(|interrupted| blink(led, &shared, interrupted)).named("light");
    front.add_with(|interrupted| sense(&shared, interrupted)).named("sensor");
    front.add_abortable(watch(&shared)).named("watchdog");
    let handle = front.handle();
    front.add_abortable(listen(&shared, handle)).named("listener");
    front.grace_period(|| Timer::after(GRACE_PERIOD));

    let mut back = Group::local();
    back.add_with(|interrupted| send(&shared, interrupted)).named("output");

    let mut group = front.before(back);
    group.on_exit(|exit| shared.log(exit));
    group.on_wait(|waiting| shared.log(format_args!("waiting for {waiting}")));
    let report = group.report().await;

    let cause = &report[0];
    // The output has exited, so the last line, which is about that exit, is sent here.
    while let Ok(bytes) = shared.log.try_receive() {
        board::write_blocking(&bytes);
    }
    board::write_blocking(&line(FIRMWARE, format_args!("the cause: {cause}")));
    board::exit(matches!(cause.output(), Some(Ok(()))));
}

/// Blinks until interrupted, and leaves the light off.
async fn blink(mut led: Led, shared: &Shared, mut interrupted: Interrupted) -> Result {
    let mut ticker = Ticker::every(BLINK);
    let mut on = false;
    while interrupted.unless(ticker.next()).await.is_some() {
        on = !on;
        led.set(on);
        shared.blinks.set(shared.blinks.get() + u32::from(on));
    }
    led.set(false);
    Ok(())
}

/// Takes samples until interrupted.
async fn sense(shared: &Shared, mut interrupted: Interrupted) -> Result {
    let mut ticker = Ticker::every(SAMPLE);
    while interrupted.unless(ticker.next()).await.is_some() {
        if shared.stuck.get() {
            // Like a driver that waits forever for a sensor that does not answer.
            pending::<()>().await;
        }
        shared.sample.set(board::heap_used());
        shared.samples.set(shared.samples.get() + 1);
        shared.fed.signal(());
    }
    Ok(())
}

/// Returns an error when there is no sample for a while.
async fn watch(shared: &Shared) -> Result {
    while with_timeout(TIMEOUT, shared.fed.wait()).await.is_ok() {}
    Err("no sample for 300 ms")
}

/// Opens a session for each peer that asks for one, and hands each session the frames of its peer.
async fn listen<'a>(shared: &'a Shared, handle: LocalHandle<'a, Result>) -> Result {
    let mut sessions = Vec::<Session>::new();
    shared.say(FIRMWARE, "ready for `PEER: open shell`").await;
    loop {
        let line = shared.hear().await;
        if line.trim().is_empty() {
            continue;
        }
        let Some((peer, text)) = frame(&line) else {
            shared.say(FIRMWARE, "a frame is `PEER: TEXT`").await;
            continue;
        };
        // A session that has left has dropped its reference.
        sessions.retain(|session| Rc::strong_count(&session.frames) > 1);
        if let Some(session) = sessions.iter_mut().find(|session| session.peer == peer) {
            if text == "close" {
                session.stop = None;
            } else if session.frames.try_send(text.into()).is_err() {
                shared.say(peer, "the session is busy").await;
            }
            continue;
        }
        match text.strip_prefix("open ") {
            Some(_) if sessions.len() == SESSIONS => {
                shared.say(peer, "there are too many sessions").await;
            }
            Some(kind) => match open(kind, peer, shared, &handle) {
                Some(session) => sessions.push(session),
                None => shared.say(peer, "a session is a shell or a meter").await,
            },
            None => shared.say(peer, "open a session first").await,
        }
    }
}

/// Opens a session of this kind. `None`: there is no such kind.
///
/// A new kind is a function like `shell`, and a line here.
fn open<'a>(
    kind: &str,
    peer: &str,
    shared: &'a Shared,
    handle: &LocalHandle<'a, Result>,
) -> Option<Session> {
    let frames = Rc::new(Frames::new());
    let (interrupt, interrupted) = Interrupted::channel();
    let session =
        Session { peer: peer.into(), frames: frames.clone(), stop: Some(interrupted.other_end()) };
    let peer = Peer { name: peer.into(), frames, interrupted, shared, group: handle.clone() };
    let name = format!("{kind} {}", peer.name);
    let interrupt = |_: &Exit<Result>| interrupt.interrupt();
    let child = match kind {
        "shell" => handle.add(shell(peer), interrupt),
        "meter" => handle.add(meter(peer), interrupt),
        _ => return None,
    };
    child.stops_if(|_| false).named(name);
    Some(session)
}

/// Carries out commands.
async fn shell(mut peer: Peer<'_>) -> Result {
    let shared = peer.shared;
    peer.say("the commands are status, stuck, hang and stop").await;
    while let Some(command) = peer.hear().await {
        match command.as_str() {
            "status" => {
                let (blinks, samples) = (shared.blinks.get(), shared.samples.get());
                let sample = shared.sample.get();
                let status = format_args!(
                    "blinks: {blinks}, samples: {samples}, the latest: {sample} bytes of heap"
                );
                peer.say(status).await;
            }
            "stuck" => {
                shared.stuck.set(true);
                peer.say("the sensor hangs from now on").await;
            }
            "hang" => {
                peer.say("this session hangs from now on").await;
                pending::<()>().await;
            }
            "stop" => peer.group.add(async { Ok(()) }, |_| {}).named("stop"),
            other => peer.say(format_args!("unknown command `{other}`")).await,
        }
    }
    Ok(())
}

/// Shows as many samples as the peer asks for. An error ends the session, and nothing else.
async fn meter(mut peer: Peer<'_>) -> Result {
    peer.say("how many samples?").await;
    while let Some(number) = peer.hear().await {
        let Ok(number) = number.parse::<u8>() else {
            return Err("not a number of samples");
        };
        for _ in 0..number {
            let timer = Timer::after(SAMPLE);
            if peer.interrupted.unless(timer).await.is_none() {
                return Ok(());
            }
            let sample = peer.shared.sample.get();
            peer.say(format_args!("{sample} bytes of heap")).await;
        }
    }
    Ok(())
}

/// Sends the output until it is interrupted and nothing is left to send.
async fn send(shared: &Shared, mut interrupted: Interrupted) -> Result {
    loop {
        let log = shared.log.receive();
        let answer = shared.answers.receive();
        // `select3` prefers the first that is ready, so the interruption comes last.
        match select3(log, answer, &mut interrupted).await {
            Either3::First(bytes) | Either3::Second(bytes) => {
                for byte in bytes {
                    board::write(byte).await;
                }
            }
            Either3::Third(()) => return Ok(()),
        }
    }
}

impl Peer<'_> {
    /// Returns the next frame of the peer. `None`: the session was closed, or the firmware shuts down.
    async fn hear(&mut self) -> Option<String> {
        self.interrupted.unless(self.frames.receive()).await
    }

    /// Sends a frame to the peer, when there is room for it.
    async fn say(&self, text: impl Display) {
        self.shared.say(&self.name, text).await;
    }
}

impl Shared {
    /// Returns the next line of input, and echoes it.
    async fn hear(&self) -> String {
        let mut typed = Vec::new();
        loop {
            match board::read().await {
                b'\r' | b'\n' => break,
                byte if typed.len() < LINE => {
                    self.answers.send(vec![byte]).await;
                    typed.push(byte);
                }
                _ => {}
            }
        }
        self.answers.send(vec![b'\n']).await;
        String::from_utf8_lossy(&typed).into_owned()
    }

    /// Adds a line to the output, when there is room for it.
    async fn say(&self, peer: &str, text: impl Display) {
        self.answers.send(line(peer, text)).await;
    }

    /// Adds a line about the group to the output. If there is no room, because sessions come and go faster than the
    /// lines can be sent, it is lost.
    fn log(&self, text: impl Display) {
        let _ = self.log.try_send(line(FIRMWARE, text));
    }
}

/// Splits a frame into its peer and its text.
fn frame(line: &str) -> Option<(&str, &str)> {
    let (peer, text) = line.split_once(':')?;
    let peer = peer.trim();
    let is_name = !peer.is_empty() && peer.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some((peer, text.trim()))
}

/// Returns a frame as a line of output.
fn line(peer: &str, text: impl Display) -> Vec<u8> {
    format!("{peer}: {text}\n").into_bytes()
}
