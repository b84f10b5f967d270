//! Beside the original: what Go's [oklog/run] does, and that a group does the same, or does otherwise on purpose.
//!
//! # The same graphs
//!
//! `tests/original/record` runs some hundred graphs of actors on oklog/run itself, and records who was interrupted when
//! and with what, who returned, and what `Run` returned. The tests here run the same graphs on a group; they need no Go.
//! The head of `tests/original/traces.txt` explains its lines.
//!
//! # Clause by clause
//!
//! All that oklog/run is known to do, by its source and by trial, as of v1.2.0. A test without a module is one of this
//! file; "the graphs" are the two tests on the recorded graphs.
//!
//! | | oklog/run | a group | shown by |
//! | --- | --- | --- | --- |
//! | C1 | `Run` of a group without actors returns nil at once | carried over | the graphs; `start::an_empty_group_is_ready_at_once` |
//! | C2 | all executes start concurrently, in no order | carried over, and the first poll goes in the order of adding | `start::the_first_poll_polls_all_in_the_order_of_adding`, `start::the_first_poll_polls_all_even_if_some_wake_themselves` |
//! | C3 | the first execute to return decides, with an error or nil | carried over | the graphs; `stop::whoever_returns_first_is_the_cause`, `stop::a_clean_return_stops_the_group_like_an_error` |
//! | C4 | then every interrupt is called, also that of an actor that has returned | carried over | the graphs; `stop::whoever_returns_first_is_the_cause`, `examples::basic` |
//! | C5 | in the order of adding, one after the other, by the caller of `Run` | carried over, within a stage: in the poll of the first exit | the graphs; `stop::everyone_is_interrupted_before_anyone_is_polled_again` |
//! | C6 | each is given the first result, the very value, also nil | carried over: each is lent the cause's exit, with the output in it | the graphs; `the_error_which_interrupts_see_is_the_one_that_run_returns` |
//! | C7 | an interrupt that blocks delays the later ones, while all executes go on | fixed on purpose: it would block the executes too, so it signals, and what takes time belongs into execute | `actors_that_take_time_to_stop_take_it_side_by_side` |
//! | C8 | an interrupt may wait for the progress of any actor | carried over, except that it is execute that waits | `an_actor_may_need_another_one_to_stop` |
//! | C9 | `Run` waits for every execute, without a bound | carried over; fixed by a grace period | the graphs; `stop::an_actor_that_ignores_its_interrupt_keeps_the_group_waiting`, `grace_period::its_end_drops_who_is_still_out_in_the_order_of_adding` |
//! | C10 | `Run` returns the first result, later ones are dropped unseen | the result is carried over; fixed by `report` and `on_exit` | the graphs; `stop::the_report_has_every_exit_in_the_order_they_happened`, `stop::the_observer_sees_every_exit_when_it_happens` |
//! | C11 | after a nil, `Run` returns nil although others fail | carried over, in `run` | the graphs; `stop::later_outputs_do_not_change_the_result` |
//! | C12 | of returns at about the same time, the scheduler chooses the first | fixed: whoever was woken first, at the start whoever was added first | `stop::of_those_ready_at_the_start_the_first_added_is_the_cause`, `stop::of_those_ready_in_one_poll_the_first_woken_is_the_cause` |
//! | C13 | an interrupt may be called before its execute has begun; that runs nevertheless | carried over, and defined | the graphs, where the cause returns in the first poll; `start::an_actor_interrupted_before_its_first_poll_is_still_polled`, `start::an_actor_interrupted_before_its_first_poll_sees_it` |
//! | C14 | an actor that is added while the group runs never starts, but is interrupted; a data race | fixed: it starts with the next poll | `adding::an_actor_added_while_the_group_runs_is_one_like_any_other`, `adding::actors_added_while_the_group_stops_are_interrupted_before_their_first_poll` |
//! | C15 | `Run` again runs everything again, also in parallel | fixed: `run` takes the group, and one that was awaited by reference has no actors left | `kinds::a_group_is_one_of_a_kind_and_used_up_by_running`, `adding::after_the_end_the_group_is_as_new` |
//! | C16 | a panic in an execute ends the process; nobody is interrupted | fixed with `std`: it is that actor's exit. Without, it unwinds | `panics::a_panic_is_its_actors_exit_and_the_others_stop_in_order`, `unwinding` |
//! | C17 | a panic in an interrupt unwinds out of `Run`; later interrupts are not called, the executes go on for ever | fixed with `std`: its actor is dropped, the others get their interrupts. Without, it unwinds, and the executes go with the group | `panics::a_panic_in_an_interrupt_drops_its_actor_and_the_others_are_interrupted`, `unwinding` |
//! | C18 | `Add` takes a nil interrupt, and the stop crashes on it | cannot arise: there is no nil to be called | `kinds::an_interrupt_is_there_to_be_called` |
//! | C19 | an execute that ends its goroutine without a return (`Goexit`) hangs `Run` | cannot arise: what ends a future is its return, a panic or its owner's drop, and its owner is the group. One that nobody wakes again is one that ignores its interrupt | C9 |
//! | C20 | what is added to a copy of a group is lost | cannot arise: a group is not `Clone` | `kinds::a_group_is_one_of_a_kind_and_used_up_by_running` |
//! | C21 | `ContextHandler` ends with its context's error, which makes `Run` fail; merely interrupted, its result is dropped | no ready-made actor: it is one of a few lines, whose output is yours to choose | `a_context_that_ends_ends_the_group`, `a_context_handler_that_is_interrupted_decides_nothing` |
//! | C22 | `SignalHandler` subscribes when it is executed and misses what came before; after its return the next signal kills | no ready-made actor: signals of `async-signal` are subscribed where the group is built, and stay so while the program holds them | `signals::a_signal_from_before_the_start_is_the_typed_cause`, `examples::echo` |
//! | C23 | the signal's error is a pointer as of v1.2.0, which assertions on the value do not match | cannot arise: the cause has a type, `T`, in which the program says "signal" as it likes | `signals::a_signal_from_before_the_start_is_the_typed_cause` |
//! | C24 | no names, no events, no state, no stop from outside, no bound | fixed: names and lines, `on_exit`, `len` and `Debug`, grace periods; the stop from outside is an actor of one line | `exits`, `grace_period`, `a_context_that_ends_ends_the_group` |
//!
//! Its own tests and examples are here as well, in other words: a group of no actor and of one (`start`), of an actor
//! that fails and one that waits (`an_error_stops_whoever_waits`), the order of events (`examples::basic`), a context, a listener,
//! signals.
//!
//! [oklog/run]: https://github.com/oklog/run

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::{poll_fn, ready, Future};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures::channel::oneshot;
use run_group::{Exit, Group, Interrupted};
use smol::block_on;
use smol::channel::{bounded, Receiver};
use smol::future::{or, yield_now};

