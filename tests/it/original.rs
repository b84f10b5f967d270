//! A group compared with the original, Go's [oklog/run]. It does the same, or differs on purpose.
//!
//! # The same graphs
//!
//! `tests/original/record` runs several hundred graphs of actors on oklog/run itself. It records which actors were
//! interrupted, when and with what, which returned, and what `Run` returned. The tests here run the same graphs with
//! groups, and need no Go. They await the group, because [`Group::run`] returns the first error instead. The top of `tests/original/traces.txt` explains its lines.
//!
//! # Clause by clause
//!
//! What oklog/run v1.2.0 does, according to its source and to experiments. A test without a module is in this file. "The
//! graphs" are the two tests with the recorded graphs.
//!
//! | | oklog/run | a group | tests |
//! | --- | --- | --- | --- |
//! | C1 | `Run` of a group without actors returns nil at once | the same | the graphs; `start::empty_group_is_ready_at_once` |
//! | C2 | all executes start concurrently, in no order | the same, except that first polls come in the order of adding | `start::first_polls_come_in_order_of_adding`, `start::none_polled_twice_before_all_polled_once` |
//! | C3 | the first execute to return stops the group, with an error or nil | the same, unless `stops_if` says otherwise | the graphs; `shutdown::first_exit_is_the_cause`, `shutdown::clean_return_stops_like_an_error`, `leaving` |
//! | C4 | then every interrupt is called, even that of an actor that has returned | the same | the graphs; `shutdown::first_exit_is_the_cause`, `examples::basic` |
//! | C5 | in the order of adding, one after the other, by the caller of `Run` | the same within a stage, in the poll of the first exit | the graphs; `shutdown::interrupts_come_before_further_polls` |
//! | C6 | each gets the first result itself, even if it is nil | the same: each gets a reference to the exit of the cause, which holds the output | the graphs; `interrupts_see_the_error_that_run_returns` |
//! | C7 | an interrupt that blocks delays the later ones, while all executes continue | different: it would block the executes too, so an interrupt must not block, and slow cleanup belongs in execute | `actors_shut_down_concurrently` |
//! | C8 | an interrupt may wait for the progress of any actor | the same, except that execute waits, not the interrupt | `actor_may_need_another_one_to_stop` |
//! | C9 | `Run` waits for every execute, without a limit | the same without a grace period, fixed with one | the graphs; `shutdown::ignored_interrupt_keeps_the_group_waiting`, `grace_period::actors_expire_in_order_of_adding` |
//! | C10 | `Run` returns the first result, and drops later ones | the same if you await the group; fixed by `run`, `report` and `on_exit` | the graphs; `shutdown::report_has_every_exit_in_order`, `shutdown::observer_sees_exits_as_they_happen` |
//! | C11 | after a nil, `Run` returns nil although other actors fail | the same if you await the group; fixed by `run`, which returns the first error, and by `report` | the graphs; `shutdown::later_outputs_do_not_change_the_awaited_one`, `run_returns_the_first_error_of_every_graph` |
//! | C12 | of several returns at about the same time, the scheduler chooses the first | fixed: the actor that was woken first; at the start, the one that was added first | `shutdown::first_added_is_the_cause_at_the_start`, `shutdown::first_woken_is_the_cause` |
//! | C13 | an interrupt may be called before its execute has begun; execute still runs | the same, and specified | the graphs, where the cause returns in the first poll; `start::interrupted_before_first_poll_is_still_polled`, `start::interrupted_before_first_poll_sees_it` |
//! | C14 | an actor that is added while the group runs never starts, but is interrupted; this is a data race | fixed: it starts with the next poll; from other threads, add it through a handle | `adding::added_actor_is_polled_in_next_poll`, `adding::added_while_stopping_is_interrupted_first`, `handles` |
//! | C15 | `Run` again runs everything again, also in parallel | fixed: `run` consumes the group, and a group that was awaited by reference is empty | `kinds::group_is_not_clone_and_run_consumes_it`, `adding::ended_group_is_empty_again` |
//! | C16 | a panic in an execute ends the process, and no actor is interrupted | fixed with `std`: it is that actor's exit. Without `std`, it unwinds | `panics::panic_is_an_exit_and_the_others_shut_down`, `unwinding` |
//! | C17 | a panic in an interrupt unwinds out of `Run`; later interrupts are not called, and the executes run forever | fixed with `std`: its actor is dropped, and the other interrupts are called. Without `std`, it unwinds, and the executes are dropped with the group | `panics::panic_in_an_interrupt_drops_only_its_actor`, `unwinding` |
//! | C18 | `Add` accepts a nil interrupt, and calling it crashes the shutdown | impossible: there is no nil to call | `kinds::interrupt_is_callable` |
//! | C19 | an execute that ends its goroutine without returning (`Goexit`) hangs `Run` | impossible: a future ends when it returns, panics or is dropped, and only the group can drop it. A future that is never woken again is one that ignores its interrupt | C9 |
//! | C20 | an actor that is added to a copy of a group is lost | impossible: a group is not `Clone` | `kinds::group_is_not_clone_and_run_consumes_it` |
//! | C21 | `ContextHandler` ends with the error of its context, so `Run` fails; if it is merely interrupted, its result is dropped | no ready-made actor: write one in a few lines and choose its output | `context_that_ends_stops_the_group`, `interrupted_context_handler_decides_nothing` |
//! | C22 | `SignalHandler` subscribes when it is executed and misses earlier signals; after it has returned, the next signal kills the process | no ready-made actor: the signals of `async-signal` are subscribed where the group is built, for as long as the program keeps them | `signals::signal_before_the_start_is_the_cause`, `examples::echo` |
//! | C23 | as of v1.2.0 the error of a signal is a pointer, which assertions on the value do not match | impossible: the cause has a type, `T`, in which the program can have a variant for signals | `signals::signal_before_the_start_is_the_cause` |
//! | C24 | no names, no events, no state, no shutdown from outside, no limits | fixed: names and lines, `on_exit` and `on_wait`, `running` and `Debug`, handles, grace periods | `exits`, `waiting`, `handles`, `grace_period` |
//!
//! The tests and examples of oklog/run have counterparts here: groups without actors and with one (`start`), an actor that
//! fails next to one that waits (the graphs), the order of events (`examples::basic`), a context, a listener, and
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
use futures::FutureExt;
use run_group::{Exit, Group, Interrupted};
use smol::block_on;
use smol::channel::{bounded, Receiver};
use smol::future::{or, yield_now};

