use async_signal::{Signal, Signals};
use run_group::{Exit, Group, Report};
use smol::prelude::*;
use std::{io, process};

/// The signals actor returns the signal. All others return `Ok(None)`.
type Output = io::Result<Option<Signal>>;

async fn signal(mut signals: Signals) -> Output {
    signals.next().await.transpose()
}

/// If a signal stopped the group and no actor failed, ends the process as this signal does by default.
fn end_by_signal(report: &Report<Output>) {
    let Some(Ok(Some(signal))) = report.cause().and_then(Exit::output) else {
        return;
    };
    if cfg!(unix) && !report.is_failure() && process::id() != 1 {
        let _ = signal_hook::low_level::emulate_default_handler(*signal as i32);
        // does not return
    }
}

fn main() -> io::Result<Report<Output>> {
    let signals = Signals::new([
        Signal::Int,
        #[cfg(unix)]
        Signal::Term,
    ])?;
    let mut group = Group::new();
    group.add_abortable(signal(signals)).named("signals");
    group
        .add_with(|interrupted| async {
            interrupted.await;
            Ok(None)
        })
        .named("web");
    eprintln!("press Ctrl-C");
    let report = smol::block_on(group.report());
    end_by_signal(&report);
    Ok(report)
}
// The recipe ends here.

use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("by_signal.rs"));
}

/// No signal stopped the group: the process continues.
#[test]
fn other_causes_do_not_end_the_process() {
    for output in [Ok(None), Err(io::ErrorKind::StorageFull.into())] {
        let mut group = Group::new();
        group.add_abortable(async { output });
        end_by_signal(&smol::block_on(group.report()));
    }
    end_by_signal(&Report::default());
}

#[cfg(unix)]
#[test]
fn signal_kills_it_after_the_shutdown() {
    const TEST: &str = "by_signal::signal_kills_it_after_the_shutdown";
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let Some(mut program) = super::as_program(TEST, &[]) else {
            main().unwrap();
            unreachable!("it was killed");
        };
        assert_eq!(program.error_line(), "press Ctrl-C");
        program.signal(signal);
        let ended = program.end();
        assert_eq!(ended.signal, Some(signal.as_raw()));
        assert_eq!(ended.stderr, "");
    }
}

#[cfg(unix)]
#[test]
fn failure_in_the_shutdown_is_an_exit_code() {
    use std::process::{ExitCode, Termination};

    const TEST: &str = "by_signal::failure_in_the_shutdown_is_an_exit_code";
    let Some(mut program) = super::as_program(TEST, &[]) else {
        let signals = Signals::new([Signal::Term]).unwrap();
        let mut group = Group::new();
        group.add_abortable(signal(signals)).named("signals");
        group
            .add_with(|interrupted| async {
                interrupted.await;
                Err(io::ErrorKind::StorageFull.into())
            })
            .named("storage");
        eprintln!("running");
        let report = smol::block_on(group.report());
        end_by_signal(&report);
        assert_eq!(report.report(), ExitCode::FAILURE);
        return;
    };
    assert_eq!(program.error_line(), "running");
    program.signal(rustix::process::Signal::TERM);
    let ended = program.end();
    assert_eq!(ended.stderr, "Error: storage returned Err(Kind(StorageFull)), interrupted\n");
    assert_eq!((ended.status, ended.signal), (Some(0), None)); // the test has passed
}
