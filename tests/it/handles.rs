//! Clause 15: actors that are added through a handle.

use std::future::{pending, poll_fn, ready};
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;

use futures::channel::oneshot;
use futures::future::FusedFuture;
use run_group::{Group, Handle, Interrupted, LocalGroup};

use crate::play::{Actor, Play, Word};

/// Adds an actor of this name through a handle. It returns `"obeys"` when it is interrupted.
fn add(play: &Play, handle: &Handle<'_, Word>, name: Word) -> Actor {
    let actor = play.actor(name);
    actor.obeys();
    handle.add(actor.execute(), actor.interrupt()).named(name);
    actor
}

/// Returns a closure that adds an actor of this name when it is first called.
fn adds_once(play: &Play, handle: Handle<'static, Word>, name: Word) -> impl FnMut() + Send {
    let play = play.clone();
    let mut handle = Some(handle);
    move || {
        if let Some(handle) = handle.take() {
            add(&play, &handle, name);
        }
    }
}

// Where actors are added from.

/// Before there were handles, a request that was sent with the last exit was lost.
#[test]
fn last_actor_adds_another_as_it_returns() {
    let play = Play::default();
    let mut group = Group::new();
    play.observe(&mut group);
    let mut adds = adds_once(&play, group.handle(), "added");
    let cause = poll_fn(move |_| {
        adds();
        Poll::Ready("done")
    });
    group.add(cause, |_| {}).named("cause");

    play.poll_pending(&mut group);
    assert_eq!(play.log(), [r#"cause returned "done""#]);
    assert!(group.is_stopping() && group.is_empty());
    assert_eq!(play.take_wakes(), 1);

    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(
        play.log(),
        [
            "added! (by cause)",
            "added",
            r#"added returned "obeys", interrupted"#
        ]
    );
    let indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    assert_eq!(indices, [0, 1]);
}

#[test]
fn running_actor_adds_another() {
    let play = Play::default();
    let mut group = Group::new();
    let mut adds = adds_once(&play, group.handle(), "added");
    let (send, request) = oneshot::channel();
    group.add_abortable(async move {
        request.await.unwrap();
        adds();
        pending().await
    });
    play.stubborn("idle", &mut group);
    play.settle(&mut group);
    play.log();

    send.send(()).unwrap();
    play.take_wakes();
    play.poll_pending(&mut group);
    assert_eq!(group.len(), 2);
    assert_eq!(play.take_wakes(), 1);
    play.settle(&mut group);
    assert_eq!(group.len(), 3);
    assert_eq!(play.log(), ["added"]);
}

#[test]
fn interrupt_adds_an_actor() {
    let play = Play::default();
    let mut group = Group::new();
    let mut adds = adds_once(&play, group.handle(), "added");
    group.add(ready("done"), move |_| adds()).named("cause");
    play.poll_pending(&mut group);
    assert_eq!(play.take_wakes(), 1);
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["added! (by cause)", "added"]);
}

#[test]
fn exit_observer_adds_an_actor() {
    let play = Play::default();
    let mut group = Group::new();
    let mut adds = adds_once(&play, group.handle(), "added");
    group.on_exit(move |_| adds());
    group.add(ready("done"), |_| {}).named("cause");
    play.poll_pending(&mut group);
    assert_eq!(play.take_wakes(), 1);
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["added! (by cause)", "added"]);
}

