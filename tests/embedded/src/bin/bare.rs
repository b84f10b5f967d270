//! The contract without an executor: one future, a flag that its waker sets, and WFE.

#![no_std]
#![no_main]

use core::future::Future;
use core::pin::pin;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use cortex_m::{asm, Peripherals};
use cortex_m_rt::{entry, exception};
use run_group_embedded::{board, contract, timers::Timers};

struct Bare;

impl contract::Clock for Bare {
    fn now() -> u32 {
        NOW.load(Relaxed)
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        TIMERS.until(tick, Self::now)
    }
}

static NOW: AtomicU32 = AtomicU32::new(0);
static TIMERS: Timers = Timers::new();

#[exception]
fn SysTick() {
    let now = NOW.load(Relaxed) + 1;
    NOW.store(now, Relaxed);
    TIMERS.wake(now);
}

#[entry]
fn main() -> ! {
    board::init_heap();
    board::start_ticks(Peripherals::take().unwrap().SYST, 12_000);
    block_on(contract::run::<Bare>())
}

/// Whether the future was woken.
static WOKEN: AtomicBool = AtomicBool::new(false);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(|_| RAW, wake, wake, |_| {});
    const RAW: RawWaker = RawWaker::new(core::ptr::null(), &VTABLE);
    fn wake(_: *const ()) {
        WOKEN.store(true, Release);
        asm::sev();
    }

    // SAFETY: the waker has no data, so there is nothing that its functions could use in a wrong way.
    let waker = unsafe { Waker::from_raw(RAW) };
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        // A wake after this, also from a handler, is seen in the next round.
        WOKEN.store(false, Relaxed);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        while !WOKEN.load(Acquire) {
            asm::wfe();
        }
    }
}
