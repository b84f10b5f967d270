//! Go's channel.

use futures::Stream;
use smol::channel::{unbounded, Receiver, Sender};

/// Both ends of a channel. Only `close` closes it; dropping the other users of the channel does not.
#[derive(Debug)]
pub struct Channel<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

impl<T> Channel<T> {
    /// Sends a value. Returns whether the channel was open.
    pub fn send(&self, value: T) -> bool {
        self.sender.try_send(value).is_ok()
    }

    /// Receives the next value, or `None` once the channel is closed and empty.
    pub async fn receive(&self) -> Option<T> {
        self.receiver.recv().await.ok()
    }

    /// Returns the values that wait in the channel.
    #[cfg(feature = "std")] // no other test needs it
    pub fn take(&self) -> Vec<T> {
        std::iter::from_fn(|| self.receiver.try_recv().ok()).collect()
    }

    /// Returns a stream of the values until the channel is closed and empty.
    pub fn stream(&self) -> impl Stream<Item = T> {
        self.receiver.clone()
    }

    /// Closes the channel. It may be closed already.
    pub fn close(&self) {
        self.sender.close();
    }

    /// Returns whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl<T> Default for Channel<T> {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver }
    }
}
