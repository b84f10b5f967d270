//! One suite for every executor. A group does the same on all of them.
//!
//! The suite consists of scenarios: functions that are generic over a `Runtime`. They are compiled twice from one
//! source, `scenarios.rs` and `tasks.rs`: in [`shared`] with `Group::new`, for executors whose tasks are `Send`, and in
//! [`local`] with `Group::local`, for those whose tasks need not be. Each of these two modules defines the names that
//! differ. [`suite!`] turns the functions into tests on one executor.
//!
//! The timers are real, a few milliseconds long. No test depends on how long anything takes, because an event that must
//! come first enables the next one.

pub mod local;
mod runner;
pub mod shared;

use std::net::SocketAddr;

use futures::channel::oneshot;

pub use crate::runner::test;

/// Where a server sends its address.
pub type Listening = oneshot::Sender<SocketAddr>;

/// Makes a type for an executor, and implements the traits of [`shared`] or [`local`] for it.
///
/// `run`, `sleep`, `spawn` and `serve` are functions or closures. The macro boxes the futures that they return.
/// `refusal` and `starves` are an `Option<String>`. Only `run` and `sleep` are required.
#[macro_export]
macro_rules! executor {
    ($kind:ident $name:ident {
        $(refusal: $refusal:expr,)?
        $(starves: $starves:expr,)?
        run: $run:expr,
        sleep: $sleep:expr
        $(, spawn: $spawn:expr)?
        $(, serve: $serve:expr)?
        $(,)?
    }) => {
        struct $name;

        impl $crate::$kind::Runtime for $name {
            $(fn refusal() -> Option<String> {
                $refusal
            })?

            $(fn starves() -> Option<String> {
                $starves
            })?

            fn run(future: $crate::$kind::Task) {
                let run: fn($crate::$kind::Task) = $run;
                run(future);
            }

            fn sleep(duration: ::std::time::Duration) -> $crate::$kind::Task {
                let sleep: fn(::std::time::Duration) -> _ = $sleep;
                Box::pin(sleep(duration))
            }
        }

        $(impl $crate::$kind::Spawn for $name {
            fn spawn(task: $crate::$kind::Task) -> $crate::$kind::Task {
                let spawn: fn($crate::$kind::Task) -> _ = $spawn;
                Box::pin(spawn(task))
            }
        })?

        $(impl $crate::$kind::Serve for $name {
            fn serve(listening: $crate::Listening) -> $crate::$kind::Task<::std::io::Result<()>> {
                Box::pin($serve(listening))
            }
        })?
    };
}

/// Makes a module of tests: the suite on one executor.
///
/// `suite!(spawn: shared on Global, Spawn, Serve, Threads)` makes a module `spawn` with the scenarios of [`shared`] on
/// `Global`: those for every [`Runtime`](shared::Runtime), those for one that is [`Spawn`](shared::Spawn) and
/// [`Serve`](shared::Serve), and those in which other threads add actors.
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
            shuts_down_in_order
            interrupts_sleeping_actors
            grace_period_ends_by_the_timer
            grace_period_is_dropped_after_last_exit
            stages_shut_down_one_by_one
            grace_period_is_per_stage
            thread_wakes_the_group
            panic_lets_the_others_shut_down
            actor_is_added_while_running
            actor_is_added_while_stopping
            actor_adds_actors
            group_is_reused_in_a_loop
            group_runs_inside_a_group
            busy_actor_starves_no_sibling
        );
        $crate::suite!(@each starves $kind $runtime:
            busy_actor_starves_no_timer
        );
    };
    (@tests Spawn $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            groups_run_as_tasks
            tasks_add_children
            error_of_a_spawned_task_is_returned
            interrupts_a_spawned_task
            expired_actor_drops_its_task
            dropped_group_interrupts_its_task
        );
        $crate::suite!(@each starves $kind $runtime:
            busy_actor_starves_no_other_task
        );
    };
    (@tests Serve $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            server_is_an_actor
        );
    };
    (@tests Threads $kind:ident $runtime:path) => {
        $crate::suite!(@each refusal $kind $runtime:
            threads_add_actors_until_the_end
            threads_add_children
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
    let scenarios =
        [include_str!("scenarios.rs"), include_str!("tasks.rs"), include_str!("threads.rs")];
    let lines = scenarios.into_iter().flat_map(str::lines);
    for scenario in lines.filter_map(|line| line.strip_prefix("pub fn ")) {
        let (name, _) = scenario.split_once('<').unwrap();
        assert!(suite.contains(&name), "{name} is missing");
    }
}
