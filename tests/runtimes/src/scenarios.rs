//! The scenarios. The docs of [the crate](crate) say why two modules include this file.

use std::fmt::{Debug, Display};
use std::future::{pending, poll_fn, Future};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::{resume_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::{mpsc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::{mpsc as channel, oneshot};
use futures::future::{join_all, select, Either, FutureExt};
use futures::stream::StreamExt;
use run_group::{Exit, Report};

use super::{new_group, Pointer, Portable, Task};

/// An executor with its timer.
pub trait Runtime {
    /// Returns why the executor cannot run on this machine, if it cannot.
    fn refusal() -> Option<String> {
        None
    }

    /// Returns why a task that wakes itself in every poll starves the executor's timers and other tasks, if it does.
    fn starves() -> Option<String> {
        Self::refusal()
    }

    /// Runs a future to its end.
    fn run(future: Task);

    /// Returns the executor's timer.
    fn sleep(duration: Duration) -> Task;
}

/// An executor with more than one task.
pub trait Spawn: Runtime {
    /// Spawns a task, and returns a future that awaits its end. Dropping the future drops the task.
    fn spawn(task: Task) -> Task;
}

/// An executor with a network.
pub trait Serve: Runtime {
    /// Listens on a free port, sends its address, and echoes the four bytes that each client sends, one client after
    /// the other. It ignores a client that disconnects earlier.
    fn serve(listening: oneshot::Sender<SocketAddr>) -> Task<io::Result<()>>;
}

/// A short time. The tests pass with any other duration.
const MOMENT: Duration = Duration::from_millis(2);

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(3600);

/// How many tasks or threads add actors, and how many each.
pub(super) const TASKS: usize = 4;
pub(super) const ACTORS: usize = 25;

/// Of children, the first of each of these many stays.
pub(super) const STAYS: usize = 5;

/// The events of a test. Clones share them.
#[derive(Clone, Default)]
struct Log(Pointer<Mutex<Vec<String>>>);

impl Log {
    fn log(&self, line: impl Display) {
        self.0.lock().unwrap().push(line.to_string());
    }

    /// Returns the events since the last call.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns a value that logs `line` when it is dropped.
    fn at_drop(&self, line: &'static str) -> AtDrop {
        AtDrop(self.clone(), line)
    }
}

struct AtDrop(Log, &'static str);

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.0.log(self.1);
    }
}

pub fn shuts_down_in_order<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let (close, closed) = oneshot::channel::<()>();
        // The first actor waits for this: its timer alone could end before the last actor is first polled.
        let (start, all_have_started) = oneshot::channel::<()>();

        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                log.log("with starts");
                interrupted.await;
                "cleaned up"
            })
            .named("with");
        group
            .add(
                async {
                    log.log("first starts");
                    assert!(all_have_started.await.is_err(), "nothing is sent");
                    R::sleep(MOMENT).await;
                    "done"
                },
                |cause| log.log(format_args!("interrupt of first: {cause}")),
            )
            .named("first");
        group
            .add(
                async {
                    log.log("closed starts");
                    assert!(closed.await.is_err(), "nothing is sent");
                    "closed"
                },
                |cause| {
                    log.log(format_args!("interrupt of closed: {cause}"));
                    drop(close);
                },
            )
            .named("closed");
        group
            .add_abortable(async {
                log.log("aborted starts");
                drop(start);
                let _here = log.at_drop("aborted is dropped");
                pending().await
            })
            .named("aborted");
        group.on_exit(|exit| log.log(exit));

        assert_eq!(group.await, Some("done"));
        let expected = [
            "with starts",
            "first starts",
            "closed starts",
            "aborted starts",
            r#"first returned "done""#,
            r#"interrupt of first: first returned "done""#,
            r#"interrupt of closed: first returned "done""#,
            "aborted is dropped",
            "aborted aborted",
            r#"with returned "cleaned up", interrupted"#,
            r#"closed returned "closed", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn interrupts_sleeping_actors<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        for name in ["one", "two"] {
            group
                .add_with(|interrupted| async {
                    match select(pin!(R::sleep(AGES)), interrupted).await {
                        Either::Left(_) => "slept",
                        Either::Right(_) => "cleaned up",
                    }
                })
                .named(name);
        }
        group
            .add_abortable(async {
                R::sleep(MOMENT).await;
                "done"
            })
            .named("short");

        let expected = [
            r#"short returned "done""#,
            r#"one returned "cleaned up", interrupted"#,
            r#"two returned "cleaned up", interrupted"#,
        ];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn grace_period_ends_by_the_timer<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        for (name, dropped) in [("one", "one is dropped"), ("two", "two is dropped")] {
            let here = log.at_drop(dropped);
            group
                .add(
                    async {
                        let _here = here;
                        pending().await
                    },
                    |_| log.log("an interrupt is ignored"),
                )
                .named(name);
        }
        group.add_with(|interrupted| interrupted.map(|()| "cleaned up")).named("worker");
        group.add(async { "done" }, |_| {}).named("first");
        group.on_exit(|exit| log.log(exit));
        group.on_wait(|waiting| log.log(format_args!("waiting for {waiting}")));
        group.grace_period(|| async {
            R::sleep(MOMENT).await;
            log.log("the grace period is over");
        });

        assert_eq!(group.await, Some("done"));
        let expected = [
            r#"first returned "done""#,
            "an interrupt is ignored",
            "an interrupt is ignored",
            r#"worker returned "cleaned up", interrupted"#,
            "waiting for one, two",
            "the grace period is over",
            "one is dropped",
            "one expired",
            "two is dropped",
            "two expired",
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn grace_period_is_dropped_after_last_exit<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                interrupted.await;
                R::sleep(MOMENT).await;
                log.log("worker has cleaned up");
            })
            .named("worker");
        group.add(R::sleep(MOMENT), |_| {});
        group.grace_period(|| async {
            let _here = log.at_drop("the grace period is dropped");
            log.log("the grace period begins");
            R::sleep(AGES).await;
            log.log("the grace period is over");
        });

        assert_eq!(group.await, Some(()));
        let expected =
            ["the grace period begins", "worker has cleaned up", "the grace period is dropped"];
        assert_eq!(log.take(), expected);
    });
}

