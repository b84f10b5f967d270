//! [`Interrupted`], the future that resolves when an actor is interrupted, and [`Interrupt`], its other end.

#[cfg(not(any(feature = "portable-atomic", loom)))]
use alloc::sync::Arc;
use core::fmt;
use core::future::{poll_fn, Future};
use core::pin::{pin, Pin};
#[cfg(not(loom))]
use core::sync::atomic::AtomicU8;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};
#[cfg(all(feature = "std", not(loom)))]
use std::sync::Mutex;

use futures_util::future::FusedFuture;
#[cfg(not(loom))]
use futures_util::task::AtomicWaker;
#[cfg(all(feature = "portable-atomic", not(loom)))]
use portable_atomic_util::Arc;
#[cfg(feature = "std")]
use {alloc::boxed::Box, core::mem, slab::Slab, std::sync::PoisonError};

#[cfg(loom)]
use run_group_loom::{Arc, AtomicU8, AtomicWaker, Mutex}; // `tests/loom`, which compiles this file by itself

/// What the two ends share.
///
/// A `oneshot` channel would also work, but it is larger, because it has room for a value and for a second waker. There
/// is none for targets without compare-and-swap.
struct Shared {
    /// [`WAITING`] or, once interrupted, a number from [`INTERRUPTED`] to [`YIELDS`] that grows by 1 with each poll.
    ///
    /// It is only loaded and stored, because some targets have no compare-and-swap. If two threads poll at the same
    /// time, one poll is not counted, which is harmless.
    state: AtomicU8,
    /// The waker of the original.
    waker: AtomicWaker,
    /// The wakers of the clones that wait. `None` until one does, and forever once interrupted.
    #[cfg(feature = "std")]
    clones: Mutex<Option<Box<Slab<Waker>>>>,
}

const WAITING: u8 = 0;
/// An [`Interrupt`] was used or dropped. The next poll is the first since then.
const INTERRUPTED: u8 = 1;
/// The next poll yields. So one poll in 200 does, and never the first.
const YIELDS: u8 = 200;