use crate::harness::Test;

/// The output of an actor in a recorded graph. An error is the index of its actor.
type Output = Result<(), usize>;

/// A recorded graph: one line of the file.
struct Graph {
    /// The output of each actor, and the condition on which it returns.
    actors: Vec<(Output, &'static str)>,
    /// The actors that are made to return, in this order. The first is the cause.
    forced: Vec<usize>,
    /// The events.
    trace: &'static str,
}

/// Choices of a scheduler that make no difference to the trace.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Whether the cause returns when all actors have started, instead of at once.
    all_start_first: bool,
    /// Whether the actors that were added last are woken first.
    last_first: bool,
}

impl Schedule {
    fn all() -> impl Iterator<Item = Self> {
        (0..4).map(|number| Self { all_start_first: number & 1 != 0, last_first: number & 2 != 0 })
    }
}

impl Graph {
    fn all() -> impl Iterator<Item = Self> {
        let lines = include_str!("../original/traces.txt").lines();
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| Self::parse(line).unwrap_or_else(|| panic!("cannot parse: {line}")))
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
            actors: actors.split_whitespace().enumerate().map(actor).collect::<Option<_>>()?,
            forced: forced
                .split_whitespace()
                .map(|index| index.parse().ok())
                .collect::<Option<_>>()?,
            trace: trace.trim(),
        })
    }

    /// Returns the graph as a group, and the state of its actors.
    fn group(&self) -> (Group<'static, Output>, Arc<Mutex<GraphState>>) {
        let state = Arc::new(Mutex::new(GraphState::default()));
        let mut group = Group::new();
        for (index, &(output, when)) in self.actors.iter().enumerate() {
            let (here, there) = (state.clone(), state.clone());
            group.add(
                poll_fn(move |cx| here.lock().unwrap().execute(index, when, cx).map(|()| output)),
                move |cause| there.lock().unwrap().interrupt(index, cause),
            );
        }
        (group, state)
    }

    /// Runs the graph with `run`. Returns the output, or `None` if the group hangs, and the trace.
    fn run_with<F: Future>(
        &self,
        schedule: Schedule,
        run: impl FnOnce(Group<'static, Output>) -> F,
    ) -> (Option<F::Output>, String) {
        let (group, state) = self.group();
        let test = Test::default();
        let mut group = Box::pin(run(group));
        let mut poll_while_woken = || loop {
            match test.poll(&mut group) {
                Poll::Ready(output) => break Some(output),
                Poll::Pending if test.take_wakes() == 0 => break None,
                Poll::Pending => {}
            }
        };

        state.lock().unwrap().last_first = schedule.last_first;
        let mut output = None;
        if schedule.all_start_first || self.forced.is_empty() {
            output = poll_while_woken();
        }
        for &index in &self.forced {
            if output.is_some() {
                break;
            }
            state.lock().unwrap().force(index);
            output = poll_while_woken();
            state.lock().unwrap().trace_returns(index);
        }
        let trace = state.lock().unwrap().trace.join(" ");
        (output, trace)
    }

    /// Returns a line of the file: the trace, and the result at its end.
    fn trace(trace: String, result: Option<Output>) -> String {
        let result =
            result.map_or("has not ended".into(), |result| format!("= {}", result_text(&result)));
        format!("{trace} {result}").trim().into()
    }
}

