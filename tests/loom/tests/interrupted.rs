//! `Interrupt` and `Interrupted` on two threads. [loom] runs each test for every interleaving of the threads, and for
//! every value that an atomic load may return. In the root of the repository:
//!
//! ```sh
//! bash .ci/loom
//! ```
//!
//! If a thread waits for a wake that never comes, loom reports a deadlock.
//!
//! [loom]: https://docs.rs/loom

extern crate alloc; // for the file under test

#[path = "../../../src/interrupted.rs"]
mod interrupted;

use std::future::{pending, Future};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize as Count; // not loom's: a mere counter needs no interleavings
use std::task::{Context, Wake, Waker};

use futures_util::future::FusedFuture;
use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::Arc;
use loom::thread;

use interrupted::{Interrupt, Interrupted};

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task(Count);

impl Task {
    fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::default()
    }

    fn poll(self: &std::sync::Arc<Self>, future: &mut (impl Future + Unpin)) -> bool {
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        Pin::new(future).poll(&mut cx).is_ready()
    }

    fn was_woken(&self) -> bool {
        self.0.load(Relaxed) > 0
    }
}

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn interrupt_or_drop_wakes_the_waiting_thread() {
    for end in [Interrupt::interrupt, drop] {
        loom::model(move || {
            let (interrupt, mut interrupted) = Interrupted::channel();
            let other = thread::spawn(move || end(interrupt));
            block_on(&mut interrupted);
            assert!(interrupted.is_interrupted());
            assert!(interrupted.is_terminated());
            other.join().unwrap();
        });
    }
}

/// Two tasks poll it, one after the other. The second is woken, unless it sees the interruption.
#[test]
fn latest_waker_is_woken() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let (first, second) = (Task::new(), Task::new());
        let other = thread::spawn(move || interrupt.interrupt());
        let is_ready = first.poll(&mut interrupted) | second.poll(&mut interrupted);
        other.join().unwrap();
        assert!(is_ready || second.was_woken());
    });
}

/// What the other thread writes before it interrupts is visible to the thread that waits.
#[test]
fn waiting_synchronizes_the_threads() {
    loom::model(|| {
        let (interrupt, interrupted) = Interrupted::channel();
        let written = Arc::new(AtomicUsize::new(0));
        let other = thread::spawn({
            let written = written.clone();
            move || {
                written.store(7, Relaxed);
                interrupt.interrupt();
            }
        });
        block_on(interrupted);
        assert_eq!(written.load(Relaxed), 7);
        other.join().unwrap();
    });
}

/// The same for a thread that calls `is_interrupted` instead of waiting.
///
/// The first thread interrupts. With the roles reversed, loom does not try the interleaving that shows a relaxed load.
#[test]
fn is_interrupted_synchronizes_the_threads() {
    loom::model(|| {
        let (interrupt, interrupted) = Interrupted::channel();
        let written = Arc::new(AtomicUsize::new(0));
        let other = thread::spawn({
            let written = written.clone();
            move || {
                if interrupted.is_interrupted() {
                    assert_eq!(written.load(Relaxed), 7);
                }
                assert!(!interrupted.is_terminated());
            }
        });
        written.store(7, Relaxed);
        interrupt.interrupt();
        other.join().unwrap();
    });
}

/// Dropping `Interrupted` drops its waker at once, even if `Interrupt` still exists.
#[test]
fn drop_drops_the_waker() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let mut clone = interrupted.clone();
        let tasks = [Task::new(), Task::new()];
        assert!(!tasks[0].poll(&mut interrupted) && !tasks[1].poll(&mut clone));
        let other = thread::spawn(move || drop(interrupted));
        drop(clone);
        other.join().unwrap();
        let count = std::sync::Arc::strong_count;
        assert_eq!([count(&tasks[0]), count(&tasks[1])], [1, 1]);
        drop(interrupt);
        assert!(!tasks.iter().any(|task| task.was_woken()));
    });
}

#[test]
fn unless_returns_none_once_interrupted() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let other = thread::spawn(move || interrupt.interrupt());
        assert_eq!(block_on(interrupted.unless(pending::<()>())), None);
        assert!(interrupted.is_terminated());
        other.join().unwrap();
    });
}

/// The other thread first completes the future and then interrupts. Either wakes the waiting thread.
#[test]
fn unless_races_with_its_future() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let (finish, finished) = Interrupted::channel();
        let other = thread::spawn(move || {
            finish.interrupt();
            interrupt.interrupt();
        });
        let output = block_on(interrupted.unless(finished));
        assert_eq!(interrupted.is_terminated(), output.is_none());
        other.join().unwrap();
        assert_eq!(block_on(interrupted.unless(async {})), None);
    });
}

// Clones. A clone has its waker in a slab behind a mutex, and the original in an `AtomicWaker`.

