//! The contract, case by case. Each executor has its own clock, and runs the cases one after the other.

use core::cell::Cell;
use core::future::{pending, poll_fn, Future};
use core::pin::{pin, Pin};
use core::task::Poll;

use run_group::{Group, LocalGroup, Outcome};

use crate::board::{self, heap_used, press, pressed, say};
use crate::children::*;
use crate::log::{counted, Event, Log};

/// The clock of an executor.
pub trait Clock {
    /// How often the group is polled in vain in a tick in which timers wake actors.
    const EXTRA_POLLS: u32 = 0;

    /// Returns the number of ticks since the start.
    fn now() -> u32;

    /// Returns the executor's own timer, which resolves in this tick.
    fn until(tick: u32) -> impl Future<Output = ()> + Send + 'static;

    /// Returns the executor's own timer, which resolves after this many ticks.
    fn after(ticks: u32) -> impl Future<Output = ()> + Send + 'static {
        Self::until(Self::now() + ticks)
    }
}

/// Runs every case, and ends the run.
///
/// With a word on the command line, it fails on purpose. This proves that a run can fail.
pub async fn run<C: Clock>() -> ! {
    if board::is_asked_for("wrong") {
        wrong_number_of_polls::<C>().await;
    }
    if board::is_asked_for("panic") {
        let mut group = Group::new();
        group.add(async { panic!("an actor panicked") }, |_: &run_group::Exit<()>| {});
        group.await;
    }
    if board::is_asked_for("hang") {
        let mut group = Group::<()>::new();
        group.add(pending(), |_| {});
        group.await;
    }
    if board::is_asked_for("silence") {
        board::exit(true);
    }
    let mut passed = 0;
    macro_rules! cases {
        ($($name:ident)*) => {$(
            C::after(1).await; // start right after a tick, so that the ticks are the same on every executor
            $name::<C>().await;
            passed += 1;
            say(concat!("test ", stringify!($name), " ... ok"));
        )*};
    }
    cases! {
        order_of_events
        only_woken_actors_are_polled
        grace_period_expires_stuck_actors
        grace_period_is_dropped_after_last_exit
        last_turn_before_expiry
        stages_shut_down_one_by_one
        grace_period_is_per_stage
        interrupt_handler_wakes_an_actor
        actor_is_added_while_running
        group_is_dropped_before_timers_fire
        thousand_rounds_leak_nothing
        children_come_and_go
        child_is_added_by_an_interrupt
        child_is_added_by_an_observer
        child_is_added_for_an_interrupt_handler
        thousand_children_leave_nothing
        one_of_three_children_expires
        one_child_is_stopped_alone
        loop_that_ignores_its_interruption_expires
        bytes_per_actor
    }
    say(format_args!("{passed} tests passed"));
    board::exit(true)
}

async fn order_of_events<C: Clock>() {
    let log = &Log::<C>::new();
    let event = &Event::default();
    let mut group = Group::local();
    let door = async {
        event.wait().await;
        1
    };
    let mut interrupt = Some(log.interrupt("door"));
    group
        .add(log.execute("door", door), move |cause| {
            interrupt.take().unwrap()(cause);
            event.set();
        })
        .named("door");
    group
        .add_with(|interrupted| {
            log.execute("motor", async {
                interrupted.await;
                C::after(2).await;
                2
            })
        })
        .named("motor");
    let sensor = async {
        C::after(3).await;
        3
    };
    group.add(log.execute("sensor", sensor), log.interrupt("sensor")).named("sensor");
    group.add_abortable(log.execute("light", pending())).named("light");
    group.on_exit(|exit| log.note(exit));

    assert_eq!(group.await, Some(3));
    log.expect(&[
        "0 door polled",
        "0 motor polled",
        "0 sensor polled",
        "0 light polled",
        "3 sensor polled",
        "3 sensor dropped",
        "3 sensor returned 3",
        "3 door interrupted by sensor",
        "3 sensor interrupted by sensor",
        "3 light polled",
        "3 light dropped",
        "3 light aborted",
        "3 door polled",
        "3 door dropped",
        "3 door returned 1, interrupted",
        "3 motor polled",
        "5 motor polled",
        "5 motor dropped",
        "5 motor returned 2, interrupted",
    ]);
}

/// Runs actors with periods of 2, 3 ... 7 ticks until tick 13, and returns how often each and the group were polled.
async fn polls_of_periods<C: Clock>() -> ([u32; 6], u32) {
    let polls = &[const { Cell::new(0) }; 6];
    let polls_of_group = Cell::new(0);
    let mut group = Group::local();
    for (period, polls) in (2..).zip(polls) {
        group.add_abortable(counted(polls, async move {
            loop {
                C::after(period).await;
            }
        }));
    }
    group.add_abortable(C::after(13));
    counted(&polls_of_group, group).await;
    (polls.each_ref().map(Cell::get), polls_of_group.get())
}