pub fn stages_shut_down_one_by_one<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let (draining, drained) = oneshot::channel::<()>();

        let mut web = new_group();
        web.add_with(|interrupted| async {
            let _draining = draining;
            interrupted.await;
            R::sleep(MOMENT).await;
            "drained"
        })
        .named("http");
        web.add(pending(), |_| log.log("interrupt of tail")).named("tail");
        let (log, mut drained) = (&log, Some(drained));
        web.grace_period(move || {
            let drained = drained.take().expect("it has one stage");
            async move {
                assert!(drained.await.is_err(), "nothing is sent");
                R::sleep(MOMENT).await;
                log.log("the grace period of web is over");
            }
        });
        web.on_exit(|exit| log.log(exit));

        let mut storage = new_group();
        storage
            .add_with(|interrupted| async {
                interrupted.await;
                log.log("flushing");
                R::sleep(MOMENT).await;
                "flushed"
            })
            .named("disk");
        storage
            .add(
                async {
                    R::sleep(MOMENT).await;
                    "full"
                },
                |cause| log.log(format_args!("interrupt of quota: {cause}")),
            )
            .named("quota");
        storage.grace_period(|| R::sleep(AGES));
        storage.on_exit(|exit| log.log(exit));

        assert_eq!(web.before(storage).await, Some("full"));
        let expected = [
            r#"quota returned "full""#,
            "interrupt of tail",
            r#"http returned "drained", interrupted"#,
            "the grace period of web is over",
            "tail expired",
            r#"interrupt of quota: quota returned "full""#,
            "flushing",
            r#"disk returned "flushed", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

/// A stuck actor in the first stage takes no time from the second stage.
pub fn grace_period_is_per_stage<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut web = new_group();
        web.add(pending(), |_| {}).named("http");
        web.add(R::sleep(MOMENT).map(|()| "done"), |_| {}).named("first");
        let mut storage = new_group();
        storage
            .add_with(|interrupted| async {
                interrupted.await;
                log.log("flushing");
                pending().await
            })
            .named("disk");

        let mut group = web.before(storage);
        group.on_exit(|exit| log.log(exit));
        group.grace_period(|| {
            log.log("a grace period begins");
            R::sleep(MOMENT)
        });
        assert_eq!(group.await, Some("done"));
        let expected = [
            r#"first returned "done""#,
            "a grace period begins",
            "http expired",
            "a grace period begins",
            "flushing",
            "disk expired",
        ];
        assert_eq!(log.take(), expected);
    });
}

