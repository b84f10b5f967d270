//! The code in the guide `docs/runtimes.md` is that of the programs in `src/bin`.

const PAGE: &str = include_str!("../../../../docs/runtimes.md");
const PROGRAMS: [&str; 2] =
    [include_str!("../../src/bin/service.rs"), include_str!("../../src/bin/axum.rs")];

/// The code of a program, after its header.
fn code(program: &str) -> &str {
    program.split_once("\n\n").unwrap().1
}

#[test]
fn guide_has_the_code_of_the_programs() {
    for code in PROGRAMS.map(code) {
        assert!(
            PAGE.contains(&format!("\n```rust,ignore\n{code}```\n")),
            "not in the guide:\n{code}"
        );
    }
}

/// A block that is neither a doctest nor one of these programs would never be compiled.
#[test]
fn guide_has_no_other_code_that_is_not_compiled() {
    assert_eq!(PAGE.matches("ignore").count(), PROGRAMS.len());
}
