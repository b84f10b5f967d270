//! The contract without an executor, on RISC-V.

#![no_std]
#![no_main]

use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use run_group_embedded::bare::{block_on, tick, Bare};
use run_group_embedded::{board, contract};

#[entry]
fn main() -> ! {
    board::init_heap();
    board::start_ticks();
    // It spins, because WFI would miss an interrupt that comes between the check of the flag and the sleep.
    block_on(contract::run::<Bare>(), core::hint::spin_loop)
}

#[core_interrupt(Interrupt::MachineTimer)]
fn clock() {
    board::next_tick();
    tick();
}
