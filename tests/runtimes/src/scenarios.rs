//! What happens to a group, whatever runs it. See [the crate](crate) for why this file has two parents.

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
use futures::future::{select, Either, FutureExt};
use futures::stream::StreamExt;
use run_group::Exit;

use super::{new_group, Pointer, Portable, Task};

/// An executor with its timer.
pub trait Runtime {
    /// Returns why the executor cannot be had on this machine, if it cannot.
    fn refusal() -> Option<String> {
        None
    }

    /// Returns why a task that never waits starves the executor's timers and other tasks, if it does.
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
    /// Spawns a task, and returns what awaits its end. If that is dropped, the task is.
    fn spawn(task: Task) -> Task;
}

/// An executor with a network.
pub trait Serve: Runtime {
    /// Listens on a port that is free, tells which, and sends back the four bytes that each client sends, one client
    /// after the other. One that leaves before is none of its concern.
    fn serve(listening: oneshot::Sender<SocketAddr>) -> Task<io::Result<()>>;
}

/// How long something takes that does not matter.
const MOMENT: Duration = Duration::from_millis(2);

/// How long nobody waits.
const AGES: Duration = Duration::from_secs(3600);

/// What has happened. Its clones share it.
#[derive(Clone, Default)]
struct Log(Pointer<Mutex<Vec<String>>>);

impl Log {
    fn say(&self, line: impl Display) {
        self.0.lock().unwrap().push(line.to_string());
    }

    /// Returns what was said since this was asked last.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns what says `line` when it is dropped.
    fn at_drop(&self, line: &'static str) -> AtDrop {
        AtDrop(self.clone(), line)
    }
}

