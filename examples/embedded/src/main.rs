//! Firmware whose parts are the actors of one group: a light, a sensor, its watchdog, a console. README.md says how to
//! run it.
//!
//! The console takes the commands `status`, `stuck` and `stop`. `stop` shuts the group down cleanly. `stuck` makes the
//! sensor hang. Then its watchdog returns an error, which stops the group. The sensor ignores its interrupt, and is
//! dropped when the grace period ends. The output is in a second stage. It shuts down last, so no line is lost.

#![no_std]
#![no_main]

extern crate alloc;

mod board;

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
use run_group::{Group, Interrupted};

use crate::board::Led;

const BLINK: Duration = Duration::from_millis(250);
const SAMPLE: Duration = Duration::from_millis(50);

/// How long the watchdog waits for a sample.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How long the actors of the first stage may take to shut down.
const GRACE_PERIOD: Duration = Duration::from_millis(200);

/// How many actors there are.
const ACTORS: usize = 5;

/// How much of a line the console keeps. Every command is shorter.
const LINE: usize = 40;

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
    /// The lines of the console. When this is full, the console waits.
    answers: Channel<NoopRawMutex, Vec<u8>, 16>,
    /// The lines about exits. An observer cannot wait, so there is room for one line for each actor.
    exits: Channel<NoopRawMutex, Vec<u8>, ACTORS>,
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
        answers: Channel::new(),
        exits: Channel::new(),
    };

    let mut front = Group::local();
    front
        .add_with(|interrupted| blink(led, &shared, interrupted))
        .named("light");
    front
        .add_with(|interrupted| sense(&shared, interrupted))
        .named("sensor");
    front.add_abortable(watch(&shared)).named("watchdog");
    front.add_abortable(obey(&shared)).named("console");
    front.grace_period(|| Timer::after(GRACE_PERIOD));

    let mut back = Group::local();
    back.add_with(|interrupted| send(&shared, interrupted))
        .named("output");

    let mut group = front.before(back);
    group.on_exit(|exit| {
        let sent = shared.exits.try_send(line(exit));
        sent.expect("room forevery actor's line");
    });
    let exits = group.report().await;

    let cause = &exits[0];
    // The output has exited, so the last line, which is about that exit, is sent here.
    while let Ok(bytes) = shared.exits.try_receive() {
        board::write_blocking(&bytes);
    }
    board::write_blocking(&line(format_args!("the cause: {cause}")));
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

/// Carries out commands until the command `stop`.
async fn obey(shared: &Shared) -> Result {
    shared.say("commands: status, stuck, stop").await;
    loop {
        match shared.hear().await.trim() {
            "" => {}
            "status" => {
                let (blinks, samples) = (shared.blinks.get(), shared.samples.get());
                let sample = shared.sample.get();
                let status = format_args!(
                    "blinks: {blinks}, samples: {samples}, the latest: {sample} bytes of heap"
                );
                shared.say(status).await;
            }
            "stuck" => {
                shared.stuck.set(true);
                shared.say("the sensor hangs from now on").await;
            }
            "stop" => return Ok(()),
            other => {
                let complaint = format_args!(
                    "unknown command `{other}`; the commands are status, stuck and stop"
                );
                shared.say(complaint).await;
            }
        }
    }
}

/// Sends the output until it is interrupted and nothing is left to send.
async fn send(shared: &Shared, mut interrupted: Interrupted) -> Result {
    loop {
        let answer = shared.answers.receive();
        let exit = shared.exits.receive();
        // `select3` prefers the first that is ready, so the interruption comes last.
        match select3(answer, exit, &mut interrupted).await {
            Either3::First(bytes) | Either3::Second(bytes) => {
                for byte in bytes {
                    board::write(byte).await;
                }
            }
            Either3::Third(()) => return Ok(()),
        }
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
        self.answers.send(line("")).await;
        String::from_utf8_lossy(&typed).into_owned()
    }

    /// Adds a line to the output, when there is room for it.
    async fn say(&self, text: impl Display) {
        self.answers.send(line(text)).await;
    }
}

/// Returns the text as a line of output.
fn line(text: impl Display) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}
