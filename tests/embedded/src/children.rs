//! Actors that come and go, case by case. `contract.rs` runs the cases.

use alloc::format;
use core::cell::Cell;
use core::future::pending;

use run_group::{Group, Interrupted};

use crate::board::{heap_used, press, pressed};
use crate::contract::Clock;
use crate::log::{counted, Event, Log};

pub(crate) async fn children_come_and_go<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = async move {
        for (name, ticks) in [("long", 3), ("short", 1)] {
            C::after(1).await;
            let child = log.execute(name, C::after(ticks));
            handle.add(child, log.interrupt(name)).stops_if(|_| false).named(name);
        }
        C::after(4).await;
    };
    group.add(log.execute("listener", listener), |_| {}).named("listener");
    group.on_exit(|exit| log.note(exit));

    group.await;
    log.expect(&[
        "0 listener polled",
        "1 listener polled",
        "1 long polled",
        "2 listener polled",
        "2 short polled",
        "3 short polled",
        "3 short dropped",
        "3 short returned (), left",
        "4 long polled",
        "4 long dropped",
        "4 long returned (), left",
        "6 listener polled",
        "6 listener dropped",
        "6 listener returned ()",
    ]);
}

/// The interrupt of the door adds a siren, which the shutdown waits for.
pub(crate) async fn child_is_added_by_an_interrupt<C: Clock>() {
    let log = &Log::<C>::new();
    let event = &Event::default();
    let mut group = Group::local();
    let handle = group.handle();
    group
        .add(log.execute("door", event.wait()), move |cause| {
            log.interrupt("door")(cause);
            let siren = |interrupted: Interrupted| {
                log.execute("siren", async {
                    interrupted.await;
                    C::after(2).await;
                })
            };
            handle.add_with(siren).named("siren");
            event.set();
        })
        .named("door");
    group.add(log.execute("sensor", C::after(1)), log.interrupt("sensor")).named("sensor");
    group.on_exit(|exit| log.note(exit));

    group.await;
    log.expect(&[
        "0 door polled",
        "0 sensor polled",
        "1 sensor polled",
        "1 sensor dropped",
        "1 sensor returned ()",
        "1 door interrupted by sensor",
        "1 sensor interrupted by sensor",
        "1 door polled",
        "1 door dropped",
        "1 door returned (), interrupted",
        "1 siren polled",
        "3 siren polled",
        "3 siren dropped",
        "3 siren returned (), interrupted",
    ]);
}

/// The observer replaces a motor that has left.
pub(crate) async fn child_is_added_by_an_observer<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    let handle = group.handle();
    let start = move || {
        let motor = log.execute("motor", C::after(2));
        handle.add(motor, log.interrupt("motor")).stops_if(|_| false).named("motor");
    };
    start();
    group.add(C::after(5), |_| {}).named("sensor");
    group.on_exit(move |exit| {
        log.note(exit);
        if exit.has_left() {
            start();
        }
    });

    group.await;
    log.expect(&[
        "0 motor polled",
        "2 motor polled",
        "2 motor dropped",
        "2 motor returned (), left",
        "2 motor polled",
        "4 motor polled",
        "4 motor dropped",
        "4 motor returned (), left",
        "4 motor polled",
        "5 sensor returned ()",
        "5 motor interrupted by sensor",
        "6 motor polled",
        "6 motor dropped",
        "6 motor returned (), interrupted",
    ]);
}

/// A handler cannot use a handle, because a handle of a local group is not `Send`. It wakes an actor that has one.
pub(crate) async fn child_is_added_for_an_interrupt_handler<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = async move {
        let mut presses = pressed(0).await;
        loop {
            handle
                .add_abortable(log.execute("press", C::after(1)))
                .stops_if(|_| false)
                .named(format!("press {presses}"));
            presses = pressed(presses).await;
        }
    };
    group.add_abortable(listener).named("listener");
    let finger = async {
        for _ in 0..2 {
            C::after(2).await;
            press();
        }
        C::after(2).await;
    };
    group.add(finger, |_| {}).named("finger");
    group.on_exit(|exit| log.note(exit));

    press();
    let before = pressed(0).await;
    group.await;
    let names = [before, before + 1, before + 2].map(|presses| format!("press {presses}"));
    log.expect(&[
        "0 press polled",
        "1 press polled",
        "1 press dropped",
        &format!("1 {} returned (), left", names[0]),
        "2 press polled",
        "3 press polled",
        "3 press dropped",
        &format!("3 {} returned (), left", names[1]),
        "4 press polled",
        "5 press polled",
        "5 press dropped",
        &format!("5 {} returned (), left", names[2]),
        "6 finger returned ()",
        "6 listener aborted",
    ]);
}