/// The thread answers a hundred times, so that some wakes come while the executor runs and some while it sleeps.
pub fn thread_wakes_the_group<R: Runtime>() {
    run::<R>(async {
        let (ask, questions) = mpsc::channel::<u32>();
        let (answer, mut answers) = channel::unbounded::<u32>();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            for question in questions {
                answer.unbounded_send(question + 1).unwrap();
            }
            drop(stop);
        });

        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                for number in 0..100 {
                    ask.send(number).unwrap();
                    assert_eq!(answers.next().await, Some(number + 1));
                }
                drop(ask);
                interrupted.await;
                "answered"
            })
            .named("asking");
        group
            .add_abortable(async {
                assert!(stopped.await.is_err(), "nothing is sent");
                "stopped"
            })
            .named("stop");

        let expected = [r#"stop returned "stopped""#, r#"asking returned "answered", interrupted"#];
        assert_eq!(lines(group.report().await), expected);
        thread.join().unwrap();
    });
}

pub fn panic_lets_the_others_shut_down<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                interrupted.await;
                R::sleep(MOMENT).await;
                "cleaned up"
            })
            .named("worker");
        group
            .add(
                async {
                    R::sleep(MOMENT).await;
                    // Like `panic!`, but without a message on the terminal.
                    resume_unwind(Box::new("out of paper"))
                },
                |_| {},
            )
            .named("printer");
        group.on_exit(|exit| log.log(exit));

        let payload = AssertUnwindSafe(group).catch_unwind().await.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"out of paper"));
        let expected =
            ["printer panicked: out of paper", r#"worker returned "cleaned up", interrupted"#];
        assert_eq!(log.take(), expected);
    });
}

