//! The scenarios. The docs of [the crate](crate) say why two modules include this file.

use std::future::pending;
use std::net::TcpStream;
use std::panic::{resume_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::mpsc;
use std::thread;

use futures::channel::{mpsc as channel, oneshot};
use futures::future::{select, Either, FutureExt};
use futures::stream::StreamExt;

use super::new_group;
use super::runtime::*;

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
        group.add_abortable(R::sleep(MOMENT).map(|()| "done")).named("short");

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
        let quota = R::sleep(MOMENT).map(|()| "full");
        let interrupt = |cause: &_| log.log(format_args!("interrupt of quota: {cause}"));
        storage.add(quota, interrupt).named("quota");
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
        group.add_abortable(stopped.map(|_| "stopped")).named("stop");

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
        // Like `panic!`, but without a message on the terminal.
        let panic = |()| resume_unwind(Box::new("out of paper"));
        group.add(R::sleep(MOMENT).map(panic), |_| {}).named("printer");
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

        group.add(R::sleep(MOMENT).map(|()| "done"), |_| {}).named("newcomer");
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
        let slow = released.map(|_| "released");
        group.add(slow, |_| log.log("interrupt of slow")).named("slow");
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
            group.add(R::sleep(MOMENT).map(move |()| round), |_| {}).named("work");
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
        let sibling = async {
            for _ in 0..3 {
                R::sleep(MOMENT).await;
            }
            "done"
        };
        group.add(sibling, |_| {}).named("sibling");
        group.grace_period(|| R::sleep(MOMENT));

        let expected = [r#"sibling returned "done""#, "busy expired"];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn server_is_an_actor<R: Serve>() {
    run::<R>(async {
        let (listening, address) = oneshot::channel();
        let mut port = None;
        let mut group = new_group();
        group.add_abortable(R::serve(listening).map(|ended| format!("{ended:?}"))).named("server");
        let client = async {
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
        };
        group.add(client, |_| {}).named("client");

        let expected = [r#"client returned "pingpong""#, "server aborted"];
        assert_eq!(lines(group.report().await), expected);
        // Some executors close the listener later.
        while TcpStream::connect(port.unwrap()).is_ok() {
            R::sleep(MOMENT).await;
        }
    });
}
