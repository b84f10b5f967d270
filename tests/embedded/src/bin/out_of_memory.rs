//! A heap that is too small for the group. The run must fail with the message of the allocator.

#![no_std]
#![no_main]

use core::future::pending;

use cortex_m_rt::entry;
use run_group::Group;
use run_group_embedded::board;

#[entry]
fn main() -> ! {
    board::init_heap();
    let mut group = Group::<()>::new();
    while group.len() < board::HEAP_SIZE {
        group.add_abortable(pending());
        if group.len() == 10 {
            board::say("ten actors fit");
        }
    }
    board::say("more actors than bytes");
    board::exit(true)
}
