//! A TCP connection to an example that is a server.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Addresses that every server refuses.
pub const BAD_ADDRESSES: [&str; 4] = ["7007", "127.0.0.1", "127.0.0.1:70000", ""];

/// Connects a client that fails when it hangs.
#[track_caller]
pub fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    client.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    client
}

/// Disconnects with a reset, as a client does that crashes.
#[cfg(unix)]
#[track_caller]
pub fn reset(client: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
}

/// Reads until the server closes the connection.
#[track_caller]
pub fn rest(client: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    rest
}