#[test]
fn wait_observer_adds_an_actor() {
    let play = Play::default();
    let mut group = Group::new();
    let mut adds = adds_once(&play, group.handle(), "added");
    group.on_wait(move |_| adds());
    let slow = play.stubborn("slow", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    play.poll_pending(&mut group);
    assert_eq!(play.take_wakes(), 1);
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["slow", "slow! (by cause)", "added! (by cause)", "added"]
    );
    slow.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

/// An execute that is dropped is an actor that exits, so it may add another as well.
#[test]
fn drop_of_an_aborted_actor_adds_an_actor() {
    struct AddsInDrop<A: FnMut()>(A);
    impl<A: FnMut()> Drop for AddsInDrop<A> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let play = Play::default();
    let mut group = Group::new();
    let adds = AddsInDrop(adds_once(&play, group.handle(), "added"));
    group.add_abortable(async move {
        let _held = adds;
        pending().await
    });
    group.add(ready("done"), |_| {}).named("cause");
    play.poll_pending(&mut group);
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(play.log(), ["added! (by cause)", "added"]);
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn thread_adds_an_actor() {
    let mut group = Group::new();
    group.add_with(|interrupted| async {
        interrupted.await;
        "interrupted"
    });
    let handle = group.handle();
    let output = std::thread::scope(|scope| {
        let running = scope.spawn(|| smol::block_on(group));
        handle.add(ready("from a thread"), |_| {});
        running.join().unwrap()
    });
    assert_eq!(output, Some("from a thread"));
}

// When an actor counts as added.

#[test]
fn added_between_polls_joins_in_the_next_poll() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    let a = play.obedient("a", &mut group);
    play.settle(&mut group);
    play.log();

    add(&play, &handle, "added");
    assert_eq!(play.take_wakes(), 1);
    assert!(play.log().is_empty());
    assert_eq!(group.len(), 1);

    a.wake();
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "added"]);
    assert_eq!(group.len(), 2);
    assert!(group.running().all(|running| !running.is_interrupted()));
}

/// So an actor that a handle added first may have the higher index.
#[test]
fn index_is_given_when_a_poll_takes_the_actor_in() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    add(&play, &handle, "b");
    play.obedient("a", &mut group);
    play.poll_pending(&mut group);
    add(&play, &handle, "d");
    play.obedient("c", &mut group);
    play.poll_pending(&mut group);
    assert_eq!(play.log(), ["a", "b", "c", "d"]);
    let running: Vec<_> = group
        .running()
        .map(|running| (running.index(), running.to_string()))
        .collect();
    let expected = [(0, "a"), (1, "b"), (2, "c"), (3, "d")];
    assert_eq!(running, expected.map(|(index, name)| (index, name.into())));
}

/// The stage that was to end would else have ended with indices 0 and 2.
#[test]
fn dropped_actors_leave_no_gap_in_the_indices() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let (fronts, backs) = (front.handle(), back.handle());
    play.obedient("a", &mut front);
    let b = play.stubborn("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    play.settle(&mut group);
    assert!(fronts.is_closed());
    add(&play, &fronts, "dropped");
    add(&play, &backs, "taken in");
    play.settle(&mut group);
    b.returns("late");
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let mut indices: Vec<_> = exits.iter().map(|exit| exit.index()).collect();
    indices.sort();
    assert_eq!(indices, [0, 1, 2, 3]);
}

#[test]
fn clones_keep_their_order() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    let clone = handle.clone();
    let another = group.handle();
    for (handle, name) in [
        (&clone, "a"),
        (&handle, "b"),
        (&another, "c"),
        (&clone, "d"),
    ] {
        add(&play, handle, name);
    }
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b", "c", "d"]);
}

#[test]
fn inner_before_outer_and_front_before_back() {
    let play = Play::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    let handles = [c.handle(), b.handle(), a.handle()];
    let mut ab = a.before(b);
    let of_ab = ab.handle();
    let mut group = ab.before(c);
    add(&play, &group.handle(), "abc");
    add(&play, &of_ab, "ab");
    for (handle, name) in handles.iter().zip(["c", "b", "a"]) {
        add(&play, handle, name);
    }
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b", "ab", "c", "abc"]);
}

// Which stage an actor joins.

#[test]
fn front_handle_adds_to_the_front() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = front.handle();
    let a = play.stubborn("a", &mut front);
    let b = play.stubborn("b", &mut back);
    back.add(ready("done"), |_| {}).named("cause");
    let mut group = front.before(back);
    play.settle(&mut group);
    assert!(!handle.is_closed());
    play.log();

    add(&play, &handle, "added");
    play.settle(&mut group);
    assert_eq!(play.log(), ["added! (by cause)", "added"]);

    a.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b! (by cause)"]);
    assert!(handle.is_closed());
    b.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn back_handle_adds_to_the_back() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let handle = back.handle();
    let a = play.stubborn("a", &mut front);
    let b = play.obedient("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    play.settle(&mut group);
    play.log();

    add(&play, &handle, "added");
    play.settle(&mut group);
    assert_eq!(play.log(), ["added"]);
    assert!(!b.is_dropped() && !handle.is_closed());

    a.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        ["a", "b! (by cause)", "added! (by cause)", "b", "added"]
    );
    assert!(handle.is_closed());
}

