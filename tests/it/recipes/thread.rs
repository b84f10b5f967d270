use run_group::{Group, Interrupted, Report};

type Output = Result<(), String>;

/// Does one piece of work after another on a thread, until interrupted or until one fails.
async fn on_thread(
    interrupted: Interrupted,
    mut one_piece: impl FnMut() -> Output + Send + 'static,
) -> Output {
    smol::unblock(move || {
        while !interrupted.is_interrupted() {
            one_piece()?;
        }
        Ok(())
    })
    .await
}

/// Stands for one piece of work.
fn one_piece() -> Output {
    std::thread::yield_now();
    Ok(())
}

fn program(other_piece: fn() -> Output) -> Report<Output> {
    let mut group = Group::new();
    group.add_with(|interrupted| on_thread(interrupted, one_piece)).named("first");
    group.add_with(|interrupted| on_thread(interrupted, other_piece)).named("second");
    smol::block_on(group.report())
}

fn main() {
    let report = program(|| Err("disk full".into()));
    assert_eq!(
        report.to_string(),
        r#"second returned Err("disk full")
first returned Ok(()), interrupted"#
    );

    let report = program(|| panic!("no such index"));
    assert_eq!(
        report.to_string(),
        "second panicked: no such index\nfirst returned Ok(()), interrupted"
    );
}
// The recipe ends here.

use super::{assert_is_a_recipe, interrupt_on_smol};

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("thread.rs"));
    main();
}

/// It returns by itself after a while, because a thread that works makes its actor no poll that could be interrupted.
#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_on_smol(|interrupted| {
        let mut pieces = 0;
        on_thread(interrupted, move || {
            pieces += 1;
            if pieces < 100 {
                one_piece()
            } else {
                Err("done".into())
            }
        })
    });
    assert_eq!(results[0], Ok(())); // interrupted before the thread starts
    assert!(results.len() >= 2);
}

/// While a piece of work takes its time, the group waits, and the grace period lets it stop waiting.
#[test]
fn piece_that_takes_too_long_expires() {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let (began, has_begun) = smol::channel::bounded(1);
    let mut group = Group::new();
    group
        .add_with(|interrupted| {
            on_thread(interrupted, move || {
                began.try_send(()).unwrap();
                let _ = is_done.recv();
                Ok(())
            })
        })
        .named("slow");
    group.add_abortable(async { has_begun.recv().await.map_err(|error| error.to_string()) });
    group.grace_period(|| async {});
    let report = smol::block_on(group.report());
    assert_eq!(report[1].to_string(), "slow expired");
    drop(done);
}
