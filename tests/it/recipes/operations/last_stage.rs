use run_group::Group;
use smol::channel::{unbounded, Receiver};

type Output = Result<(), String>;

/// Returns `group` with one more stage, which writes the lines of the log to the end.
fn with_log(group: Group<'_, Output>, lines: Receiver<String>) -> Group<'_, Output> {
    let to_close = lines.clone();
    let mut last = Group::new();
    last.add(write(lines), move |_cause| {
        to_close.close();
    })
    .named("log");
    group.before(last)
}

/// Writes lines until the channel is closed and empty.
async fn write(lines: Receiver<String>) -> Output {
    while let Ok(line) = lines.recv().await {
        if line.is_empty() {
            return Err("cannot write to the log".into());
        }
        println!("{line}");
    }
    Ok(())
}

fn main() {
    let (log, lines) = unbounded();
    let last_words = log.clone();
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) }).named("signals");
    group
        .add_with(|interrupted| async move {
            interrupted.await;
            let sent = last_words.try_send("closed all connections".into());
            sent.map_err(|error| error.to_string())
        })
        .named("web");
    let report = smol::block_on(with_log(group, lines).report());
    assert_eq!(
        report.to_string(),
        r#"signals returned Ok(())
web returned Ok(()), interrupted
log returned Ok(()), interrupted"#
    );
    assert!(log.is_empty());
}
// The recipe ends here.

use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("last_stage.rs"));
    main();
}

/// An actor returns an error, or panics.
#[test]
fn lines_of_a_failing_group_are_written() {
    for panics in [false, cfg!(panic = "unwind")] {
        let (log, lines) = unbounded();
        let mut group = Group::new();
        group.add_abortable(async {
            log.try_send("out of memory".into()).unwrap();
            assert!(!panics, "out of memory");
            Err("out of memory".into())
        });
        let report = smol::block_on(with_log(group, lines).report());
        assert!(report[0].is_failure());
        assert!(log.is_empty());
    }
}

#[test]
fn failing_log_is_a_failure() {
    let (log, lines) = unbounded();
    let mut group = Group::new();
    group
        .add_with(|interrupted| async {
            interrupted.await;
            log.try_send("".into()).unwrap();
            Ok(())
        })
        .named("web");
    group.add_abortable(async { Ok(()) }).named("signals");
    let report = smol::block_on(with_log(group, lines).report());
    assert_eq!(
        report[2].to_string(),
        r#"log returned Err("cannot write to the log"), interrupted"#
    );
    assert!(report.is_failure());
}
