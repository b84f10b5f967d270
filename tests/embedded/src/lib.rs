//! The contract of `run-group` on microcontrollers, in QEMU. In the root of the repository, on Debian:
//!
//! ```sh
//! bash .ci/embedded
//! ```
//!
//! The cases are in `contract.rs` and, for actors that come and go, in `children.rs`. These binaries run them, each with the timers of its executor: `embassy`, `rtic`,
//! `bare` (a loop that waits for events), and `bare_riscv` (the same on RISC-V).
//!
//! - `default_queue` shows what fails with embassy's timers without a generic queue.
//! - `priorities` shows at which priorities it is not safe to wake actors.
//! - `out_of_memory` runs out of memory.
//! - `without_group`, `with_group`, `with_handle` and `with_child` show how much flash a group, its handles and a child
//!   take.

#![no_std]

extern crate alloc;

pub mod bare;
pub mod board;
mod children;
pub mod contract;
mod log;
pub mod timers;
