//! The contract of `run-group` on microcontrollers, in QEMU. From the root of the repository, on Debian:
//!
//! ```sh
//! bash .ci/embedded
//! ```
//!
//! The cases are in `contract.rs`, once. The binaries run them, each with the timers of its executor: `embassy`, `rtic`, and
//! `bare`, a loop that waits for events. The others are `out_of_memory`, and `with_group` and `without_group`, which are
//! only measured.

#![no_std]

extern crate alloc;

pub mod board;
pub mod contract;
mod log;