pub fn actor_is_added_while_running<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group.add_with(|interrupted| interrupted.map(|()| "cleaned up")).named("resident");
        assert_runs_for_a_moment::<R, _>(&mut group).await;

        group
            .add(
                async {
                    R::sleep(MOMENT).await;
                    "done"
                },
                |_| {},
            )
            .named("newcomer");
        let expected =
            [r#"newcomer returned "done""#, r#"resident returned "cleaned up", interrupted"#];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn actor_is_added_while_stopping<R: Runtime>() {
    run::<R>(async {
        let log = &Log::default();
        let (release, released) = oneshot::channel::<()>();
        let mut group = new_group();
        group
            .add(
                async {
                    assert!(released.await.is_err(), "nothing is sent");
                    "released"
                },
                |_| log.log("interrupt of slow"),
            )
            .named("slow");
        group.add(async { "done" }, |_| {}).named("first");
        group.on_exit(|exit| log.log(exit));
        assert_runs_for_a_moment::<R, _>(&mut group).await;

        group
            .add_with(|interrupted| async move {
                let is_interrupted = interrupted.is_interrupted();
                log.log(format_args!("newcomer is interrupted: {is_interrupted}"));
                "left"
            })
            .named("newcomer");
        drop(release);
        assert_eq!(group.await, Some("done"));
        let expected = [
            r#"first returned "done""#,
            "interrupt of slow",
            "newcomer is interrupted: true",
            r#"newcomer returned "left", interrupted"#,
            r#"slow returned "released", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

/// A listener adds an actor for each client. It adds the last one in the poll in which it returns.
pub fn actor_adds_actors<R: Runtime>() {
    run::<R>(async {
        let log = &Log::default();
        let mut group = new_group();
        let handle = group.handle();
        let listener = handle.clone();
        group.on_exit(|exit| log.log(exit));
        group
            .add(
                async move {
                    for client in ["a", "b"] {
                        let (serve, serving) = oneshot::channel::<()>();
                        listener
                            .add_with(|interrupted| async {
                                drop(serve);
                                interrupted.await;
                                R::sleep(MOMENT).await;
                                "cleaned up"
                            })
                            .named(client);
                        assert!(serving.await.is_err(), "nothing is sent");
                        log.log(format_args!("{client} is served"));
                    }
                    listener.add_with(|interrupted| interrupted.map(|()| "refused")).named("c");
                    "closed"
                },
                |_| log.log("interrupt of listener"),
            )
            .named("listener");

        assert_eq!((&mut group).await, Some("closed"));
        drop(group);
        let expected = [
            "a is served",
            "b is served",
            r#"listener returned "closed""#,
            "interrupt of listener",
            r#"c returned "refused", interrupted"#,
        ];
        let mut events = log.take();
        let mut cleaned_up = events.split_off(5);
        assert_eq!(events, expected);
        // The executor decides which of two timers ends first.
        cleaned_up.sort();
        let expected =
            ["a", "b"].map(|name| format!("{name} returned \"cleaned up\", interrupted"));
        assert_eq!(cleaned_up, expected);
        assert!(handle.is_closed());
    });
}

pub fn group_is_reused_in_a_loop<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        for round in 1..=3 {
            group
                .add(
                    async move {
                        R::sleep(MOMENT).await;
                        round
                    },
                    |_| {},
                )
                .named("work");
            group.add(pending(), |_| {}).named("stuck");
            group.grace_period(|| R::sleep(MOMENT));
            group.on_exit(|exit| log.log(format_args!("{}: {exit}", exit.index())));

            assert_eq!((&mut group).await, Some(round));
            let expected = [format!("0: work returned {round}"), "1: stuck expired".to_owned()];
            assert_eq!(log.take(), expected);
        }
    });
}

pub fn group_runs_inside_a_group<R: Runtime>() {
    run::<R>(async {
        let mut outer = new_group();
        outer
            .add_with(|interrupted| {
                let mut inner = new_group();
                inner.add_abortable(interrupted.map(|()| "cleaned up"));
                inner.add(pending(), |_| {}).named("stuck");
                inner.grace_period(|| R::sleep(MOMENT));
                inner.report().map(lines)
            })
            .named("inner");
        outer.add(R::sleep(MOMENT).map(|()| vec![]), |_| {});

        let mut exits = Vec::from(outer.report().await);
        let inner = exits.pop().unwrap();
        assert_eq!((inner.name(), inner.was_interrupted()), (Some("inner"), true));
        let exits = inner.into_output().unwrap();
        assert!(exits[0].ends_with(r#"returned "cleaned up""#), "{exits:?}");
        assert_eq!(exits[1..], ["stuck expired"]);
    });
}

pub fn busy_actor_starves_no_sibling<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group.add_abortable(busy()).named("busy");
        group.add(wake_itself(100).map(|()| "done"), |_| {}).named("sibling");

        let expected = [r#"sibling returned "done""#, "busy aborted"];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn busy_actor_starves_no_timer<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group.add(busy(), |_| {}).named("busy");
        group
            .add(
                async {
                    for _ in 0..3 {
                        R::sleep(MOMENT).await;
                    }
                    "done"
                },
                |_| {},
            )
            .named("sibling");
        group.grace_period(|| R::sleep(MOMENT));

        let expected = [r#"sibling returned "done""#, "busy expired"];
        assert_eq!(lines(group.report().await), expected);
    });
}

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

/// Several tasks add actors. Each actor gets an index and exits.
pub fn tasks_add_actors<R: Spawn>() {
    run::<R>(async {
        let mut group = new_group();
        let handle = group.handle();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let handle = handle.clone();
                spawn::<R, _>(async move {
                    for _ in 0..ACTORS {
                        handle.add_with(|interrupted| interrupted.map(|()| "cleaned up"));
                        wake_itself(2).await;
                    }
                })
            })
            .collect();
        group.add(join_all(tasks).map(|_| "done"), |_| {});

        let mut exits = Vec::from(group.report().await);
        assert_eq!(exits[0].output(), Some(&"done"));
        exits.sort_by_key(Exit::index);
        let indices: Vec<_> = exits.iter().map(Exit::index).collect();
        assert_eq!(indices, Vec::from_iter(0..=TASKS * ACTORS));
        assert!(exits[1..].iter().all(|exit| exit.was_interrupted()));
        assert!(handle.is_closed());
    });
}

