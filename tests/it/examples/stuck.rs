//! The example `stuck`: it names the actor that hangs, and fails.

use super::header::promised_output;
use super::program::Program;

#[test]
fn names_the_actor_that_hangs_and_expires_it() {
    let source = include_str!("../../../examples/stuck.rs");
    let promised = |introduction| promised_output(source, introduction);

    let ended = Program::example("stuck", &[""; 0]).end();
    assert_eq!(
        ended.stdout,
        promised("The upload ignores its interrupt. After one second it expires:")
    );
    assert_eq!(ended.stderr, promised("`main` returns the report. So the failure goes to standard error as well, and the exit code is 1:"));
    assert_eq!(ended.status, Some(1));
}
