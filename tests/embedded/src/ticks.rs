//! Embassy's clock, by SysTick.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::task::Waker;

use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_time_driver::{time_driver_impl, Driver};
use embassy_time_queue_utils::Queue;

/// The features of `embassy-time` choose the queue, as in the drivers of real chips.
struct Ticks(Mutex<RefCell<Queue>>);

time_driver_impl!(static DRIVER: Ticks = Ticks(Mutex::new(RefCell::new(Queue::new()))));

static NOW: AtomicU32 = AtomicU32::new(0);

impl Driver for Ticks {
    fn now(&self) -> u64 {
        NOW.load(Relaxed).into()
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| self.0.borrow_ref_mut(cs).schedule_wake(at, waker));
    }
}

#[exception]
fn SysTick() {
    // Only this handler writes, so it needs no compare-and-swap.
    let now = NOW.load(Relaxed) + 1;
    NOW.store(now, Relaxed);
    run_group_embedded::board::ticked(now);
    critical_section::with(|cs| DRIVER.0.borrow_ref_mut(cs).next_expiration(now.into()));
}