struct AtDrop(Log, &'static str);

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

pub fn stops_in_order<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let (close, closed) = oneshot::channel::<()>();
        // A moment may be over before the others have started.
        let (start, all_have_started) = oneshot::channel::<()>();

        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                log.say("signalled starts");
                interrupted.await;
                "told"
            })
            .named("signalled");
        group
            .add(
                async {
                    log.say("first starts");
                    assert!(all_have_started.await.is_err(), "nothing is sent");
                    R::sleep(MOMENT).await;
                    "done"
                },
                |cause| log.say(format_args!("interrupt of first: {cause}")),
            )
            .named("first");
        group
            .add(
                async {
                    log.say("closed starts");
                    assert!(closed.await.is_err(), "nothing is sent");
                    "closed"
                },
                |cause| {
                    log.say(format_args!("interrupt of closed: {cause}"));
                    drop(close);
                },
            )
            .named("closed");
        group
            .add_abortable(async {
                log.say("aborted starts");
                drop(start);
                let _here = log.at_drop("aborted is dropped");
                pending().await
            })
            .named("aborted");
        group.on_exit(|exit| log.say(exit));

        assert_eq!(group.await, Some("done"));
        let expected = [
            "signalled starts",
            "first starts",
            "closed starts",
            "aborted starts",
            r#"first returned "done""#,
            r#"interrupt of first: first returned "done""#,
            r#"interrupt of closed: first returned "done""#,
            "aborted is dropped",
            "aborted aborted",
            r#"signalled returned "told", interrupted"#,
            r#"closed returned "closed", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn interrupts_actors_that_wait_for_a_timer<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        for name in ["one", "two"] {
            group
                .add_with(|interrupted| async {
                    match select(pin!(R::sleep(AGES)), interrupted).await {
                        Either::Left(_) => "slept",
                        Either::Right(_) => "told",
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
            r#"one returned "told", interrupted"#,
            r#"two returned "told", interrupted"#,
        ];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn whoever_ignores_the_interrupt_expires_by_the_timer<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        for (name, dropped) in [("deaf", "deaf is dropped"), ("mute", "mute is dropped")] {
            let here = log.at_drop(dropped);
            group
                .add(
                    async {
                        let _here = here;
                        pending().await
                    },
                    |_| log.say("an interrupt nobody hears"),
                )
                .named(name);
        }
        group
            .add_with(|interrupted| interrupted.map(|()| "told"))
            .named("obedient");
        group.add(async { "done" }, |_| {}).named("first");
        group.on_exit(|exit| log.say(exit));
        group.grace_period(|| async {
            R::sleep(MOMENT).await;
            log.say("time is up");
        });

        assert_eq!(group.await, Some("done"));
        let expected = [
            r#"first returned "done""#,
            "an interrupt nobody hears",
            "an interrupt nobody hears",
            r#"obedient returned "told", interrupted"#,
            "time is up",
            "deaf is dropped",
            "deaf expired",
            "mute is dropped",
            "mute expired",
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn a_grace_period_is_not_waited_for_when_all_are_back<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                interrupted.await;
                R::sleep(MOMENT).await;
                log.say("obedient is through");
            })
            .named("obedient");
        group.add(R::sleep(MOMENT), |_| {});
        group.grace_period(|| async {
            let _here = log.at_drop("the grace period is dropped");
            log.say("the grace period begins");
            R::sleep(AGES).await;
            log.say("the grace period is over");
        });

        assert_eq!(group.await, Some(()));
        let expected = [
            "the grace period begins",
            "obedient is through",
            "the grace period is dropped",
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn stages_stop_one_after_the_other<R: Runtime>() {
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
        web.add(pending(), |_| log.say("interrupt of tail"))
            .named("tail");
        web.grace_period(|| async {
            assert!(drained.await.is_err(), "nothing is sent");
            R::sleep(MOMENT).await;
            log.say("the web's time is up");
        });
        web.on_exit(|exit| log.say(exit));

        let mut storage = new_group();
        storage
            .add_with(|interrupted| async {
                interrupted.await;
                log.say("flushing");
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
                |cause| log.say(format_args!("interrupt of quota: {cause}")),
            )
            .named("quota");
        storage.grace_period(|| R::sleep(AGES));
        storage.on_exit(|exit| log.say(exit));

        assert_eq!(web.before(storage).await, Some("full"));
        let expected = [
            r#"quota returned "full""#,
            "interrupt of tail",
            r#"http returned "drained", interrupted"#,
            "the web's time is up",
            "tail expired",
            r#"interrupt of quota: quota returned "full""#,
            "flushing",
            r#"disk returned "flushed", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

/// The thread answers a hundred times, so that it meets the executor awake and asleep.
pub fn is_woken_from_another_thread<R: Runtime>() {
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

        let expected = [
            r#"stop returned "stopped""#,
            r#"asking returned "answered", interrupted"#,
        ];
        assert_eq!(lines(group.report().await), expected);
        thread.join().unwrap();
    });
}

pub fn a_panic_is_contained<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let mut group = new_group();
        group
            .add_with(|interrupted| async {
                interrupted.await;
                R::sleep(MOMENT).await;
                "told"
            })
            .named("obedient");
        group
            .add(
                async {
                    R::sleep(MOMENT).await;
                    // As `panic!`, without the message on the terminal.
                    resume_unwind(Box::new("the work fell on the floor"))
                },
                |_| {},
            )
            .named("clumsy");
        group.on_exit(|exit| log.say(exit));

        let payload = AssertUnwindSafe(group).catch_unwind().await.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"the work fell on the floor"));
        let expected = [
            "clumsy panicked: the work fell on the floor",
            r#"obedient returned "told", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn an_actor_is_added_while_it_runs<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group
            .add_with(|interrupted| interrupted.map(|()| "told"))
            .named("resident");
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
        let expected = [
            r#"newcomer returned "done""#,
            r#"resident returned "told", interrupted"#,
        ];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn an_actor_is_added_while_it_stops<R: Runtime>() {
    run::<R>(async {
        let log = Log::default();
        let (release, released) = oneshot::channel::<()>();
        let mut group = new_group();
        group
            .add(
                async {
                    assert!(released.await.is_err(), "nothing is sent");
                    "released"
                },
                |_| log.say("interrupt of slow"),
            )
            .named("slow");
        group.add(async { "done" }, |_| {}).named("first");
        group.on_exit(|exit| log.say(exit));
        assert_runs_for_a_moment::<R, _>(&mut group).await;

        group
            .add_with(|interrupted| async {
                let told = interrupted.now_or_never().is_some();
                log.say(format_args!("newcomer was told before: {told}"));
                "left"
            })
            .named("newcomer");
        drop(release);
        assert_eq!(group.await, Some("done"));
        let expected = [
            r#"first returned "done""#,
            "interrupt of slow",
            "newcomer was told before: true",
            r#"newcomer returned "left", interrupted"#,
            r#"slow returned "released", interrupted"#,
        ];
        assert_eq!(log.take(), expected);
    });
}

pub fn runs_in_a_loop<R: Runtime>() {
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
            group.on_exit(|exit| log.say(format_args!("{}: {exit}", exit.index())));

            assert_eq!((&mut group).await, Some(round));
            let expected = [
                format!("0: work returned {round}"),
                "1: stuck expired".to_owned(),
            ];
            assert_eq!(log.take(), expected);
        }
    });
}

