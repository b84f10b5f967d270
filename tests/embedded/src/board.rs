//! The machine: its heap, its way to speak to the host, and one interrupt.

use core::cell::{Cell, RefCell};
use core::fmt::Display;
use core::future::poll_fn;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::task::{Poll, Waker};

use cortex_m::peripheral::{syst::SystClkSource, SCB, SYST};
use cortex_m_rt::{exception, ExceptionFrame};
use cortex_m_semihosting::{debug, hprintln, syscall};
use critical_section::Mutex;
use embedded_alloc::LlffHeap;

/// The chip, with its table of interrupts.
#[cfg(target_has_atomic = "ptr")]
pub use lm3s6965 as chip;
#[cfg(not(target_has_atomic = "ptr"))]
pub use nrf51_pac as chip;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// How many bytes the heap has.
pub const HEAP_SIZE: usize = 8 * 1024;

/// Makes the heap ready. To be called once, before anything else.
pub fn init_heap() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];
    // SAFETY: it is called once, and nothing else names the memory.
    unsafe { HEAP.init(&raw mut MEMORY as usize, HEAP_SIZE) }
}

/// Returns how many bytes of the heap are taken.
pub fn heap_used() -> usize {
    HEAP.used()
}

/// Makes SysTick an interrupt that comes once in `cycles`.
pub fn start_ticks(mut systick: SYST, cycles: u32) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(cycles - 1);
    systick.clear_current();
    systick.enable_counter();
    systick.enable_interrupt();
}

/// Who is told of every tick.
static WATCH: Mutex<Cell<fn(u32)>> = Mutex::new(Cell::new(|_| {}));

/// Has `watch` called with the number of every tick, in the handler of SysTick.
pub fn watch_ticks(watch: fn(u32)) {
    critical_section::with(|cs| WATCH.borrow(cs).set(watch));
}

/// Is called by the handler of SysTick.
pub fn ticked(tick: u32) {
    critical_section::with(|cs| WATCH.borrow(cs).get())(tick);
}

/// Prints a line on the host.
pub fn say(line: impl Display) {
    hprintln!("{}", line);
}

/// Ends the run. The host sees success, or failure.
pub fn exit(success: bool) -> ! {
    loop {
        debug::exit(match success {
            true => debug::EXIT_SUCCESS,
            false => debug::EXIT_FAILURE,
        });
    }
}

/// Returns whether the host asked for `word` on the command line.
pub fn is_asked_for(word: &str) -> bool {
    let mut line = [0u8; 32];
    // SAFETY: these are what SYS_GET_CMDLINE takes, a buffer and its length. It fails if the buffer is too small.
    let failed = unsafe { syscall!(GET_CMDLINE, line.as_mut_ptr(), line.len()) };
    let mut words = line.split(|byte| matches!(byte, b' ' | 0));
    failed == 0 && words.any(|asked| asked == word.as_bytes())
}

/// Also where memory runs out: without `std`, that is a panic.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(info);
    exit(false)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    say(format_args!("{frame:?}"));
    exit(false)
}

/// Who waits for the interrupt, and how often it has come.
static BUTTON: Mutex<RefCell<(Option<Waker>, u32)>> = Mutex::new(RefCell::new((None, 0)));

/// Presses the button: an interrupt follows, of a higher priority than whatever executor there is.
pub fn press() {
    SCB::set_pendsv();
}

/// Waits until the button was pressed more than `before` times, and returns how often.
pub async fn pressed(before: u32) -> u32 {
    poll_fn(|cx| {
        critical_section::with(|cs| {
            let (waker, presses) = &mut *BUTTON.borrow_ref_mut(cs);
            if *presses > before {
                return Poll::Ready(*presses);
            }
            *waker = Some(cx.waker().clone());
            Poll::Pending
        })
    })
    .await
}

/// The handler wakes the actor itself, with the waker that the group gave it.
#[exception]
fn PendSV() {
    let waker = critical_section::with(|cs| {
        let (waker, presses) = &mut *BUTTON.borrow_ref_mut(cs);
        *presses += 1;
        waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}