#[test]
fn combined_handle_adds_to_the_current_stage() {
    let play = Play::default();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Group::new());
    let actor_a = play.stubborn("a", &mut a);
    let actor_b = play.stubborn("b", &mut b);
    let actor_c = play.stubborn("c", &mut c);
    let mut ab = a.before(b);
    let handle = ab.handle();
    let mut group = ab.before(c);
    group.add(ready("done"), |_| {}).named("cause");
    play.settle(&mut group);
    play.log();

    add(&play, &handle, "joins a");
    play.settle(&mut group);
    assert_eq!(play.log(), ["joins a! (by cause)", "joins a"]);
    actor_a.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b! (by cause)"]);
    add(&play, &handle, "joins b");
    play.settle(&mut group);
    assert_eq!(play.log(), ["joins b! (by cause)", "joins b"]);
    assert!(!handle.is_closed());
    actor_b.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log(), ["b", "c! (by cause)"]);
    assert!(handle.is_closed());
    actor_c.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

/// While all actors run, an actor joins the first stage, so it is interrupted with that.
#[test]
fn combined_handle_adds_to_the_front_at_first() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let a = play.stubborn("a", &mut front);
    let b = play.stubborn("b", &mut back);
    let mut group = front.before(back);
    add(&play, &group.handle(), "added");
    play.settle(&mut group);
    play.log();
    b.returns("done");
    play.settle(&mut group);
    assert_eq!(play.log(), ["b", "a! (by b)", "added! (by b)", "added"]);
    a.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn stage_stays_open_only_for_its_own_actors() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let mut adds_to_front = adds_once(&play, front.handle(), "to front");
    let mut adds_to_back = adds_once(&play, back.handle(), "to back");
    let a = play.actor("a");
    front.add(a.execute(), move |_| adds_to_back()).named("a");
    let b = play.stubborn("b", &mut back);
    let mut group = front.before(back);
    a.returns("done");
    play.poll_pending(&mut group);
    // The actor that waits to join the back did not keep the front open, so `b` was interrupted in the same poll.
    assert_eq!(play.log(), ["a", "b! (by a)", "b"]);

    adds_to_front(); // is dropped
    play.settle(&mut group);
    assert_eq!(
        play.log(),
        ["to front dropped", "to back! (by a)", "to back"]
    );
    b.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn front_stays_open_for_a_waiting_actor() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let mut adds = adds_once(&play, front.handle(), "added");
    front.add(ready("done"), move |_| adds()).named("cause");
    play.obedient("b", &mut back);
    let mut group = front.before(back);
    play.poll_pending(&mut group);
    assert_eq!(play.take_wakes(), 1);
    assert!(play.log().is_empty());
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        ["added! (by cause)", "b", "added", "b! (by cause)", "b"]
    );
}

/// The handle was made before its group became a part of another.
#[test]
fn waiting_actors_follow_the_actors_of_the_back() {
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    add(&play, &front.handle(), "added");
    play.obedient("a", &mut front);
    play.obedient("b", &mut back);
    let mut group = front.before(back);
    assert_eq!(group.len(), 2);
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "b", "added"]);
    let indices: Vec<_> = group.running().map(|running| running.index()).collect();
    assert_eq!(indices, [0, 1, 2]);
    group.add(ready("done"), |_| {}).named("cause");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    let interrupts = ["a! (by cause)", "added! (by cause)"];
    assert_eq!(play.log()[..2], interrupts);
}

/// A front without actors is a stage of its own once it has a handle. It is skipped if it is still empty by then.
#[test]
fn front_with_only_a_handle_is_a_stage() {
    for adds in [true, false] {
        let play = Play::default();
        let mut front = Group::new();
        let handle = front.handle();
        let mut back = Group::new();
        let b = play.obedient("b", &mut back);
        let mut group = front.before(back);
        play.settle(&mut group);
        if adds {
            add(&play, &handle, "added");
            play.settle(&mut group);
        }
        play.log();
        group.add(ready("done"), |_| {}).named("cause");
        assert_eq!(play.poll_ready(&mut group), Some("done"));
        let log = play.log();
        let stages = ["added! (by cause)", "added", "b! (by cause)", "b"];
        assert_eq!(log, stages[if adds { 0 } else { 2 }..]);
        assert!(handle.is_closed() && b.is_dropped());
    }
}

