//! The part that `with_group` and `without_group` share: the smallest program with a heap.

use core::future::{poll_fn, Future};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_alloc::LlffHeap;
use semihosting::process;

#[cfg(target_has_atomic = "ptr")]
use lm3s6965 as _;
#[cfg(not(target_has_atomic = "ptr"))]
use nrf51_pac as _;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    process::exit(1)
}

/// Polls `future` until it is ready, and ends the run. The run succeeds if the output is 3.
pub fn run(future: impl Future<Output = Option<u32>>) -> ! {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            process::exit(i32::from(output != Some(3)));
        }
    }
}

/// Sets up the heap.
pub fn init_heap() {
    static mut MEMORY: [MaybeUninit<u8>; 1024] = [MaybeUninit::uninit(); 1024];
    // SAFETY: it is called once, and nothing else names the memory.
    unsafe { HEAP.init(&raw mut MEMORY as usize, 1024) }
}

/// Returns a future that wakes itself until it has been polled `polls` times, and then returns that number.
pub fn countdown(polls: u32) -> impl Future<Output = u32> + Send {
    let mut left = polls;
    poll_fn(move |cx| {
        left -= 1;
        if left == 0 {
            return Poll::Ready(polls);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
