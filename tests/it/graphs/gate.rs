//! A gate: in Go, a channel that is only ever closed.

use std::convert::Infallible;

use super::channel::Channel;

/// A gate that any number of actors can wait for. Once open, it stays open.
#[derive(Debug, Default)]
pub struct Gate(Channel<Infallible>);

impl Gate {
    /// Opens the gate. It may be open already.
    pub fn open(&self) {
        self.0.close();
    }

    /// Returns whether the gate is open.
    pub fn is_open(&self) -> bool {
        self.0.is_closed()
    }

    /// Waits until the gate is open.
    pub async fn opened(&self) {
        self.0.receive().await;
    }
}
