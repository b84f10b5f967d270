//! Recipes of README and the guides with more tests than a reader wants to see there. The code of a recipe stands in both
//! places, and a test compares the two.

mod adding;
mod closing;
mod connections;
mod draining;
mod limit;
#[cfg(unix)] // its tests reset connections
mod readme;

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
