//! Actors with one mistake each, and the message for it.

use std::pin::pin;

use futures::future::{select, Either};
use futures::lock::Mutex;
use futures::select_biased;

use super::*;

pub const WAITS: &str =
    "the actor did not return: it waits, and the interruption did not wake it. Wherever an actor waits, it must \
    await `interrupted` as well, for example with `interrupted.unless(..)`, and then leave its loop. If it waits \
    for a timer, a socket, a spawned task or a thread, use `interrupt_at_every_poll_on`. Inside a task of Tokio, \
    use that as well, in a `#[test]` instead of a `#[tokio::test]`";
pub const SPINS: &str =
    "the actor did not return: it has woken itself for 10,000 polls since. Each round of a loop must look at \
    `interrupted`, for example with `interrupted.is_interrupted()`. If it is a loop around a `select!`, does the \
    branch leave the loop? A `break` may be missing, or leave only the `select!`";

#[test]
fn listens_only_at_the_top_of_its_loop() {
    let said = message(|| {
        interrupt_at_every_poll(|interrupted| async move {
            let (_open, mut items) = two_items();
            let mut sum = 0;
            while !interrupted.is_interrupted() {
                sum += items.next().await.unwrap_or(0);
                yield_now().await;
            }
            sum
        })
    });
    assert_eq!(said, format!("interrupted after 3 polls, {WAITS}"));
}

/// It would return if it were polled again, but nothing wakes it.
#[test]
fn looks_at_its_interruption_but_does_not_wait() {
    let said = message(|| {
        interrupt_at_every_poll(|interrupted| {
            std::future::poll_fn(move |_| match interrupted.is_interrupted() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            })
        })
    });
    assert_eq!(said, format!("interrupted after 1 poll, {WAITS}"));
}

#[test]
fn ignores_the_interruption_in_a_select() {
    let said = message(|| {
        interrupt_at_every_poll(|mut interrupted| async move {
            let (_open, mut items) = two_items();
            loop {
                select_biased! {
                    _ = interrupted => {}
                    item = items.next() => if item.is_none() { return },
                }
            }
        })
    });
    assert_eq!(said, format!("interrupted before its first poll, {WAITS}"));
}

/// A loop that leaves the `select!` but not itself. It once hung the test, because one poll never ended.
pub async fn leaves_only_its_select(mut interrupted: Interrupted) {
    let (_open, mut items) = two_items();
    loop {
        match select(&mut interrupted, items.next()).await {
            Either::Left(_) => {}
            Either::Right(_) => yield_now().await,
        }
    }
}

#[test]
fn leaves_its_select_but_not_the_loop() {
    let said = message(|| interrupt_at_every_poll(leaves_only_its_select));
    assert_eq!(said, format!("interrupted before its first poll, {SPINS}"));
}

/// `unless` drops the reference to a future, not the future. So the future still holds its lock.
#[test]
fn locks_what_a_reference_still_holds() {
    let said = message(|| {
        interrupt_at_every_poll(|mut interrupted| async move {
            let file = Mutex::new(0);
            let mut write = pin!(async {
                let _file = file.lock().await;
                pending::<()>().await;
            });
            if interrupted.unless(&mut write).await.is_none() {
                *file.lock().await = 1;
            }
        })
    });
    assert_eq!(said, format!("interrupted after 1 poll, {WAITS}"));
}

/// The future of a failing run is dropped before the message is made. A panic in that drop must not hide the message.
#[cfg(feature = "std")]
#[test]
fn panics_when_dropped_late() {
    struct PanicsInDrop;
    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("dropped late");
        }
    }
    let said = message(|| {
        interrupt_at_every_poll(|_| async {
            let _bomb = PanicsInDrop;
            pending::<()>().await;
        })
    });
    assert_eq!(said, format!("interrupted before its first poll, {WAITS}"));
}

#[test]
fn spins_once_it_has_begun() {
    let said = message(|| {
        interrupt_at_every_poll(|interrupted| async move {
            if !interrupted.is_interrupted() {
                loop {
                    yield_now().await;
                }
            }
        })
    });
    assert_eq!(said, format!("interrupted after 1 poll, {SPINS}"));
}

/// The panic of the actor passes through unchanged.
#[test]
fn panics_when_interrupted_early() {
    let said = message(|| {
        interrupt_at_every_poll(|mut interrupted| async move {
            let mut started = None;
            if interrupted.unless(yield_now()).await.is_some() {
                started = Some(7);
                interrupted.await;
            }
            started.expect("it has started")
        })
    });
    assert_eq!(said, "it has started");
}

/// A panic of the actor does not say in which run it was, so the functions print that.
#[cfg(all(feature = "std", not(target_family = "wasm")))]
#[test]
fn run_of_a_panic_is_printed() {
    let panics = |mut interrupted: Interrupted| async move {
        assert!(interrupted.unless(yield_now()).await.is_none(), "it was not interrupted");
    };
    let name = "run_of_a_panic_is_printed";
    let Some(output) = crate::harness::in_process(module_path!(), name) else {
        interrupt_at_every_poll(panics);
        return;
    };
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && printed.contains("it was not interrupted"), "{printed}");
    let run = "\nthis was the run that interrupts the actor after 2 polls\n";
    assert!(printed.replace("\r\n", "\n").contains(run), "{printed}");
}

/// The message names the line of the test, not one of the crate.
#[test]
fn panic_is_at_the_line_of_the_caller() {
    let hook = std::panic::take_hook();
    let (send, location) = std::sync::mpsc::channel();
    let test = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == test {
            send.send(info.location().unwrap().file().to_string()).unwrap();
        } else {
            hook(info);
        }
    }));
    message(|| interrupt_at_every_poll(|_| pending::<()>()));
    drop(std::panic::take_hook());
    assert_eq!(location.recv().unwrap(), file!());
}
