//! A group that is polled at a higher priority than the code that wakes its actors.
//!
//! That code can be preempted in the middle of a wake, while the queue of the set of actors is incomplete. If the group
//! is polled then, it waits for the wake to finish: it wakes itself and returns, forever, because the waking code has
//! the lower priority and never runs.
//!
//! The group is polled at that moment only if something else wakes its task: a sibling of the group, or a grace period.
//! A single grace period, as the last timer, is safe, because no actor is left after it. Several timers can hang the
//! group, and so can a second stage. Wakes of other actors are safe: they do not wake the task during a wake.
//!
//! An interrupt handler has no handle, because a handle of a local group is not `Send`. It adds a child by sending what the
//! child is about over a channel, to an actor that has a handle. The set-up `children` does this. The channel is one of
//! embassy-sync, which wakes in a critical section, so code of any priority may send.
//!
//! The command line chooses the set-up, and how to wake the actor. The run prints in which tick it hung, or that it
//! survived.

#![no_std]
#![no_main]

#[path = "../ticks.rs"]
mod ticks;

use core::cell::{Cell, RefCell};
use core::future::{pending, poll_fn, Future};
use core::mem;
use core::pin::{pin, Pin};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use core::task::{Poll, Waker};

use cortex_m::peripheral::{scb::SystemHandler, NVIC};
use cortex_m::{asm, Peripherals};
use cortex_m_rt::entry;
use critical_section::Mutex;
use embassy_executor::{InterruptExecutor, Spawner};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::Timer;
use lm3s6965::{interrupt, Interrupt};
use run_group::Group;
use run_group_embedded::board;

/// How many ticks a set-up must survive.
const TICKS: u32 = 100_000;
/// How many ticks without a wake are a hang.
const LIMIT: u32 = 100;

/// Polls the group. Priority 0x40.
static EXECUTOR: InterruptExecutor = InterruptExecutor::new();
/// The waker of the actor that waits.
static WAITING: Mutex<RefCell<Option<Waker>>> = Mutex::new(RefCell::new(None));
/// What the second actor waits for. embassy wakes it in a critical section.
static SIGNAL: Signal<CriticalSectionRawMutex, ()> = Signal::new();
/// Whether the event is a child.
static HANDS_OVER: AtomicBool = AtomicBool::new(false);
/// What an interrupt handler hands over: the number of a child. embassy wakes the actor that waits in a critical section.
static CHILDREN: Channel<CriticalSectionRawMutex, u32, 4> = Channel::new();
/// How many children were handed over.
static HANDED_OVER: AtomicU32 = AtomicU32::new(0);
/// How many children have left.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// How often an actor was woken.
static WAKES: AtomicU32 = AtomicU32::new(0);
/// How often the group was polled.
static POLLS: AtomicU32 = AtomicU32::new(0);

#[entry]
fn main() -> ! {
    board::init_heap();
    let Peripherals { SYST, mut SCB, mut NVIC, .. } = Peripherals::take().unwrap();
    // SAFETY: no code relies on a priority yet.
    unsafe {
        SCB.set_priority(SystemHandler::SysTick, 0x00);
        NVIC.set_priority(Interrupt::UART2, 0x20);
        NVIC.set_priority(Interrupt::UART0, 0x40);
        NVIC.set_priority(Interrupt::UART1, 0x40);
        NVIC::unmask(Interrupt::UART1);
        NVIC::unmask(Interrupt::UART2);
    }
    let spawner = EXECUTOR.start(Interrupt::UART0);
    // The set-up: what else wakes the task.
    if board::is_asked_for("grace") {
        spawner.spawn(grace_periods().unwrap());
    } else if board::is_asked_for("countdown") {
        spawner.spawn(a_countdown().unwrap());
    } else if board::is_asked_for("stages") {
        spawner.spawn(two_stages().unwrap());
    } else if board::is_asked_for("actors") {
        spawner.spawn(actors_only().unwrap());
    } else if board::is_asked_for("children") {
        HANDS_OVER.store(true, Relaxed);
        spawner.spawn(start_children().unwrap());
    } else {
        spawner.spawn(a_sibling().unwrap());
    }
    board::watch_ticks(watch);
    board::start_ticks(SYST, 503);

    let wake: fn() = if board::is_asked_for("section") {
        || critical_section::with(|_| event())
    } else if board::is_asked_for("equal") {
        || NVIC::pend(Interrupt::UART1)
    } else if board::is_asked_for("higher") {
        || NVIC::pend(Interrupt::UART2)
    } else if board::is_asked_for("signal") {
        || SIGNAL.signal(())
    } else {
        event
    };
    let mut phase = 1u32;
    loop {
        wake();
        WAKES.store(WAKES.load(Relaxed) + 1, Relaxed);
        // Delays of varying length, so that the tick eventually preempts every place in the loop.
        phase = phase.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        asm::delay(phase >> 25);
    }
}

/// What happens again and again, in the main loop or in an interrupt handler.
fn event() {
    if HANDS_OVER.load(Relaxed) {
        hand_over();
    } else {
        wake();
    }
}

/// Hands over the next child, if there is room for it.
fn hand_over() {
    let number = HANDED_OVER.load(Relaxed);
    if CHILDREN.try_send(number).is_ok() {
        HANDED_OVER.store(number + 1, Relaxed);
    }
}

