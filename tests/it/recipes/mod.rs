//! Recipes of README and the guides with more tests than a reader wants to see there. The code of a recipe stands in both
//! places, and a test compares the two.

mod adding;
mod backoff;
mod closing;
mod connections;
mod deadline;
mod draining;
mod each_stage;
mod gate;
mod gentle_force;
mod inner;
mod leaving;
mod limit;
mod metrics;
mod ready;
mod shared_deadline;
mod signals;
mod spawned;
mod status;
mod supervise;
mod thread;

/// The pages that have recipes.
const PAGES: [&str; 2] =
    [include_str!("../../../README.md"), include_str!("../../../docs/recipes.md")];

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
