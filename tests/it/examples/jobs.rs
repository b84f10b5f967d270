//! The example `jobs`: it finishes the jobs that have begun, and stops after three failures in a row.

use std::time::Duration;

use run_group::testing::interrupt_at_every_poll;
use run_group::Group;
use smol::channel::unbounded;

use super::header::promised_output;
use super::program::Program;

#[path = "../../../examples/jobs.rs"]
#[allow(dead_code)]
mod example;

const SOURCE: &str = include_str!("../../../examples/jobs.rs");

#[test]
fn failed_jobs_leave() {
    let introduction =
        "With the jobs `fail fail 100`, no three fail in a row, so the exit code is 0:";
    Program::example("jobs", &["fail", "fail", "100"])
        .end()
        .assert_went_well(&promised_output(SOURCE, introduction));
}

#[test]
fn three_failures_in_a_row_stop_it() {
    let introduction = "With `fail fail fail 100`, the exit code is 1:";
    let ended = Program::example("jobs", &["fail", "fail", "fail", "100"]).end();
    assert_eq!(ended.stdout, promised_output(SOURCE, introduction));
    assert_eq!(ended.stderr, "Error: failures returned Err(3 jobs in a row have failed)\n");
    assert_eq!(ended.status, Some(1));
}

/// Eight jobs run at a time, so the last one begins when one of those that succeed is done.
#[test]
fn success_between_failures_breaks_the_row() {
    let jobs: Vec<_> = "fail fail 10 10 10 10 10 10 10 10 fail fail".split(' ').collect();
    let ended = Program::example("jobs", &jobs).end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let summary = "8 finished, 4 failed, 0 dropped, 0 not begun";
    assert_eq!(ended.stdout.lines().last(), Some(summary));
}

/// Whenever it is interrupted, each job was done or is still in the queue.
#[test]
fn pool_interrupted_at_every_poll_loses_no_job() {
    let counts = interrupt_at_every_poll(|interrupted| async {
        let (send, queue) = unbounded();
        for _ in 0..20 {
            send.try_send(example::Job::Takes(Duration::ZERO)).unwrap();
        }
        drop(send);
        let mut done = 0;
        let mut group = Group::local();
        let handle = group.handle();
        let waiting = queue.clone();
        let (stop, stopped) = run_group::Interrupted::channel();
        group.add(example::pool(queue, handle, stopped), |_| stop.interrupt());
        group.add_abortable(async {
            interrupted.await;
            Ok(())
        });
        group.on_exit(|exit| done += usize::from(exit.index() > 1));
        group.await.unwrap().unwrap();
        done + waiting.len()
    });
    assert!(counts.len() > 2, "{counts:?}");
    assert!(counts.iter().all(|count| *count == 20), "{counts:?}");
}

#[cfg(unix)]
mod signals {
    use super::*;

    use rustix::process::Signal;

    /// It may wait for fewer and fewer jobs, which takes a line each time.
    #[test]
    fn prints_what_its_header_promises() {
        let introduction =
            "twenty jobs of one and a half seconds. Press Ctrl-C after the second line about the progress:";
        let promised = promised_output(SOURCE, introduction);

        let mut program = Program::example("jobs", &[""; 0]);
        let mut output = String::new();
        for _ in 0..3 {
            output += &(program.line() + "\n");
        }
        program.signal(Signal::INT);
        let ended = program.end();
        let mut has_waited = false;
        for line in ended.stdout.lines() {
            if !line.starts_with("waiting for ") || !std::mem::replace(&mut has_waited, true) {
                output += &format!("{line}\n");
            }
        }
        assert_eq!(output, promised);
        assert_eq!(ended.stderr, "");
        assert_eq!(ended.status, Some(0));
    }

    #[test]
    fn second_signal_drops_the_jobs_that_run() {
        let mut program = Program::example("jobs", &[""; 0]);
        while program.line() != "0 of 20 jobs done, 8 running" {}
        program.signal(Signal::INT);
        while !program.line().starts_with("waiting for ") {}
        program.signal(Signal::INT);
        let ended = program.end();
        let summary = "0 finished, 0 failed, 8 dropped, 12 not begun";
        assert_eq!(ended.stdout.lines().last(), Some(summary));
        assert_eq!(ended.stderr.matches(" expired\n").count(), 8);
        assert_eq!(ended.status, Some(1));
    }
}
