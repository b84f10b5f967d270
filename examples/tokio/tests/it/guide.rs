//! The code in the guide `docs/runtimes.md` is that of the programs in `src/bin`, and of `force`.

const PAGE: &str = include_str!("../../../../docs/runtimes.md");
const PROGRAMS: [&str; 2] =
    [include_str!("../../src/bin/service.rs"), include_str!("../../src/bin/axum.rs")];
const FORCE: &str = include_str!("force.rs");

/// The code of a program, after its header.
fn code(program: &str) -> &str {
    program.split_once("\n\n").unwrap().1
}

#[test]
fn guide_has_the_code_of_the_programs() {
    let (force, _tests) = FORCE.split_once("// The recipe ends here.\n").unwrap();
    for code in PROGRAMS.map(code).into_iter().chain([force]) {
        assert!(
            PAGE.contains(&format!("\n```rust,ignore\n{code}```\n")),
            "not in the guide:\n{code}"
        );
    }
}

/// A block that is neither a doctest nor compared here would never be compiled.
#[test]
fn guide_has_no_other_code_that_is_not_compiled() {
    assert_eq!(PAGE.matches("ignore").count(), PROGRAMS.len() + 1);
}
