//! `tokio-graceful-shutdown`.
//!
//! A subsystem that returns `Ok` does not stop the others, so the first one requests the shutdown. Subsystems have no
//! output, so each stores its own in a cell that keeps the first. The required deadline is never reached.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};

/// The life of a group.
pub fn life(runtime: &Runtime, n: usize) -> Option<usize> {
    let last = n - 1;
    let first = Arc::new(OnceLock::new());
    let output = first.clone();
    runtime.block_on(async {
        let start = async move |toplevel: &mut SubsystemHandle| {
            for i in 0..n {
                let output = output.clone();
                let subsystem = async move |handle: &mut SubsystemHandle| {
                    if i != last {
                        handle.on_shutdown_requested().await;
                    }
                    let _ = output.set(i);
                    handle.request_shutdown();
                    Ok::<(), Infallible>(())
                };
                toplevel.start(SubsystemBuilder::new("actor", subsystem));
            }
        };
        let toplevel: Toplevel = Toplevel::new(start);
        let ended = toplevel.handle_shutdown_requests(Duration::from_secs(3600));
        ended.await.ok()?;
        first.get().copied()
    })
}
