//! The RISC-V part, for the machine `virt` of QEMU.

use riscv::interrupt::Interrupt;

/// The register that makes a software interrupt.
const MSIP: *mut u32 = 0x0200_0000 as _;
/// The time at which the next interrupt of the clock comes, and the time.
const MTIMECMP: *mut u32 = 0x0200_4000 as _;
const MTIME: *const u32 = 0x0200_bff8 as _;

/// How long a tick takes. The clock has 10 MHz.
const TICK: u32 = 10_000;

/// Makes the clock an interrupt that comes once in a millisecond, if its handler calls `next_tick`.
pub fn start_ticks() {
    // SAFETY: the registers are there on this machine. The upper half of the time stays 0 for as long as a run takes.
    unsafe {
        MTIMECMP.add(1).write_volatile(0);
        MTIMECMP.write_volatile(MTIME.read_volatile() + TICK);
        riscv::register::mie::set_mtimer();
        riscv::register::mie::set_msoft();
        riscv::interrupt::enable();
    }
}

/// Sets the next interrupt of the clock to a tick after this one.
pub fn next_tick() {
    // SAFETY: as above.
    unsafe { MTIMECMP.write_volatile(MTIMECMP.read_volatile() + TICK) }
}

/// Presses the button: an interrupt follows.
pub fn press() {
    // SAFETY: as above.
    unsafe { MSIP.write_volatile(1) }
}

#[riscv_rt::core_interrupt(Interrupt::MachineSoft)]
fn machine_soft() {
    // SAFETY: as above.
    unsafe { MSIP.write_volatile(0) }
    super::button();
}
