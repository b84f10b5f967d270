//! A server of any kind: HTTP, gRPC, SSH.

use std::future::Future;

use futures::stream::{StreamExt, TryStreamExt};
use smol::future::or;

use super::channel::Channel;
use super::world::World;
use super::Done;

/// A server that accepts requests until it drains. It is drained when it has answered them all.
pub struct Server {
    world: World,
    name: &'static str,
    /// How long each request takes in seconds, or the error that ends the server.
    requests: Channel<Result<u64, &'static str>>,
}

impl Server {
    /// Returns a server that logs its answers.
    pub fn new(world: &World, name: &'static str) -> Self {
        Self { world: world.clone(), name, requests: Channel::default() }
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Sends it a request that takes `seconds`. Returns whether the server accepts it.
    pub fn request(&self, seconds: u64) -> bool {
        self.requests.send(Ok(seconds))
    }

    /// Makes it fail: with a port in use before its start, say, or a broken listener later.
    pub fn fail(&self, error: &'static str) {
        self.requests.send(Err(error));
    }

    /// Makes it accept no more requests.
    pub fn drain(&self) {
        self.requests.close();
    }

    /// Serves until it is drained.
    pub async fn serve(&self) -> Done {
        let requests = self.requests.stream().map(Ok);
        requests
            .try_for_each_concurrent(None, |request| async move {
                self.world.after(request?).await;
                self.world.log(format_args!("{} answers", self.name));
                Ok(())
            })
            .await
    }

    /// Serves until `stop` is ready, and then drains for at most `seconds`.
    pub async fn serve_until(&self, stop: impl Future<Output = ()>, seconds: u64) -> Done {
        let stop = async {
            stop.await;
            self.drain();
            self.world.after(seconds).await;
            Err("requests were cut off")
        };
        or(self.serve(), stop).await
    }
}