async fn only_woken_actors_are_polled<C: Clock>() {
    // An actor is polled at the start, after each of its periods, and one last time before it is dropped. The group is
    // polled at the start, once more because the set yields when it has polled all actors, in each of the ten ticks that
    // wake an actor, and at the end.
    let polls_of_group = 13 + 10 * C::EXTRA_POLLS;
    assert_eq!(polls_of_periods::<C>().await, ([8, 6, 5, 4, 4, 3], polls_of_group));
}

/// Like `only_woken_actors_are_polled`, but expects one poll too many.
async fn wrong_number_of_polls<C: Clock>() {
    assert_eq!(polls_of_periods::<C>().await, ([8, 6, 6, 4, 4, 3], 13));
}

async fn grace_period_expires_stuck_actors<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    group.add(log.execute("valve", pending()), log.interrupt("valve")).named("valve");
    group
        .add_with(|interrupted| async {
            interrupted.await;
            C::after(4).await;
        })
        .named("motor");
    group.add(C::after(2), |_| {}).named("sensor");
    group.add(log.execute("pump", pending()), log.interrupt("pump")).named("pump");
    group.on_exit(|exit| log.note(exit));
    group.on_wait(|waiting| log.note(format_args!("waiting for {waiting}")));
    group.grace_period(|| C::after(10));

    group.await;
    log.expect(&[
        "0 valve polled",
        "0 pump polled",
        "2 sensor returned ()",
        "2 valve interrupted by sensor",
        "2 pump interrupted by sensor",
        "2 waiting for valve, motor, pump",
        "6 motor returned (), interrupted",
        "6 waiting for valve, pump",
        "12 valve polled",
        "12 pump polled",
        "12 valve dropped",
        "12 valve expired",
        "12 pump dropped",
        "12 pump expired",
    ]);
}

async fn grace_period_is_dropped_after_last_exit<C: Clock>() {
    let start = C::now();
    let mut group = Group::new();
    group.add_with(|interrupted| async {
        interrupted.await;
        C::after(4).await;
    });
    group.add(C::after(2), |_| {});
    group.grace_period(|| C::after(5));

    let exits = group.report().await;
    assert_eq!(C::now() - start, 6);
    assert!(exits.iter().all(|exit| matches!(exit.outcome(), Outcome::Returned(()))));
}

/// The timer of the actor ends in the same tick as the grace period.
async fn last_turn_before_expiry<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    log.add_slow(&mut group, "motor", 5);
    group.add(log.execute("valve", pending()), log.interrupt("valve")).named("valve");
    group.add(C::after(2), |_| {}).named("sensor");
    group.on_exit(|exit| log.note(exit));
    group.grace_period(|| C::after(5));

    group.await;
    log.expect(&[
        "0 motor polled",
        "0 valve polled",
        "2 sensor returned ()",
        "2 valve interrupted by sensor",
        "2 motor polled",
        "7 motor polled",
        "7 motor dropped",
        "7 motor returned (), interrupted",
        "7 valve polled",
        "7 valve dropped",
        "7 valve expired",
    ]);
}

async fn stages_shut_down_one_by_one<C: Clock>() {
    /// Makes a stage whose actor takes three ticks to stop.
    fn stage<'a, C: Clock>(log: &'a Log<C>, name: &'static str) -> LocalGroup<'a, ()> {
        let mut group = Group::local();
        log.add_slow(&mut group, name, 3);
        group.on_exit(move |exit| log.note(exit));
        group
    }
    let log = &Log::<C>::new();
    let web = stage(log, "web");
    let mut workers = stage(log, "workers");
    workers.grace_period(|| C::after(1));
    let mut storage = stage(log, "storage");
    storage.add(C::after(2), log.interrupt("sensor")).named("sensor");

    web.before(workers).before(storage).await;
    log.expect(&[
        "0 web polled",
        "0 workers polled",
        "0 storage polled",
        "2 sensor returned ()",
        "2 web polled",
        "5 web polled",
        "5 web dropped",
        "5 web returned (), interrupted",
        "5 workers polled",
        "6 workers polled",
        "6 workers dropped",
        "6 workers expired",
        "6 sensor interrupted by sensor",
        "6 storage polled",
        "9 storage polled",
        "9 storage dropped",
        "9 storage returned (), interrupted",
    ]);
}

/// The pump is stuck, and takes no time from the log.
async fn grace_period_is_per_stage<C: Clock>() {
    let log = &Log::<C>::new();
    let mut machine = Group::local();
    machine.add(log.execute("pump", pending()), log.interrupt("pump")).named("pump");
    machine.add(C::after(2), |_| {}).named("sensor");
    let mut storage = Group::local();
    log.add_slow(&mut storage, "log", 3);

    let mut group = machine.before(storage);
    group.on_exit(|exit| log.note(exit));
    group.grace_period(|| {
        log.note("grace period begins");
        C::after(4)
    });
    group.await;
    log.expect(&[
        "0 pump polled",
        "0 log polled",
        "2 sensor returned ()",
        "2 pump interrupted by sensor",
        "2 grace period begins",
        "6 pump polled",
        "6 pump dropped",
        "6 pump expired",
        "6 grace period begins",
        "6 log polled",
        "9 log polled",
        "9 log dropped",
        "9 log returned (), interrupted",
    ]);
}