/// Returns a result as the file has it.
fn result_text(output: &Output) -> String {
    match output {
        Ok(()) => "nil".into(),
        Err(index) => format!("e{index}"),
    }
}

/// The state of a running graph.
#[derive(Default)]
struct GraphState {
    /// The events so far, written as in the conditions: `!1` if actor 1 was interrupted, `1` if it has returned.
    events: BTreeSet<String>,
    /// The actors that are made to return.
    forced: BTreeSet<usize>,
    /// The actors that have returned since an actor was last made to return.
    returned: BTreeSet<usize>,
    wakers: BTreeMap<usize, Waker>,
    last_first: bool,
    trace: Vec<String>,
}

impl GraphState {
    fn execute(&mut self, index: usize, when: &str, cx: &mut Context<'_>) -> Poll<()> {
        let happened = |events: &str| events.split('&').all(|event| self.events.contains(event));
        if self.forced.contains(&index) || when.split('|').any(happened) {
            self.returned.insert(index);
            self.add_event(index.to_string());
            return Poll::Ready(());
        }
        self.wakers.insert(index, cx.waker().clone());
        Poll::Pending
    }

    fn interrupt(&mut self, index: usize, cause: &Exit<Output>) {
        assert_eq!(self.returned, BTreeSet::from([cause.index()]), "{cause}");
        let output = cause.output().expect("no actor panics here");
        self.trace.push(format!("!{index}={}", result_text(output)));
        self.add_event(format!("!{index}"));
    }

    fn force(&mut self, index: usize) {
        self.trace.push(index.to_string());
        self.forced.insert(index);
        self.wake();
    }

    fn add_event(&mut self, event: String) {
        self.events.insert(event);
        self.wake();
    }

