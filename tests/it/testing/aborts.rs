//! `abort_at_every_poll`.

use std::cell::RefCell;
use std::rc::Rc;

use run_group::testing::abort_at_every_poll;

use super::*;

/// Returns how often the future of each run is polled. The runs come first to last.
fn polls_of_each_run<F: Future>(execute: impl Fn() -> F) -> Vec<usize> {
    let runs = RefCell::new(Vec::new());
    let number = abort_at_every_poll(|| {
        let polls = Rc::new(Cell::new(0));
        let mut execute = Box::pin(execute());
        let counted = polls.clone();
        let counting = std::future::poll_fn(move |cx| {
            counted.set(counted.get() + 1);
            execute.as_mut().poll(cx)
        });
        let runs = &runs;
        (counting, move || runs.borrow_mut().push(polls.get()))
    });
    let runs = runs.into_inner();
    assert_eq!(number, runs.len());
    runs
}

#[test]
fn run_k_polls_k_times() {
    let runs = polls_of_each_run(|| async {
        yield_now().await;
        yield_now().await;
    });
    assert_eq!(runs, [0, 1, 2, 3]); // the last returns
}

#[test]
fn series_ends_where_the_future_waits() {
    let runs = polls_of_each_run(|| async {
        yield_now().await;
        pending::<()>().await;
    });
    assert_eq!(runs, [0, 1, 2]);
    assert_eq!(polls_of_each_run(pending::<()>), [0, 1]);
}

#[test]
fn future_that_returns_at_once() {
    assert_eq!(polls_of_each_run(|| ready(7)), [0, 1]);
}

#[test]
fn endless_series_ends_after_1000_runs() {
    let runs = polls_of_each_run(|| async {
        loop {
            yield_now().await;
        }
    });
    assert_eq!(runs, Vec::from_iter(0..1000));
}

/// There is no last poll before the drop, whatever the future is ready for. The check comes after the drop.
#[test]
fn drops_then_checks() {
    let log = RefCell::new(Vec::new());
    abort_at_every_poll(|| {
        struct Guard<'l>(&'l RefCell<Vec<&'static str>>);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                self.0.borrow_mut().push("dropped");
            }
        }
        let guard = Guard(&log);
        let execute = async move {
            guard.0.borrow_mut().push("polled");
            yield_now().await;
            guard.0.borrow_mut().push("returns");
            guard
        };
        (execute, || log.borrow_mut().push("checked"))
    });
    let runs = [
        &["dropped", "checked"][..],
        &["polled", "dropped", "checked"],
        &["polled", "returns", "dropped", "checked"],
    ];
    assert_eq!(log.into_inner(), runs.concat());
}

/// Drops a consumer of two items at every poll. Checks that each item is in its sum or still in the channel. The
/// consumer yields before it takes an item. If it `loses` one, it yields after that.
fn abort_consumer(loses: bool) -> usize {
    abort_at_every_poll(|| {
        let (open, items) = two_items();
        let (items, sum) = (Rc::new(RefCell::new(items)), Rc::new(Cell::new(0)));
        let execute = {
            let (items, sum) = (items.clone(), sum.clone());
            async move {
                loop {
                    if !loses {
                        yield_now().await;
                    }
                    let item =
                        std::future::poll_fn(|cx| items.borrow_mut().poll_next_unpin(cx)).await;
                    if loses {
                        yield_now().await;
                    }
                    sum.set(sum.get() + item.unwrap());
                }
            }
        };
        (execute, move || {
            drop(open);
            let left: u8 = std::iter::from_fn(|| items.borrow_mut().next().now_or_never()?).sum();
            assert!(sum.get() + left == 3, "{} and {left} left", sum.get());
        })
    })
}

/// A right consumer: it awaits nothing between taking an item and handling it.
#[test]
fn consumer_that_loses_nothing() {
    assert_eq!(abort_consumer(false), 5);
}

#[cfg(panic = "unwind")]
mod mistakes {
    use super::*;

    #[test]
    fn loses_an_item_between_two_awaits() {
        let said = message(|| abort_consumer(true));
        assert_eq!(said, "0 and 2 left");
    }

    #[test]
    fn must_not_be_dropped_unfinished() {
        struct Transaction(bool);
        impl Drop for Transaction {
            fn drop(&mut self) {
                assert!(self.0, "not committed");
            }
        }
        let said = message(|| {
            abort_at_every_poll(|| {
                let execute = async {
                    let mut transaction = Transaction(false);
                    yield_now().await;
                    transaction.0 = true;
                };
                (execute, || {})
            })
        });
        assert_eq!(said, "not committed");
    }

    #[test]
    fn panics_by_itself() {
        let said = message(|| {
            abort_at_every_poll(|| {
                let execute = async {
                    yield_now().await;
                    panic!("no such index")
                };
                (execute, || {})
            })
        });
        assert_eq!(said, "no such index");
    }
}