use crate::play::Play;

/// What the actors of a recorded graph return. The error says whose it is.
type Output = Result<(), usize>;

/// A recorded graph, a line of the file.
struct Graph {
    /// What each actor returns, and when.
    actors: Vec<(Output, &'static str)>,
    /// Who is made to return, in this order. The first is the cause.
    forced: Vec<usize>,
    /// What happened.
    trace: &'static str,
}

/// What Go's scheduler, or whoever wakes the actors, may do one way or the other without a difference to the trace.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Whether the cause returns when all have started, and not at once.
    all_start_first: bool,
    /// Whether those who were added last are woken first.
    last_first: bool,
}

impl Schedule {
    fn all() -> impl Iterator<Item = Self> {
        (0..4).map(|number| Self {
            all_start_first: number & 1 != 0,
            last_first: number & 2 != 0,
        })
    }
}

impl Graph {
    fn all() -> impl Iterator<Item = Self> {
        let lines = include_str!("../original/traces.txt").lines();
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| Self::parse(line).unwrap_or_else(|| panic!("what is this? {line}")))
    }

    fn parse(line: &'static str) -> Option<Self> {
        let (graph, trace) = line.split_once("->")?;
        let (actors, forced) = graph.split_once(';')?;
        let actor = |(index, actor): (usize, &'static str)| match actor.split_once(':')? {
            ("nil", when) => Some((Ok(()), when)),
            ("err", when) => Some((Err(index), when)),
            _ => None,
        };
        Some(Self {
            actors: actors
                .split_whitespace()
                .enumerate()
                .map(actor)
                .collect::<Option<_>>()?,
            forced: forced
                .split_whitespace()
                .map(|index| index.parse().ok())
                .collect::<Option<_>>()?,
            trace: trace.trim(),
        })
    }

    /// Returns the graph as a group, and its scene.
    fn group(&self) -> (Group<'static, Output>, Arc<Mutex<Scene>>) {
        let scene = Arc::new(Mutex::new(Scene::default()));
        let mut group = Group::new();
        for (index, &(output, when)) in self.actors.iter().enumerate() {
            let (here, there) = (scene.clone(), scene.clone());
            group.add(
                poll_fn(move |cx| {
                    here.lock()
                        .unwrap()
                        .execute(index, when, cx)
                        .map(|()| output)
                }),
                move |cause| there.lock().unwrap().interrupt(index, cause),
            );
        }
        (group, scene)
    }

    /// Runs the graph with what `run` makes of the group. Returns what came of it, and the trace up to there.
    fn play<F: Future>(
        &self,
        schedule: Schedule,
        run: impl FnOnce(Group<'static, Output>) -> F,
    ) -> (Option<F::Output>, String) {
        let (group, scene) = self.group();
        let play = Play::default();
        let mut group = Box::pin(run(group));
        let mut poll_while_woken = || loop {
            match play.poll(&mut group) {
                Poll::Ready(output) => break Some(output),
                Poll::Pending if play.take_wakes() == 0 => break None,
                Poll::Pending => {}
            }
        };

        scene.lock().unwrap().last_first = schedule.last_first;
        let mut output = None;
        if schedule.all_start_first || self.forced.is_empty() {
            output = poll_while_woken();
        }
        for &index in &self.forced {
            if output.is_some() {
                break;
            }
            scene.lock().unwrap().force(index);
            output = poll_while_woken();
            scene.lock().unwrap().say_who_returned(index);
        }
        let trace = scene.lock().unwrap().trace.join(" ");
        (output, trace)
    }

    /// Returns the trace with the result at its end, as it was recorded.
    fn trace(trace: String, result: Option<Output>) -> String {
        let result = result.map_or("it runs on".into(), |result| format!("= {}", word(&result)));
        format!("{trace} {result}").trim().into()
    }
}

