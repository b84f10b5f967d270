//! What `src/interrupted.rs` imports under `--cfg loom`, with loom's types.

#[cfg(not(loom))]
compile_error!("this needs RUSTFLAGS=\"--cfg loom\": run `bash .ci/loom`");

use std::task::Waker;

pub use loom::sync::{atomic::AtomicU8, Arc, Mutex};

/// loom's `AtomicWaker`, with the method names of `futures_util`.
pub struct AtomicWaker(loom::future::AtomicWaker);

impl AtomicWaker {
    #[allow(clippy::new_without_default)] // the file under test calls `new`
    pub fn new() -> Self {
        Self(loom::future::AtomicWaker::new())
    }

    pub fn register(&self, waker: &Waker) {
        self.0.register_by_ref(waker);
    }

    pub fn wake(&self) {
        self.0.wake();
    }

    pub fn take(&self) -> Option<Waker> {
        self.0.take_waker()
    }
}
