//! The contract without an executor, in a loop that waits for events.

#![no_std]
#![no_main]

use cortex_m::{asm, Peripherals};
use cortex_m_rt::{entry, exception};
use run_group_embedded::bare::{block_on, tick, Bare};
use run_group_embedded::{board, contract};

#[entry]
fn main() -> ! {
    board::init_heap();
    board::start_ticks(Peripherals::take().unwrap().SYST, 12_000);
    // WFE returns at once if an interrupt came after the check of the flag.
    block_on(contract::run::<Bare>(), asm::wfe)
}

#[exception]
fn SysTick() {
    tick();
}
