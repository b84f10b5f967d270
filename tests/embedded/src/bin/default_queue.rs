//! Embassy's default queue of timers, which is part of its tasks. With it, a timer in an actor panics, but a grace
//! period works. A wrapper around the group can wake the actors instead.

#![no_std]
#![no_main]

#[path = "../ticks.rs"]
mod ticks;

use core::future::{pending, poll_fn, Future};
use core::pin::{pin, Pin};
use core::task::Poll;

use cortex_m::Peripherals;
use embassy_executor::Spawner;
use embassy_time::{Instant, Timer};
use run_group::Group;
use run_group_embedded::{board, contract, timers::Timers};

#[cfg(feature = "generic-queue")]
compile_error!("this is about what happens without `generic-queue`");

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    board::init_heap();
    board::start_ticks(Peripherals::take().unwrap().SYST, 12_000);
    spawner.spawn(work().unwrap());
}

#[embassy_executor::task]
async fn work() {
    if board::is_asked_for("actor") {
        let mut group = Group::new();
        group.add_abortable(Timer::after_ticks(1));
        group.await;
        board::exit(true);
    }
    if board::is_asked_for("grace") {
        grace_period_uses_the_default_queue().await;
        board::say("test grace_period_uses_the_default_queue ... ok");
        board::exit(true);
    }
    with_timers(contract::run::<Wrapped>()).await;
}

/// It works because the group polls its grace period with the waker of its task.
async fn grace_period_uses_the_default_queue() {
    Timer::after_ticks(1).await;
    let start = Instant::now();
    let mut group = Group::new();
    group.add(pending(), |_| {}).named("stuck");
    group.add(async {}, |_| {});
    group.grace_period(|| Timer::after_ticks(10));

    let mut polls = 0;
    let mut report = pin!(group.report());
    let exits = poll_fn(|cx| {
        polls += 1;
        report.as_mut().poll(cx)
    })
    .await;
    assert!(matches!(exits[1].outcome(), run_group::Outcome::Expired));
    assert_eq!(start.elapsed().as_ticks(), 10);
    assert_eq!(polls, 2);
}

/// The clock of actors that the task wakes.
struct Wrapped;

static TIMERS: Timers = Timers::new();

impl contract::Clock for Wrapped {
    // The timer wakes the task, then the task wakes the actors, and they wake the task again.
    const EXTRA_POLLS: u32 = 1;

    fn now() -> u32 {
        Instant::now().as_ticks() as u32
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        TIMERS.until(tick, Self::now)
    }
}

/// Polls `future`, whose timers are in `TIMERS`, and waits for the earliest of them with one timer of embassy.
///
/// That timer gets the waker of the task, which embassy accepts.
async fn with_timers<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| loop {
        TIMERS.wake(<Wrapped as contract::Clock>::now());
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        let Some(next) = TIMERS.next() else {
            return Poll::Pending;
        };
        // Each poll can make a new timer, because a timer keeps nothing between two polls.
        let mut timer = Timer::at(Instant::from_ticks(next.into()));
        if Pin::new(&mut timer).poll(cx).is_pending() {
            return Poll::Pending;
        }
    })
    .await
}