    /// Wakes the actors that wait, and each checks its condition again.
    fn wake(&mut self) {
        let mut wakers: Vec<_> = std::mem::take(&mut self.wakers).into_values().collect();
        if self.last_first {
            wakers.reverse();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Adds to the trace the actors that have returned, except the one that was made to return.
    fn trace_returns(&mut self, forced: usize) {
        let mut returned = std::mem::take(&mut self.returned);
        returned.remove(&forced);
        let returned: Vec<_> = returned.iter().map(ToString::to_string).collect();
        self.trace.push(format!("{{{}}}", returned.join(" ")));
    }
}

#[test]
fn group_does_the_same_on_every_recorded_graph() {
    let mut graphs = 0;
    for graph in Graph::all() {
        for schedule in Schedule::all() {
            let (result, trace) =
                graph.run_with(schedule, |group| group.map(|output| output.unwrap_or(Ok(()))));
            let trace = Graph::trace(trace, result);
            assert_eq!(trace, graph.trace, "{:?}, {schedule:?}", graph.actors);
        }
        graphs += 1;
    }
    assert!(graphs > 400, "only {graphs} graphs");
}

/// The original returns nil if the first actor to return does, whatever the others return later.
#[test]
fn run_returns_the_first_error_of_every_graph() {
    for graph in Graph::all() {
        for schedule in Schedule::all() {
            let (result, _) = graph.run_with(schedule, Group::run);
            let (exits, _) = graph.run_with(schedule, Group::report);
            let exits = exits.expect("the group has not ended");
            let first_error = exits.iter().find_map(|exit| exit.error().copied());
            assert_eq!(
                result,
                Some(first_error.map_or(Ok(()), Err)),
                "{:?}, {schedule:?}",
                graph.actors
            );
        }
    }
}

#[test]
fn report_has_results_the_original_drops() {
    for graph in Graph::all() {
        for schedule in Schedule::all() {
            let (exits, trace) = graph.run_with(schedule, Group::report);
            let exits = exits.expect("the group has not ended");
            let result = exits.first().map_or(Ok(()), |cause| *cause.output().unwrap());
            assert_eq!(Graph::trace(trace, Some(result)), graph.trace);

            let mut seen = BTreeMap::new();
            for exit in &exits {
                seen.insert(exit.index(), (*exit.output().unwrap(), exit.was_interrupted()));
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
fn interrupts_see_the_error_that_run_returns() {
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

/// A shutdown takes as long as the slowest actor, and not as long as all of them together.
#[test]
fn actors_shut_down_concurrently() {
    let test = &Test::default();
    let mut group = Group::new();
    for name in ["a", "b", "c"] {
        group.add_with(|interrupted| async move {
            interrupted.await;
            for step in 1..=3 {
                test.log(format_args!("{name}{step}"));
                yield_now().await;
            }
        });
    }
    group.add(ready(()), |_| {});
    block_on(group);
    let expected = ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"];
    assert_eq!(test.take_log(), expected);
}

/// Before it returns, the worker stores its last work. The storage, although interrupted as well, takes it, and returns
/// when the channel is closed.
#[test]
fn actor_may_need_another_one_to_stop() {
    for storage_is_first in [true, false] {
        let test = &Test::default();
        let (bring, brought) = bounded::<oneshot::Sender<()>>(1);
        let store = async move {
            while let Ok(stored) = brought.recv().await {
                test.log("stores");
                stored.send(()).unwrap();
            }
            test.log("the storage returns");
        };
        let interrupt = |_: &Exit<()>| test.log("the storage is interrupted");
        let work = |interrupted: Interrupted| async move {
            interrupted.await;
            let (stored, is_stored) = oneshot::channel();
            bring.send(stored).await.unwrap();
            is_stored.await.unwrap();
            test.log("the worker returns");
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
            test.take_log(),
            ["the storage is interrupted", "stores", "the worker returns", "the storage returns"]
        );
    }
}

/// Adds a counterpart of oklog/run's `ContextHandler`: an actor that ends with its context, here a channel that is
/// closed, or when it is interrupted.
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
fn context_that_ends_stops_the_group() {
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
fn interrupted_context_handler_decides_nothing() {
    let (_end, context) = bounded(1);
    let group = || {
        let mut group = Group::new();
        add_context_handler(&mut group, context.clone());
        group.add(ready(Ok(())), |_| {});
        group
    };
    assert_eq!(block_on(group()), Some(Ok(())));
    let late = Err("the context has ended");
    assert_eq!(block_on(group().run()), late); // if it should not fail, let it return `Ok`
    assert_eq!(block_on(group().report())[1].output(), Some(&late));
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn listener_is_closed_when_the_group_has_ended() {
    use smol::net::TcpListener;

    let listener = Arc::new(block_on(TcpListener::bind("127.0.0.1:0")).unwrap());
    let open = Arc::downgrade(&listener);
    let mut group = Group::new();
    group.add_with(|mut interrupted| async move {
        while let Some(_client) = interrupted.unless(listener.accept()).await {}
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

    /// A signal that is ignored by default. No other test waits for it.
    const SIGNAL: Signal = Signal::Urg;

    /// What ends the program: a signal, or a failure with a message.
    #[derive(Debug, PartialEq)]
    enum End {
        Signal(Signal),
        Failure(&'static str),
    }

    /// Adds a counterpart of oklog/run's `SignalHandler`: an actor that ends with a signal, or when it is interrupted.
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
    fn signal_before_the_start_is_the_cause() {
        let mut sees_the_signal = false;
        let (close, closed) = bounded::<Infallible>(1);
        let mut group = Group::new();
        add_signal_handler(&mut group);
        group.add(
            async {
                let _ = closed.recv().await;
                Err(End::Failure("too late"))
            },
            |cause| {
                sees_the_signal = matches!(cause.output(), Some(Err(End::Signal(_))));
                close.close();
            },
        );

        kill_process(getpid(), rustix::process::Signal::URG).unwrap();
        assert_eq!(block_on(group.run()), Err(End::Signal(SIGNAL)));
        assert!(sees_the_signal);
    }
}
