//! glommio.

use std::io;
use std::panic::catch_unwind;

use glommio::net::TcpListener;
use glommio::timer::sleep;
use glommio::{spawn_local, GlommioError, LocalExecutor, LocalExecutorBuilder, Placement};
use run_group_runtimes::{executor, suite, Listening};

use crate::{echo, LOOPBACK};

suite!(local_executor: local on Glommio, Spawn, Serve);

executor!(local Glommio {
    refusal: match catch_unwind(local_executor) {
        Ok(made) => made.err().map(|error| error.to_string()),
        Err(_) => Some("glommio panics, as it does where there is no io_uring".into()),
    },
    run: |future| local_executor().unwrap().run(future),
    sleep: sleep,
    spawn: spawn_local,
    serve: serve,
});

/// Returns an executor that locks little memory, because that is limited, and each running test has an executor.
fn local_executor() -> Result<LocalExecutor, GlommioError<()>> {
    LocalExecutorBuilder::new(Placement::Unbound).io_memory(64 << 10).make()
}

async fn serve(listening: Listening) -> io::Result<()> {
    let listener = TcpListener::bind(LOOPBACK)?;
    let _ = listening.send(listener.local_addr()?);
    loop {
        echo(listener.accept().await?).await;
    }
}
