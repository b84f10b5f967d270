//! No executor: one future, a flag that its waker sets, and a loop that waits for interrupts.

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::contract::Clock;
use crate::timers::Timers;

/// Time by `tick`.
pub struct Bare;

static NOW: AtomicU32 = AtomicU32::new(0);
static TIMERS: Timers = Timers::new();

impl Clock for Bare {
    fn now() -> u32 {
        NOW.load(Relaxed)
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        TIMERS.until(tick, Self::now)
    }
}

/// The handler of the clock calls this.
pub fn tick() {
    // Only this handler writes, so it needs no compare-and-swap.
    let now = NOW.load(Relaxed) + 1;
    NOW.store(now, Relaxed);
    TIMERS.wake(now);
}

/// Whether the future was woken.
static WOKEN: AtomicBool = AtomicBool::new(false);

/// Polls `future` until it is ready. Between two polls it calls `sleep`, which returns after an interrupt.
pub fn block_on<T>(future: impl Future<Output = T>, sleep: fn()) -> T {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(|_| RAW, wake, wake, |_| {});
    const RAW: RawWaker = RawWaker::new(core::ptr::null(), &VTABLE);
    fn wake(_: *const ()) {
        WOKEN.store(true, Release);
    }

    // SAFETY: the waker has no data, so its functions cannot misuse any.
    let waker = unsafe { Waker::from_raw(RAW) };
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        // A wake after this line, even in a handler, is seen in the next round.
        WOKEN.store(false, Relaxed);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        while !WOKEN.load(Acquire) {
            sleep();
        }
    }
}
