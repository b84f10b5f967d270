//! Recipes of `docs/recipes.md` with more tests than a reader wants to see there. The code of a recipe stands in both
//! places, and a test compares the two.

mod adding;
mod closing;
mod connections;
mod draining;
mod limit;

/// Checks that a code block of the guide has what stands in `source` before its tests.
#[track_caller]
fn assert_is_a_recipe(source: &str) {
    let (recipe, _tests) = source.split_once("// The recipe ends here.\n").unwrap();
    let guide = include_str!("../../../docs/recipes.md");
    let block = format!("\n```\n{recipe}```\n");
    assert!(guide.contains(&block), "`docs/recipes.md` differs from:\n{recipe}");
}
