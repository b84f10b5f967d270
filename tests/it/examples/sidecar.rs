//! The example `sidecar`: its clean end does not stop the main job, its failure does.

use super::header::promised_output;
use super::program::Program;

const SOURCE: &str = include_str!("../../../examples/sidecar.rs");

#[test]
fn main_job_continues_after_the_sidecar_is_done() {
    Program::example("sidecar", &[""; 0]).end().assert_went_well(&promised_output(
        SOURCE,
        "Without an argument it prints, in this order:",
    ));
}

#[test]
fn failure_of_the_sidecar_stops_the_main_job() {
    let ended = Program::example("sidecar", &["sidecar"]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, "and then dropped:"));
    assert_eq!(ended.stderr, "Error: cache returned Err(no such file)\n");
    assert_eq!(ended.status, Some(1));
}
