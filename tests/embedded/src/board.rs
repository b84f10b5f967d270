//! The machine: its heap, its console on the host, and one interrupt.

use core::cell::{Cell, RefCell};
use core::fmt::Display;
use core::future::poll_fn;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::task::{Poll, Waker};

use critical_section::Mutex;
use embedded_alloc::LlffHeap;
use semihosting::sys::arm_compat::sys_get_cmdline_uninit;
use semihosting::{println, process};

#[cfg(target_arch = "arm")]
mod arm;
#[cfg(target_arch = "riscv32")]
mod riscv32;

#[cfg(target_arch = "arm")]
pub use arm::*;
#[cfg(target_arch = "riscv32")]
pub use riscv32::*;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// How many bytes the heap has.
pub const HEAP_SIZE: usize = 8 * 1024;

/// Sets up the heap. Call it once, before anything else.
pub fn init_heap() {
    static mut MEMORY: [MaybeUninit<u8>; HEAP_SIZE] = [MaybeUninit::uninit(); HEAP_SIZE];
    // SAFETY: it is called once, and nothing else names the memory.
    unsafe { HEAP.init(&raw mut MEMORY as usize, HEAP_SIZE) }
}

/// Returns how many bytes of the heap are in use.
pub fn heap_used() -> usize {
    HEAP.used()
}

/// Called in every tick.
static WATCH: Mutex<Cell<fn(u32)>> = Mutex::new(Cell::new(|_| {}));

/// Calls `watch` with the number of every tick, in the handler of the clock.
pub fn watch_ticks(watch: fn(u32)) {
    critical_section::with(|cs| WATCH.borrow(cs).set(watch));
}

/// The handler of the clock calls this.
pub fn ticked(tick: u32) {
    critical_section::with(|cs| WATCH.borrow(cs).get())(tick);
}

/// Prints a line on the host.
pub fn say(line: impl Display) {
    println!("{line}");
}

/// Ends the run. The host sees success, or failure.
pub fn exit(success: bool) -> ! {
    process::exit(i32::from(!success))
}

/// Returns whether the host asked for `word` on the command line.
pub fn is_asked_for(word: &str) -> bool {
    let mut line = [MaybeUninit::uninit(); 32];
    // It fails if the line is too long. Without a word, the line is the path of the binary, and that is too long.
    let line = sys_get_cmdline_uninit(&mut line).unwrap_or(&mut []);
    line.split(|byte| matches!(byte, b' ' | 0)).any(|asked| asked == word.as_bytes())
}

/// Without `std`, running out of memory is a panic as well.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(info);
    exit(false)
}

/// The waker of the actor that waits for the interrupt, and how often the interrupt has come.
static BUTTON: Mutex<RefCell<(Option<Waker>, u32)>> = Mutex::new(RefCell::new((None, 0)));

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

/// The handler of that interrupt calls this. It wakes the actor with the waker from the group.
fn button() {
    let waker = critical_section::with(|cs| {
        let (waker, presses) = &mut *BUTTON.borrow_ref_mut(cs);
        *presses += 1;
        waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}
