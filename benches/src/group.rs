//! `run-group`.

use std::future::Future;

use futures_channel::oneshot;
use run_group::Group;

/// Returns a group of `n` actors, added with [`Group::add_with`]. The last returns at once, the others when they are
/// interrupted.
pub fn of<'a>(n: usize) -> Group<'a, usize> {
    let mut group = Group::new();
    let last = n - 1;
    for i in 0..n {
        group.add_with(move |interrupted| async move {
            if i != last {
                interrupted.await;
            }
            i
        });
    }
    group
}

/// The life of a group whose actors are added with `add_with`, as a future.
pub async fn life(n: usize) -> Option<usize> {
    of(n).await
}

/// Adds an actor with [`Group::add`], which is interrupted in the way of [`by_hand`](crate::by_hand), through a `oneshot`
/// channel. If it does not wait for that, it returns at once.
fn add(group: &mut Group<'_, usize>, i: usize, waits: bool) {
    let (interrupt, interrupted) = oneshot::channel::<()>();
    let execute = async move {
        if waits {
            let _ = interrupted.await;
        }
        i
    };
    group.add(execute, |_| drop(interrupt));
}

/// Adds `n` actors with [`add`]. The last returns at once.
fn add_life(group: &mut Group<'_, usize>, n: usize) {
    (0..n).for_each(|i| add(group, i, i != n - 1));
}

/// Returns a group of `n` actors that all wait.
fn waiting<'a>(n: usize) -> Group<'a, usize> {
    let mut group = Group::new();
    (0..n).for_each(|i| add(&mut group, i, true));
    group
}

/// The life of a group whose actors are added with `add`. The same is true of all that follow.
pub async fn life_by_add(n: usize) -> Option<usize> {
    let mut group = Group::new();
    add_life(&mut group, n);
    group.await
}

/// One group that is filled again, this many rounds.
pub async fn refilled(n: usize, rounds: usize) -> Option<usize> {
    let mut group = Group::new();
    let mut first = None;
    for _ in 0..rounds {
        add_life(&mut group, n);
        first = (&mut group).await;
    }
    first
}

/// The life of a group that shuts down in `stages`, of `n` actors each. The one that returns at once is in the last stage.
pub async fn in_stages(stages: usize, n: usize) -> Option<usize> {
    let mut back = Group::new();
    add_life(&mut back, n);
    let mut group = Group::new();
    for _ in 1..stages {
        group = group.before(waiting(n));
    }
    group.before(back).await
}

/// The life of a group in a group, `depth` deep, each with `n` actors of its own. The one that returns at once is in the
/// innermost.
pub fn nested(depth: usize, n: usize) -> impl Future<Output = Option<usize>> {
    let mut group = Group::new();
    add_life(&mut group, n);
    for _ in 1..depth {
        let mut outer = waiting(n);
        // It returns by itself, which stops the outer one, so its interrupt does nothing.
        outer.add(async { group.await.unwrap_or(0) }, |_| {});
        group = outer;
    }
    group
}
