//! The OS signals that stop an example: Ctrl-C and, except on Windows, SIGTERM.

use std::future::pending;

use async_signal::Signal;
use futures::StreamExt;

const SIGNALS: &[Signal] =
    if cfg!(windows) { &[Signal::Int] } else { &[Signal::Int, Signal::Term] };

pub struct Signals(async_signal::Signals);

impl Signals {
    /// Listens from now on, so that no later signal is missed.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self(async_signal::Signals::new(SIGNALS)?))
    }

    /// Returns when a signal arrives.
    pub async fn next(&self) -> anyhow::Result<()> {
        (&self.0).next().await.transpose()?;
        Ok(())
    }

    /// Returns when a second signal arrives. If that fails, waits forever, because an error must not force a shutdown.
    #[allow(dead_code)] // only examples with a grace period call it
    pub async fn second(&self) {
        if self.next().await.is_err() {
            pending().await
        }
    }
}
