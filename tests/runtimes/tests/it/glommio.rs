//! glommio.

use std::io;
use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::time::Duration;

use futures::channel::oneshot;
use glommio::net::TcpListener;
use glommio::timer::sleep;
use glommio::{spawn_local, GlommioError, LocalExecutor, LocalExecutorBuilder, Placement};
use run_group_runtimes::{local, suite};

use crate::{echo, LOOPBACK};

suite!(local_executor: local on Glommio, Spawn, Serve);

struct Glommio;

/// Returns an executor that locks little memory, because that is limited, and each running test has an executor.
fn executor() -> Result<LocalExecutor, GlommioError<()>> {
    LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10).make()
}

impl local::Runtime for Glommio {
    fn refusal() -> Option<String> {
        match catch_unwind(executor) {
            Ok(made) => made.err().map(|error| error.to_string()),
            Err(_) => Some("glommio panics, as it does where there is no io_uring".into()),
        }
    }

    fn run(future: local::Task) {
        executor().unwrap().run(future);
    }

    fn sleep(duration: Duration) -> local::Task {
        Box::pin(sleep(duration))
    }
}

impl local::Spawn for Glommio {
    fn spawn(task: local::Task) -> local::Task {
        Box::pin(spawn_local(task))
    }
}

impl local::Serve for Glommio {
    fn serve(listening: oneshot::Sender<SocketAddr>) -> local::Task<io::Result<()>> {
        Box::pin(async {
            let listener = TcpListener::bind(LOOPBACK)?;
            let _ = listening.send(listener.local_addr()?);
            loop {
                echo(listener.accept().await?).await;
            }
        })
    }
}