/// Several tasks add children. Most of them leave, and some stay until the shutdown.
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
                            "child"
                        });
                        child.stops_if(|_| false);
                        wake_itself(2).await;
                    }
                })
            })
            .collect();
        let (leaves, mut left) = channel::unbounded();
        group.on_exit(move |exit| {
            if exit.has_left() {
                leaves.unbounded_send(()).unwrap();
            }
        });
        let stay = TASKS * ACTORS.div_ceil(STAYS);
        let cause = async move {
            join_all(tasks).await;
            for _ in stay..TASKS * ACTORS {
                left.next().await.unwrap();
            }
            "done"
        };
        group.add(cause, |_| {}).named("cause");

        let report = group.report().await;
        assert_eq!(report.cause().unwrap().output(), Some(&"done"));
        assert_eq!(report.len(), 1 + stay);
        assert!(report[1..].iter().all(Exit::was_interrupted));
        assert!(report.iter().all(|exit| !exit.has_left()));
        assert!(handle.is_closed());
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

pub fn server_is_an_actor<R: Serve>() {
    run::<R>(async {
        let (listening, address) = oneshot::channel();
        let mut port = None;
        let mut group = new_group();
        group.add_abortable(R::serve(listening).map(|ended| format!("{ended:?}"))).named("server");
        group
            .add(
                async {
                    let address = address.await.expect("the server listens");
                    port = Some(address);
                    let mut said = String::new();
                    for word in ["ping", "pong"] {
                        // On a thread, so that only the server depends on the executor.
                        let (answer, answered) = oneshot::channel();
                        thread::spawn(move || answer.send(ask(address, word)));
                        said += &answered.await.unwrap();
                    }
                    said
                },
                |_| {},
            )
            .named("client");

        let expected = [r#"client returned "pingpong""#, "server aborted"];
        assert_eq!(lines(group.report().await), expected);
        // Some executors close the listener later.
        while TcpStream::connect(port.unwrap()).is_ok() {
            R::sleep(MOMENT).await;
        }
    });
}

fn run<R: Runtime>(future: impl Future<Output = ()> + Portable + 'static) {
    R::run(Box::pin(future));
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

/// Sends a word of four bytes, and returns the answer.
fn ask(server: SocketAddr, word: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(word.as_bytes()).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Wakes itself in every poll, and never returns.
async fn busy<T>() -> T {
    wake_itself(usize::MAX).await;
    unreachable!("no test takes that long")
}

/// Wakes itself in every poll, and returns in the poll with this number.
async fn wake_itself(polls: usize) {
    let mut left = polls;
    poll_fn(|cx| {
        left -= 1;
        if left == 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Polls a future until the timer ends, and asserts that it is pending.
async fn assert_runs_for_a_moment<R: Runtime, F: Future + Unpin>(future: &mut F) {
    let moment = pin!(R::sleep(MOMENT));
    let first = select(future, moment).await;
    assert!(matches!(first, Either::Right(_)), "it is ready");
}

/// Returns each exit as text.
fn lines<T: Debug>(exits: Report<T>) -> Vec<String> {
    exits.iter().map(Exit::to_string).collect()
}
