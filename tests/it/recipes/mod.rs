//! Recipes of README and the guides with more tests than a reader wants to see there. The code of a recipe stands in both
//! places, and a test compares the two.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use run_group::testing::{interrupt_at_every_poll_on, Run};
use run_group::{Group, Interrupted};
use smol::future::{or, pending};
use smol::Timer;

mod adding;
mod backoff;
mod closing;
mod connections;
mod deadline;
mod draining;
mod each_stage;

/// Some recipes print lines. Here, they record them for their tests.
macro_rules! println {
    ($($line:tt)*) => { $crate::recipes::PRINTED.with(|lines| lines.borrow_mut().push(format!($($line)*))) };
}

mod from_join_set;
mod gate;
mod gentle_force;
mod inner;
mod limit;
mod metrics;
mod operations;
#[cfg(unix)] // its tests reset connections
mod readme;
mod ready;
mod returning;
mod shared_deadline;
mod signals;
mod spawned;
mod stages;
mod status;
mod supervise;
mod thread;

thread_local! {
    /// The lines that a recipe has printed on this thread.
    static PRINTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The pages that have recipes.
const PAGES: [&str; 4] = [
    include_str!("../../../README.md"),
    include_str!("../../../docs/recipes.md"),
    include_str!("../../../docs/operations.md"),
    include_str!("../../../docs/from-join-set.md"),
];

/// Interrupts an actor that needs an executor at every poll, and returns its outputs.
fn interrupt_on_smol<F: Future>(actor: impl FnMut(Interrupted) -> F) -> Vec<F::Output> {
    let block_on = |run: Run<F>| {
        smol::block_on(or(async { Some(run.await) }, async {
            Timer::after(Duration::from_secs(60)).await;
            None
        }))
    };
    interrupt_at_every_poll_on(block_on, actor)
}

/// Returns a group of two stages that hang, `web` and `storage`. The actor `signals` stops it at once.
fn two_stuck_stages<'a>() -> Group<'a, ()> {
    let mut web = Group::new();
    web.add_abortable(async {}).named("signals");
    web.add(pending(), |_| {}).named("web");
    let mut storage = Group::new();
    storage.add(pending(), |_| {}).named("storage");
    web.before(storage)
}

/// Checks that a code block of a page has what stands in `source` before its tests.
#[track_caller]
fn assert_is_a_recipe(source: &str) {
    let (recipe, _tests) = source.split_once("// The recipe ends here.\n").unwrap();
    let block = format!("\n{recipe}```\n");
    assert!(
        PAGES.iter().any(|page| page.contains(&block)),
        "no page has this code block:\n{recipe}"
    );
}

/// Returns the lines that a recipe has printed on this thread.
fn printed() -> Vec<String> {
    PRINTED.with(RefCell::take)
}