/// A result as the file has it.
fn word(output: &Output) -> String {
    match output {
        Ok(()) => "nil".into(),
        Err(index) => format!("e{index}"),
    }
}

/// Where a graph is played: what has happened, and who waits for it.
#[derive(Default)]
struct Scene {
    /// What has happened, in the words of the conditions: `!1` if actor 1 was interrupted, `1` if it has returned.
    events: BTreeSet<String>,
    /// Who is made to return.
    forced: BTreeSet<usize>,
    /// Who has returned since somebody was last made to.
    returned: BTreeSet<usize>,
    wakers: BTreeMap<usize, Waker>,
    last_first: bool,
    trace: Vec<String>,
}

impl Scene {
    fn execute(&mut self, index: usize, when: &str, cx: &mut Context<'_>) -> Poll<()> {
        let happened = |events: &str| events.split('&').all(|event| self.events.contains(event));
        if self.forced.contains(&index) || when.split('|').any(happened) {
            self.returned.insert(index);
            self.happens(index.to_string());
            return Poll::Ready(());
        }
        self.wakers.insert(index, cx.waker().clone());
        Poll::Pending
    }

    fn interrupt(&mut self, index: usize, cause: &Exit<Output>) {
        assert_eq!(self.returned, BTreeSet::from([cause.index()]), "{cause}");
        let output = cause.output().expect("nobody panics here");
        self.trace.push(format!("!{index}={}", word(output)));
        self.happens(format!("!{index}"));
    }

    fn force(&mut self, index: usize) {
        self.trace.push(index.to_string());
        self.forced.insert(index);
        self.wake();
    }

    fn happens(&mut self, event: String) {
        self.events.insert(event);
        self.wake();
    }

