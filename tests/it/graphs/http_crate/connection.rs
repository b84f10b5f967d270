//! A connection in memory.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};
use futures::stream::{BoxStream, IntoAsyncRead, StreamExt, TryStreamExt};

use crate::graphs::channel::Channel;

/// The client's end.
pub struct Client {
    requests: Channel<io::Result<String>>,
    answers: Arc<Channel<Vec<u8>>>,
}

/// The server's end.
pub struct Connection {
    requests: IntoAsyncRead<BoxStream<'static, io::Result<String>>>,
    answers: Arc<Channel<Vec<u8>>>,
}

/// Returns both ends of a new connection.
pub fn connect() -> (Client, Connection) {
    let client = Client { requests: Channel::default(), answers: Arc::default() };
    let connection = Connection {
        requests: client.requests.stream().boxed().into_async_read(),
        answers: client.answers.clone(),
    };
    (client, connection)
}

impl Client {
    pub fn send(&self, request: &str) {
        self.requests.send(Ok(format!("{request}\n")));
    }

    /// Ends the requests.
    pub fn leave(&self) {
        self.requests.close();
    }

    pub fn reset(&self) {
        self.requests.send(Err(ErrorKind::ConnectionReset.into()));
        self.answers.close();
    }

    /// Returns what the server has sent since the last call.
    pub fn received(&self) -> String {
        String::from_utf8(self.answers.take().concat()).unwrap()
    }

    /// Returns whether the server has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.answers.is_closed()
    }

    /// Returns how many requests the server has not read.
    pub fn unread(&self) -> usize {
        self.requests.take().len()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.requests).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.answers.send(bytes.to_vec()) {
            true => Ok(bytes.len()),
            false => Err(ErrorKind::ConnectionReset.into()),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.answers.close();
        Poll::Ready(Ok(()))
    }
}
