//! The example `tokio` and its habits: the output, the signals, the exit code.

use super::header::promised_output;
use super::program::Program;

const SOURCE: &str = include_str!("../../src/main.rs");

fn start(arguments: &[&str]) -> Program {
    Program::at(env!("CARGO_BIN_EXE_run-group-tokio"), arguments)
}

#[cfg(unix)]
mod signals {
    use super::*;

    use rustix::process::Signal;

    /// A run that a signal stopped: status 0, and the output that follows `introduction` in the header.
    #[track_caller]
    fn assert_stops(arguments: &[&str], signal: Signal, introduction: &str) {
        let mut program = start(arguments);
        let first = program.line();
        program.signal(signal);

        let ended = program.end();
        let stdout = format!("{first}\n{}", ended.stdout);
        assert_eq!(stdout, promised_output(SOURCE, introduction));
        assert_eq!(ended.stderr, "");
        assert_eq!(ended.status, Some(0));
    }

    #[test]
    fn either_signal_is_a_clean_shutdown() {
        let introduction =
            "Press Ctrl-C. The work is interrupted, and the actor returns its output:";
        assert_stops(&[], Signal::INT, introduction);
        assert_stops(&[], Signal::TERM, introduction);
    }

    /// If the work were not aborted, the program would wait for it forever.
    #[test]
    fn work_is_aborted_after_the_grace_period() {
        let introduction =
            "With `deaf` as HABIT, the work ignores its interruption. After a grace period of one second, its actor expires:";
        assert_stops(&["deaf"], Signal::INT, introduction);
    }
}

#[test]
fn panic_of_the_work_is_that_of_the_program() {
    let ended = start(&["clumsy"]).end();
    let introduction = "`main`. So the exit code is that of a panic, 101:";
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    // Only the message of the work's own panic.
    assert_eq!(ended.stderr.matches("panicked at").count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("the work dropped a tool"));
    assert_eq!(ended.status, Some(101));
}

#[test]
fn unknown_habit_is_one_line_and_status_1() {
    start(&["lazy"]).fails("tokio: unknown habit `lazy`; give deaf, clumsy or nothing");
    start(&["deaf", "clumsy"]).fails("tokio: too many arguments; give one habit or nothing");
}
