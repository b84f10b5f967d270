//! Tests of the public surface, in one binary.
//!
//! No test of the contract depends on a clock. The tests poll groups by hand and control what the actors do
//! ([`harness`]). The [`examples`] run as processes. Their actors are also interrupted at every poll, like the
//! [`graphs`].
//!
//! # Which test shows which clause of the contract
//!
//! | clause | module | tests |
//! | --- | --- | --- |
//! | 1 empty group | [`start`] | `empty_group_is_ready_at_once`, `empty_local_group_is_ready_at_once`, `empty_group_begins_no_grace_period`, `empty_poll_drops_settings`, `empty_poll_closes_handles`, `stages_without_actors_end_at_once`, `actor_handed_to_any_stage_keeps_the_group_running`; `before::empty_groups_make_an_empty_group`; all have left: `leaving::group_that_all_have_left_ends`, `leaving::group_that_all_have_left_is_empty_again` |
//! | 2 start | [`start`] | `nothing_runs_before_the_first_poll`, `first_polls_come_in_order_of_adding`, `none_polled_twice_before_all_polled_once`, `later_only_woken_actors_are_polled`, `polls_follow_order_of_waking`; `before::polled_actors_of_back_are_polled_once_more`; one last poll before a drop: [`last_poll`] |
//! | 3 first exit | [`shutdown`] | `first_exit_is_the_cause`, `clean_return_stops_like_an_error`, `first_added_is_the_cause_at_the_start`, `first_woken_is_the_cause` |
//! | 4 interrupt | [`shutdown`] | `interrupts_come_before_further_polls`, `interrupts_are_called_once`, `interrupts_get_the_exit_of_the_cause`, `interrupt_may_wake_any_actor`; in the order of adding, that of the cause included: `first_exit_is_the_cause`; abortable actors in that order: `release::abortable_is_dropped_in_order_of_adding`, `last_poll::may_be_the_first_poll`; through all stages in one poll: `stages::one_poll_goes_through_all_stages` |
//! | 5 before the first poll | [`start`] | `interrupted_before_first_poll_is_still_polled`, `interrupted_before_first_poll_sees_it` |
//! | 6 wait | [`shutdown`] | `waits_until_every_actor_has_exited`, `ignored_interrupt_keeps_the_group_waiting` |
//! | 7 output | [`shutdown`] | `await`: `later_outputs_do_not_change_the_awaited_one`; `run`: `run_returns_the_first_error`, `run_returns_an_error_of_the_shutdown`, `run_takes_no_expiry_for_an_error`, `panics::run_resumes_a_panic_rather_than_an_error`, `original::run_returns_the_first_error_of_every_graph`; `report_has_every_exit_in_order`, `report_includes_earlier_exits`, `observer_sees_exits_as_they_happen` |
//! | 8 release | [`release`] | `returned_execute_is_dropped_at_once`, `panicked_execute_is_dropped_at_once`, `cause_is_dropped_before_the_interrupts`; aborted and expired: see 9 and 10 |
//! | 9 abortable | [`release`] | all that begin with `abortable`; its last poll: [`last_poll`], with a late error: `last_poll::error_that_is_ready_is_not_lost` |
//! | 10 grace period | [`grace_period`] | all of them; per stage: `stages::stuck_front_takes_no_time_from_back`, `stages::parts_keep_their_grace_periods`, `stages::inner_grace_period_comes_first`, `stages::grace_period_is_dropped_when_its_stage_ends`, `stages::shorter_grace_period_counts`, `stages::grace_period_begins_behind_empty_stage`; if one panics: `panics::panicked_grace_period_ends_one_stage`; each actor is polled one last time: [`last_poll`]; it ends its stage, whatever joins: `handles::joining::stage_ends_with_its_grace_period`, `handles::joining::added_as_the_front_expires_joins_the_back`, `handles::joining::grace_period_ends_for_actors_that_keep_joining`, `threads::handles::grace_period_ends_while_a_thread_adds` |
//! | 11 stages | [`stages`], [`before`] | all of them; observers, inner ones first: `stages::nested_groups_keep_their_observers`, `waiting::inner_observers_come_first`; `panics::panics_keep_the_order_of_stages`, `panics::drops::refused_before_drops_both_groups`, `panics::leaving::before_carries_such_a_panic_over` |
//! | 12 panics | `panics`, with `std`; `unwinding`, without | all of them; an interrupt that panics: `last_poll::panic_in_the_interrupt_leaves_none` |
//! | 13 dropping | [`dropping`] | all of them; without a last poll: `last_poll::dropping_the_group_gives_none`; if a drop panics: `panics::drops`; `handles::closing::queued_actors_are_dropped_with_the_group`, `handles::closing::interrupted_of_dropped_queued_actor_resolves`; without a waker: `dropping::handle_holds_no_waker_of_a_group_that_is_gone`, `handles::closing::dropping_a_handle_wakes_nothing` |
//! | 14 adding | [`adding`] | all of them; through handles, see 15 |
//! | 15 handles | [`handles`] | all of them; from many threads: `threads::handles` |
//! | 16 `on_wait` | [`waiting`] | all that call it, `waiting_displays_ten_labels`, `waiting_has_the_length_of_its_stage`; if an observer panics: `panics::panic_in_wait_observer_is_contained` |
//! | 17 fairness | [`fairness`] | all of them, in numbers; an `Interrupted` that yields: `interrupted::yields_now_and_then`, `interrupted::unless_polls_nothing_once_interrupted`, `clones::clones_share_the_count_of_polls`, `clones::new_clone_for_each_poll_yields` |
//! | 18 complexity | [`costs`] | all of them; exact counts: `.ci/costs` |
//! | 19 leaving | [`leaving`] | all of them; panics: `panics::leaving`; without `std`: `unwinding::panic_in_stops_if_unwinds`, `unwinding::drop_panic_of_a_leaving_actor_unwinds`; indices after `before`: `before::indices_count_those_that_have_left`; stopped alone: `interrupted::actor_that_was_stopped_alone_leaves`; through handles: `threads::handles::children_leave_exit_or_are_dropped` |
//!
//! The [`model`] covers all clauses together. It compares real groups with the contract, on random scripts and on all
//! small ones.
//!
//! [`threads`] shows that wakes and actors may come from any thread at any time. [`leaks`] shows that a group leaves
//! nothing allocated. `.ci/sanitize` runs both under sanitizers, which detect races and leaks that the tests miss.
//!
//! `testing` shows which mistakes of an actor `run_group::testing` finds.
//!
//! The rest of the public surface: [`exits`] (labels, outcomes, failures, their `Display` in one line), `report` (with
//! `Termination`), `panic`, [`waiting`] (`running`, `is_stopping`, `Debug` of a group), [`kinds`] (what may be borrowed or
//! not be `Send`, auto traits) and [`interrupted`], with `clones`. The actor graphs of real programs are in [`graphs`].
//! [`original`] compares a group with Go's oklog/run. `recipes` tests the recipes of the guides where something fails.
//!
//! # Which tests a target leaves out
//!
//! No test is ignored. A test that a target cannot run is not compiled for it. `.ci/target` counts these tests.
//!
//! - Every test that panics needs `panic = "unwind"`, because elsewhere a panic ends the process. WebAssembly is such a
//!   target. A group cannot contain panics there, so the model leaves them out, as it does without `std`.
//! - `target_family = "wasm"` has no threads, processes or sockets. It leaves out the examples, [`threads`], and single
//!   tests that need one of these.
//! - Windows has no OS signals, and its backtraces may lack names. It leaves out the tests that send a signal to an
//!   example, or wait for one, `testing::late_wakes`, and the test that takes an open file from another process.
//!   `.ci/ctrl-c` presses Ctrl-C there. Only Linux has systemd, and the tests of its recipe.
//! - Without the feature `std`, only a local group has handles, no panic is caught, and no `main` returns a `Report`. So
//!   `clones`, `panic`, `panics`, `recipes`, some examples, four [`graphs`], most of [`handles`], and single tests of
//!   other modules are left out.

// smol does not support WebAssembly, because it waits for sockets. The crates that it consists of do.
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
#[cfg(feature = "std")]
mod clones;
mod costs;
mod dropping;
#[cfg(not(target_family = "wasm"))]
mod examples;
mod exits;
mod fairness;
mod grace_period;
mod graphs;
mod handles;
mod harness;
mod interrupted;
mod kinds;
mod last_poll;
mod leaks;
mod leaving;
mod model;
mod original;
#[cfg(all(feature = "std", panic = "unwind"))]
mod panic;
#[cfg(all(feature = "std", panic = "unwind"))]
mod panics;
#[cfg(all(feature = "std", not(target_family = "wasm")))] // for handles, and for sockets
mod recipes;
mod release;
mod report;
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
