//! The signal an actor waits for: [`Interrupted`].

#[cfg(not(feature = "portable-atomic"))]
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicU8, Ordering};
use core::task::{Context, Poll};

use futures_util::future::FusedFuture;
use futures_util::task::AtomicWaker;
#[cfg(feature = "portable-atomic")]
use portable_atomic_util::Arc;

/// Makes a signal and the end that gives it.
pub(crate) fn signal() -> (Interrupt, Interrupted) {
    let interrupt = Interrupt(Arc::default());
    let interrupted = Interrupted(Arc::clone(&interrupt.0));
    (interrupt, interrupted)
}

/// What the two ends share.
///
/// A `oneshot` channel would do as well, but it is larger, since it has room for a value and for a second waker, and it
/// does not exist on targets without compare-and-swap.
#[derive(Default)]
struct Signal {
    /// [`WAITING`], [`GIVEN`] or [`SEEN`], in this order.
    state: AtomicU8,
    waker: AtomicWaker,
}

const WAITING: u8 = 0;
/// The interrupt is gone.
const GIVEN: u8 = 1;
/// And [`Interrupted`] has said that it is ready.
const SEEN: u8 = 2;

/// The end that gives the signal, by being dropped.
///
/// That makes one rule of two: whoever waits is released when the interrupt is called, which drops this, and when the
/// group is dropped, which drops the interrupt.
pub(crate) struct Interrupt(Arc<Signal>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.state.store(GIVEN, Ordering::Release);
        self.0.waker.wake();
    }
}

/// A future that is ready once its actor is interrupted.
///
/// An actor that was added with [`add_with`](crate::Group::add_with) gets one. It resolves when the actor is
/// interrupted, or when the group is dropped, and from then on it is ready at once, however often it is polled.
///
/// It borrows nothing and may leave the group's thread, so that an actor can hand it to a thread or to a task
/// elsewhere; a thread waits for it with its own `block_on`.
///
/// It is not `Clone`, since it costs one allocation and most actors need one. Where several parts of an actor have to
/// know, `FutureExt::shared` of the `futures` crate makes clones of it.
///
/// # Cancel safety
///
/// Dropping it loses nothing and keeps nobody waiting. `&mut interrupted` may be awaited in several places, one after
/// the other.
///
/// # Examples
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add_with(|interrupted| async {
///     interrupted.await;
///     "told to stop"
/// });
/// group.add(async { "done" }, |_| {});
///
/// assert_eq!(smol::block_on(group), Some("done"));
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Interrupted(Arc<Signal>);

impl Future for Interrupted {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Signal { state, waker } = &*self.0;
        if state.load(Ordering::Acquire) == WAITING {
            waker.register(cx.waker());
            // It may have been given before the waker was there to be woken.
            if state.load(Ordering::Acquire) == WAITING {
                return Poll::Pending;
            }
        }
        state.store(SEEN, Ordering::Relaxed);
        Poll::Ready(())
    }
}

/// Nobody is woken who has dropped it.
impl Drop for Interrupted {
    fn drop(&mut self) {
        let Signal { state, waker } = &*self.0;
        if state.load(Ordering::Acquire) == WAITING {
            drop(waker.take());
        }
    }
}

/// Terminated once it has said that it is ready, not as soon as the signal is given: `select!` leaves a terminated future
/// out, so the interruption would never be seen.
impl FusedFuture for Interrupted {
    fn is_terminated(&self) -> bool {
        self.0.state.load(Ordering::Relaxed) == SEEN
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted")
            .field("terminated", &self.is_terminated())
            .finish()
    }
}
