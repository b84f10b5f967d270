//! A server that is interrupted at every poll while a client talks to it.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use futures::channel::oneshot;
use futures::{join, FutureExt};
use run_group::testing::interrupt_at_every_poll_on;
use run_group::Interrupted;
use smol::future::or;
use smol::Timer;

/// How long a run may take. Only a failing test ever waits for it.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs a server and a client at once, on smol, and interrupts the server at every poll of the two. Returns both outputs
/// of each run.
///
/// In the last run, the client is done before that. Then the server is interrupted because it would wait for the next
/// client for ever.
#[track_caller]
pub fn interrupt_while_it_serves<S: Future, C: Future>(
    serve: impl Fn(TcpListener, Interrupted) -> S,
    client: impl Fn(SocketAddr) -> C,
) -> Vec<(S::Output, C::Output)> {
    interrupt_at_every_poll_on(on_smol, |interrupted| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (interrupt, server_interrupted) = Interrupted::channel();
        let (done, is_done) = oneshot::channel::<()>();

        let served = serve(listener, server_interrupted);
        let talk = client(address);
        async move {
            let relay = async {
                or(interrupted, is_done.map(|_canceled| ())).await;
                interrupt.interrupt();
            };
            let talk = async {
                let output = talk.await;
                drop(done);
                output
            };
            let ((), served, talked) = join!(relay, served, talk);
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
