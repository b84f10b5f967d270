//! The scenarios of executors with more than one task.

use std::future::{pending, Future};

use futures::channel::{mpsc as channel, oneshot};
use futures::future::{join_all, FutureExt};
use futures::stream::StreamExt;
use run_group::Exit;

use super::runtime::*;
use super::{new_group, Portable};

pub fn groups_run_as_tasks<R: Spawn>() {
    run::<R>(async {
        let (stop, stopped) = oneshot::channel::<()>();
        let mut first = new_group();
        first.add_abortable(stopped.map(|_| "stopped")).named("stop");
        first.add_with(|interrupted| interrupted.map(|()| "cleaned up")).named("work");
        let first = spawn::<R, _>(first.report().map(lines));

        let mut second = new_group();
        second.add(
            async {
                R::sleep(MOMENT).await;
                drop(stop);
                "done"
            },
            |_| {},
        );
        let second = spawn::<R, _>(second);

        assert_eq!(second.await, Some("done"));
        let expected = [r#"stop returned "stopped""#, r#"work returned "cleaned up", interrupted"#];
        assert_eq!(first.await, expected);
    });
}

/// Several tasks add children. Most of them leave, and some stay until the shutdown. Each gets an index.
pub fn tasks_add_children<R: Spawn>() {
    run::<R>(async {
        let mut group = new_group();
        let handle = group.handle();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let handle = handle.clone();
                spawn::<R, _>(async move {
                    for number in 0..ACTORS {
                        let stays = number % STAYS == 0;
                        let child = handle.add_with(move |interrupted| async move {
                            match stays {
                                true => interrupted.await,
                                false => wake_itself(2).await,
                            }
                            vec![]
                        });
                        child.stops_if(|_| false);
                        wake_itself(2).await;
                    }
                })
            })
            .collect();
        let (leaves, left) = channel::unbounded();
        group.on_exit(move |exit| {
            if exit.has_left() {
                leaves.unbounded_send(exit.index()).unwrap();
            }
        });
        let stay = TASKS * ACTORS.div_ceil(STAYS);
        let cause = async move {
            join_all(tasks).await;
            left.take(TASKS * ACTORS - stay).collect().await
        };
        group.add(cause, |_| {}).named("cause");

        let report = group.report().await;
        assert_eq!(report.len(), 1 + stay);
        assert!(report[1..].iter().all(Exit::was_interrupted));
        assert!(report.iter().all(|exit| !exit.has_left()));
        assert!(handle.is_closed());
        let mut indices: Vec<_> = report.iter().map(Exit::index).collect();
        indices.extend(report[0].output().unwrap());
        indices.sort();
        assert_eq!(indices, Vec::from_iter(0..=TASKS * ACTORS));
    });
}

/// A producer on a task of its own fails. Its channel closes before its output is there, so the consumer, which returns
/// `Ok`, often comes first. The error used to be lost then.
pub fn error_of_a_spawned_task_is_returned<R: Spawn>() {
    run::<R>(async {
        for round in 0..400 {
            let (send, mut jobs) = channel::unbounded::<u32>();
            let producer = spawn::<R, _>(async move {
                let _send = send;
                wake_itself(1 + round % 5).await;
                Err("disk full")
            });
            let mut group = new_group();
            match round % 2 {
                0 => group.add(producer, |_| {}).named("producer"),
                _ => group.add_with(|_| producer).named("producer"),
            }
            let consumer = async move {
                while jobs.next().await.is_some() {}
                Ok(())
            };
            group.add(consumer, |_| {}).named("consumer");
            assert_eq!(group.run().await, Err("disk full"), "in round {round}");
        }
    });
}

pub fn interrupts_a_spawned_task<R: Spawn>() {
    run::<R>(async {
        let mut group = new_group();
        group
            .add_with(|interrupted| {
                spawn::<R, _>(async {
                    interrupted.await;
                    R::sleep(MOMENT).await;
                    "cleaned up"
                })
            })
            .named("task");
        group.add(R::sleep(MOMENT).map(|()| "done"), |_| {}).named("first");

        let expected = [r#"first returned "done""#, r#"task returned "cleaned up", interrupted"#];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn expired_actor_drops_its_task<R: Spawn>() {
    run::<R>(async {
        let (here, gone) = oneshot::channel::<()>();
        let task = spawn::<R, _>(async {
            let _here = here;
            pending().await
        });
        let mut group = new_group();
        group.add(task, |_| {}).named("task");
        group.add(async { "done" }, |_| {}).named("first");
        group.grace_period(|| R::sleep(MOMENT));

        let expected = [r#"first returned "done""#, "task expired"];
        assert_eq!(lines(group.report().await), expected);
        assert!(gone.await.is_err(), "nothing is sent");
    });
}

pub fn dropped_group_interrupts_its_task<R: Spawn>() {
    run::<R>(async {
        let mut task = None;
        let mut group = new_group();
        group.add_with(|interrupted| {
            task = Some(spawn::<R, _>(interrupted.map(|()| "released")));
            pending::<()>()
        });
        assert_runs_for_a_moment::<R, _>(&mut group).await;

        drop(group);
        assert_eq!(task.unwrap().await, "released");
    });
}

pub fn busy_actor_starves_no_other_task<R: Spawn>() {
    run::<R>(async {
        let (stop, stopped) = oneshot::channel::<()>();
        let other = spawn::<R, _>(async {
            wake_itself(100).await;
            drop(stop);
            "done"
        });
        let mut group = new_group();
        group.add_abortable(busy()).named("busy");
        group.add_abortable(stopped.map(|_| "stopped")).named("stop");

        let expected = [r#"stop returned "stopped""#, "busy aborted"];
        assert_eq!(lines(group.report().await), expected);
        assert_eq!(other.await, "done");
    });
}

/// Spawns a future as a task of the executor. Dropping the future that is returned drops the task.
fn spawn<R: Spawn, T: Portable + 'static>(
    future: impl Future<Output = T> + Portable + 'static,
) -> impl Future<Output = T> + Portable + 'static {
    let (sender, output) = oneshot::channel();
    let task = R::spawn(Box::pin(async {
        // It fails if the receiver was dropped, which does not matter.
        let _ = sender.send(future.await);
    }));
    async {
        task.await;
        output.await.expect("the task has ended")
    }
}
