//! Firmware whose parts are the actors of one group: a light, a sensor, its watchdog, and a listener that opens a
//! session for each peer on the serial line. README.md says how to run it, and how peers share the line.
//!
//! Sessions come and go while the group runs. One that is closed leaves, and stops nothing. The peer of a `shell` can
//! stop the firmware, make its own session hang, and make the sensor hang. If the sensor hangs, the watchdog returns an
//! error, which stops the group. Whatever hangs ignores its interrupt, and is dropped when the grace period ends. The
//! output is in a second stage. It shuts down last, so no line of the shutdown is lost.

#![no_std]
#![no_main]

extern crate alloc;

mod board;

use alloc::boxed::Box;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt::Display;
use core::future::{pending, Future};
use core::pin::Pin;

use embassy_executor::Spawner;
use embassy_futures::select::{select, Either};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::semaphore::{FairSemaphore, Semaphore};
use embassy_sync::signal::Signal;
use embassy_time::{with_timeout, Duration, Ticker, Timer};
use run_group::{Group, Interrupt, Interrupted, LocalHandle};

use crate::board::Led;

const BLINK: Duration = Duration::from_millis(250);
const SAMPLE: Duration = Duration::from_millis(50);
const TICK: Duration = Duration::from_millis(100);

/// How long the watchdog waits for a sample.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How long the actors of the first stage may take to shut down.
const GRACE_PERIOD: Duration = Duration::from_millis(200);

/// How many sessions may run at the same time.
const SESSIONS: usize = 4;

/// How many lines for the peers can wait to be sent.
const ANSWERS: usize = 16;

/// How many lines about the group can wait as well. An observer cannot wait for room, so a whole shutdown fits.
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
    /// The output, in order.
    output: Channel<NoopRawMutex, Output, { ANSWERS + LOG }>,
    /// A permit for each answer that fits into the output. When there is none, the listener and the sessions wait.
    room: FairSemaphore<NoopRawMutex, { 1 + SESSIONS }>,
}

/// A line of output.
struct Output {
    bytes: Vec<u8>,
    /// Whether it is for a peer, so that its sender took a permit.
    is_answer: bool,
}

/// The kinds of sessions. This is the only list of them.
const KINDS: [(&str, Execute); 3] = [
    ("shell", |peer| Box::pin(shell(peer))),
    ("meter", |peer| Box::pin(meter(peer))),
    ("ticker", |peer| Box::pin(ticker(peer))),
];

/// What a session does. One type for all of them takes less flash than one for each.
type Execute = for<'a> fn(Peer<'a>) -> Pin<Box<dyn Future<Output = Result> + 'a>>;

/// What the listener knows of a session.
struct Session {
    peer: String,
    inbox: Rc<Inbox>,
    /// Interrupts this session alone. `None` once the peer has closed it.
    stop: Option<Interrupt>,
}

/// What a session gets, to talk to its peer.
struct Peer<'a> {
    name: String,
    inbox: Rc<Inbox>,
    interrupted: Interrupted,
    shared: &'a Shared,
    /// Adds actors to the group.
    group: LocalHandle<'a, Result>,
}

/// What the listener passes to a session.
struct Inbox {
    /// The frames of the peer that the session has not handled.
    frames: Channel<NoopRawMutex, String, 2>,
    /// Whether the peer has closed the session.
    is_closed: Cell<bool>,
}

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
        output: Channel::new(),
        room: FairSemaphore::new(ANSWERS),
    };
    // The listener borrows them. If it owned them, they would be dropped with it when it is aborted, and dropping an
    // `Interrupt` interrupts. In a shutdown, only the group interrupts the sessions.
    let mut sessions = Vec::new();

    let mut front = Group::local();
    front.add_with(|interrupted| blink(led, &shared, interrupted)).named("light");
    front.add_with(|interrupted| sense(&shared, interrupted)).named("sensor");
    front.add_abortable(watch(&shared)).named("watchdog");
    let handle = front.handle();
    front.add_abortable(listen(&shared, &mut sessions, handle)).named("listener");
    front.grace_period(|| Timer::after(GRACE_PERIOD));

    let mut back = Group::local();
    back.add_with(|interrupted| send(&shared, interrupted)).named("output");

    let mut group = front.before(back);
    group.on_exit(|exit| shared.log(exit));
    group.on_wait(|waiting| shared.log(format_args!("waiting for {waiting}")));
    let report = group.report().await;

    let cause = &report[0];
    // The output has exited, so the last line, which is about that exit, is sent here.
    while let Ok(line) = shared.output.try_receive() {
        board::write_blocking(&line.bytes);
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
async fn listen<'a>(
    shared: &'a Shared,
    sessions: &mut Vec<Session>,
    handle: LocalHandle<'a, Result>,
) -> Result {
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
        sessions.retain(|session| !session.has_left());
        if let Some(session) = sessions.iter_mut().find(|session| session.peer == peer) {
            if text == "close" {
                session.close();
            } else if session.inbox.frames.try_send(text.into()).is_err() {
                shared.say(peer, "the session is busy").await;
            }
            continue;
        }
        let Some(kind) = text.strip_prefix("open ") else {
            shared.say(peer, "open a session first").await;
            continue;
        };
        if sessions.len() == SESSIONS {
            shared.say(peer, "there are too many sessions").await;
        } else if let Some((kind, execute)) = KINDS.iter().find(|(name, _)| *name == kind) {
            sessions.push(open(kind, *execute, peer, shared, &handle));
        } else {
            let kinds = KINDS.map(|(name, _)| name).join(", ");
            shared.say(peer, format_args!("the kinds of sessions are {kinds}")).await;
        }
    }
}

