//! `FutureGroup` of `futures-concurrency`, with a `Vec` of interrupts as in [`by_hand`](crate::by_hand).

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use futures_channel::oneshot;
use futures_concurrency::future::FutureGroup;
use futures_util::stream::{Stream, StreamExt};

use crate::wake::{idle, Running, Wakes};

type Execute<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Interrupt = Box<dyn FnOnce() + Send>;

/// The life of a group, as a future.
pub async fn life(n: usize) -> Option<usize> {
    let last = n - 1;
    let mut running: FutureGroup<Execute<usize>> = FutureGroup::new();
    let mut interrupts: Vec<Interrupt> = Vec::new();
    for i in 0..n {
        let (tell, told) = oneshot::channel::<()>();
        running.insert(Box::pin(async move {
            if i != last {
                let _ = told.await;
            }
            i
        }));
        interrupts.push(Box::new(|| drop(tell)));
    }
    let first = running.next().await;
    interrupts.into_iter().for_each(|interrupt| interrupt());
    while running.next().await.is_some() {}
    first
}

impl<F: Future<Output = ()> + Unpin> Running for FutureGroup<F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(self).poll_next(cx).is_pending()
    }
}

/// Wakes in a running group.
pub fn wakes(n: usize) -> Wakes<FutureGroup<Execute<()>>> {
    Wakes::start(n, |wakers| {
        let mut group = FutureGroup::new();
        for _ in 0..n {
            group.insert(Box::pin(idle(wakers.clone())) as Execute<()>);
        }
        group
    })
}