pub fn runs_inside_another<R: Runtime>() {
    run::<R>(async {
        let mut outer = new_group();
        outer
            .add_with(|interrupted| {
                let mut inner = new_group();
                inner.add_abortable(interrupted.map(|()| "told"));
                inner.add(pending(), |_| {}).named("stuck");
                inner.grace_period(|| R::sleep(MOMENT));
                inner.report().map(lines)
            })
            .named("inner");
        outer.add(R::sleep(MOMENT).map(|()| vec![]), |_| {});

        let mut exits = outer.report().await;
        let inner = exits.pop().unwrap();
        assert_eq!(
            (inner.name(), inner.was_interrupted()),
            (Some("inner"), true)
        );
        let exits = inner.into_output().unwrap();
        assert!(exits[0].ends_with(r#"returned "told""#), "{exits:?}");
        assert_eq!(exits[1..], ["stuck expired"]);
    });
}

pub fn an_actor_that_never_waits_starves_no_sibling<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group.add_abortable(never_waits()).named("greedy");
        group
            .add(takes_turns(100).map(|()| "done"), |_| {})
            .named("sibling");

        let expected = [r#"sibling returned "done""#, "greedy aborted"];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn an_actor_that_never_waits_holds_up_no_timer<R: Runtime>() {
    run::<R>(async {
        let mut group = new_group();
        group.add(never_waits(), |_| {}).named("greedy");
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

        let expected = [r#"sibling returned "done""#, "greedy expired"];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn groups_run_as_tasks<R: Spawn>() {
    run::<R>(async {
        let (stop, stopped) = oneshot::channel::<()>();
        let mut told = new_group();
        told.add_abortable(stopped.map(|_| "stopped")).named("stop");
        told.add_with(|interrupted| interrupted.map(|()| "told"))
            .named("work");
        let told = spawn::<R, _>(told.report().map(lines));

        let mut telling = new_group();
        telling.add(
            async {
                R::sleep(MOMENT).await;
                drop(stop);
                "done"
            },
            |_| {},
        );
        let telling = spawn::<R, _>(telling);

        assert_eq!(telling.await, Some("done"));
        let expected = [
            r#"stop returned "stopped""#,
            r#"work returned "told", interrupted"#,
        ];
        assert_eq!(told.await, expected);
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
                    "told"
                })
            })
            .named("task");
        group
            .add(R::sleep(MOMENT).map(|()| "done"), |_| {})
            .named("first");

        let expected = [
            r#"first returned "done""#,
            r#"task returned "told", interrupted"#,
        ];
        assert_eq!(lines(group.report().await), expected);
    });
}

pub fn a_spawned_task_is_dropped_when_its_actor_expires<R: Spawn>() {
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

pub fn dropping_the_group_releases_a_spawned_task<R: Spawn>() {
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

pub fn an_actor_that_never_waits_starves_no_other_task<R: Spawn>() {
    run::<R>(async {
        let (stop, stopped) = oneshot::channel::<()>();
        let other = spawn::<R, _>(async {
            takes_turns(100).await;
            drop(stop);
            "done"
        });
        let mut group = new_group();
        group.add_abortable(never_waits()).named("greedy");
        group
            .add_abortable(stopped.map(|_| "stopped"))
            .named("stop");

        let expected = [r#"stop returned "stopped""#, "greedy aborted"];
        assert_eq!(lines(group.report().await), expected);
        assert_eq!(other.await, "done");
    });
}

pub fn a_server_is_an_actor<R: Serve>() {
    run::<R>(async {
        let (listening, address) = oneshot::channel();
        let mut port = None;
        let mut group = new_group();
        group
            .add_abortable(R::serve(listening).map(|ended| format!("{ended:?}")))
            .named("server");
        group
            .add(
                async {
                    let address = address.await.expect("the server listens");
                    port = Some(address);
                    let mut said = String::new();
                    for word in ["ping", "pong"] {
                        // On a thread, so that the server alone depends on the executor.
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
        // The listener is closed, at once or in the executor's own time.
        while TcpStream::connect(port.unwrap()).is_ok() {
            R::sleep(MOMENT).await;
        }
    });
}

fn run<R: Runtime>(future: impl Future<Output = ()> + Portable + 'static) {
    R::run(Box::pin(future));
}

/// Spawns a future as a task of the executor's. If what is returned is dropped, the task is.
fn spawn<R: Spawn, T: Portable + 'static>(
    future: impl Future<Output = T> + Portable + 'static,
) -> impl Future<Output = T> + Portable + 'static {
    let (sender, output) = oneshot::channel();
    let task = R::spawn(Box::pin(async {
        // Nobody takes it if the task was dropped meanwhile.
        let _ = sender.send(future.await);
    }));
    async {
        task.await;
        output.await.expect("the task has ended")
    }
}

/// Sends a word of four bytes, and returns what comes back.
fn ask(server: SocketAddr, word: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(word.as_bytes()).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Never waits for anybody, and never returns.
async fn never_waits<T>() -> T {
    takes_turns(usize::MAX).await;
    unreachable!("nobody counts that far")
}

/// Waits for nobody, and returns when it has been polled that often.
async fn takes_turns(turns: usize) {
    let mut left = turns;
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

/// Polls a future that is pending, as long as the timer takes.
async fn assert_runs_for_a_moment<R: Runtime, F: Future + Unpin>(future: &mut F) {
    let moment = pin!(R::sleep(MOMENT));
    let first = select(future, moment).await;
    assert!(matches!(first, Either::Right(_)), "it has ended");
}

/// Returns how the exits read.
fn lines<T: Debug>(exits: Vec<Exit<T>>) -> Vec<String> {
    exits.iter().map(Exit::to_string).collect()
}
