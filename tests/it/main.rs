//! Tests from outside, in one binary.
//!
//! Nothing in the tests of the contract waits for a clock. Groups are polled by hand, and their actors do what the test
//! says ([`play`]). The [`examples`] are run as processes.
//!
//! # Which test shows which clause of the contract
//!
//! | clause | module | shown by |
//! | --- | --- | --- |
//! | 1 empty group | [`start`] | `an_empty_group_is_ready_at_once`, `an_empty_local_group_is_ready_at_once`, `an_empty_group_begins_no_grace_period`; `stages::empty_groups_before_each_other_are_empty` |
//! | 2 start | [`start`] | `nothing_runs_before_the_first_poll`, `the_first_poll_polls_all_in_the_order_of_adding`, `the_first_poll_polls_all_even_if_some_wake_themselves`, `later_only_the_woken_are_polled`, `the_woken_are_polled_in_the_order_of_waking` |
//! | 3 first exit | [`stop`] | `whoever_returns_first_is_the_cause`, `a_clean_return_stops_the_group_like_an_error`, `of_those_ready_at_the_start_the_first_added_is_the_cause`, `of_those_ready_in_one_poll_the_first_woken_is_the_cause` |
//! | 4 interrupt | [`stop`] | `everyone_is_interrupted_before_anyone_is_polled_again`, `interrupts_are_called_once`, `every_interrupt_gets_the_exit_of_the_cause`, `an_interrupt_may_wake_any_actor`; in the order of adding, that of the cause included: `whoever_returns_first_is_the_cause` |
//! | 5 before the first poll | [`start`] | `an_actor_interrupted_before_its_first_poll_is_still_polled`, `an_actor_interrupted_before_its_first_poll_sees_it` |
//! | 6 wait | [`stop`] | `waits_until_every_actor_has_returned`, `an_actor_that_ignores_its_interrupt_keeps_the_group_waiting` |
//! | 7 output | [`stop`] | `later_outputs_do_not_change_the_result`, `the_report_has_every_exit_in_the_order_they_happened`, `the_report_has_the_exits_from_before_it_was_asked_for`, `the_observer_sees_every_exit_when_it_happens` |
//! | 8 release | [`release`] | `an_execute_is_dropped_as_soon_as_it_has_returned`, `an_execute_is_dropped_as_soon_as_it_has_panicked`, `the_execute_of_the_cause_is_dropped_before_the_interrupts`; aborted and expired: see 9 and 10 |
//! | 9 abortable | [`release`] | `an_abortable_actor_is_dropped_where_it_stands_in_its_turn`, `an_abortable_actor_is_not_polled_after_the_interruption`, `an_abortable_actor_may_return_first`, `a_group_of_abortable_actors_ends_with_the_first` |
//! | 10 grace period | [`grace_period`] | `begins_right_after_the_interrupts`, `begins_once`, `is_not_waited_for_when_all_are_back`, `its_end_drops_who_is_still_out_in_the_order_of_adding`, `the_report_names_who_ran_out`, `any_future_will_do_and_a_second_one_takes_the_place_of_the_first` |
//! | 11 stages | [`stages`], [`merging`] | all of them |
//! | 12 panics | [`panics`], with `std`; `unwinding`, without | all of them |
//! | 13 dropping | [`dropping`] | all of them |
//! | 14 adding | [`adding`] | all of them |
//! | 15 fairness | [`fairness`] | all of them, in numbers; `grace_period::an_actor_that_wakes_itself_for_ever_does_not_hold_it_up` |
//! | 16 complexity | [`costs`] | `a_wake_polls_one_actor_of_however_many`, `a_hundred_thousand_that_wake_themselves_start_in_one_poll`, `adding_to_a_large_group_costs_no_more_than_to_a_small_one`, `nothing_is_allocated_between_the_first_poll_and_the_stop`, `an_actor_costs_two_allocations_and_one_more_for_its_signal`, `a_group_costs_few_allocations_beyond_its_actors`, `a_group_leaves_nothing_allocated` |
//!
//! All clauses together are compared with a model of the contract by [`model`], on random scripts and on all small ones.
//!
//! That wakes may come from anywhere at any time is shown by [`threads`], and that nothing is left of a group by [`leaks`].
//! `.ci/sanitize` runs them where a race or a leak that they do not see would be seen.
//!
//! The public surface is shown by [`exits`] (names, lines, outcomes, how they read), [`kinds`] (what may be borrowed or
//! not be `Send`, auto traits) and [`interrupted`]. The actor graphs of real programs are in [`graphs`]. What a group has
//! from Go's oklog/run, and what not, is in [`original`].
//!
//! # Which tests a target leaves out
//!
//! Nothing is ignored: what a target cannot do is not compiled for it. `.ci/target` counts what that is.
//!
//! - `panic = "unwind"` is asked for by what panics, since elsewhere a panic is the end of the tests. WebAssembly is such
//!   a target. There is then nothing to contain either, so the model is without panics, as it is without `std`.
//! - `target_family = "wasm"` has no threads to spawn, no processes and no sockets. It is left out by the examples, by
//!   [`threads`], and by single tests which need one of these.

// There is no smol for WebAssembly, since it waits for sockets. But there are the crates it is made of.
#[cfg(target_family = "wasm")]
extern crate self as smol;
#[cfg(target_family = "wasm")]
use {
    async_channel as channel,
    async_executor::LocalExecutor,
    futures_lite::future::{self, block_on},
};

mod adding;
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
mod merging;
// mod model;
mod original;
#[cfg(all(feature = "std", panic = "unwind"))]
mod panics;
mod play;
mod release;
mod stages;
mod start;
mod stop;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[cfg(all(not(feature = "std"), panic = "unwind"))]
mod unwinding;
mod waiting;
