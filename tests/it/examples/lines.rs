//! The example `lines`, from outside: a process, its input, its output, its signals, its exit code.

use super::header::promised_output;
use super::program::{Ended, Program};

fn start() -> Program {
    Program::example("lines", &[""; 0])
}

/// A run that ended by itself or with a signal, after `count` lines.
#[track_caller]
fn assert_read(count: u64, ended: &Ended) {
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, format!("lines read: {count}\n"));
}

/// It prints each line as soon as it comes.
#[test]
fn prints_what_its_header_promises() {
    let source = include_str!("../../../examples/lines.rs");
    let introduction =
        "Type two lines, then press Ctrl-D (on Windows Ctrl-Z, then Enter) or Ctrl-C:";
    let promised = promised_output(source, introduction);
    let promised: Vec<_> = promised.lines().collect();

    let mut program = start();
    for line in promised[..4].chunks(2) {
        program.type_in(format!("{}\n", line[0]));
        assert_eq!(program.line(), line[1]);
    }
    program.close_input();
    let ended = program.end();
    assert_eq!(ended.stderr, format!("{}\n", promised[4]));
    assert_read(2, &ended);
}

#[test]
fn last_line_needs_no_newline() {
    let mut program = start();
    program.type_in("one\n\nthree");
    program.close_input();
    let ended = program.end();
    assert_eq!(ended.stdout, "1 one\n2 \n3 three\n");
    assert_read(3, &ended);
}

#[test]
fn no_input_is_no_lines() {
    let mut program = start();
    program.close_input();
    let ended = program.end();
    assert_eq!(ended.stdout, "");
    assert_read(0, &ended);
}

#[test]
fn bytes_that_are_not_text_are_one_line_and_status_1() {
    let mut program = start();
    program.type_in(b"one\ncaf\xe9\n");
    assert_eq!(program.line(), "1 one");
    program.fails("Error: cannot read: stream did not contain valid UTF-8");
}

#[test]
fn lines_can_have_any_length() {
    let line = "x".repeat(1_000_000);
    let mut program = start();
    program.type_in(&line);
    program.type_in("\n");
    assert!(program.line() == format!("1 {line}"), "the output differs from the input");
    program.close_input();
    assert_read(1, &program.end());
}

#[cfg(unix)]
mod signals {
    use super::*;

    use rustix::process::Signal;

    #[test]
    fn signal_ends_it_while_it_reads() {
        for signal in [Signal::TERM, Signal::INT] {
            let mut program = start();
            program.type_in("one\ntwo\nhalf a li");
            assert_eq!(program.line(), "1 one");
            assert_eq!(program.line(), "2 two");

            program.signal(signal);
            let ended = program.end();
            assert_eq!(ended.stdout, "");
            assert_read(2, &ended);
        }
    }

    /// The line does not fit into the pipe to the test, which does not read it.
    #[test]
    fn signal_ends_it_while_it_prints() {
        let mut program = start();
        program.type_in("x".repeat(1_000_000));
        program.type_in("\n");
        program.wait_for_output();

        program.signal(Signal::TERM);
        assert_read(1, &program.end());
    }
}
