//! The suite on each executor.

mod async_global_executor;
mod async_std;
mod compio;
mod embassy;
mod futures;
#[cfg(target_os = "linux")]
mod glommio;
#[cfg(target_os = "linux")]
mod monoio;
mod pollster;
mod smol;
mod testing;
mod tokio;

use ::futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// An address with a free port.
const LOOPBACK: (&str, u16) = ("127.0.0.1", 0);

/// Echoes the four bytes that a client sends. It ignores a client that disconnects earlier.
async fn echo(mut client: impl AsyncRead + AsyncWrite + Unpin) {
    let mut word = [0; 4];
    if client.read_exact(&mut word).await.is_ok() {
        let _ = client.write_all(&word).await;
    }
}
