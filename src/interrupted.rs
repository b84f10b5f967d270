//! The signal an actor waits for: [`Interrupted`].

use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_channel::oneshot;
use futures_util::future::FusedFuture;
use futures_util::ready;

/// Makes a signal and the end that gives it, by being dropped.
///
/// Nothing is ever sent. That a drop is the signal is what makes one rule of two: whoever waits is released when the
/// interrupt is called, which drops its end, and when the group is dropped, which drops the interrupt.
pub(crate) fn signal() -> (oneshot::Sender<Infallible>, Interrupted) {
    let (sender, dropped) = oneshot::channel();
    (
        sender,
        Interrupted {
            dropped,
            terminated: false,
        },
    )
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
pub struct Interrupted {
    /// Resolves with an error when the other end is dropped.
    dropped: oneshot::Receiver<Infallible>,
    /// Whether this future has said that it is ready.
    ///
    /// The receiver's own answer will not do. It counts as terminated as soon as its other end is gone, and `select!`
    /// leaves a terminated future out, so the interruption would never be seen.
    terminated: bool,
}

impl Future for Interrupted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _canceled = ready!(Pin::new(&mut self.dropped).poll(cx));
        self.terminated = true;
        Poll::Ready(())
    }
}

impl FusedFuture for Interrupted {
    fn is_terminated(&self) -> bool {
        self.terminated
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupted")
            .field("terminated", &self.terminated)
            .finish()
    }
}
