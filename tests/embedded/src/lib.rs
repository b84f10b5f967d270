//! The contract of `run-group` on microcontrollers, in QEMU. From the root of the repository, on Debian:
//!
//! ```sh
//! bash .ci/embedded
//! ```
//!
//! The cases are in `contract.rs`, once. These binaries run them, each with the timers of its executor: `embassy`, `rtic`,
//! `bare`, a loop that waits for events, and `bare_riscv`, the same on RISC-V. `default_queue` uses the timers of embassy
//! without a generic queue, and shows what fails with them. `priorities` wakes actors at priorities at which that is not
//! safe. `out_of_memory` runs out of memory. `with_group` and `without_group` are compared in size.

#![no_std]

extern crate alloc;

pub mod bare;
pub mod board;
pub mod contract;
mod log;
pub mod timers;
