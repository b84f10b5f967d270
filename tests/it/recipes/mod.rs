//! Recipes of README and the guides with more tests than a reader wants to see there. The code of a recipe stands in both
//! places, and a test compares the two.

use std::cell::RefCell;

mod adding;
mod closing;
mod connections;
mod draining;

/// Some recipes print lines. Here, they record them for their tests.
macro_rules! println {
    ($($line:tt)*) => { $crate::recipes::PRINTED.with(|lines| lines.borrow_mut().push(format!($($line)*))) };
}

mod from_join_set;
mod limit;
mod operations;
#[cfg(unix)] // its tests reset connections
mod readme;

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