async fn interrupt_handler_wakes_an_actor<C: Clock>() {
    let polls = Cell::new(0);
    let mut group = Group::local();
    group.add(
        counted(&polls, async {
            let before = pressed(0).await;
            assert_eq!(before, 1);
            for presses in before..5 {
                assert_eq!(pressed(presses).await, presses + 1);
            }
            "five"
        }),
        |_| {},
    );
    group.add_abortable(async {
        loop {
            C::after(2).await;
            press();
        }
    });
    assert_eq!(group.await, Some("five"));
    assert_eq!(polls.get(), 6); // at the start, and after each interrupt of the button
}

async fn actor_is_added_while_running<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    group.add_with(|interrupted| log.execute("early", interrupted)).named("early");
    assert!(poll_once(&mut group).await.is_pending());
    group.add(log.execute("late", C::after(2)), |_| {}).named("late");
    group.on_exit(|exit| log.note(exit));
    (&mut group).await;
    drop(group);
    log.expect(&[
        "0 early polled",
        "0 late polled",
        "2 late polled",
        "2 late dropped",
        "2 late returned ()",
        "2 early polled",
        "2 early dropped",
        "2 early returned (), interrupted",
    ]);
}

async fn group_is_dropped_before_timers_fire<C: Clock>() {
    let log = &Log::<C>::new();
    let before = heap_used();
    {
        let mut group = Group::local();
        for name in ["valve", "motor"] {
            group.add(log.execute(name, C::after(7)), log.interrupt(name));
        }
        group.add_with(|interrupted| log.execute("pump", interrupted));
        let mut half_way = pin!(C::after(3));
        poll_fn(|cx| {
            assert!(Pin::new(&mut group).poll(cx).is_pending());
            half_way.as_mut().poll(cx)
        })
        .await;
        assert!(heap_used() > before);
        log.expect(&["0 valve polled", "0 motor polled", "0 pump polled"]);
    }
    // No interrupt is called. The contract leaves the order of the drops open.
    log.sort();
    log.expect(&["3 motor dropped", "3 pump dropped", "3 valve dropped"]);
    C::after(5).await; // a queue of timers may keep the wakers until the timers fire
    assert_eq!(heap_used(), before);
}

async fn thousand_rounds_leak_nothing<C: Clock>() {
    let before = heap_used();
    let mut polls = 0;
    for round in 0..1_000 {
        let polls_of_round = Cell::new(0);
        let mut group = Group::local();
        group.add_with(|interrupted| async {
            interrupted.await;
            round
        });
        group.add_abortable(pending()).named("light");
        group.add(
            async {
                C::after(1).await;
                round
            },
            |_| {},
        );
        group.grace_period(pending::<()>);
        group.on_exit(|_| {});
        assert_eq!(counted(&polls_of_round, group).await, Some(round));
        polls += polls_of_round.get();
    }
    assert_eq!(polls, 3_000);
    assert_eq!(heap_used(), before);
}

/// The bytes of heap on 32-bit targets for an empty group, for its first handle, and for an actor that captures nothing.
/// A child takes as much as any actor.
const GROUP: usize = 80;
const HANDLE: usize = 64;
const ADD: usize = 72;
const ADD_ABORTABLE: usize = 72;
const ADD_WITH: usize = 104;

#[allow(clippy::extra_unused_type_parameters)] // a case like the others
async fn bytes_per_actor<C: Clock>() {
    let used = Cell::new(heap_used());
    let taken = || heap_used() - used.replace(heap_used());
    let mut group = LocalGroup::<()>::default();
    let by_itself = taken();
    group.add(pending(), |_| {});
    let add = taken();
    group.add_abortable(pending());
    let add_abortable = taken();
    group.add_with(|interrupted| interrupted);
    let add_with = taken();
    let handle = group.handle();
    let for_handles = taken();
    say(format_args!(
        "heap: {by_itself} bytes for a group, {for_handles} for its handles, {add} for an actor of `add`, {add_abortable} of `add_abortable`, {add_with} of `add_with`"
    ));
    assert_eq!(
        (by_itself, add, add_abortable, add_with, for_handles),
        (GROUP, ADD, ADD_ABORTABLE, ADD_WITH, HANDLE)
    );

    handle.add_with(|interrupted| interrupted);
    assert!(poll_once(&mut group).await.is_pending());
    assert_eq!(taken(), ADD_WITH);
}

/// Polls a future once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}
