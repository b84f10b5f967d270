//! A server that is interrupted at every poll while a client talks to it.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use futures::channel::oneshot::channel;
use futures::{join, FutureExt};
use run_group::testing::interrupt_at_every_poll_on;
use run_group::Interrupted;
use smol::future::or;
use smol::Timer;

pub use futures::channel::oneshot::Sender;

/// How long a run may take. Only a failing test ever waits for it.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs a server and a client together on smol, and interrupts the server at every poll of the two. Returns both
/// outputs of each run.
///
/// In the last run, the client drops its `Sender` before that. This interrupts the server as well, because the server
/// would wait for the next client, and the run would wait for its time limit.
#[track_caller]
pub fn interrupt_while_it_serves<S: Future, C: Future>(
    serve: impl Fn(TcpListener, Interrupted) -> S,
    client: impl Fn(SocketAddr, Sender<()>) -> C,
) -> Vec<(S::Output, C::Output)> {
    interrupt_at_every_poll_on(on_smol, |interrupted| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (interrupt, server_interrupted) = Interrupted::channel();
        let (done, is_done) = channel();

        let served = serve(listener, server_interrupted);
        let talked = client(address, done);
        async {
            let relay = async {
                or(interrupted, is_done.map(|_dropped| ())).await;
                interrupt.interrupt();
            };
            let ((), served, talked) = join!(relay, served, talked);
            (served, talked)
        }
    })
}

/// Runs a future on smol, within the limit.
pub fn on_smol<F: Future>(run: F) -> Option<F::Output> {
    let limit = async {
        Timer::after(LIMIT).await;
        None
    };
    smol::block_on(or(async { Some(run.await) }, limit))
}
