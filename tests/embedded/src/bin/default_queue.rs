//! Embassy's default queue of timers, the one inside its tasks. An actor's timer panics there, a grace period does not. And
//! a future around the group can hand the time to the actors.

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
        a_grace_period_is_a_timer_of_the_default_queue().await;
        board::say("test a_grace_period_is_a_timer_of_the_default_queue ... ok");
        board::exit(true);
    }
    handing_time_on(contract::run::<Handed>()).await;
}

/// The group polls its grace period with the waker of its task.
async fn a_grace_period_is_a_timer_of_the_default_queue() {
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

/// Time as actors have it if the task hands it on.
struct Handed;

static TIMERS: Timers = Timers::new();

impl contract::Clock for Handed {
    // The timer has woken the task already when the actors are woken, and they wake it again.
    const POLLS_FOR_NOTHING: u32 = 1;

    fn now() -> u32 {
        Instant::now().as_ticks() as u32
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        TIMERS.until(tick, Self::now)
    }
}

/// Polls `future`, which keeps its timers in `TIMERS`, and waits for the earliest of them with one timer of embassy.
///
/// So that one has the waker of the task, and the actors are woken by their own.
async fn handing_time_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| loop {
        TIMERS.wake(<Handed as contract::Clock>::now());
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        let Some(next) = TIMERS.next() else {
            return Poll::Pending;
        };
        // It keeps nothing between two polls, so it may be a new one each time.
        let mut timer = Timer::at(Instant::from_ticks(next.into()));
        if Pin::new(&mut timer).poll(cx).is_pending() {
            return Poll::Pending;
        }
    })
    .await
}
