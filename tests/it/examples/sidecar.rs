//! The example `sidecar`: the clean end of its work does not stop the main job, its failure does.

use super::header::promised_output;
use super::program::{assert_fails, Program};

const SOURCE: &str = include_str!("../../../examples/sidecar.rs");

#[test]
fn the_main_job_goes_on_when_the_sidecar_has_done_its_work() {
    let ended = Program::example("sidecar", &[""; 0]).end();
    assert_eq!(
        ended.stdout,
        promised_output(SOURCE, "It prints, in this order:")
    );
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.status, Some(0));
}

#[test]
fn a_failure_of_the_sidecar_stops_the_main_job() {
    let introduction = "With `sidecar` as FAILURE the sidecar fails where it would have said that the cache is warm:";
    let ended = Program::example("sidecar", &["sidecar"]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    assert_eq!(ended.stderr, "sidecar: the cache cannot be read\n");
    assert_eq!(ended.status, Some(1));
}

#[test]
fn an_unknown_failure_is_one_line_and_status_1() {
    assert_fails(
        "sidecar",
        &["main job"],
        "unknown failure `main job`; give sidecar or nothing",
    );
    assert_fails(
        "sidecar",
        &["sidecar", "sidecar"],
        "too many arguments; usage: sidecar [FAILURE]",
    );
}