impl Shared {
    /// Calls `f` with the wakers of the clones. `f` neither wakes nor drops any, because the mutex is locked.
    #[cfg(feature = "std")]
    fn with_clones<R>(&self, f: impl FnOnce(&mut Option<Box<Slab<Waker>>>) -> R) -> R {
        f(&mut self.clones.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Interrupts the other end, an [`Interrupted`], when you call [`interrupt`](Self::interrupt) or drop it.
///
/// [`Interrupted::channel`] makes the pair. A group makes one for each actor that is added with
/// [`add_with`](crate::Group::add_with) and keeps this end. [`Interrupted::other_end`] makes another, to stop that
/// actor alone.
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
#[doc(alias("CancellationToken", "DropGuard", "cancel"))]
pub struct Interrupt(Arc<Shared>);

impl Interrupt {
    /// Resolves the [`Interrupted`] at the other end, with its clones, and wakes the tasks that await them.
    ///
    /// Equivalent to dropping the `Interrupt`. If another end was used before, this does nothing.
    pub fn interrupt(self) {}
}

/// Interrupts the other end. So an `Interrupted` that is held elsewhere also resolves when the group is dropped.
impl Drop for Interrupt {
    fn drop(&mut self) {
        let shared = &*self.0;
        if shared.state.load(Ordering::Relaxed) == WAITING {
            shared.state.store(INTERRUPTED, Ordering::Release);
        }
        shared.waker.wake();
        #[cfg(feature = "std")]
        if let Some(clones) = shared.with_clones(mem::take) {
            wake_all(*clones);
        }
    }
}

/// Not inlined, because few actors clone their `Interrupted`: a life then takes 1 % fewer instructions.
#[cfg(feature = "std")]
#[inline(never)]
fn wake_all(clones: Slab<Waker>) {
    clones.into_iter().for_each(|(_, waker)| waker.wake());
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").finish_non_exhaustive()
    }
}

/// A future that resolves when its actor is interrupted.
///
/// Each actor that you add with [`add_with`](crate::Group::add_with) gets one. It resolves when the actor is
/// interrupted, or when its [`Interrupt`] is dropped: the group was dropped, or the actor has left.
///
/// It borrows nothing and is `Send`, so an actor can hand it to a thread or to a spawned task. A thread can wait for it
/// with a `block_on` of its own, or check [`is_interrupted`](Self::is_interrupted) between two pieces of work.
///
/// With `std` it is `Clone`, for an actor that needs it in several places. A clone resolves with the original.
///
/// # After the interruption
///
/// The first poll after the interruption is ready. After that it is ready whenever you poll it, except that one poll in
/// 200 yields: it wakes the task and returns `Pending` once. All clones share that count. So a loop that ignores the
/// interruption cannot keep its executor, its siblings and the grace period from running:
///
/// ```
/// use futures::{future, pin_mut};
/// use run_group::{Group, Interrupted};
///
/// async fn worker(mut interrupted: Interrupted, jobs: smol::channel::Receiver<u32>) {
///     loop {
///         let job = jobs.recv();
///         pin_mut!(job);
///         match future::select(&mut interrupted, job).await {
///             future::Either::Left(_) => {} // a bug: this should leave the loop
///             future::Either::Right(_) => { /* ... */ }
///         }
///     }
/// }
///
/// let (_send, jobs) = smol::channel::unbounded();
/// let mut group = Group::new();
/// group.add_with(|interrupted| worker(interrupted, jobs)).named("worker");
/// group.add(async {}, |_| {});
/// group.grace_period(|| smol::future::yield_now());
/// let report = smol::block_on(group.report());
/// assert_eq!(report[1].to_string(), "worker expired");
/// ```
///
/// For the same reason, `now_or_never` on it is `None` now and then. To look without waiting, call
/// [`is_interrupted`](Self::is_interrupted), which never yields.
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
/// group.add_with(|interrupted| async move {
///     interrupted.await;
///     "interrupted"
/// });
/// group.add(async { "done" }, |_| {});
///
/// let report = smol::block_on(group.report());
/// assert_eq!(report[1].output(), Some(&"interrupted"));
/// ```
#[doc(alias("CancellationToken", "token", "cancellation", "shutdown", "signal", "context"))]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Interrupted {
    shared: Arc<Shared>,
    /// Whether a poll was ready.
    is_terminated: bool,
    /// The key of the waker in [`Shared::clones`], if it is there, or [`NO_WAKER`] or [`ORIGINAL`]. With 32 bits, an
    /// `Interrupted` takes 16 bytes.
    #[cfg(feature = "std")]
    key: u32,
}

/// The key of the original, whose waker is in [`Shared::waker`].
#[cfg(feature = "std")]
const ORIGINAL: u32 = u32::MAX;
/// The key of a clone that has not waited.
#[cfg(feature = "std")]
const NO_WAKER: u32 = u32::MAX - 1;

impl Interrupted {
    /// Returns an `Interrupted` and the [`Interrupt`] that resolves it.
    ///
    /// Use it to test a function that takes an `Interrupted`, or to stop something that is not an actor.
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
            #[cfg(feature = "std")]
            clones: Mutex::new(None),
        });
        let interrupted = Self {
            shared: Arc::clone(&shared),
            is_terminated: false,
            #[cfg(feature = "std")]
            key: ORIGINAL,
        };
        (Interrupt(shared), interrupted)
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
    #[doc(alias("is_cancelled"))]
    pub fn is_interrupted(&self) -> bool {
        self.shared.state.load(Ordering::Acquire) != WAITING
    }

    /// Awaits `future` and returns its output, or returns `None` as soon as the actor is interrupted.
    ///
    /// If both happen at the same time, the interruption wins. Once the actor is interrupted, `future` is not polled
    /// again. It is dropped before `None` is returned. So use `unless` only with futures that are safe to cancel at any
    /// `.await`; [`abort_at_every_poll`](crate::testing::abort_at_every_poll) tests that.
    ///
    /// If `future` is a reference, as in `unless(&mut future)`, only the reference is dropped. Whatever the future
    /// itself holds, such as a lock, stays held until you drop it. An actor that then waits for that lock hangs:
    ///
    /// ```
    /// use run_group::Interrupted;
    /// use smol::lock::Mutex;
    /// use std::pin::pin;
    ///
    /// async fn save(interrupted: &mut Interrupted, file: &Mutex<Vec<u8>>) {
    ///     let mut write = Box::pin(async {
    ///         let mut file = file.lock().await;
    ///         std::future::pending::<()>().await; // ... slow writes ...
    ///         file.push(1);
    ///     });
    ///     if interrupted.unless(&mut write).await.is_none() {
    ///         assert!(file.try_lock().is_none()); // `file.lock().await` would wait forever
    ///         drop(write);
    ///         file.lock().await.clear();
    ///     }
    /// }
    ///
    /// # let (interrupt, mut interrupted) = Interrupted::channel();
    /// # let file = Mutex::new(Vec::new());
    /// # let mut save = pin!(save(&mut interrupted, &file));
    /// # assert!(smol::block_on(smol::future::poll_once(save.as_mut())).is_none());
    /// # interrupt.interrupt();
    /// # smol::block_on(save);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `future`, which is dropped with it. The `Interrupted` itself loses nothing.
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
    /// let report = smol::block_on(group.report());
    /// assert_eq!(report[1].output(), Some(&1));
    /// ```
    #[doc(alias("select", "race", "run_until_cancelled"))]
    pub async fn unless<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|cx| match Pin::new(&mut *self).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending if self.is_interrupted() => Poll::Pending, // it yields
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }

    /// Returns another [`Interrupt`] for this actor, to stop it alone.
    ///
    /// If the actor then returns, its [`was_interrupted`](crate::Exit::was_interrupted) is `false`, because the group
    /// has not interrupted it. With [`stops_if`](crate::Added::stops_if), the actor leaves and the group continues.
    ///
    /// Keep the value, because dropping it interrupts. If there are several ends, the first that you use interrupts,
    /// and the others then do nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// let (send, stop) = smol::channel::bounded(1);
    /// group.add_with(|interrupted| async move {
    ///     send.try_send(interrupted.other_end()).unwrap();
    ///     interrupted.await;
    /// }).stops_if(|_| false).named("logger");
    /// group.add(async move {
    ///     stop.recv().await.unwrap().interrupt();
    ///     smol::future::yield_now().await;
    ///     let running = handle.running().await;
    ///     assert_eq!(running.len(), 1); // only this actor: the logger has left
    /// }, |_| {});
    /// smol::block_on(group);
    /// # }
    /// ```
    #[doc(alias("child_token", "AbortHandle", "cancel"))]
    #[must_use = "dropping an `Interrupt` interrupts the actor"]
    pub fn other_end(&self) -> Interrupt {
        Interrupt(Arc::clone(&self.shared))
    }

    /// Makes an interruption wake this task. Returns `false` if it came before.
    fn register(&mut self, waker: &Waker) -> bool {
        #[cfg(feature = "std")]
        if self.key != ORIGINAL {
            return self.register_clone(waker.clone());
        }
        self.shared.waker.register(waker);
        // Check again: an interruption between the first check and the registration wakes nothing.
        let waits = !self.is_interrupted();
        if !waits {
            drop(self.shared.waker.take());
        }
        waits
    }

    /// Not inlined, because few actors clone their `Interrupted`.
    #[cfg(feature = "std")]
    #[inline(never)]
    fn register_clone(&mut self, waker: Waker) -> bool {
        let key = &mut self.key;
        let (waits, replaced) = self.shared.with_clones(|clones| {
            if self.shared.state.load(Ordering::Acquire) != WAITING {
                return (false, Some(waker)); // the interruption has taken the wakers, or will now take them
            }
            let clones = clones.get_or_insert_with(Box::default);
            if let Some(known) = clones.get_mut(*key as usize) {
                return (true, Some(mem::replace(known, waker)));
            }
            *key = u32::try_from(clones.insert(waker)).expect("fewer clones wait");
            (true, None)
        });
        drop(replaced); // outside the mutex
        waits
    }

    /// Drops the waker of a clone. Not inlined, for the same reason.
    #[cfg(feature = "std")]
    #[inline(never)]
    fn drop_clone(&self) {
        let key = self.key as usize;
        let remove = |clones: &mut Option<Box<Slab<_>>>| clones.as_mut()?.try_remove(key);
        drop(self.shared.with_clones(remove)); // outside the mutex
    }
}

