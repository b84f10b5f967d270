//! The node on two threads. The clock stands still.

use std::thread;
use std::time::Duration;

use futures::future::join;
use run_group::testing::interrupt_at_every_poll_on;
use smol::{block_on, Timer};

use super::*;

/// Runs a node with an executor on two threads. `prepare` gets the node before it runs.
fn run<F: Future>(
    prepare: impl FnOnce(&Node),
    run: impl FnOnce(Group<'static, Done>) -> F,
) -> F::Output {
    let node = Arc::new(node(&Arc::default()));
    prepare(&node);
    with_threads(&node.executor, || limited(run(node.group())).expect("it hangs"))
}

/// Returns a node whose cleanup takes no time, and whose tasks are joined at once.
fn node(executor: &Arc<Executor<'static>>) -> Node {
    let node =
        Node { executor: executor.clone(), has_threads: true, cleanup: Some(0), ..Node::default() };
    node.joined.open();
    node
}

fn with_threads<T>(executor: &Executor<'static>, f: impl FnOnce() -> T) -> T {
    let (stop, stopped) = bounded::<()>(1);
    thread::scope(|scope| {
        let _stop = stop;
        for _ in 0..2 {
            scope.spawn(|| block_on(executor.run(stopped.recv())));
        }
        f()
    })
}

/// Waits for a program. Returns `None` if it hangs.
fn limited<F: Future>(program: F) -> Option<F::Output> {
    let limit = Timer::after(Duration::from_secs(60)); // only a failing test waits for it
    block_on(or(program.map(Some), limit.map(|_| None)))
}

#[test]
fn signal_stops_the_stages_in_order() {
    for _ in 0..100 {
        let report = run(|node| node.signals.send(Signal::Int), Group::report);
        assert_eq!(exit_code(&report), 0, "{report}");
        check_order(&report);
    }
}

/// Whether its task is joined before the database returns or after that.
#[test]
fn failed_consensus_is_the_result() {
    let fail = |node: &Node| assert!(node.faults.send(End::Fails));
    for _ in 0..100 {
        assert_eq!(run(fail, Group::run), Err("bad block"));
        let report = run(fail, Group::report);
        assert_eq!(report.failures().count(), 1, "{report}");
        assert_eq!(exit_code(&report), 1);
    }
}

#[cfg(panic = "unwind")]
#[test]
fn panicked_consensus_is_the_result() {
    let panic = |node: &Node| assert!(node.faults.send(End::Panics));
    for _ in 0..20 {
        assert!(catch_unwind(|| run(panic, Group::run)).is_err());
        let report = run(panic, Group::report);
        assert_eq!(report.failures().count(), 1, "{report}");
        assert_eq!(exit_code(&report), 1);
    }
}

/// The others are served, and the signal comes after that.
#[cfg(panic = "unwind")]
#[test]
fn panicked_connection_leaves() {
    let node = Arc::new(node(&Arc::default()));
    let [bad, good] = ["bad", "good"].map(|address| node.connect(address));
    let mut group = node.group();
    let handle = group.handle();
    let is_running = |name| {
        let running = handle.running();
        running.map(move |running| running.iter().any(|it| it.name() == Some(name)))
    };
    bad.said.send("panic");
    let signal = async {
        while !is_running("good").await || is_running("bad").await {}
        good.said.send("height");
        assert_eq!(good.heard.receive().await, Some(1));
        node.signals.send(Signal::Int);
    };
    let program = join(group.report(), signal);
    let (report, ()) = with_threads(&node.executor, || limited(program).expect("it hangs"));
    assert_eq!(exit_code(&report), 0, "{report}");
}

/// If no signal comes, consensus ends by itself.
#[test]
fn signal_at_every_poll_stops_everything() {
    let executor = Arc::default();
    let reports = with_threads(&executor, || {
        interrupt_at_every_poll_on(limited, |interrupted| {
            let node = Arc::new(node(&executor));
            async move {
                node.faults.send(End::Returns);
                let signal = async {
                    interrupted.await;
                    node.signals.send(Signal::Int);
                    pending().await
                };
                or(node.group().report(), signal).await
            }
        })
    });
    for report in reports {
        assert_eq!(exit_code(&report), 0, "{report}");
        assert_eq!(report.len(), 6);
    }
}