// When a handle is closed.

#[test]
fn closed_when_the_group_has_ended() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    let clone = handle.clone();
    let slow = play.stubborn("slow", &mut group);
    group.add(ready("done"), |_| {});
    assert!(!handle.is_closed());
    play.settle(&mut group);
    assert!(!handle.is_closed());
    slow.returns("late");
    play.poll_ready(&mut group);
    assert!(handle.is_closed() && clone.is_closed());
}

#[test]
fn closed_when_the_group_was_dropped() {
    for polls in [0, 1] {
        let play = Play::default();
        let mut group = Group::new();
        let handle = group.handle();
        play.stubborn("a", &mut group);
        for _ in 0..polls {
            play.poll_pending(&mut group);
        }
        drop(group);
        assert!(handle.is_closed());
    }
}

/// One poll took in all that other threads added meanwhile, so it did not return until they stopped: a poll of three
/// million actors was seen.
#[cfg(not(target_family = "wasm"))]
#[test]
fn poll_returns_while_threads_keep_adding() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    play.stubborn("a", &mut group);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(SeqCst) {
                    handle.add_abortable(pending());
                }
            });
        }
        while group.len() < 1000 {
            play.poll_pending(&mut group);
        }
        stop.store(true, SeqCst);
    });
    play.settle(&mut group);
    assert_eq!(group.running().count(), group.len());
}

#[test]
fn closed_when_an_empty_group_was_polled() {
    let play = Play::default();
    let mut group: Group<'_, Word> = Group::new();
    let handle = group.handle();
    assert_eq!(play.poll_ready(&mut group), None);
    assert!(handle.is_closed());
}

/// A handle does not make a group wait for actors that might be added.
#[test]
fn handles_keep_no_group_alive() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    group.add(ready("done"), |_| {});
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    drop(handle);
}

#[test]
fn closed_handle_drops_what_it_is_given_unpolled() {
    let play = Play::default();
    let mut group: Group<'_, Word> = Group::new();
    let handle = group.handle();
    drop(group);

    let a = add(&play, &handle, "a");
    assert!(a.is_dropped());
    let b = play.actor("b");
    handle.add_abortable(b.execute());
    assert!(b.is_dropped());
    let c = play.actor("c");
    handle.add_with(|interrupted| {
        play.say("called");
        drop(interrupted);
        c.execute()
    });
    assert!(c.is_dropped());
    assert_eq!(
        play.log(),
        ["a dropped", "b dropped", "called", "c dropped"]
    );
}

#[test]
fn waiting_actors_are_dropped_with_the_group_unpolled() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    play.stubborn("a", &mut group);
    play.settle(&mut group);
    play.log();
    let added = ["b", "c"].map(|name| add(&play, &handle, name));
    drop(group);
    assert!(added.iter().all(Actor::is_dropped));
    assert_eq!(play.log(), ["a dropped", "b dropped", "c dropped"]);
}

#[test]
fn interrupted_of_a_dropped_waiting_actor_resolves() {
    let mut group: Group<'_, ()> = Group::new();
    let mut taken: Option<Interrupted> = None;
    group.handle().add_with(|interrupted| {
        taken = Some(interrupted);
        pending()
    });
    let interrupted = taken.unwrap();
    assert!(!interrupted.is_interrupted());
    drop(group);
    assert!(interrupted.is_interrupted());
}

