//! One wake in a running group.

use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FuturesUnordered, Stream};
use run_group::Group;

/// How often all actors were polled. There is only one thread, so it needs no atomic addition.
static POLLS: AtomicUsize = AtomicUsize::new(0);

pub(crate) type Wakers = Arc<Mutex<Vec<Waker>>>;

/// An actor that stores its waker in its first poll, and never returns. Its polls only count.
pub(crate) async fn idle(wakers: Wakers) {
    let mut leaves = Some(wakers);
    poll_fn(|cx| {
        if let Some(wakers) = leaves.take() {
            wakers.lock().unwrap().push(cx.waker().clone());
        }
        POLLS.store(POLLS.load(Relaxed) + 1, Relaxed);
        Poll::Pending
    })
    .await
}

/// A future or stream that is polled and is not ready.
pub trait Running: Unpin {
    /// Polls it. Returns whether it is pending.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;
}

impl Running for Group<'static, ()> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(self).poll(cx).is_pending()
    }
}

impl<F: Future<Output = ()>> Running for FuturesUnordered<F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(self).poll_next(cx).is_pending()
    }
}

/// A running group of idle actors, and the order in which they are woken.
pub struct Wakes<G> {
    group: G,
    wakers: Vec<Waker>,
    /// The next actor to wake.
    next: usize,
    /// The distance from one actor to the next. It is coprime to their number, so every actor is woken.
    step: usize,
}

impl<G: Running> Wakes<G> {
    /// Starts the group that `make` makes of `n` idle actors.
    pub(crate) fn start(n: usize, make: impl FnOnce(Wakers) -> G) -> Self {
        let left = Wakers::default();
        let mut group = make(left.clone());
        let mut cx = Context::from_waker(Waker::noop());
        while left.lock().unwrap().len() < n {
            assert!(group.poll(&mut cx));
        }
        // The golden ratio, so that the next actor is far from the previous ones.
        let mut step = (n as f64 * 0.618) as usize;
        while divisor(step, n) > 1 {
            step += 1;
        }
        let wakers = std::mem::take(&mut *left.lock().unwrap());
        Self { group, wakers, next: 0, step }
    }

    /// Wakes an actor, a different one each time, and polls the group.
    pub fn another(&mut self) {
        self.next = (self.next + self.step) % self.wakers.len();
        self.same();
    }

    /// Wakes the actor that was woken last, and polls the group.
    pub fn same(&mut self) {
        let before = POLLS.load(Relaxed);
        self.wakers[self.next].wake_by_ref();
        assert!(self.group.poll(&mut Context::from_waker(Waker::noop())));
        assert_eq!(POLLS.load(Relaxed), before + 1, "a wake polls one actor");
    }
}

fn divisor(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        _ => divisor(b, a % b),
    }
}

/// In a group.
pub fn group(n: usize) -> Wakes<Group<'static, ()>> {
    Wakes::start(n, |wakers| {
        let mut group = Group::new();
        for _ in 0..n {
            group.add_abortable(idle(wakers.clone()));
        }
        group
    })
}

/// In a `FuturesUnordered` of boxed futures. These may differ in type, like the actors of a group.
pub fn boxed(n: usize) -> Wakes<FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>> {
    Wakes::start(n, |wakers| {
        let boxed = || Box::pin(idle(wakers.clone())) as Pin<Box<_>>;
        (0..n).map(|_| boxed()).collect()
    })
}

/// In a `FuturesUnordered` of futures of one type.
pub fn typed(n: usize) -> Wakes<FuturesUnordered<impl Future<Output = ()>>> {
    Wakes::start(n, |wakers| (0..n).map(|_| idle(wakers.clone())).collect())
}
