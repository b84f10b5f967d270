//! The contract of `run-group` on microcontrollers, in QEMU. From the root of the repository, on Debian:
//!
//! ```sh
//! bash .ci/embedded
//! ```
//!
//! The cases are in `contract.rs`, once. The binaries run them, each with the timers of its executor: `embassy`, `rtic`, and
//! `bare`, a loop that waits for events, which `bare_riscv` is for RISC-V. `default_queue` has the timers of embassy without
//! a generic queue, and shows what does not work there. `priorities` wakes actors from where a group must not be woken
//! from. `out_of_memory` fails, `with_group` and `without_group` are measured.

#![no_std]

extern crate alloc;

pub mod bare;
pub mod board;
pub mod contract;
mod log;
pub mod timers;