/// Wakes the actor.
fn wake() {
    let waker = critical_section::with(|cs| WAITING.borrow_ref(cs).clone());
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[interrupt]
fn UART1() {
    event();
}

#[interrupt]
fn UART2() {
    event();
}

/// # Safety
///
/// Only the interrupt that the executor was started with may call it.
#[interrupt]
unsafe fn UART0() {
    unsafe { EXECUTOR.on_interrupt() }
}

/// Returns an actor that is woken again and again, and never returns.
fn actor() -> impl Future<Output = ()> + Send {
    poll_fn(|cx| {
        critical_section::with(|cs| {
            let mut waiting = WAITING.borrow_ref_mut(cs);
            match &mut *waiting {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *waiting = Some(cx.waker().clone()),
            }
        });
        Poll::Pending
    })
}

/// Counts how often `group` is polled.
fn counted<F: Future + Unpin>(mut group: F) -> impl Future<Output = F::Output> {
    poll_fn(move |cx| {
        POLLS.store(POLLS.load(Relaxed) + 1, Relaxed);
        Pin::new(&mut group).poll(cx)
    })
}

/// Waits for one tick after the other, forever.
async fn every_tick() {
    loop {
        Timer::after_ticks(1).await;
    }
}

#[embassy_executor::task]
async fn a_sibling() {
    let mut group = Group::new();
    group.add_abortable(actor());
    group.add_abortable(async {
        loop {
            SIGNAL.wait().await;
        }
    });
    beside_a_sibling(group).await
}

/// Runs a group in a task that is also woken in every tick.
async fn beside_a_sibling<F: Future + Unpin>(group: F) {
    let mut group = pin!(counted(group));
    let mut sibling = pin!(every_tick());
    poll_fn(|cx| {
        let _ = sibling.as_mut().poll(cx);
        group.as_mut().poll(cx).map(drop)
    })
    .await
}

#[embassy_executor::task]
async fn grace_periods() {
    loop {
        let mut group = Group::new();
        group.add(actor(), |_| {});
        group.add(async {}, |_| {});
        group.grace_period(|| Timer::after_ticks(1));
        counted(group).await;
    }
}

#[embassy_executor::task]
async fn a_countdown() {
    let mut group = Group::new();
    group.add(actor(), |_| {});
    group.add(async {}, |_| {});
    group.grace_period(every_tick);
    counted(group).await;
}

/// When the grace period of the first stage ends, the second stage is interrupted.
#[embassy_executor::task]
async fn two_stages() {
    loop {
        let mut front = Group::new();
        front.add(pending(), |_| {});
        front.grace_period(|| Timer::after_ticks(1));
        let mut back = Group::new();
        back.add_with(|interrupted| async {
            let mut interrupted = pin!(interrupted);
            let mut actor = pin!(actor());
            let mut left = 3;
            poll_fn(|cx| {
                let _ = actor.as_mut().poll(cx);
                if interrupted.as_mut().poll(cx).is_ready() {
                    left -= 1;
                }
                match left {
                    0 => Poll::Ready(()),
                    _ => Poll::Pending,
                }
            })
            .await
        });
        back.add(async {}, |_| {});
        counted(front.before(back)).await;
    }
}

#[embassy_executor::task]
async fn actors_only() {
    let mut group = Group::new();
    group.add_abortable(actor());
    group.add_abortable(every_tick());
    counted(group).await;
}

/// Starts `children`, which is not `Send`, because its group is local.
#[embassy_executor::task]
async fn start_children() {
    // SAFETY: this is a task of embassy.
    let spawner = unsafe { Spawner::for_current_executor() }.await;
    spawner.spawn(children().unwrap());
}

#[embassy_executor::task]
async fn children() {
    let mut group = Group::local();
    let handle = group.handle();
    group.add_abortable(async move {
        for expected in 0.. {
            let number = CHILDREN.receive().await;
            assert_eq!(number, expected);
            handle.add_abortable(yield_once()).stops_if(|_| false).named("child");
        }
    });
    group.on_exit(|exit| {
        assert!(exit.has_left());
        LEFT.store(LEFT.load(Relaxed) + 1, Relaxed);
    });
    beside_a_sibling(group).await
}

/// Wakes itself once.
fn yield_once() -> impl Future<Output = ()> {
    let mut has_yielded = false;
    poll_fn(move |cx| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Called in every tick, at the highest priority.
fn watch(tick: u32) {
    static LAST: Mutex<Cell<[u32; 3]>> = Mutex::new(Cell::new([0; 3]));
    let (wakes, polls) = (WAKES.load(Relaxed), POLLS.load(Relaxed));
    critical_section::with(|cs| {
        let last = LAST.borrow(cs);
        let [wakes_then, polls_then, then] = last.get();
        if wakes != wakes_then {
            last.set([wakes, polls, tick]);
        } else if tick - then == LIMIT {
            let polls = polls - polls_then;
            board::say(format_args!(
                "hung in tick {then}, after {wakes} wakes: {polls} polls in {LIMIT} ticks since"
            ));
            board::exit(true);
        }
        if tick == TICKS {
            let (handed_over, left) = (HANDED_OVER.load(Relaxed), LEFT.load(Relaxed));
            board::say(format_args!(
                "survived {tick} ticks, {wakes} wakes and {polls} polls, {left} of {handed_over} children have left"
            ));
            // The others are in the channel, or run.
            board::exit(handed_over.saturating_sub(left) <= 6);
        }
    });
}
