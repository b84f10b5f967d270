//! One suite for every executor: what a group does has to be the same on all of them.
//!
//! The suite is a number of functions over a `Runtime`. They are compiled twice from one source, `scenarios.rs`: in
//! [`shared`] for executors whose tasks are `Send`, with `Group::new`, and in [`local`] for those whose tasks need not
//! be, with `Group::local` and actors that are not. Each of the two modules has the names that differ. [`suite!`] makes
//! tests of the functions, for one executor.
//!
//! The timers are real, a few milliseconds long. No test depends on how long anything takes: whoever has to be first
//! makes the other possible.

pub mod local;
mod runner;
pub mod shared;

pub use crate::runner::test;

/// Makes a module of tests: the suite on one executor.
///
/// `suite!(spawn: shared on Global, Spawn, Serve)` makes a module `spawn` with the suite of [`shared`] on `Global`: what
/// there is for every [`Runtime`](shared::Runtime), and for one that is [`Spawn`](shared::Spawn) and
/// [`Serve`](shared::Serve), too.
#[macro_export]
macro_rules! suite {
    ($module:ident: $kind:ident on $runtime:ident $(, $more:ident)*) => {
        mod $module {
            $crate::suite!(@tests Runtime $kind super::$runtime);
            $($crate::suite!(@tests $more $kind super::$runtime);)*
        }
    };
    (@tests Runtime $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            stops_in_order
            interrupts_actors_that_wait_for_a_timer
            whoever_ignores_the_interrupt_expires_by_the_timer
            a_grace_period_is_not_waited_for_when_all_are_back
            stages_stop_one_after_the_other
            is_woken_from_another_thread
            a_panic_is_contained
            an_actor_is_added_while_it_runs
            an_actor_is_added_while_it_stops
            runs_in_a_loop
            runs_inside_another
            an_actor_that_never_waits_starves_no_sibling
        );
        $crate::suite!(@each starves $kind $runtime:
            an_actor_that_never_waits_holds_up_no_timer
        );
    };
    (@tests Spawn $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            groups_run_as_tasks
            interrupts_a_spawned_task
            a_spawned_task_is_dropped_when_its_actor_expires
            dropping_the_group_releases_a_spawned_task
        );
        $crate::suite!(@each starves $kind $runtime:
            an_actor_that_never_waits_starves_no_other_task
        );
    };
    (@tests Serve $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            a_server_is_an_actor
        );
    };
    (@each $refusal:ident $kind:ident $runtime:path: $($scenario:ident)*) => {
        $(
            #[test]
            fn $scenario() {
                use $crate::$kind::{$scenario, Runtime};
                $crate::test(
                    <$runtime as Runtime>::$refusal,
                    $scenario::<$runtime>,
                );
            }
        )*
    };
}

#[test]
fn every_scenario_is_in_the_suite() {
    let suite: Vec<_> = include_str!("lib.rs").lines().map(str::trim).collect();
    let scenarios = include_str!("scenarios.rs").lines();
    for scenario in scenarios.filter_map(|line| line.strip_prefix("pub fn ")) {
        let (name, _) = scenario.split_once('<').unwrap();
        assert!(suite.contains(&name), "{name} is missing");
    }
}