impl Future for Interrupted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_interrupted() && self.register(cx.waker()) {
            return Poll::Pending;
        }
        let state = &self.shared.state;
        let polls = state.load(Ordering::Acquire);
        let yields = polls == YIELDS;
        let next = if yields { INTERRUPTED } else { polls + 1 };
        state.store(next, Ordering::Release); // passes on what the interrupting thread wrote
        if yields {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_terminated = true;
        Poll::Ready(())
    }
}

/// A clone resolves with the original. It has a waker of its own, and is not terminated, whatever the others have seen.
#[cfg(feature = "std")]
impl Clone for Interrupted {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), is_terminated: false, key: NO_WAKER }
    }
}

/// Drops the waker, so that a later interruption does not wake a task that no longer waits for it.
impl Drop for Interrupted {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        if self.key != ORIGINAL {
            return self.drop_clone();
        }
        if !self.is_interrupted() {
            drop(self.shared.waker.take());
        }
    }
}

/// Terminated once it was ready when polled, not as soon as it is interrupted. Otherwise `select!`, which skips
/// terminated futures, would never see the interruption.
impl FusedFuture for Interrupted {
    fn is_terminated(&self) -> bool {
        self.is_terminated
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted").field("is_interrupted", &self.is_interrupted()).finish()
    }
}