    /// Wakes whoever waits, so that everyone looks again whether its time has come.
    fn wake(&mut self) {
        let mut wakers: Vec<_> = std::mem::take(&mut self.wakers).into_values().collect();
        if self.last_first {
            wakers.reverse();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Notes who has returned besides the one that was made to.
    fn say_who_returned(&mut self, forced: usize) {
        let mut returned = std::mem::take(&mut self.returned);
        returned.remove(&forced);
        let returned: Vec<_> = returned.iter().map(ToString::to_string).collect();
        self.trace.push(format!("{{{}}}", returned.join(" ")));
    }
}

#[test]
fn on_every_recorded_graph_a_group_does_what_the_original_did() {
    let mut graphs = 0;
    for graph in Graph::all() {
        for schedule in Schedule::all() {
            let (result, trace) = graph.play(schedule, Group::run);
            let trace = Graph::trace(trace, result);
            assert_eq!(trace, graph.trace, "{:?}, {schedule:?}", graph.actors);
        }
        graphs += 1;
    }
    assert!(graphs > 400, "only {graphs} graphs");
}

#[test]
fn on_every_recorded_graph_the_report_has_what_the_original_drops() {
    for graph in Graph::all() {
        for schedule in Schedule::all() {
            let (exits, trace) = graph.play(schedule, Group::report);
            let exits = exits.expect("it runs on");
            let result = exits
                .first()
                .map_or(Ok(()), |cause| *cause.output().unwrap());
            assert_eq!(Graph::trace(trace, Some(result)), graph.trace);

            let mut seen = BTreeMap::new();
            for exit in &exits {
                seen.insert(
                    exit.index(),
                    (*exit.output().unwrap(), exit.was_interrupted()),
                );
            }
            let cause = graph.forced.first();
            let expected = graph.actors.iter().enumerate();
            let expected = expected.map(|(i, (output, _))| (i, (*output, cause != Some(&i))));
            assert_eq!(seen, expected.collect(), "{:?}, {schedule:?}", graph.actors);
            assert_eq!(exits.len(), graph.actors.len());
            assert_eq!(exits.first().map(Exit::index), cause.copied());
        }
    }
}

#[test]
fn the_error_which_interrupts_see_is_the_one_that_run_returns() {
    let seen = RefCell::new(Vec::new());
    let interrupt = |cause: &Exit<Result<(), Box<&'static str>>>| {
        let error = cause.output().unwrap().as_ref().unwrap_err();
        seen.borrow_mut().push(std::ptr::from_ref(&**error));
    };
    let mut group = Group::local();
    for _ in 0..3 {
        group.add(ready(Err(Box::new("failed"))), interrupt);
    }
    let error = block_on(group.run()).unwrap_err();
    assert_eq!(seen.into_inner(), [std::ptr::from_ref(&*error); 3]);
}

/// So a stop takes as long as the longest of them takes, not as all of them together.
#[test]
fn actors_that_take_time_to_stop_take_it_side_by_side() {
    let play = &Play::default();
    let mut group = Group::new();
    for name in ["a", "b", "c"] {
        group.add_with(|interrupted| async move {
            interrupted.await;
            for step in 1..=3 {
                play.say(format_args!("{name}{step}"));
                yield_now().await;
            }
        });
    }
    group.add(ready(()), |_| {});
    block_on(group);
    let expected = ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"];
    assert_eq!(play.log(), expected);
}

/// The worker hands over its last work before it returns. The storage takes it, although it was interrupted as well,
/// and returns when nobody is left to bring any.
#[test]
fn an_actor_may_need_another_one_to_stop() {
    for storage_is_first in [true, false] {
        let play = &Play::default();
        let (bring, brought) = bounded::<oneshot::Sender<()>>(1);
        let store = async move {
            while let Ok(stored) = brought.recv().await {
                play.say("stores");
                stored.send(()).unwrap();
            }
            play.say("the storage returns");
        };
        let interrupt = |_: &Exit<()>| play.say("the storage is interrupted");
        let work = |interrupted: Interrupted| async move {
            interrupted.await;
            let (stored, is_stored) = oneshot::channel();
            bring.send(stored).await.unwrap();
            is_stored.await.unwrap();
            play.say("the worker returns");
        };

        let mut group = Group::new();
        if storage_is_first {
            group.add(store, interrupt);
            group.add_with(work);
        } else {
            group.add_with(work);
            group.add(store, interrupt);
        }
        group.add(ready(()), |_| {});
        block_on(group);
        assert_eq!(
            play.log(),
            [
                "the storage is interrupted",
                "stores",
                "the worker returns",
                "the storage returns"
            ]
        );
    }
}

#[test]
fn an_error_stops_whoever_waits() {
    let (close, closed) = bounded::<Infallible>(1);
    let mut group = Group::new();
    group.add(ready(Err("failed")), |_| {});
    let wait = async {
        let _ = closed.recv().await;
        Ok(())
    };
    group.add(wait, |_| {
        close.close();
    });
    assert_eq!(block_on(group.run()), Err("failed"));
}

/// Adds what oklog/run has as `ContextHandler`: an actor that ends with its context, here a channel that is closed, or
/// when it is interrupted.
fn add_context_handler(
    group: &mut Group<'_, Result<(), &'static str>>,
    context: Receiver<Infallible>,
) {
    let context = async move {
        let _ = context.recv().await;
    };
    group.add_with(|interrupted| async {
        or(context, interrupted).await;
        Err("the context has ended")
    });
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn a_context_that_ends_ends_the_group() {
    use std::future::pending;
    use std::thread::{spawn, JoinHandle};

    for ended_before in [true, false] {
        let (end, context) = bounded(1);
        let mut group = Group::new();
        add_context_handler(&mut group, context);
        group.add_abortable(pending());
        let elsewhere = if ended_before {
            drop(end);
            None
        } else {
            Some(spawn(|| drop(end)))
        };
        assert_eq!(block_on(group.run()), Err("the context has ended"));
        elsewhere.map(JoinHandle::join).transpose().unwrap();
    }
}

#[test]
fn a_context_handler_that_is_interrupted_decides_nothing() {
    let (_end, context) = bounded(1);
    let group = || {
        let mut group = Group::new();
        add_context_handler(&mut group, context.clone());
        group.add(ready(Ok(())), |_| {});
        group
    };
    assert_eq!(block_on(group().run()), Ok(()));
    let exits = block_on(group().report());
    assert_eq!(exits[1].output(), Some(&Err("the context has ended")));
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn a_listener_is_closed_when_the_group_has_ended() {
    use smol::net::TcpListener;

    let listener = Arc::new(block_on(TcpListener::bind("127.0.0.1:0")).unwrap());
    let open = Arc::downgrade(&listener);
    let mut group = Group::new();
    group.add_with(|interrupted| async move {
        let serve = async {
            loop {
                let _client = listener.accept().await;
            }
        };
        or(serve, interrupted).await;
        Ok(())
    });
    group.add(ready(Err("failed")), |_| {});
    assert_eq!(block_on(group.run()), Err("failed"));
    assert!(open.upgrade().is_none());
}

#[cfg(unix)]
mod signals {
    use async_signal::{Signal, Signals};
    use rustix::process::{getpid, kill_process};
    use smol::stream::StreamExt;

    use super::*;

    /// Nobody minds this signal who does not wait for it, and no other test does.
    const SIGNAL: Signal = Signal::Urg;

    /// What ends the program: a signal, or a failure in words.
    #[derive(Debug, PartialEq)]
    enum End {
        Signal(Signal),
        Failure(&'static str),
    }

    /// Adds what oklog/run has as `SignalHandler`: an actor that ends with a signal, or when it is interrupted.
    fn add_signal_handler(group: &mut Group<'_, Result<(), End>>) {
        let mut signals = Signals::new([SIGNAL]).unwrap();
        group.add_abortable(async move {
            match signals.next().await {
                Some(Ok(signal)) => Err(End::Signal(signal)),
                _ => Err(End::Failure("no more signals")),
            }
        });
    }

    #[test]
    fn a_signal_from_before_the_start_is_the_typed_cause() {
        let mut is_told_of_a_signal = false;
        let (close, closed) = bounded::<Infallible>(1);
        let mut group = Group::new();
        add_signal_handler(&mut group);
        group.add(
            async {
                let _ = closed.recv().await;
                Err(End::Failure("this one comes too late"))
            },
            |cause| {
                is_told_of_a_signal = matches!(cause.output(), Some(Err(End::Signal(_))));
                close.close();
            },
        );

        kill_process(getpid(), rustix::process::Signal::URG).unwrap();
        assert_eq!(block_on(group.run()), Err(End::Signal(SIGNAL)));
        assert!(is_told_of_a_signal);
    }
}
