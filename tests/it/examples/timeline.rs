//! The example `timeline`: the picture in `docs` is the one that it draws, and shows what happens in its run.

use super::program::Program;

#[path = "../../../examples/timeline.rs"]
#[allow(dead_code)]
mod example;

use example::Event::{Exits, GracePeriodBegins, GracePeriodEnds, IsInterrupted, IsReady, Starts};

/// If the picture is to change, draw it again as the header says.
#[test]
fn draws_the_picture_in_docs() {
    Program::example("timeline", &[""; 0])
        .end()
        .assert_went_well(include_str!("../../../docs/shutdown.svg"));
}

#[test]
fn run_has_every_event_in_its_second() {
    let exits = |exit: &str| Exits(exit.to_owned());
    let expected = [
        (0, "signals", Starts),
        (0, "http", Starts),
        (0, "chat", Starts),
        (0, "database", Starts),
        (3, "signals", exits("signals returned Ok(())")),
        (3, "http", IsInterrupted),
        (3, "chat", IsInterrupted),
        (3, "web", GracePeriodBegins),
        (5, "http", exits("http returned Ok(()), interrupted")),
        (11, "web", GracePeriodEnds),
        (11, "chat", exits("chat expired")),
        (11, "database", IsInterrupted),
        (15, "database", exits("database returned Ok(()), interrupted")),
        (15, "group", IsReady),
    ];
    let expected = expected.map(|(second, subject, event)| (second, subject.to_owned(), event));
    assert_eq!(example::run(), expected);
}