/// After a poll that returns `Pending`, its task is woken, and its next poll is ready. This also holds for a clone
/// that waits as well.
#[test]
fn pending_poll_is_followed_by_a_wake() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let mut clone = interrupted.clone();
        let tasks = [Task::new(), Task::new()];
        let other = thread::spawn(move || interrupt.interrupt());
        let are_ready = [tasks[0].poll(&mut interrupted), tasks[1].poll(&mut clone)];
        other.join().unwrap();
        for (task, is_ready) in tasks.iter().zip(are_ready) {
            assert!(is_ready || task.was_woken());
            assert_eq!(std::sync::Arc::strong_count(task), 1);
        }
        assert!(tasks[0].poll(&mut interrupted) && tasks[1].poll(&mut clone));
    });
}

/// The clone is made, by the thread that waits, while the other thread interrupts.
#[test]
fn clone_is_made_during_the_interrupt() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let other = thread::spawn(move || interrupt.interrupt());
        let task = Task::new();
        let was_ready = task.poll(&mut interrupted);
        let mut clone = interrupted.clone();
        assert!(!clone.is_terminated());
        assert!(clone.is_interrupted() || !was_ready);
        let is_ready = task.poll(&mut clone);
        assert!(is_ready || !was_ready);
        other.join().unwrap();
        assert!(is_ready || task.was_woken());
        assert!(task.poll(&mut clone));
    });
}

/// Two clones on two threads share the slab. Each is woken.
#[test]
fn two_clones_wait_on_two_threads() {
    loom::model(|| {
        let (interrupt, interrupted) = Interrupted::channel();
        let clone = interrupted.clone();
        let waiting = thread::spawn(move || block_on(clone));
        let task = Task::new();
        let mut clone = interrupted.clone();
        let is_ready = task.poll(&mut clone);
        assert!(!is_ready);
        interrupt.interrupt();
        assert!(task.was_woken());
        waiting.join().unwrap();
    });
}

/// The second task replaces the waker of the first, and is woken unless it sees the interruption.
#[test]
fn latest_waker_of_a_clone_is_woken() {
    loom::model(|| {
        let (interrupt, interrupted) = Interrupted::channel();
        let mut clone = interrupted.clone();
        let (first, second) = (Task::new(), Task::new());
        let other = thread::spawn(move || interrupt.interrupt());
        let is_ready = first.poll(&mut clone) | second.poll(&mut clone);
        other.join().unwrap();
        assert!(is_ready || second.was_woken());
        assert_eq!(std::sync::Arc::strong_count(&first), 1);
        assert_eq!(std::sync::Arc::strong_count(&second), 1);
    });
}

/// A clone is polled and dropped while the other thread interrupts. Neither end keeps its waker, and another clone,
/// whose waker is in the same slab, is woken.
#[test]
fn drop_of_a_clone_during_the_interrupt() {
    loom::model(|| {
        let (interrupt, interrupted) = Interrupted::channel();
        let (mut dropped, mut stays) = (interrupted.clone(), interrupted.clone());
        let (task, other_task) = (Task::new(), Task::new());
        task.poll(&mut dropped);
        other_task.poll(&mut stays);
        let other = thread::spawn(move || interrupt.interrupt());
        drop(dropped);
        other.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&task), 1);
        assert!(other_task.was_woken());
    });
}

/// Both threads interrupt. Each of the tasks is woken, whichever end is used first.
#[test]
fn interrupted_from_two_ends() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let mut clone = interrupted.clone();
        let another = interrupted.other_end();
        let tasks = [Task::new(), Task::new()];
        let other = thread::spawn(move || interrupt.interrupt());
        let are_ready = [tasks[0].poll(&mut interrupted), tasks[1].poll(&mut clone)];
        another.interrupt();
        assert!(interrupted.is_interrupted() && clone.is_interrupted());
        other.join().unwrap();
        for (task, is_ready) in tasks.iter().zip(are_ready) {
            assert!(is_ready || task.was_woken());
        }
        assert!(tasks[0].poll(&mut interrupted) && tasks[1].poll(&mut clone));
    });
}

/// If the interruption came while the original registered its waker, that waker used to stay as long as there was
/// another end or a clone, although the original was dropped.
#[test]
fn other_end_keeps_no_waker() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let _another = interrupted.other_end();
        let task = Task::new();
        let other = thread::spawn(move || interrupt.interrupt());
        task.poll(&mut interrupted);
        drop(interrupted);
        other.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&task), 1);
    });
}

/// What the other thread writes before it interrupts is visible to a clone, even if the original was polled in between,
/// on a third thread: that poll stores how often they were polled.
#[test]
fn clone_synchronizes_after_a_poll_of_another() {
    loom::model(|| {
        let (interrupt, mut interrupted) = Interrupted::channel();
        let mut clone = interrupted.clone();
        let written = Arc::new(AtomicUsize::new(0));
        let interrupting = thread::spawn({
            let written = written.clone();
            move || {
                written.store(7, Relaxed);
                interrupt.interrupt();
            }
        });
        let polling = thread::spawn(move || Task::new().poll(&mut interrupted));
        if Task::new().poll(&mut clone) {
            assert_eq!(written.load(Relaxed), 7);
        }
        interrupting.join().unwrap();
        polling.join().unwrap();
    });
}