/// Opens a session.
fn open<'a>(
    kind: &str,
    execute: Execute,
    peer: &str,
    shared: &'a Shared,
    handle: &LocalHandle<'a, Result>,
) -> Session {
    let inbox = Rc::new(Inbox { frames: Channel::new(), is_closed: Cell::new(false) });
    let mut session = Session { peer: peer.into(), inbox: inbox.clone(), stop: None };
    handle
        .add_with(|interrupted| {
            session.stop = Some(interrupted.other_end());
            execute(Peer { name: peer.into(), inbox, interrupted, shared, group: handle.clone() })
        })
        .stops_if(|_| false)
        .named(format!("{kind} {peer}"));
    session
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

/// Counts ticks until it is closed or the firmware shuts down. Any text starts the count again.
async fn ticker(mut peer: Peer<'_>) -> Result {
    let mut ticker = Ticker::every(TICK);
    let mut ticks = 0;
    loop {
        match select(peer.hear(), ticker.next()).await {
            Either::First(Some(_text)) => ticks = 0,
            Either::First(None) => break,
            Either::Second(()) => {
                ticks += 1;
                peer.say(format_args!("tick {ticks}")).await;
            }
        }
    }
    // The output shuts down after all sessions, so the last word is sent.
    let reason = if peer.is_closed() { "you closed it" } else { "the firmware shuts down" };
    peer.say(format_args!("goodbye after tick {ticks}: {reason}")).await;
    Ok(())
}

/// Sends the output until it is interrupted and nothing is left to send.
async fn send(shared: &Shared, mut interrupted: Interrupted) -> Result {
    // `select` prefers the first that is ready, so the interruption comes last.
    while let Either::First(line) = select(shared.output.receive(), &mut interrupted).await {
        for byte in line.bytes {
            board::write(byte).await;
        }
        shared.room.release(line.is_answer.into());
    }
    Ok(())
}

impl Session {
    /// Interrupts the session.
    fn close(&mut self) {
        self.inbox.is_closed.set(true);
        if let Some(stop) = self.stop.take() {
            stop.interrupt();
        }
    }

    /// Returns whether the session has exited. Only then is the listener's reference to the inbox the last one.
    fn has_left(&self) -> bool {
        Rc::strong_count(&self.inbox) == 1
    }
}

impl Peer<'_> {
    /// Returns the next frame of the peer. `None`: the session was closed, or the firmware shuts down.
    ///
    /// Cancel safe: in `select`, no frame is lost.
    async fn hear(&mut self) -> Option<String> {
        self.interrupted.unless(self.inbox.frames.receive()).await
    }

    /// Returns whether the peer has closed the session. If it has not, and `hear` returns `None`, the firmware shuts
    /// down.
    fn is_closed(&self) -> bool {
        self.inbox.is_closed.get()
    }

    /// Sends a frame to the peer, when there is room for it.
    async fn say(&self, text: impl Display) {
        self.shared.say(&self.name, text).await;
    }
}

impl Shared {
    /// Returns the next line of input, and echoes it. It echoes the whole line at once, because a session may speak
    /// while you type.
    async fn hear(&self) -> String {
        let mut typed = Vec::new();
        loop {
            match board::read().await {
                b'\r' | b'\n' => break,
                b'\x08' | b'\x7f' => drop(typed.pop()), // Backspace
                byte if typed.len() < LINE => typed.push(byte),
                _ => {}
            }
        }
        let line = String::from_utf8_lossy(&typed).into_owned();
        typed.push(b'\n');
        self.answer(typed).await;
        line
    }

    /// Adds a line to the output, when there is room for it.
    async fn say(&self, peer: &str, text: impl Display) {
        self.answer(line(peer, text)).await;
    }

    /// Adds an answer to the output, when there is room for it.
    async fn answer(&self, bytes: Vec<u8>) {
        let permit = self.room.acquire(1).await.expect("each sender can wait");
        permit.disarm(); // the output gives it back when it has sent the line
        let _ = self.output.try_send(Output { bytes, is_answer: true }); // there is room
    }

    /// Adds a line about the group to the output. If there is no room, because sessions come and go faster than the
    /// lines can be sent, it is lost.
    fn log(&self, text: impl Display) {
        let _ = self.output.try_send(Output { bytes: line(FIRMWARE, text), is_answer: false });
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
