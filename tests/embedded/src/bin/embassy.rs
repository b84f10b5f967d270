//! The contract in a task of embassy's executor, with embassy's timers.

#![no_std]
#![no_main]

#[path = "../ticks.rs"]
mod ticks;

use core::future::Future;

use cortex_m::Peripherals;
use embassy_executor::Spawner;
use embassy_time::{Instant, Timer};
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