#[allow(clippy::extra_unused_type_parameters)] // a case like the others
pub(crate) async fn thousand_children_leave_nothing<C: Clock>() {
    let polls = Cell::new(0);
    let left = Cell::new(0);
    let has_run = &Event::default();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = async move {
        let mut used = None;
        for number in 0..1_000 {
            handle
                .add_with(|interrupted| async move {
                    assert!(!interrupted.is_interrupted());
                    has_run.set();
                })
                .stops_if(|_| false)
                .named(format!("child {number:03}"));
            has_run.wait().await;
            has_run.reset();
            assert_eq!(*used.get_or_insert(heap_used()), heap_used());
        }
    };
    group.add(counted(&polls, listener), |_| {});
    group.on_exit(|exit| left.set(left.get() + u32::from(exit.has_left())));

    group.await;
    assert_eq!(left.get(), 1_000);
    assert_eq!(polls.get(), 1_001);
}

pub(crate) async fn one_of_three_children_expires<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    let handle = group.handle();
    group
        .add_with(|interrupted| async move {
            handle.add_with(|interrupted| interrupted).named("fast");
            handle
                .add_with(|interrupted| async {
                    interrupted.await;
                    C::after(3).await;
                })
                .named("slow");
            handle
                .add(log.execute("stuck", pending()), log.interrupt("stuck"))
                .stops_if(|_| false)
                .named("stuck");
            interrupted.await;
        })
        .named("listener");
    group.add(C::after(2), |_| {}).named("sensor");
    group.on_exit(|exit| log.note(exit));
    group.on_wait(|waiting| log.note(format_args!("waiting for {waiting}")));
    group.grace_period(|| C::after(5));

    group.await;
    log.expect(&[
        "0 stuck polled",
        "2 sensor returned ()",
        "2 stuck interrupted by sensor",
        "2 listener returned (), interrupted",
        "2 fast returned (), interrupted",
        "2 waiting for slow, stuck",
        "5 slow returned (), interrupted",
        "5 waiting for stuck",
        "7 stuck polled",
        "7 stuck dropped",
        "7 stuck expired",
    ]);
}

/// The listener keeps the other end of one child.
pub(crate) async fn one_child_is_stopped_alone<C: Clock>() {
    let log = &Log::<C>::new();
    let mut group = Group::local();
    let handle = group.handle();
    let listener = async move {
        let mut stop = None;
        for name in ["one", "other"] {
            handle
                .add_with(|interrupted| {
                    stop.get_or_insert_with(|| interrupted.other_end());
                    log.execute(name, interrupted)
                })
                .stops_if(|_| false)
                .named(name);
        }
        C::after(2).await;
        if let Some(stop) = stop {
            stop.interrupt();
        }
        C::after(2).await;
    };
    group.add(listener, |_| {}).named("listener");
    group.on_exit(|exit| log.note(exit));

    group.await;
    log.expect(&[
        "0 one polled",
        "0 other polled",
        "2 one polled",
        "2 one dropped",
        "2 one returned (), left",
        "4 listener returned ()",
        "4 other polled",
        "4 other dropped",
        "4 other returned (), interrupted",
    ]);
}

/// The mistake is a `break` that leaves only a `select!`. The loop takes all the time there is, and yet the watchdog is
/// fed, and the grace period ends.
pub(crate) async fn loop_that_ignores_its_interruption_expires<C: Clock>() {
    let start = C::now();
    let (fed, longest) = (Cell::new(start), Cell::new(0));
    let mut group = Group::local();
    let handle = group.handle();
    handle
        .add_with(|mut interrupted| async move {
            loop {
                let _ = interrupted.unless(pending::<()>()).await;
            }
        })
        .stops_if(|_| false)
        .named("loop");
    let watchdog = async {
        loop {
            C::after(1).await;
            longest.set(longest.get().max(C::now() - fed.get()));
            fed.set(C::now());
        }
    };
    group.add(watchdog, |_| {}).named("watchdog");
    group.add(C::after(2), |_| {}).named("sensor");
    group.grace_period(|| C::after(20));

    let report = group.report().await;
    assert_eq!(format!("{report}"), "sensor returned ()\nwatchdog expired\nloop expired");
    // A few ticks late, because the loop runs for a while before it yields.
    let late = C::now() - start - 22;
    assert!(late <= 3 && longest.get() <= 4, "{late}, {longest:?}");
    assert!(C::now() - fed.get() <= 4);
}
