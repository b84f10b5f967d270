//! The other subjects.

pub mod futures_concurrency;
pub mod smol;
pub mod tokio;
pub mod tokio_graceful_shutdown;
