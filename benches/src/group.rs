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

/// Adds `n` actors with [`Group::add`], which are interrupted as in [`by_hand`](crate::by_hand), through a `oneshot`
/// channel each. The `last` one returns at once.
fn add_all(group: &mut Group<'_, usize>, n: usize, last: usize) {
    for i in 0..n {
        let (interrupt, interrupted) = oneshot::channel::<()>();
        let execute = async move {
            if i != last {
                let _ = interrupted.await;
            }
            i
        };
        group.add(execute, |_| drop(interrupt));
    }
}

/// The life of a group whose actors are added with `add`, as in all functions below.
pub async fn life_by_add(n: usize) -> Option<usize> {
    let mut group = Group::new();
    add_all(&mut group, n, n - 1);
    group.await
}

/// One group that is filled and run again, `rounds` times.
pub async fn refilled(n: usize, rounds: usize) -> Option<usize> {
    let mut group = Group::new();
    let mut first = None;
    for _ in 0..rounds {
        add_all(&mut group, n, n - 1);
        first = (&mut group).await;
    }
    first
}

/// The life of a group that shuts down in `stages`, of `n` actors each. The actor that returns at once is in the last
/// stage.
pub async fn in_stages(stages: usize, n: usize) -> Option<usize> {
    let mut back = Group::new();
    add_all(&mut back, n, n - 1);
    let mut group = Group::new();
    for _ in 1..stages {
        let mut front = Group::new();
        add_all(&mut front, n, n);
        group = group.before(front);
    }
    group.before(back).await
}

/// The life of nested groups, `depth` deep, each with `n` actors of its own. The actor that returns at once is in the
/// innermost one.
pub fn nested(depth: usize, n: usize) -> impl Future<Output = Option<usize>> {
    let mut group = Group::new();
    add_all(&mut group, n, n - 1);
    for _ in 1..depth {
        let mut outer = Group::new();
        add_all(&mut outer, n, n);
        // The inner group returns by itself and so stops the outer one. Its interrupt does nothing.
        outer.add(async { group.await.unwrap_or(0) }, |_| {});
        group = outer;
    }
    group
}
