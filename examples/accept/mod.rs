//! Accepts clients, and survives what any client or a busy system can cause.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use smol::net::{TcpListener, TcpStream};
use smol::Timer;

use super::terminal::eprintln;

/// Accepts one client. Fails only if the listener can no longer be used.
pub async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        let error = match listener.accept().await {
            Err(error) if !is_lost(&error) => error,
            accepted => return accepted,
        };
        // Too many files are open, or the client has disconnected. Neither lasts.
        eprintln!("cannot accept a client: {error}");
        Timer::after(Duration::from_millis(100)).await;
    }
}

/// Returns whether the error means that the listener can no longer be used.
fn is_lost(error: &io::Error) -> bool {
    // The system's error codes for a file that is closed, or is not a socket.
    const NO_SOCKET: &[i32] = if cfg!(windows) { &[10009, 10038] } else { &[9, 88] };
    error.kind() == ErrorKind::InvalidInput
        || matches!(error.raw_os_error(), Some(code) if NO_SOCKET.contains(&code))
}
