use run_group::{Exit, Group, Interrupted};
use smol::{channel, Executor};
use std::{sync::Arc, thread};

type Output = Result<(), String>;

/// Calls `run` with an executor that has this many threads.
fn with_pool<R>(threads: usize, run: impl FnOnce(Arc<Executor<'static>>) -> R) -> R {
    let pool = Arc::new(Executor::new());
    let (stop, stopped) = channel::bounded::<()>(1);
    thread::scope(|scope| {
        let _stop = stop; // dropping it ends the threads, even if `run` panics
        for _ in 0..threads {
            scope.spawn(|| smol::block_on(pool.run(stopped.recv())));
        }
        run(pool.clone())
    })
}

async fn resize(_interrupted: Interrupted, picture: &str) -> Output {
    match picture {
        "broken" => panic!("no such pixel"),
        _ => Ok(()), // ... work hard ...
    }
}

fn main() {
    let mut log = Vec::new();
    with_pool(4, |pool| {
        let mut group = Group::new();
        let handle = group.handle();
        group.on_exit(|exit: &Exit<Output>| log.push(exit.to_string()));
        for picture in ["broken", "good"] {
            handle
                .add_with(|interrupted| pool.spawn(resize(interrupted, picture)))
                .stops_if(|_| false)
                .named(picture);
        }
        smol::block_on(group.report())
    });
    log.sort();
    assert_eq!(log, ["broken panicked: no such pixel, left", "good returned Ok(()), left"]);
}
// The recipe ends here.

use smol::future::pending;

use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("pool.rs"));
    main();
}

/// Two children wait for each other on their threads, so they run in parallel or never end.
#[test]
fn children_run_in_parallel() {
    with_pool(2, |pool| {
        let barrier = Arc::new(std::sync::Barrier::new(2));
        let mut group: Group<'_, Output> = Group::new();
        for _ in 0..2 {
            let barrier = barrier.clone();
            group
                .add_with(|_| {
                    pool.spawn(async move {
                        barrier.wait();
                        Ok(())
                    })
                })
                .stops_if(|_| false);
        }
        smol::block_on(group.run()).unwrap();
    });
}

#[test]
fn thread_outlives_a_panic() {
    with_pool(1, |pool| {
        for picture in ["broken", "good"] {
            let mut group = Group::new();
            group.add_with(|interrupted| pool.spawn(resize(interrupted, picture)));
            let report = smol::block_on(group.report());
            assert_eq!(report.is_failure(), picture == "broken");
        }
    });
}

/// An expired child is cancelled on its thread.
#[test]
fn expired_child_is_cancelled() {
    let (dropped, is_dropped) = channel::bounded::<()>(1);
    with_pool(1, |pool| {
        let mut group: Group<'_, Output> = Group::new();
        let deaf = async {
            let _dropped = dropped;
            pending().await
        };
        group.add_with(|_| pool.spawn(deaf)).named("deaf");
        group.add_abortable(async { Ok(()) });
        group.grace_period(|| async {});
        let report = smol::block_on(group.report());
        assert_eq!(report[1].to_string(), "deaf expired");
        assert!(smol::block_on(is_dropped.recv()).is_err());
    });
}

#[cfg(panic = "unwind")]
#[test]
fn threads_end_when_the_program_panics() {
    let panics = || with_pool(2, |_| panic!("cannot start"));
    assert!(std::panic::catch_unwind(panics).is_err());
}
