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

/// A right consumer: it awaits nothing between taking an item and handling it.
#[test]
fn consumer_that_loses_nothing() {
    let runs = abort_at_every_poll(|| {
        let (open, items) = two_items();
        let (items, sum) = (Rc::new(RefCell::new(items)), Rc::new(Cell::new(0)));
        let execute = {
            let (items, sum) = (items.clone(), sum.clone());
            async move {
                loop {
                    yield_now().await;
                    let item =
                        std::future::poll_fn(|cx| items.borrow_mut().poll_next_unpin(cx)).await;
                    sum.set(sum.get() + item.unwrap());
                }
            }
        };
        (execute, move || {
            drop(open);
            let left: u8 = std::iter::from_fn(|| items.borrow_mut().next().now_or_never()?).sum();
            assert_eq!(sum.get() + left, 3);
        })
    });
    assert_eq!(runs, 5);
}

#[cfg(panic = "unwind")]
mod mistakes {
    use super::*;

    /// Waits once, and then clears a flag.
    async fn then_clear(flag: &Cell<bool>) {
        yield_now().await;
        flag.set(false);
    }

    #[test]
    fn loses_an_item_between_two_awaits() {
        let said = message(|| {
            abort_at_every_poll(|| {
                let (open, items) = two_items();
                let (items, sum) = (Rc::new(RefCell::new(items)), Rc::new(Cell::new(0)));
                let execute = {
                    let (items, sum) = (items.clone(), sum.clone());
                    async move {
                        loop {
                            let item =
                                std::future::poll_fn(|cx| items.borrow_mut().poll_next_unpin(cx))
                                    .await;
                            yield_now().await;
                            sum.set(sum.get() + item.unwrap());
                        }
                    }
                };
                (execute, move || {
                    drop(open);
                    let left: u8 =
                        std::iter::from_fn(|| items.borrow_mut().next().now_or_never()?).sum();
                    assert!(sum.get() + left == 3, "{} and {left} left", sum.get());
                })
            })
        });
        assert_eq!(said, "0 and 2 left");
    }

    #[test]
    fn leaves_a_lock_held() {
        let is_locked = Cell::new(false);
        let said = message(|| {
            abort_at_every_poll(|| {
                let execute = async {
                    is_locked.set(true);
                    then_clear(&is_locked).await;
                };
                (execute, || assert!(!is_locked.get(), "it is locked"))
            })
        });
        assert_eq!(said, "it is locked");
    }

    #[test]
    fn moves_money_in_two_steps() {
        let (from, to) = (Cell::new(10), Cell::new(0));
        let said = message(|| {
            abort_at_every_poll(|| {
                let execute = async {
                    yield_now().await;
                    from.set(from.get() - 1);
                    yield_now().await;
                    to.set(to.get() + 1);
                };
                (execute, || assert_eq!(from.get() + to.get(), 10))
            })
        });
        assert!(said.contains("left: 9\n right: 10"), "{said}");
    }

    /// The caller waits for an answer that does not come.
    #[test]
    fn answers_late() {
        let said = message(|| {
            abort_at_every_poll(|| {
                let (question, mut questions) = mpsc::unbounded();
                let (answer, mut answered) = futures::channel::oneshot::channel();
                question.unbounded_send(answer).unwrap();
                let execute = async move {
                    let answer = questions.next().await.unwrap();
                    yield_now().await;
                    answer.send(7).unwrap();
                };
                (execute, move || {
                    drop(question);
                    answered.try_recv().expect("there was a server");
                })
            })
        });
        assert_eq!(said, "there was a server: Canceled");
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
