//! Tests of the public surface, in one binary.
//!
//! No test of the contract waits for a clock. Groups are polled by hand, and their actors do what the test says ([`play`]).
//! The [`examples`] run as processes.
//!
//! # Which test shows which clause of the contract
//!
//! | clause | module | tests |
//! | --- | --- | --- |
//! | 1 empty group | [`start`] | TO FILL IN |
//! | 2 start | [`start`] | TO FILL IN |
//! | 3 first exit | TO FILL IN | TO FILL IN |
//! | 4 interrupt | TO FILL IN | TO FILL IN |
//! | 5 before the first poll | [`start`] | TO FILL IN |
//! | 6 wait | TO FILL IN | TO FILL IN |
//! | 7 output | TO FILL IN | TO FILL IN |
//! | 8 release | [`release`] | TO FILL IN |
//! | 9 abortable | [`release`] | TO FILL IN |
//! | 10 grace period | [`grace_period`] | TO FILL IN; `handles::added_after_the_grace_period_expires`, `panics::grace_period_that_panics_is_over`, `panics::grace_period_that_panics_is_over_for_one_stage` |
//! | 11 stages | [`stages`], TO FILL IN | all of them; `panics::panics_keep_the_order_of_stages`, `panics::refused_before_drops_both_groups` |
//! | 12 panics | `panics`, with `std`; `unwinding`, without | all of them |
//! | 13 dropping | [`dropping`] | all of them; `handles::waiting_actors_are_dropped_with_the_group_unpolled`, `handles::interrupted_of_a_dropped_waiting_actor_resolves` |
//! | 14 adding | [`adding`] | all of them; through handles, see 15 |
//! | 15 handles | `handles` | all of them; from many threads: [`threads`] |
//! | 16 `on_wait` | [`waiting`] | all that call it; if an observer panics: `panics::panic_in_a_wait_observer_disturbs_nothing` |
//! | 17 fairness | [`fairness`] | TO FILL IN |
//! | 18 complexity | [`costs`] | TO FILL IN |
//!
//! The [`model`] of the contract covers all clauses together: it is compared with real groups, on random scripts and on all
//! small ones.
//!
//! [`threads`] shows that wakes and actors may come from any thread at any time, and [`leaks`] that a group leaves nothing
//! behind. `.ci/sanitize` runs both where a race or a leak that they do not notice is noticed.
//!
//! The rest of the public surface: [`exits`] (labels, outcomes, failures, how they are displayed), [`waiting`] (`running`,
//! `is_stopping`, `Debug` of a group), [`kinds`] (what may be borrowed or not be `Send`, auto traits) and [`interrupted`]. The
//! actor graphs of real programs are in [`graphs`]. [`original`] compares a group with Go's oklog/run.
//!
//! # Which tests a target leaves out
//!
//! No test is ignored: what a target cannot do is not compiled for it. `.ci/target` counts those tests.
//!
//! - `panic = "unwind"` is the condition of every test that panics, since elsewhere a panic ends the process. WebAssembly is
//!   such a target. Nothing is to be contained there, so the model is without panics, as it is without `std`.
//! - `target_family = "wasm"` has no threads to spawn, no processes and no sockets. It leaves out the examples, [`threads`],
//!   and single tests that need one of these.
//! - Without the feature `std` there are no handles, so `handles` and single tests of other modules are left out.

// There is no smol for WebAssembly, because it waits for sockets. But the crates that it is made of exist there.
#[cfg(target_family = "wasm")]
extern crate self as smol;
#[cfg(target_family = "wasm")]
use {
    async_channel as channel,
    async_executor::LocalExecutor,
    futures_lite::future::{self, block_on},
};

mod adding;
mod before;
mod costs;
mod dropping;
#[cfg(not(target_family = "wasm"))]
mod examples;
mod exits;
mod fairness;
mod grace_period;
mod graphs;
#[cfg(feature = "std")]
mod handles;
mod interrupted;
mod kinds;
mod leaks;
mod model;
mod original;
#[cfg(all(feature = "std", panic = "unwind"))]
mod panics;
mod play;
mod release;
mod shutdown;
mod stages;
mod start;
#[cfg(target_has_atomic = "ptr")]
mod testing;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[cfg(all(not(feature = "std"), panic = "unwind"))]
mod unwinding;
mod waiting;
