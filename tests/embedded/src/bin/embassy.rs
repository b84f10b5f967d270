//! The contract in a task of embassy's executor, with embassy's timers.

#![no_std]
#![no_main]

use core::cell::RefCell;
use core::future::Future;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::task::Waker;

use cortex_m::Peripherals;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_executor::Spawner;
use embassy_time::{Instant, Timer};
use embassy_time_driver::{time_driver_impl, Driver};
use embassy_time_queue_utils::Queue;
use run_group_embedded::{board, contract};

struct Embassy;

impl contract::Clock for Embassy {
    fn now() -> u32 {
        Instant::now().as_ticks() as u32
    }

    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static {
        Timer::at(Instant::from_ticks(tick.into()))
    }
}

#[embassy_executor::task]
async fn work() {
    contract::run::<Embassy>().await
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    board::init_heap();
    board::start_ticks(Peripherals::take().unwrap().SYST, 12_000);
    spawner.spawn(work().unwrap());
}

/// Time by SysTick, as the driver of a real chip does it with a timer of its own.
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
    // Only this handler writes, so that it takes no compare-and-swap.
    let now = NOW.load(Relaxed) + 1;
    NOW.store(now, Relaxed);
    critical_section::with(|cs| DRIVER.0.borrow_ref_mut(cs).next_expiration(now.into()));
}
