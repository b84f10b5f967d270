//! A server: HTTP, gRPC, or whatever takes requests.

use std::future::Future;

use futures::stream::{StreamExt, TryStreamExt};
use smol::future::or;

use super::channel::Channel;
use super::world::World;
use super::Done;

/// A server that takes requests until it is told to drain, and is drained when it has answered them all.
pub struct Server {
    world: World,
    name: &'static str,
    /// How long each request takes, or why there will be no more.
    requests: Channel<Result<u64, &'static str>>,
}

impl Server {
    /// Makes a server that says when it answers.
    pub fn new(world: &World, name: &'static str) -> Self {
        Self {
            world: world.clone(),
            name,
            requests: Channel::default(),
        }
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Sends it a request that takes so many seconds. Returns whether it accepts.
    pub fn request(&self, seconds: u64) -> bool {
        self.requests.send(Ok(seconds))
    }

    /// Has it fail. Before its start this is a port in use, say, and later a broken listener.
    pub fn fail(&self, error: &'static str) {
        self.requests.send(Err(error));
    }

    /// Has it accept no more requests.
    pub fn drain(&self) {
        self.requests.close();
    }

    /// Serves until it is drained.
    pub async fn serve(&self) -> Done {
        let requests = self.requests.stream().map(Ok);
        requests
            .try_for_each_concurrent(None, |request| async move {
                self.world.after(request?).await;
                self.world.say(format_args!("{} answers", self.name));
                Ok(())
            })
            .await
    }

    /// Serves until it is told to stop, and then drains for so many seconds at most.
    pub async fn serve_until(&self, told: impl Future<Output = ()>, seconds: u64) -> Done {
        let stop = async {
            told.await;
            self.drain();
            self.world.after(seconds).await;
            Err("requests were cut off")
        };
        or(self.serve(), stop).await
    }
}
