//! [`Interrupted`], the future that resolves when an actor is interrupted, and [`Interrupt`], its other end.

#[cfg(not(any(feature = "portable-atomic", loom)))]
use alloc::sync::Arc;
use core::fmt;
use core::future::{poll_fn, Future};
use core::pin::{pin, Pin};
#[cfg(not(loom))]
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};

use futures_util::future::FusedFuture;
#[cfg(not(loom))]
use futures_util::task::AtomicWaker;
#[cfg(all(feature = "portable-atomic", not(loom)))]
use portable_atomic_util::Arc;

#[cfg(loom)]
use run_group_loom::{Arc, AtomicU8, AtomicWaker}; // `tests/loom`, which compiles this file by itself

/// What the two ends share.
///
/// A `oneshot` channel would also work, but it is larger, because it has room for a value and for a second waker. There
/// is none for targets without compare-and-swap.
struct Shared {
    /// [`WAITING`], [`INTERRUPTED`] or [`SEEN`], in this order.
    state: AtomicU8,
    waker: AtomicWaker,
}

const WAITING: u8 = 0;
/// [`Interrupt`] was dropped, by [`Interrupt::interrupt`] or otherwise.
const INTERRUPTED: u8 = 1;
/// [`Interrupted`] was ready when it was polled.
const SEEN: u8 = 2;

/// Interrupts the other end, an [`Interrupted`], when you call [`interrupt`](Self::interrupt) or drop it.
///
/// [`Interrupted::channel`] makes the pair. A group makes one for each actor that is added with
/// [`add_with`](crate::Group::add_with) and keeps this end.
///
/// # Examples
///
/// ```
/// use run_group::Interrupted;
///
/// let (interrupt, interrupted) = Interrupted::channel();
/// assert!(!interrupted.is_interrupted());
/// interrupt.interrupt();
/// assert!(interrupted.is_interrupted());
/// ```
pub struct Interrupt(Arc<Shared>);

impl Interrupt {
    /// Resolves the [`Interrupted`] at the other end, and wakes the task that awaits it.
    ///
    /// Equivalent to dropping the `Interrupt`.
    pub fn interrupt(self) {}
}

/// Interrupts the other end. So an `Interrupted` that is held elsewhere also resolves when the group is dropped.
impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.state.store(INTERRUPTED, Ordering::Release);
        self.0.waker.wake();
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").finish_non_exhaustive()
    }
}

/// A future that resolves when its actor is interrupted.
///
/// Each actor that you add with [`add_with`](crate::Group::add_with) gets one. It resolves when the actor is
/// interrupted, or when the group is dropped. After that, it stays ready, however often you poll it.
///
/// It borrows nothing and is `Send`, so an actor can hand it to a thread or to a spawned task. A thread can wait for it
/// with a `block_on` of its own, or check [`is_interrupted`](Self::is_interrupted) between two pieces of work.
///
/// It is not `Clone`, because that would make it larger, and most actors need only one. If several parts of an actor
/// need one, use `FutureExt::shared` of the `futures` crate.
///
/// # Cancel safety
///
/// Cancel safe: you can await `&mut interrupted` any number of times. Dropping the `Interrupted` drops its waker.
///
/// # Examples
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add_with(|interrupted| async {
///     interrupted.await;
///     "interrupted"
/// });
/// group.add(async { "done" }, |_| {});
///
/// let exits = smol::block_on(group.report());
/// assert_eq!(exits[1].output(), Some(&"interrupted"));
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Interrupted(Arc<Shared>);

impl Interrupted {
    /// Returns an `Interrupted` and the [`Interrupt`] that resolves it.
    ///
    /// Use it to test a function that takes an `Interrupted` without a group, or to request a shutdown from outside.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Interrupted;
    ///
    /// async fn worker(interrupted: Interrupted) -> u32 {
    ///     interrupted.await;
    ///     7
    /// }
    ///
    /// let (interrupt, interrupted) = Interrupted::channel();
    /// let worker = worker(interrupted);
    /// interrupt.interrupt();
    /// assert_eq!(smol::block_on(worker), 7);
    /// ```
    pub fn channel() -> (Interrupt, Self) {
        let shared = Arc::new(Shared {
            state: AtomicU8::new(WAITING),
            waker: AtomicWaker::new(),
        });
        (Interrupt(Arc::clone(&shared)), Self(shared))
    }

    /// Returns whether the actor has been interrupted, without waiting.
    ///
    /// Use it in code that does not await: a thread, or a long computation.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add_with(|interrupted| smol::unblock(move || {
    ///     while !interrupted.is_interrupted() {
    ///         std::thread::yield_now(); // ... one piece of the work ...
    ///     }
    /// }));
    /// group.add(async {}, |_| {});
    /// smol::block_on(group);
    /// ```
    pub fn is_interrupted(&self) -> bool {
        self.0.state.load(Ordering::Acquire) != WAITING
    }

    /// Awaits `future` and returns its output, or returns `None` as soon as the actor is interrupted.
    ///
    /// If both happen at the same time, the interruption wins: `future` is not polled again. It is dropped before
    /// `None` is returned. So use `unless` only with futures that are safe to cancel at any `.await`.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `future`, because dropping one drops the other. The `Interrupted` itself loses nothing.
    ///
    /// # Examples
    ///
    /// This worker takes jobs until it is interrupted.
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let (send, jobs) = smol::channel::unbounded();
    /// send.try_send("a job").unwrap();
    ///
    /// let mut group = Group::new();
    /// group.add_with(|mut interrupted| async move {
    ///     let mut finished = 0;
    ///     while let Some(Ok(_job)) = interrupted.unless(jobs.recv()).await {
    ///         finished += 1;
    ///     }
    ///     finished
    /// });
    /// group.add(async { 0 }, |_| {});
    ///
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].output(), Some(&1));
    /// ```
    pub async fn unless<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| match Pin::new(&mut *self).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

impl Future for Interrupted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_interrupted() {
            self.0.waker.register(cx.waker());
            // Check again: an interruption between the first check and the registration wakes nothing.
            if !self.is_interrupted() {
                return Poll::Pending;
            }
        }
        self.0.state.store(SEEN, Ordering::Relaxed);
        Poll::Ready(())
    }
}

/// Drops the waker, so that a later interruption does not wake a task that no longer waits for it.
impl Drop for Interrupted {
    fn drop(&mut self) {
        if !self.is_interrupted() {
            drop(self.0.waker.take());
        }
    }
}

/// Terminated once it was ready when polled, not as soon as it is interrupted. Otherwise `select!`, which skips
/// terminated futures, would never see the interruption.
impl FusedFuture for Interrupted {
    fn is_terminated(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == SEEN
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted")
            .field("is_interrupted", &self.is_interrupted())
            .finish()
    }
}
