//! The example `threads`: its thread returns, is interrupted, panics.

use run_group::testing::interrupt_at_every_poll_on;

use super::header::promised_output;
use super::program::Program;
use super::shutdown::on_smol;

#[path = "../../../examples/threads.rs"]
#[allow(dead_code)]
mod example;

const SOURCE: &str = include_str!("../../../examples/threads.rs");

#[test]
fn returns_what_the_thread_returned() {
    let introduction =
        "It counts the primes below LIMIT, which is 100000 unless you give another number:";
    Program::example("threads", &[""; 0])
        .end()
        .assert_went_well(&promised_output(SOURCE, introduction));
}

#[cfg(unix)]
#[test]
fn ends_after_the_thread_that_a_signal_stopped() {
    let mut program = Program::example("threads", &[u64::MAX.to_string()]);
    assert_eq!(program.line(), "counting; press Ctrl-C to stop");
    program.signal(rustix::process::Signal::INT);
    assert_eq!(program.line(), "signals returned Ok(())");

    let line = program.line();
    let (primes, limit) = line.split_once(" primes below ").expect(&line);
    let [primes, limit] = [primes, limit].map(|number| number.parse::<u64>().expect(&line));
    assert!(primes <= limit, "{line}");

    program.end().assert_went_well("primes returned Ok(()), interrupted\n");
}

#[cfg(feature = "std")]
#[test]
fn panics_like_the_thread_after_the_shutdown() {
    let introduction =
        "With LIMIT 0, the thread panics. The other actors still shut down in order:";
    let ended = Program::example("threads", &["0"]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    // Only the message of the thread's own panic.
    assert_eq!(ended.stderr.matches("panicked at").count(), 1, "{ended:?}");
    assert!(ended.stderr.contains("there is no number below 0"));
    assert_eq!(ended.status, Some(101));
}

/// In the last run, the thread is done before that.
#[test]
fn thread_interrupted_at_every_poll_returns() {
    let counts = interrupt_at_every_poll_on(on_smol, |interrupted| {
        example::on_thread(|| example::count_primes(100_000, interrupted))
    });
    let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
    assert_eq!(counts.first(), Some(&(0, 0)));
    assert_eq!(counts.last(), Some(&(9592, 100_000)));
}
