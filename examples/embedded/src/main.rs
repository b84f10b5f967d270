//! Firmware whose parts live in one group: a light, a sensor, its watchdog, a console. README.md says how to run it.
//!
//! The console takes the commands `status`, `stuck` and `stop`. `stop` is a clean end of the group. `stuck` makes the
//! sensor hang, so that its watchdog returns an error and ends the group; the sensor does not even return when it is
//! interrupted, and is dropped at the end of the grace period. The output is a stage behind all that: it stops last, when
//! nobody has anything more to say.

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
use embassy_futures::select::{select, select3, Either::First, Either3};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{with_timeout, Duration, Ticker, Timer};
use run_group::{Group, Interrupted};

use crate::board::Led;

const BLINK: Duration = Duration::from_millis(250);
const SAMPLE: Duration = Duration::from_millis(50);

/// How long the watchdog waits for a sample.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long actors have for their stop.
const GRACE_PERIOD: Duration = Duration::from_millis(200);

/// How many actors there are.
const ACTORS: usize = 5;

/// How much of a line the console keeps. Every command is shorter.
const LINE: usize = 40;

type Result = core::result::Result<(), &'static str>;

/// What the actors share. They take turns on one thread, so it needs neither `Sync` nor a lock; and as the group runs
/// inside the task which owns this, they may borrow it.
struct Shared {
    blinks: Cell<u32>,
    samples: Cell<u32>,
    /// The latest sample. The board has no thermometer, so the sensor measures how much of the heap is in use.
    sample: Cell<usize>,
    /// Whether the sensor is to hang.
    stuck: Cell<bool>,
    /// Given with each sample.
    fed: Signal<NoopRawMutex, ()>,
    /// What the console has to say. It waits for room here.
    answers: Channel<NoopRawMutex, Vec<u8>, 16>,
    /// The lines about exits. An observer cannot wait, so there is room for every actor's.
    exits: Channel<NoopRawMutex, Vec<u8>, ACTORS>,
}

// This is embassy's thread-mode executor, which every interrupt preempts. So all wakes of actors come from the actors'
// own thread or from above, as it has to be. If the group ran on an `InterruptExecutor`, what wakes an actor from a lower
// priority would have to do it inside `critical_section::with`: if the group is polled in the midst of a wake, it waits
// for that wake to be completed by polling again and again, and what it has preempted would never come to complete it.
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
        sent.expect("room for every actor's line");
    });
    let exits = group.report().await;

    let cause = &exits[0];
    // The output has exited. What is left of it is sent from here: the line about that.
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
    while let First(()) = select(ticker.next(), &mut interrupted).await {
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
    while let First(()) = select(ticker.next(), &mut interrupted).await {
        if shared.stuck.get() {
            // As with a sensor that does not answer, and a driver which waits for it for ever.
            pending::<()>().await;
        }
        shared.sample.set(board::heap_used());
        shared.samples.set(shared.samples.get() + 1);
        shared.fed.signal(());
    }
    Ok(())
}

/// Fails when no sample has come for a while.
async fn watch(shared: &Shared) -> Result {
    while with_timeout(PATIENCE, shared.fed.wait()).await.is_ok() {}
    Err("no sample for 300 ms")
}

/// Does what is typed, until that is `stop`.
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

/// Sends the output, until interrupted and nothing of it is left.
async fn send(shared: &Shared, mut interrupted: Interrupted) -> Result {
    loop {
        let answer = shared.answers.receive();
        let exit = shared.exits.receive();
        // Of those that are ready, it takes the first.
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
    /// Returns the next line that is typed, and shows what is typed meanwhile.
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

    /// Puts a line into the output, when there is room for it.
    async fn say(&self, text: impl Display) {
        self.answers.send(line(text)).await;
    }
}

/// Returns the text as a line of the output.
fn line(text: impl Display) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}
