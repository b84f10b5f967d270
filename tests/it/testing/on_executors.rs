//! `interrupt_at_every_poll_on`.

use super::*;

#[test]
fn executor_series_is_the_same() {
    let sums = interrupt_at_every_poll_on(poll_while_woken, sum_of_two_items);
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
            assert!(format!("{run:?}").starts_with("Run"));
            poll_while_woken(Box::pin(run) as Pin<Box<dyn Future<Output = ()> + Send>>)
        },
        |interrupted| interrupted,
    );
    assert_eq!(outputs.len(), 2);
}

/// On an executor, `block_on` gives up.
#[cfg(panic = "unwind")]
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
         it must await `interrupted` as well, for example with `interrupted.unless(..)`, and then leave its loop"
    );
}

/// An actor in a loop that ignores its interruption does not wait. The message once said that it does.
#[cfg(panic = "unwind")]
#[test]
fn spins_on_an_executor() {
    let give_up = |run: Run<_>| {
        let mut run = pin!(run);
        (0..20_000).find_map(|_| run.as_mut().now_or_never())
    };
    let said = message(|| {
        interrupt_at_every_poll_on(give_up, |_interrupted| async {
            loop {
                yield_now().await;
            }
        })
    });
    assert_eq!(said, format!("interrupted before its first poll, {}", super::mistakes::SPINS));
}

/// A `block_on` that spawns the run gets a `JoinError` if the actor panics, and may return `None` for it. The panic was
/// then taken for an actor that waits.
#[cfg(all(feature = "std", panic = "unwind"))]
mod panics_caught_by_block_on {
    use super::*;

    fn caught(point: &str) -> String {
        format!("the actor panicked in the run that interrupts it {point}, and `block_on` caught the panic")
    }

    fn catching<F: Future>(run: Run<F>) -> Option<F::Output> {
        catch_unwind(AssertUnwindSafe(|| poll_while_woken(run))).unwrap_or_default()
    }

    #[test]
    fn before_the_interruption() {
        let said = message(|| {
            interrupt_at_every_poll_on(catching, |mut interrupted| async move {
                interrupted.unless(yield_now()).await;
                assert!(interrupted.is_interrupted(), "it has not begun");
                interrupted.await
            })
        });
        assert_eq!(said, caught("after 2 polls"));
    }

    #[test]
    fn after_the_interruption() {
        let said = message(|| {
            interrupt_at_every_poll_on(catching, |mut interrupted| async move {
                interrupted.unless(yield_now()).await.expect("it began")
            })
        });
        assert_eq!(said, caught("before its first poll"));
    }

    /// Whatever the `block_on` returns.
    #[test]
    fn with_an_output_of_its_own() {
        let said = message(|| {
            interrupt_at_every_poll_on(
                |run| catching(run).or(Some(7)),
                |interrupted| async move {
                    yield_now().await;
                    assert!(interrupted.is_interrupted());
                    7
                },
            )
        });
        assert_eq!(said, caught("after 2 polls"));
    }

    #[test]
    fn in_a_drop() {
        struct PanicsInDrop;
        impl Drop for PanicsInDrop {
            fn drop(&mut self) {
                panic!("it panics in its drop");
            }
        }
        let said = message(|| {
            interrupt_at_every_poll_on(catching, |interrupted| async move {
                let bomb = PanicsInDrop;
                interrupted.await;
                std::mem::forget(bomb);
            })
        });
        assert_eq!(said, caught("after 2 polls"));
    }

    #[cfg(not(target_family = "wasm"))]
    #[test]
    fn on_another_thread() {
        let said = message(|| {
            interrupt_at_every_poll_on(
                |run: Run<_>| std::thread::spawn(|| poll_while_woken(run)).join().ok()?,
                |interrupted| async move {
                    yield_now().await;
                    assert!(!interrupted.is_interrupted());
                },
            )
        });
        assert_eq!(said, caught("before its first poll"));
    }
}

/// A panic that `block_on` does not catch passes through unchanged.
#[cfg(panic = "unwind")]
#[test]
fn panic_of_the_actor_passes_through() {
    let said = message(|| {
        interrupt_at_every_poll_on(poll_while_woken, |interrupted| async move {
            yield_now().await;
            assert!(!interrupted.is_interrupted(), "no plan for this");
        })
    });
    assert_eq!(said, "no plan for this");
}
