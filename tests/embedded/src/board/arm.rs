//! The Cortex-M part.

use cortex_m::peripheral::{syst::SystClkSource, SCB, SYST};
use cortex_m_rt::{exception, ExceptionFrame};

/// The chip, with its table of interrupts.
#[cfg(target_has_atomic = "ptr")]
pub use lm3s6965 as chip;
#[cfg(not(target_has_atomic = "ptr"))]
pub use nrf51_pac as chip;

/// Makes SysTick an interrupt that comes once in `cycles`.
pub fn start_ticks(mut systick: SYST, cycles: u32) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(cycles - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
}

/// Presses the button: an interrupt follows, with a higher priority than the executor.
pub fn press() {
    SCB::set_pendsv();
}

#[exception]
fn PendSV() {
    super::button();
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    super::say(format_args!("{frame:?}"));
    super::exit(false)
}