/// What the settings of a stage hold may add an actor when it is dropped. By then the stage has ended.
#[test]
fn added_while_the_stage_ends_is_dropped() {
    struct Timer(Option<Actor>, Handle<'static, Word>);
    impl Drop for Timer {
        fn drop(&mut self) {
            if let Some(added) = self.0.take() {
                self.1.add(added.execute(), |_| {});
            }
        }
    }
    let play = Play::default();
    let (mut front, mut back) = (Group::new(), Group::new());
    let (handle, added) = (front.handle(), play.actor("added"));
    front.grace_period({
        let added = added.clone();
        move || {
            let timer = Timer(Some(added.clone()), handle.clone());
            async move {
                let _held = timer;
                pending::<()>().await
            }
        }
    });
    let a = play.stubborn("a", &mut front);
    let b = play.stubborn("b", &mut back);
    let mut group = front.before(back);
    group.add(ready("done"), |_| {}).named("cause");
    play.settle(&mut group);
    play.log();
    a.returns("late");
    play.settle(&mut group);
    assert_eq!(play.log(), ["a", "added dropped", "b! (by cause)"]);
    b.returns("late");
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[cfg(panic = "unwind")]
#[test]
fn panic_in_one_waiting_actor_drops_the_others_too() {
    use std::panic::{catch_unwind, AssertUnwindSafe};

    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("loud interrupt");
        }
    }
    let play = Play::default();
    let mut group = Group::new();
    let running = play.stubborn("running", &mut group);
    play.settle(&mut group);
    let handle = group.handle();
    let actors = ["a", "b", "c"].map(|name| play.actor(name));
    for actor in &actors {
        actor.panics_in_drop();
        let loud = Loud;
        handle.add(actor.execute(), move |_| drop(loud));
    }
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(group)));
    let payload = dropped.unwrap_err();
    assert_eq!(
        payload.downcast_ref::<String>().unwrap(),
        "a panics in drop"
    );
    assert!(running.is_dropped() && actors.iter().all(Actor::is_dropped));
}

// The end, and what comes after it.

#[test]
fn handle_of_an_ended_group_makes_it_unterminated() {
    let play = Play::default();
    let mut group: Group<'_, Word> = Group::new();
    play.poll_ready(&mut group);
    assert!(group.is_terminated());
    let handle = group.handle();
    assert!(!group.is_terminated() && !handle.is_closed());
    assert_eq!(play.poll_ready(&mut group), None);
    assert!(group.is_terminated() && handle.is_closed());
}

#[test]
fn new_handle_is_needed_after_the_end() {
    let play = Play::default();
    let mut group = Group::new();
    let old = group.handle();
    group.add(ready("first"), |_| {});
    assert_eq!(play.poll_ready(&mut group), Some("first"));

    let new = group.handle();
    assert!(old.is_closed() && !new.is_closed());
    let dropped = add(&play, &old, "dropped");
    assert!(dropped.is_dropped());
    new.add(ready("second"), |_| {});
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    let lines: Vec<_> = exits
        .iter()
        .map(|exit| (exit.index(), exit.output().unwrap()))
        .collect();
    assert_eq!(lines, [(0, &"second")]);
}

#[test]
fn shutdown_from_outside_is_an_actor_that_returns() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    play.obedient("a", &mut group);
    play.settle(&mut group);
    handle.add(async { "shutdown" }, |_| {}).named("outside");
    assert_eq!(play.poll_ready(&mut group), Some("shutdown"));
    assert_eq!(play.log(), ["a", "a! (by outside)", "a"]);
}

/// A handle that has added the first actor is as good as the group itself.
#[test]
fn group_may_have_only_actors_of_handles() {
    let play = Play::default();
    let mut group = Group::new();
    group.handle().add(ready("done"), |_| {});
    assert_eq!(play.poll_ready(&mut group), Some("done"));
}

#[test]
fn added_after_the_grace_period_expires() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    group.grace_period(|| ready(()));
    let mut late = Some(play.actor("late"));
    let observer = play.clone();
    group.on_exit(move |exit| {
        observer.say(exit);
        if exit.name() == Some("stuck") {
            let late = late.take().unwrap();
            handle.add(late.execute(), late.interrupt()).named("late");
        }
    });
    play.stubborn("stuck", &mut group);
    group.add(ready("done"), |_| {}).named("cause");
    play.poll_pending(&mut group);
    assert_eq!(
        play.log(),
        [
            "stuck",
            r#"cause returned "done""#,
            "stuck! (by cause)",
            "stuck dropped",
            "stuck expired"
        ]
    );
    assert_eq!(play.poll_ready(&mut group), Some("done"));
    assert_eq!(
        play.log(),
        ["late! (by cause)", "late", "late dropped", "late expired"]
    );
}

// What `add` returns, and how it looks.

