//! `run_group::testing`: actors with one typical mistake each and the message for it, and actors without mistakes.

use std::cell::Cell;
use std::future::{pending, ready, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::{pin, Pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::mpsc;
use futures::{select_biased, FutureExt, SinkExt, StreamExt};
use run_group::testing::{interrupt_at_every_poll, interrupt_at_every_poll_on, Run};
use run_group::{Group, Interrupted};
use smol::future::yield_now;

/// Returns the message with which `check` fails.
#[cfg(panic = "unwind")]
#[track_caller]
fn message<R: std::fmt::Debug>(check: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the mistake was not found");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    }
}

/// Returns both ends of a channel with two items, which is open until the sender is dropped.
fn two_items() -> (mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>) {
    let (send, items) = mpsc::unbounded();
    send.unbounded_send(1).unwrap();
    send.unbounded_send(2).unwrap();
    (send, items)
}

#[cfg(panic = "unwind")]
mod mistakes {
    use super::*;

    const WAITS: &str =
        "the actor did not return: it waits, and the interruption did not wake it. Wherever an actor waits, it \
        must await `interrupted` as well, for example with `interrupted.unless(..)`. If it waits for a timer or a \
        socket, use `interrupt_at_every_poll_on`";
    const SPINS: &str =
        "the actor did not return: it has woken itself for 10,000 polls since. Each round of a loop must look at \
        `interrupted`, for example with `interrupted.is_interrupted()`";

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

    #[test]
    fn does_not_listen_in_a_second_await() {
        let said = message(|| {
            interrupt_at_every_poll(|mut interrupted| async move {
                let (mut send, _full) = mpsc::channel::<u8>(0);
                while interrupted.unless(ready(())).await.is_some() {
                    let _ = send.send(1).await;
                    yield_now().await;
                }
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

    #[test]
    fn never_listens() {
        let said = message(|| interrupt_at_every_poll(|_| pending::<()>()));
        assert_eq!(said, format!("interrupted before its first poll, {WAITS}"));
    }

    #[test]
    fn spins() {
        let said = message(|| {
            interrupt_at_every_poll(|_interrupted| async {
                loop {
                    yield_now().await;
                }
            })
        });
        assert_eq!(said, format!("interrupted before its first poll, {SPINS}"));
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

    #[test]
    fn indexes_into_what_it_has_not_filled() {
        let said = message(|| {
            interrupt_at_every_poll(|mut interrupted| async move {
                let (_open, mut items) = two_items();
                let mut seen = Vec::new();
                while let Some(Some(item)) = interrupted.unless(items.next()).await {
                    seen.push(item);
                }
                seen[0]
            })
        });
        assert_eq!(said, "index out of bounds: the len is 0 but the index is 0");
    }

    /// On an executor, `block_on` gives up.
    #[test]
    fn does_not_return_on_an_executor() {
        let said = message(|| {
            interrupt_at_every_poll_on(poll_while_woken, |mut interrupted| async move {
                interrupted.unless(yield_now()).await;
                if !interrupted.is_interrupted() {
                    pending::<()>().await;
                }
            })
        });
        assert_eq!(
            said,
            "interrupted after 2 polls, the actor did not return: `block_on` gave up waiting for it. Wherever an actor waits, \
             it must await `interrupted` as well, for example with `interrupted.unless(..)`"
        );
    }

    /// The message names the line of the test, not one of the crate.
    #[test]
    fn panic_is_at_the_line_of_the_caller() {
        let hook = std::panic::take_hook();
        let (send, location) = std::sync::mpsc::channel();
        let test = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == test {
                send.send(info.location().unwrap().file().to_string())
                    .unwrap();
            } else {
                hook(info);
            }
        }));
        message(|| interrupt_at_every_poll(|_| pending::<()>()));
        drop(std::panic::take_hook());
        assert_eq!(location.recv().unwrap(), file!());
    }
}

#[test]
fn one_output_per_run_in_order() {
    let runs = Cell::new(0);
    let sums = interrupt_at_every_poll(|mut interrupted| {
        runs.set(runs.get() + 1);
        async move {
            let (_open, mut items) = two_items();
            let mut sum = 0;
            while let Some(Some(item)) = interrupted.unless(items.next()).await {
                sum += item;
                yield_now().await;
            }
            sum
        }
    });
    assert_eq!(sums, [0, 1, 3, 3]);
    assert_eq!(runs.get(), 4);
}

#[test]
fn series_ends_with_first_return() {
    let polls = Cell::new(0);
    let outputs = interrupt_at_every_poll(|interrupted| {
        let polls = &polls;
        async move {
            polls.set(0);
            for _ in 0..2 {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
            (polls.get(), interrupted.is_interrupted())
        }
    });
    assert_eq!(outputs, [(2, true), (2, true), (2, true), (2, false)]);
}

#[test]
fn series_ends_where_the_actor_waits() {
    let outputs = interrupt_at_every_poll(|interrupted| interrupted.map(|()| 7));
    assert_eq!(outputs, [7, 7]); // before its first poll, and where it waits
}

#[test]
fn actor_that_returns_at_once() {
    assert_eq!(interrupt_at_every_poll(|_| ready(7)), [7, 7]);
}

/// An actor is not polled again without a wake.
#[test]
fn polls_only_when_woken() {
    let outputs = interrupt_at_every_poll(|mut interrupted| {
        let mut polls = 0;
        std::future::poll_fn(move |cx| {
            polls += 1;
            interrupted.poll_unpin(cx).map(|()| polls)
        })
    });
    assert_eq!(outputs, [1, 2]);
}

#[test]
fn endless_series_ends_after_1000_runs() {
    let outputs = interrupt_at_every_poll(|interrupted| async move {
        while !interrupted.is_interrupted() {
            yield_now().await;
        }
    });
    assert_eq!(outputs.len(), 1000);
    let outputs = interrupt_at_every_poll_on(poll_while_woken, |interrupted| async move {
        while !interrupted.is_interrupted() {
            yield_now().await;
        }
    });
    assert_eq!(outputs.len(), 1000);
}

#[test]
fn whole_group_at_every_poll() {
    async fn program(interrupted: Interrupted) -> Vec<String> {
        let mut front = Group::new();
        front.add(interrupted, |_| {}).named("requested");
        front
            .add_with(|mut interrupted| async move {
                interrupted.unless(yield_now()).await;
                interrupted.await
            })
            .named("front");
        let mut back = Group::new();
        back.add_with(|interrupted| interrupted).named("back");
        let exits = front.before(back).report().await;
        exits.iter().map(|exit| exit.label().to_string()).collect()
    }
    let labels = interrupt_at_every_poll(program);
    assert_eq!(labels.len(), 3);
    for labels in labels {
        assert_eq!(labels, ["requested", "front", "back"]);
    }
}

/// Polls a future as long as it is woken. Then it gives up.
fn poll_while_woken<F: Future>(run: F) -> Option<F::Output> {
    struct Woken(AtomicBool);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
        }
    }
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut run = pin!(run);
    while woken.0.swap(false, SeqCst) {
        if let Poll::Ready(output) = run.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
    }
    None
}

#[test]
fn executor_series_is_the_same() {
    let sums = interrupt_at_every_poll_on(poll_while_woken, |mut interrupted| async move {
        let (_open, mut items) = two_items();
        let mut sum = 0;
        while let Some(Some(item)) = interrupted.unless(items.next()).await {
            sum += item;
            yield_now().await;
        }
        sum
    });
    assert_eq!(sums, [0, 1, 3, 3]);
}

#[test]
fn executor_series_ends_when_given_up() {
    let given_up = AtomicUsize::new(0);
    let outputs = interrupt_at_every_poll_on(
        |run| {
            let output = poll_while_woken(run);
            given_up.fetch_add(usize::from(output.is_none()), SeqCst);
            output
        },
        |interrupted| interrupted.map(|()| 7),
    );
    assert_eq!(outputs, [7, 7]);
    assert_eq!(given_up.into_inner(), 1);
}

/// When the timer of `block_on` fires, it wakes the task. If the run is polled before the timer then, that once counted
/// as a poll of the actor: the run interrupted an actor that only waited to be interrupted, `block_on` gave up in the
/// same moment, and the series failed.
#[test]
fn executor_series_counts_only_polls_of_the_actor() {
    let poll_twice = |run: Run<_>| {
        let mut run = pin!(run);
        let mut cx = Context::from_waker(Waker::noop());
        let mut polls = std::iter::from_fn(|| Some(run.as_mut().poll(&mut cx))).take(2);
        polls.find_map(|polled| match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    };
    let outputs = interrupt_at_every_poll_on(poll_twice, |interrupted| interrupted);
    assert_eq!(outputs, [(), ()]);
}

#[test]
fn executor_series_ends_with_first_return() {
    let outputs = interrupt_at_every_poll_on(poll_while_woken, |interrupted| async move {
        yield_now().await;
        interrupted.is_interrupted()
    });
    assert_eq!(outputs, [true, true, false]);
}

#[test]
fn run_is_send_where_its_actor_is() {
    fn is_send_and_static<F: Future + Send + 'static>(_: &Run<F>) {}
    let outputs = interrupt_at_every_poll_on(
        |run| {
            is_send_and_static(&run);
            assert!(format!("{run:?}").starts_with("Run { polls: "));
            poll_while_woken(Box::pin(run) as Pin<Box<dyn Future<Output = ()> + Send>>)
        },
        |interrupted| interrupted,
    );
    assert_eq!(outputs.len(), 2);
}
