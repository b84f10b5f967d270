//! The example `stages`: the order of the shutdown does not depend on which stage failed.

use futures::FutureExt;
use run_group::testing::interrupt_at_every_poll;

use super::header::promised_output;
use super::program::Program;

#[path = "../../../examples/stages.rs"]
#[allow(dead_code)]
mod example;

/// Returns the output that the header promises for a shutdown that begins with the line `first`.
fn promised(first: &str) -> String {
    let source = include_str!("../../../examples/stages.rs");
    let introduction =
        "The argument is the stage in which an actor fails. With `web` it prints, in this order:";
    let output = promised_output(source, introduction);
    output.replacen("failure returned Err(the web failed)", first, 1)
}

#[test]
fn order_does_not_depend_on_the_stage_that_fails() {
    for stage in ["web", "workers", "storage"] {
        let error = format!("the {stage} failed");
        let ended = Program::example("stages", &[stage]).end();
        assert_eq!(ended.stdout, promised(&format!("failure returned Err({error})")));
        let line = format!("Error: failure returned Err({error})\n");
        assert_eq!(ended.stderr, line);
        assert_eq!(ended.status, Some(1));
    }
}

#[cfg(unix)]
#[test]
fn order_is_the_same_after_a_signal() {
    let mut program = Program::example("stages", &[""; 0]);
    assert_eq!(program.line(), "press Ctrl-C");
    program.signal(rustix::process::Signal::INT);

    program.end().assert_went_well(&promised("signals returned Ok(0)"));
}

/// Every request and every result that is sent is still received.
#[test]
fn order_is_the_same_at_every_poll() {
    for stage in ["web", "workers", "storage"] {
        let runs = interrupt_at_every_poll(|interrupted| {
            example::group(stage, "test", interrupted.map(|()| Ok(0))).report()
        });
        for exits in runs {
            let lines: String = exits.iter().map(|exit| format!("{exit}\n")).collect();
            assert_eq!(lines, promised("test returned Ok(0)"));
        }
    }
}
