//! What you would write by hand: a `FuturesUnordered` of boxed futures, and a `Vec` of boxed interrupts.

use std::future::Future;
use std::pin::Pin;

use futures_channel::oneshot;
use futures_util::stream::{FuturesUnordered, StreamExt};

type Execute<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Interrupt = Box<dyn FnOnce() + Send>;

/// The running futures, and their interrupts.
#[derive(Default)]
struct ByHand {
    running: FuturesUnordered<Execute<usize>>,
    interrupts: Vec<Interrupt>,
}

impl ByHand {
    fn add(&mut self, execute: Execute<usize>, interrupt: Interrupt) {
        self.running.push(execute);
        self.interrupts.push(interrupt);
    }

    /// Adds `n` futures, which return when they are interrupted. The `last` one returns at once.
    fn add_all(&mut self, n: usize, last: usize) {
        for i in 0..n {
            let (interrupt, interrupted) = oneshot::channel::<()>();
            let execute = async move {
                if i != last {
                    let _ = interrupted.await;
                }
                i
            };
            self.add(Box::pin(execute), Box::new(|| drop(interrupt)));
        }
    }

    async fn run(&mut self) -> Option<usize> {
        let first = self.running.next().await;
        self.interrupts.drain(..).for_each(|interrupt| interrupt());
        while self.running.next().await.is_some() {}
        first
    }
}

/// The life of a group, as a future.
pub async fn life(n: usize) -> Option<usize> {
    let mut group = ByHand::default();
    group.add_all(n, n - 1);
    group.run().await
}

/// One group that is filled and run again, `rounds` times.
pub async fn refilled(n: usize, rounds: usize) -> Option<usize> {
    let mut group = ByHand::default();
    let mut first = None;
    for _ in 0..rounds {
        group.add_all(n, n - 1);
        first = group.run().await;
    }
    first
}

/// The life of a group that shuts down in `stages`, of `n` actors each. The actor that returns at once is in the last
/// stage.
pub async fn in_stages(stages: usize, n: usize) -> Option<usize> {
    let mut running: FuturesUnordered<Execute<(usize, usize)>> = FuturesUnordered::new();
    let mut interrupts: Vec<Vec<Interrupt>> = Vec::new();
    let mut left = vec![n; stages];
    for stage in 0..stages {
        let mut of_stage: Vec<Interrupt> = Vec::new();
        for i in 0..n {
            let (interrupt, interrupted) = oneshot::channel::<()>();
            let waits = (stage, i) != (stages - 1, n - 1);
            running.push(Box::pin(async move {
                if waits {
                    let _ = interrupted.await;
                }
                (stage, i)
            }));
            of_stage.push(Box::new(|| drop(interrupt)));
        }
        interrupts.push(of_stage);
    }
    let (stage, first) = running.next().await?;
    left[stage] -= 1;
    for (stage, interrupts) in interrupts.into_iter().enumerate() {
        interrupts.into_iter().for_each(|interrupt| interrupt());
        while left[stage] > 0 {
            let (stage, _) = running.next().await?;
            left[stage] -= 1;
        }
    }
    Some(first)
}

/// The life of nested groups, `depth` deep, each with `n` actors of its own. The actor that returns at once is in the
/// innermost one.
pub async fn nested(depth: usize, n: usize) -> Option<usize> {
    let mut group = ByHand::default();
    group.add_all(n, n - 1);
    for _ in 1..depth {
        let mut outer = ByHand::default();
        outer.add_all(n, n);
        let inner = async move { group.run().await.unwrap_or(0) };
        outer.add(Box::pin(inner), Box::new(|| ()));
        group = outer;
    }
    group.run().await
}
