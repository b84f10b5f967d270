//! The program of `with_group`, but with the two futures in a vector. The first future that is ready ends it.

#![no_std]
#![no_main]

extern crate alloc;

#[path = "../size.rs"]
mod size;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::{poll_fn, Future};
use core::pin::Pin;
use core::task::Poll;

use cortex_m_rt::entry;

#[entry]
fn main() -> ! {
    size::init_heap();
    let mut actors: Vec<Pin<Box<dyn Future<Output = u32>>>> = Vec::new();
    actors.push(Box::pin(size::countdown(5)));
    actors.push(Box::pin(size::countdown(3)));
    size::run(poll_fn(|cx| {
        for actor in &mut actors {
            if let Poll::Ready(output) = actor.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
        }
        Poll::Pending
    }))
}
