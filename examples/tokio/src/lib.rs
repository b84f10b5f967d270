//! [`spawned`] runs the work of an actor as a Tokio task.

use std::future::Future;
use std::panic::resume_unwind;

use tokio_util::task::AbortOnDropHandle;

/// Spawns `work` as a task, awaits it, and returns its output. Aborts the task if it is dropped before that.
///
/// Use it as the `execute` of an actor. The task may run on any thread of the runtime, and has a budget of its own. If
/// the actor expires, the task is aborted.
///
/// # Panics
///
/// Panics if `work` panics, or if there is no Tokio runtime.
///
/// # Cancel safety
///
/// As cancel safe as `work`, because dropping it aborts the task. The runtime may drop `work` a little later.
///
/// # Examples
///
/// ```
/// use run_group::Group;
/// use run_group_tokio::spawned;
///
/// #[tokio::main]
/// async fn main() {
///     let mut group = Group::new();
///     group.add_with(|interrupted| {
///         spawned(async {
///             interrupted.await;
///             "interrupted"
///         })
///     });
///     group.add(async { "done" }, |_| {});
///
///     let exits = group.report().await;
///     assert_eq!(exits[1].output(), Some(&"interrupted"));
/// }
/// ```
pub async fn spawned<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match AbortOnDropHandle::new(tokio::spawn(work)).await {
        Ok(output) => output,
        // Only this handle could abort the task, so the task has panicked.
        Err(error) => resume_unwind(error.into_panic()),
    }
}