#[test]
fn adding_adds_when_it_is_dropped() {
    let play = Play::default();
    let mut group = Group::new();
    let handle = group.handle();
    play.obedient("a", &mut group);
    play.settle(&mut group);
    let added = play.actor("added");
    let adding = handle.add(added.execute(), added.interrupt());
    assert_eq!(play.take_wakes(), 0);
    play.settle(&mut group);
    assert_eq!(play.log(), ["a"]);
    drop(adding);
    assert_eq!(play.take_wakes(), 1);
    play.settle(&mut group);
    assert_eq!(play.log(), ["added"]);
}

#[test]
fn all_kinds_of_actors_can_be_named() {
    let play = Play::default();
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    handle.add(pending(), |_| {}).named("a literal");
    let string = String::from("a string");
    handle
        .add_with(|interrupted| interrupted)
        .named(string.clone());
    handle.add_abortable(pending()).named(format!("{string} 2"));
    play.poll_pending(&mut group);
    let names: Vec<_> = group.running().map(|running| running.to_string()).collect();
    assert_eq!(names, ["a literal", "a string", "a string 2"]);
}

#[test]
fn location_is_the_line_that_called_the_handle() {
    let play = Play::default();
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    let before = Location::caller().line();
    handle.add(pending(), |_| {});
    handle.add_with(|interrupted| interrupted);
    handle.add_abortable(pending());
    play.poll_pending(&mut group);
    let mut local: LocalGroup<'_, ()> = Group::local();
    let handle = local.handle();
    let before_local = Location::caller().line();
    handle.add(pending(), |_| {});
    handle.add_with(|interrupted| interrupted);
    handle.add_abortable(pending());
    play.poll_pending(&mut local);

    let lines = |before| (before + 1)..(before + 4);
    assert!(group
        .running()
        .map(|running| running.location().line())
        .eq(lines(before)));
    assert!(local
        .running()
        .map(|running| running.location().line())
        .eq(lines(before_local)));
    let files = group.running().map(|running| running.location().file());
    assert_eq!(Vec::from_iter(files), [file!(); 3]);
}

#[test]
fn debug_shows_whether_a_handle_is_closed() {
    let mut group: Group<'_, ()> = Group::new();
    let handle = group.handle();
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: false }");
    let adding = handle.add_abortable(pending());
    assert_eq!(format!("{adding:?}"), "Adding { .. }");
    drop((adding, group));
    assert_eq!(format!("{handle:?}"), "Handle { is_closed: true }");

    let mut local: LocalGroup<'_, ()> = Group::local();
    let handle = local.handle();
    assert_eq!(format!("{handle:?}"), "LocalHandle { is_closed: false }");
}

#[test]
fn local_handle_adds_actors_that_are_not_send() {
    let play = Play::default();
    let shared = Rc::new("shared");
    let mut group = Group::local();
    let handle = group.handle().clone();
    let inner = shared.clone();
    handle.add_with(|interrupted| async move {
        interrupted.await;
        inner
    });
    let inner = shared.clone();
    handle.add_abortable(async move {
        let _held = inner;
        pending().await
    });
    let (cause, seen) = (shared.clone(), shared.clone());
    handle.add(async move { cause }, move |exit| {
        assert_eq!(exit.output(), Some(&seen));
    });
    let exits = play.poll_ready(&mut Box::pin(group.report()));
    assert_eq!(exits[0].output(), Some(&shared));
    assert_eq!(exits.len(), 3);
    assert!(handle.is_closed());
}

/// A local handle adds from within the group's own poll, too.
#[test]
fn local_actor_adds_another_as_it_returns() {
    let play = Play::default();
    let mut group = Group::local();
    let handle = group.handle();
    group.add(
        async move {
            handle.add(ready(Rc::new(2)), |_| {});
            Rc::new(1)
        },
        |_| {},
    );
    let mut report = Box::pin(group.report());
    play.poll_pending(&mut report);
    assert_eq!(play.take_wakes(), 1);
    let outputs = play.poll_ready(&mut report).into_iter();
    let outputs = outputs.filter_map(|exit| exit.into_output());
    assert!(outputs.eq([Rc::new(1), Rc::new(2)]));
}

/// What actors of a handle borrow has to outlive the group, like what actors of the group borrow.
#[test]
fn actors_of_a_handle_may_borrow() {
    let name = String::from("borrowed");
    let mut group = Group::new();
    let handle = group.handle();
    handle.add(async { name.as_str() }, |_| {});
    assert_eq!(Play::default().poll_ready(&mut group), Some("borrowed"));
}
