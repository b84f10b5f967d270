//! [`Group`] and [`LocalGroup`]: add actors, set limits and observers, run the group.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::{poll_fn, Future};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::future::{FusedFuture, FutureExt};
use futures_util::ready;

use crate::actor::{self, Profile};
use crate::exit::Exit;
use crate::handle::Handle;
use crate::history::History;
use crate::interrupted::Interrupted;
use crate::kind::{BoxedActor, HasHandles, Kind, Local, Shared};
use crate::machine::Machine;
use crate::report::Report;
use crate::running::{Running, Waiting};

/// A group of actors that run together and shut down together.
///
/// An actor is a pair: *execute*, a future that does the work, and *interrupt*, a function that asks it to return. The
/// group is a future that polls them all. When the first actor exits, for whatever reason, the group calls every
/// interrupt. It finishes once all actors have exited. The first exit is the *cause*. oklog/run works in the same way.
///
/// An actor that should not stop the group when it is done may [leave](Added::stops_if).
///
/// There are three ways to run a group. They return different things:
///
/// - [`group.run().await`](Self::run) returns a `Result<(), E>`: the first error, before or during the shutdown.
/// - [`group.report().await`](Self::report) returns a [`Report<T>`]: every exit of the shutdown, the cause first.
/// - `group.await` returns an `Option<T>`: the output of the cause, as in oklog/run.
///
/// Nothing stops a group that has no actors, or whose actors have all [left](Added::stops_if). It then returns
/// `Ok(())`, an empty report, or `None`.
///
/// `'a` is what the actors may borrow, and `T` is what they return. Declare whatever actors and observers borrow before
/// the group, because the group may use it until it is dropped.
///
/// Actors must be `Send`, and the group is `Send` if `T` is. If the compiler says "cannot be sent between threads
/// safely", use a [`LocalGroup`], made with [`Group::local`].
///
/// The last parameter distinguishes the two types, and you never write it: `S` is `Shared` in `Group<'a, T>` and
/// `Local` in `LocalGroup<'a, T>`. These and their trait `Kind` cannot be named outside this crate.
///
/// # When it has finished
///
/// - Every actor has exited, and its future was dropped as soon as it exited. A group spawns nothing, so nothing that
///   it started is still running.
/// - Every interrupt was called once, in the order of adding within each stage, except those of actors that had left.
/// - The group is empty again: one stage, no settings, indices from 0. Its handles are closed. You can add actors and
///   run it again. If you poll it while it is empty, it is ready with `None`, drops its settings and closes its
///   handles.
///
/// A group does *not* guarantee that the threads and tasks that an actor started have ended. Await them in the actor.
///
/// # Adding while it runs
///
/// `&mut group` is a future too, so you can add an actor between two polls. The next poll of the group polls the new
/// actor, after the actors that were woken before you added it. If the group yields first, the new actor is polled in a
/// later poll. If the group is shutting down by then, the actor is interrupted before its first poll. Adding does not
/// wake the task; make sure the group is polled again. From anywhere else, add actors through a [handle](Self::handle),
/// which wakes the task.
///
/// In oklog/run, an actor that is added while the group runs never starts.
///
/// # Panics
///
/// With the feature `std`, a panic of an actor's future is that actor's exit, and the other actors still shut down in
/// order. In oklog/run, it ends the program. A panic in an interrupt does not keep the other interrupts from being
/// called. Its own actor can no longer be asked to return, so it is dropped. When all actors have exited, `await` and
/// `run` resume the first panic that happened. `report` returns panics as outcomes.
///
/// A panic in an [observer](Self::on_exit) or in a [grace period](Self::grace_period) does not disturb the shutdown.
/// The observer is called again for the next exit; the grace period counts as over, for that stage. Such a panic
/// belongs to no exit, so `report` resumes it, too. It also resumes a panic in [`stops_if`](Added::stops_if), and one
/// in the drop of the interrupt or the output of an actor that leaves. The panic of an actor that leaves is not
/// resumed.
///
/// The group drops the outputs that it does not return. If dropping one panics, the others are still dropped, and then
/// the first such panic is resumed.
///
/// On a 32-bit target, a group has room for 2³² − 1 actors in its life. Adding one more panics. If a handle adds it,
/// the poll that takes it in panics.
///
/// Without `std`, a panic cannot be caught: it unwinds through the group. Afterwards `poll` still returns, but the
/// group may never finish: an actor that panicked is dropped and does not count as exited. All you can do with the
/// group then is drop it. That drops every actor.
///
/// # Cancel safety
///
/// `(&mut group).await` is cancel safe: dropping it and awaiting again loses nothing. But while nothing awaits it, its
/// actors do not run. So in a loop over `select(&mut group, tick)`, the code that handles a tick must not wait for an
/// actor of the group, for example to release a lock: it would wait forever.
///
/// Dropping an unfinished group, or the future of `run` or `report`, drops every actor where it is, in no particular
/// order. It calls no interrupt. An [`Interrupted`] that is held elsewhere resolves. If dropping an actor panics, the
/// others are still dropped, and then the panic continues.
///
/// # Examples
///
/// The first actor waits until it is interrupted. The second returns, and so stops the group.
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add_with(|interrupted| async move {
///     interrupted.await;
///     Ok(())
/// });
/// group.add(async { Err("disk full") }, |_| {});
///
/// assert_eq!(smol::block_on(group.run()), Err("disk full"));
/// ```
#[doc(alias("graceful", "graceful shutdown", "shutdown", "supervisor", "errgroup", "task group"))]
#[must_use = "a group does nothing unless you `.await`, `run` or `report` it"]
pub struct Group<'a, T, S: Kind = Shared> {
    machine: Machine<'a, T, S>,
    /// Whether the group has finished, and no actor was added and no handle made since then.
    is_terminated: bool,
}

/// A [`Group`] whose actors need not be `Send`.
///
/// [`Group::local`] makes one. It is an alias of [`Group`] with a different last parameter, and is itself not `Send`.
/// `Group::default()` can be either, so it needs a type annotation where [`Group::new`] and [`Group::local`] do not.
///
/// # Examples
///
/// ```
/// use run_group::Group;
/// use std::rc::Rc;
///
/// let shared = Rc::new(7);
/// let mut group = Group::local();
/// group.add(async { *shared }, |_| {});
/// assert_eq!(smol::block_on(group), Some(7));
/// ```
pub type LocalGroup<'a, T> = Group<'a, T, Local>;

// The methods that add an actor are inlined. Not inlined, each type of actor takes up to 13 % more code, because its
// drop is compiled twice.
impl<'a, T> Group<'a, T> {
    /// Returns a group without actors.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { 7 }, |_| {});
    /// assert_eq!(smol::block_on(group), Some(7));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an actor: `execute` does the work, and `interrupt` asks it to return.
    ///
    /// The contract between the two is that of oklog/run:
    ///
    /// - Once `interrupt` has been called, `execute` must return soon. If it does not, the group waits until the [grace
    ///   period](Self::grace_period) ends, or forever if there is none.
    /// - `interrupt` is called exactly once when the group shuts down: before `execute` is first polled, while it
    ///   works, or after it has returned. It is called even if this actor was the cause, but not if it has
    ///   [left](Added::stops_if).
    ///
    /// `interrupt` gets the exit of the cause. It is called while the group is polled, so it must not block. Do slow
    /// cleanup in `execute`: there, actors clean up concurrently, the grace period limits them, and the group reports
    /// their output. See [Draining](crate::guide::recipes#draining).
    ///
    /// If the interrupt only has to complete a future that `execute` awaits, use [`add_with`](Self::add_with).
    ///
    /// Call [`named`](Added::named) on the returned [`Added`] to name the actor.
    ///
    /// # Panics
    ///
    /// Panics if the group has [no room](Self#panics) for another actor.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let (close, closed) = smol::channel::bounded::<()>(1);
    /// let mut group = Group::new();
    /// group.add(
    ///     async move {
    ///         let _ = closed.recv().await;
    ///         "closed"
    ///     },
    ///     move |cause| {
    ///         assert_eq!(cause.output(), Some(&"done"));
    ///         close.close();
    ///     },
    /// );
    /// group.add(async { "done" }, |_| {});
    ///
    /// assert_eq!(smol::block_on(group), Some("done"));
    /// ```
    #[doc(alias("spawn", "actor", "oklog"))]
    #[inline]
    #[track_caller]
    pub fn add(
        &mut self,
        execute: impl Future<Output = T> + Send + 'a,
        interrupt: impl FnOnce(&Exit<T>) + Send + 'a,
    ) -> Added<'_, T> {
        self.insert(actor::interruptible(execute, interrupt))
    }

    /// Adds an actor that awaits its interruption: `execute` gets a future that resolves when the actor is interrupted.
    ///
    /// Equivalent to [`add`](Self::add) with an interrupt that resolves the future. `execute` is called at once, and
    /// the future that it returns is polled with the group. If the interrupt must do anything else, or needs the cause,
    /// use [`add`](Self::add).
    ///
    /// # Panics
    ///
    /// Panics if the group has [no room](Self#panics) for another actor.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add_with(|interrupted| async move {
    ///     // Select over `interrupted` and the work, or join the two.
    ///     interrupted.await;
    ///     "interrupted"
    /// });
    /// group.add(async { "done" }, |_| {});
    ///
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].output(), Some(&"interrupted"));
    /// ```
    #[doc(alias("spawn", "cancel", "token"))]
    #[inline]
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_, T>
    where
        F: Future<Output = T> + Send + 'a,
    {
        let (interrupt, interrupted) = Interrupted::channel();
        self.add(execute(interrupted), |_| interrupt.interrupt())
    }

    /// Adds an actor that may be dropped at any `.await`: when the group interrupts it, it is dropped where it is.
    ///
    /// Before that, it is polled one last time, whether or not it was woken. If it returns or panics in that poll, this
    /// is its exit, so an error that is ready is not lost. Otherwise its outcome is
    /// [`Aborted`](crate::Outcome::Aborted). It may also return first, like any actor. Use it only for futures that are
    /// safe to cancel at any `.await`; [`abort_at_every_poll`](crate::testing::abort_at_every_poll) tests that.
    ///
    /// Add a spawned task with [`add`](Self::add) or [`add_with`](Self::add_with) instead, and await its handle. A task
    /// on another thread drops what it holds before its output is stored. If that stops another actor, the last poll
    /// may come too early, and the error of the task is lost. Under Tokio, when the task that polls the group has used
    /// up its budget, even a finished task is pending until the next poll.
    ///
    /// # Panics
    ///
    /// Panics if the group has [no room](Self#panics) for another actor.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::{Group, Outcome};
    ///
    /// let mut group = Group::new();
    /// group.add_abortable(std::future::pending());
    /// group.add(async { "done" }, |_| {});
    ///
    /// let exits = smol::block_on(group.report());
    /// assert!(matches!(exits[1].outcome(), Outcome::Aborted));
    /// ```
    #[doc(alias("abort", "cancel", "select"))]
    #[inline]
    #[track_caller]
    pub fn add_abortable(&mut self, execute: impl Future<Output = T> + Send + 'a) -> Added<'_, T> {
        self.insert(actor::abortable(execute))
    }

    /// Limits how long the group waits for actors after interrupting them.
    ///
    /// Each [stage](Self::before) of this group gets its own grace period. The group calls `begin` once for each stage,
    /// right after it has interrupted the actors of the stage, if one of them is still running. It polls the returned
    /// future in the same poll, and from then on in every poll, before the actors. It ignores the output of that
    /// future, and drops the future if every actor of the stage exits first.
    ///
    /// When the future resolves, every actor of the stage is polled one last time, in the order of adding, whether or
    /// not it was woken. Then any that are still running are dropped, in the order of adding. Their outcome is
    /// [`Expired`](crate::Outcome::Expired). All this happens in the same poll, and the stage ends with it. An actor
    /// that a [handle](Self::handle) adds in that poll joins the next stage of the group that made the handle or, after
    /// the last of these, is dropped. So neither actors that wake themselves nor actors that keep joining can postpone
    /// the end.
    ///
    /// Any future will do: a timer of any runtime, a second Ctrl-C, or whichever of the two comes first.
    ///
    /// Without a grace period, the group waits as long as it takes, as oklog/run does. If you set a second grace
    /// period, it replaces the first. If you set one while the group is shutting down, it begins with the next poll.
    ///
    /// An actor that hangs in one stage takes no time from the stages after it. For one limit on the whole shutdown,
    /// let `begin` return a timer for the same deadline each time: see [One
    /// deadline](crate::guide::recipes#one-deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let (second_signal, signals) = smol::channel::unbounded();
    /// let mut group = Group::new();
    /// group.add(async { "done" }, |_| {});
    /// group.add(std::future::pending(), |_| { /* does nothing */ }).named("stuck");
    /// group.grace_period(|| async { signals.recv().await });
    ///
    /// second_signal.try_send("SIGTERM").unwrap();
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].to_string(), "stuck expired");
    /// ```
    ///
    /// `begin` may be called several times, so it cannot move what it captures into the future that it returns. If it
    /// captures a future, share the future:
    ///
    /// ```
    /// use futures::channel::oneshot;
    /// use futures::FutureExt;
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// let (force, forced) = oneshot::channel::<()>();
    /// let forced = forced.shared();
    /// group.grace_period(move || forced.clone()); // `|| forced` would not compile
    /// # drop(force);
    /// ```
    ///
    /// Clone anything else inside the closure:
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// let (force, forced) = smol::channel::bounded::<()>(1);
    /// group.grace_period(move || {
    ///     let forced = forced.clone(); // without this line, it would not compile
    ///     async move { forced.recv().await }
    /// });
    /// # drop(force);
    /// ```
    #[doc(alias("timeout", "deadline", "kill", "ctrl-c", "sigterm"))]
    pub fn grace_period<F: Future + Send + 'a>(
        &mut self,
        mut begin: impl FnMut() -> F + Send + 'a,
    ) {
        let settings = self.machine.settings();
        settings.set_grace_period(Box::new(move || Box::pin(begin().map(drop))));
    }

    /// Calls `observer` with each exit as it happens.
    ///
    /// The exit of the cause comes before any interrupt is called. The observer also sees the exits of actors that
    /// [leave](Added::stops_if). `observer` is called while the group is polled, so it must not block.
    ///
    /// A second observer replaces the first. On a group of [several stages](Self::before), `observer` is called with
    /// the exits of all stages. If a stage has an observer of its own, that one is called first.
    ///
    /// oklog/run drops all results but the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut log = Vec::new();
    /// let mut group = Group::new();
    /// group.add_abortable(std::future::pending()).named("metrics");
    /// group.add(async { Err("disk full") }, |_| {}).named("storage");
    /// group.on_exit(|exit| log.push(exit.to_string()));
    ///
    /// assert_eq!(smol::block_on(group.run()), Err::<(), _>("disk full"));
    /// assert_eq!(log, [r#"storage returned Err("disk full")"#, "metrics aborted"]);
    /// ```
    #[doc(alias("log", "join_next"))]
    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + Send + 'a) {
        self.machine.settings().set_on_exit(Box::new(observer));
    }

    /// Calls `observer` with the actors that a shutdown waits for, whenever that changes.
    ///
    /// During a shutdown, `observer` is called at the end of a poll if actors of the current stage are still running,
    /// and any actor of the stage was interrupted or exited since the last call. So if a shutdown hangs, the last call
    /// shows the actors that it waits for. `observer` is not called if all actors return in the poll that interrupts
    /// them.
    ///
    /// A second observer replaces the first. If you set one while the group is shutting down, it is called at the end
    /// of the next poll. On a group of [several stages](Self::before), it is called for all stages. If a stage has an
    /// observer of its own, that one is called first. `observer` is called while the group is polled, so it must not
    /// block.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    /// use smol::future::{poll_once, yield_now};
    ///
    /// let mut log = Vec::new();
    /// let mut group = Group::new();
    /// group.add(async { "done" }, |_| {});
    /// group.add(std::future::pending(), |_| {}).named("stuck");
    /// group.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     yield_now().await;
    ///     "slow"
    /// }).named("slow");
    /// group.on_wait(|waiting| log.push(format!("waiting for {waiting}")));
    ///
    /// smol::block_on(async {
    ///     assert_eq!(poll_once(&mut group).await, None);
    ///     assert_eq!(poll_once(&mut group).await, None);
    /// });
    /// drop(group);
    /// assert_eq!(log, ["waiting for stuck, slow", "waiting for stuck"]);
    /// ```
    #[doc(alias("hang", "stuck", "drain"))]
    pub fn on_wait(&mut self, observer: impl FnMut(&Waiting<'_, T>) + Send + 'a) {
        self.machine.settings().set_on_wait(Box::new(observer));
    }
}

/// The methods of [`Group`] that take a future or a closure, without the `Send` bounds.
impl<'a, T> LocalGroup<'a, T> {
    /// Returns a group without actors. The actors that you add need not be `Send`.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    /// use std::cell::Cell;
    ///
    /// let count = Cell::new(0); // a `&Cell` is not `Send`
    /// let mut group = Group::local();
    /// group.add(async { count.set(7) }, |_| {});
    /// smol::block_on(group);
    /// assert_eq!(count.get(), 7);
    /// ```
    #[doc(alias("not Send", "spawn_local"))]
    pub fn local() -> Self {
        Self::default()
    }

    /// Like [`Group::add`], without the `Send` bound.
    #[inline]
    #[track_caller]
    pub fn add(
        &mut self,
        execute: impl Future<Output = T> + 'a,
        interrupt: impl FnOnce(&Exit<T>) + 'a,
    ) -> Added<'_, T> {
        self.insert(actor::interruptible(execute, interrupt))
    }

    /// Like [`Group::add_with`], without the `Send` bound.
    #[inline]
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_, T>
    where
        F: Future<Output = T> + 'a,
    {
        let (interrupt, interrupted) = Interrupted::channel();
        self.add(execute(interrupted), |_| interrupt.interrupt())
    }

    /// Like [`Group::add_abortable`], without the `Send` bound.
    #[inline]
    #[track_caller]
    pub fn add_abortable(&mut self, execute: impl Future<Output = T> + 'a) -> Added<'_, T> {
        self.insert(actor::abortable(execute))
    }

    /// Like [`Group::grace_period`], without the `Send` bounds.
    pub fn grace_period<F: Future + 'a>(&mut self, mut begin: impl FnMut() -> F + 'a) {
        let settings = self.machine.settings();
        settings.set_grace_period(Box::new(move || Box::pin(begin().map(drop))));
    }

    /// Like [`Group::on_exit`], without the `Send` bound.
    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + 'a) {
        self.machine.settings().set_on_exit(Box::new(observer));
    }

    /// Like [`Group::on_wait`], without the `Send` bound.
    pub fn on_wait(&mut self, observer: impl FnMut(&Waiting<'_, T>) + 'a) {
        self.machine.settings().set_on_wait(Box::new(observer));
    }
}

impl<'a, T, S: Kind> Group<'a, T, S> {
    /// Combines two groups into one of two stages: this group shuts down first, then `back`.
    ///
    /// The actors of both groups run from the start. On the first exit, in whichever stage, the actors of this group
    /// are interrupted. When they have all exited, the actors of `back` are interrupted, with the same cause. Either
    /// group may already have several stages.
    ///
    /// - Grace periods, observers and handles still apply to the stages of the group that you set them on or made them
    ///   from. Those that you set on the returned group apply to all its stages, in addition. Inner ones come first. So
    ///   two grace periods may limit a stage: the one that ends first counts. A handle of this group closes when its
    ///   stages have ended, while those of `back` may still run.
    /// - An actor that you add to the returned group joins the stage that shuts down first or, during a shutdown, the
    ///   stage that is shutting down.
    /// - Indices continue: the actors of `back` follow those of this group.
    /// - An actor of a later stage may return by itself before its stage is interrupted. This is an exit like any
    ///   other, with [`was_interrupted`](Exit::was_interrupted) `false`. The interrupt of the actor is still called
    ///   when its stage is interrupted.
    /// - A stage without actors is skipped. If nothing was added to this group, nothing set on it, and no handle made,
    ///   the result is `back` itself.
    ///
    /// Either group may have been polled before. Each actor of `back` that has been polled is polled once more, after
    /// the actors of this group that have been woken.
    ///
    /// `Group` is invariant in `'a`: a `Group<'static, T>` cannot be used as a `Group<'a, T>`. If you combine a group
    /// that a function returns, make that function generic in the lifetime: `fn web<'a>() -> Group<'a, T>`.
    ///
    /// oklog/run has no stages. Its users order a shutdown with interrupts that block until their actor has returned.
    ///
    /// # Panics
    ///
    /// Panics if either group has begun to stop: combine groups before you run them, or while nothing has stopped them.
    /// Panics if there would be more than 65 535 stages, or too many [actors](Self#panics).
    ///
    /// # Examples
    ///
    /// The web server shuts down before the storage that it uses, even if it is the storage that fails.
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut web = Group::new();
    /// web.add_abortable(std::future::pending()).named("web");
    ///
    /// let mut storage = Group::new();
    /// storage.add_abortable(std::future::pending()).named("cache");
    /// storage.add(async { "corrupt" }, |_| {}).named("storage");
    ///
    /// let exits = smol::block_on(web.before(storage).report());
    /// let names: Vec<_> = exits.iter().filter_map(|exit| exit.name()).collect();
    /// assert_eq!(names, ["storage", "web", "cache"]);
    /// ```
    #[doc(alias("order", "stage", "dependency"))]
    #[track_caller]
    pub fn before(mut self, back: Self) -> Self {
        assert!(
            !self.is_stopping() && !back.is_stopping(),
            "`before` needs two groups that are not stopping, and the {} group has begun to stop",
            if self.is_stopping() { "front" } else { "back" },
        );
        if self.machine.is_new() {
            return back;
        }
        self.is_terminated &= back.is_terminated;
        self.machine.before(back.machine);
        self
    }

    /// Returns how many actors have not exited.
    ///
    /// An actor that is added through a [handle](Self::handle) counts from the poll that takes it in.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// assert!(group.is_empty());
    /// group.add_abortable(std::future::pending());
    /// assert_eq!(group.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.machine.len()
    }

    /// Returns whether [`len`](Self::len) is 0: every actor has exited, or none was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the group is shutting down: an exit has stopped it, and it has not finished.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    /// use smol::future::poll_once;
    ///
    /// let mut group = Group::new();
    /// group.add(async {}, |_| {});
    /// group.add(std::future::pending(), |_| {});
    /// assert!(!group.is_stopping());
    /// smol::block_on(poll_once(&mut group));
    /// assert!(group.is_stopping());
    /// ```
    pub fn is_stopping(&self) -> bool {
        self.machine.is_stopping()
    }

    /// Returns the actors that have not exited, in the order of adding.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// group.add_abortable(std::future::pending()).named("http");
    /// group.add_abortable(std::future::pending()).named("metrics");
    /// let labels: Vec<_> = group.running().map(|running| running.to_string()).collect();
    /// assert_eq!(labels, ["http", "metrics"]);
    /// ```
    #[doc(alias("status", "tasks"))]
    pub fn running(&self) -> impl Iterator<Item = Running> {
        self.machine.running().into_iter()
    }

    /// Runs the group and returns every exit that belongs to the shutdown, in the order in which they happened.
    ///
    /// The exit of the cause comes first. Exits that happened before you called `report` are included, but not those of
    /// actors that have [left](Added::stops_if). `main` may return the [`Report`]: a failure is then an exit code.
    /// oklog/run drops all results but the first.
    ///
    /// # Panics
    ///
    /// A panic in an actor is an outcome, and is not resumed. `report` resumes only a panic that belongs to no exit,
    /// such as one in an observer, in a grace period, or in the interrupt of an actor that had already exited.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, because it owns the group: dropping the future [drops every actor](Self#cancel-safety), and the
    /// exits so far are lost. An observer set with [`on_exit`](Group::on_exit) has seen them.
    ///
    /// # Examples
    ///
    /// Any failure during the shutdown becomes a failure of the program.
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Ok(()) }, |_| {}).named("signals");
    /// group.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     Err("cannot flush")
    /// }).named("storage");
    ///
    /// let report = smol::block_on(group.report());
    /// let failure = report.into_result().unwrap_err();
    /// assert_eq!(failure.to_string(), r#"storage returned Err("cannot flush"), interrupted"#);
    /// ```
    #[doc(alias("wait", "join_all", "exit code"))]
    pub async fn report(mut self) -> Report<T> {
        let history = poll_fn(|cx| self.poll_end(cx)).await;
        Report(history.into_exits())
    }

    fn insert(&mut self, actor: BoxedActor<'a, T, S>) -> Added<'_, T> {
        self.is_terminated = false;
        Added(self.machine.insert(0, actor))
    }

    /// Polls the group. Once it has finished, returns its history and makes it empty again.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<History<T>> {
        ready!(self.machine.poll(cx));
        self.is_terminated = true;
        Poll::Ready(self.machine.end())
    }
}

impl<'a, T, S: HasHandles> Group<'a, T, S> {
    /// Returns a handle that adds actors to this group from anywhere while it runs.
    ///
    /// Make it before you poll the group. If you make the first handle later, make sure that the group is polled again,
    /// because adding through a handle wakes the task only after that poll. All handles of a group add to the same
    /// queue.
    ///
    /// A handle does not keep an empty group running. Before you run the group, add an actor, directly or through the
    /// handle. Don't move a group into an actor that you add through its own handle: [it would
    /// leak](Handle#actors-that-add-themselves-again).
    ///
    /// Without the feature `std`, only a [`LocalGroup`] has handles, because those of a `Group` need a mutex.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// group.add(async move {
    ///     handle.add(async { "flushed" }, |_| {}).named("flush");
    ///     "done"
    /// }, |_| {});
    ///
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].to_string(), r#"flush returned "flushed", interrupted"#);
    /// # }
    /// ```
    #[doc(alias("spawn", "scope"))]
    pub fn handle(&mut self) -> Handle<'a, T, S> {
        self.is_terminated = false;
        self.machine.handle()
    }
}

impl<E, S: Kind> Group<'_, Result<(), E>, S> {
    /// Runs the group and returns the first error, or `Ok(())` if there was none.
    ///
    /// This includes the errors of the shutdown: if a signal stops the program, and then the storage cannot flush,
    /// `run` returns that error. It does not include expired actors, which only [`report`](Self::report) shows, or
    /// actors that have [left](Added::stops_if).
    ///
    /// `Run` of oklog/run returns the result of the cause, and drops later errors. For that, await the group itself:
    /// `group.await.unwrap_or(Ok(()))`.
    ///
    /// # Errors
    ///
    /// Returns the error of the first exit that returned one, in the order of exits.
    ///
    /// # Panics
    ///
    /// Resumes the first panic that happened in the group, after all actors have exited.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, because it owns the group: dropping the future [drops every actor](Self#cancel-safety).
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Ok(()) }, |_| {}).named("signals");
    /// group.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     Err("cannot flush")
    /// }).named("storage");
    /// assert_eq!(smol::block_on(group.run()), Err("cannot flush"));
    /// ```
    #[doc(alias("wait", "race"))]
    pub async fn run(mut self) -> Result<(), E> {
        poll_fn(|cx| self.poll_end(cx)).await.into_result()
    }
}

/// Ready with the output of the cause when every actor has exited, or with `None` if nothing stopped the group.
impl<T, S: Kind> Future for Group<'_, T, S> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_end(cx).map(History::into_output)
    }
}

/// Terminated once the group has finished, until you add an actor or make a handle.
impl<T, S: Kind> FusedFuture for Group<'_, T, S> {
    fn is_terminated(&self) -> bool {
        self.is_terminated
    }
}

impl<T, S: Kind> Unpin for Group<'_, T, S> {}

impl<T, S: Kind> Default for Group<'_, T, S> {
    fn default() -> Self {
        Self { machine: Machine::default(), is_terminated: false }
    }
}

impl<T, S: Kind> fmt::Debug for Group<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.running().map(|running| running.label).collect();
        f.debug_struct(S::GROUP)
            .field("running", &labels)
            .field("stages", &self.machine.stages_left())
            .field("is_stopping", &self.is_stopping())
            .finish()
    }
}

/// An actor that was just added. Call [`stops_if`](Self::stops_if) to let it leave, and [`named`](Self::named) to give
/// it a name.
///
/// Each of the three methods of [`Group`] that add an actor returns one. The label of an actor without a name is the
/// line that added it.
///
/// # Examples
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add(async {}, |_| {}).named("main");
/// group.add_abortable(std::future::pending()); // has no name
///
/// let exits = smol::block_on(group.report());
/// assert_eq!(exits[0].to_string(), "main returned ()");
/// assert!(exits[1].to_string().starts_with(file!()));
/// ```
pub struct Added<'g, T>(&'g mut Profile<T>);

impl<T> Added<'_, T> {
    /// Lets the actor leave without stopping the group, unless `f` holds for its exit.
    ///
    /// Without this, every exit stops the group. `stops_if(Exit::is_failure)` is for an actor that may finish its work:
    /// only its failure stops the group. `stops_if(|_| false)` is for a client, which comes and goes.
    ///
    /// `f` is called if the actor returns or panics before the group has interrupted it. If `f` returns `false`, the
    /// actor *leaves*: the observers set with [`on_exit`](Group::on_exit) see its exit, with
    /// [`has_left`](Exit::has_left) `true`. Then its interrupt, which is not called, and its exit are dropped, and the
    /// group continues. The exit is in no [report](Group::report), and [`len`](Group::len) no longer counts the actor.
    /// When all actors of a group have left, the group finishes.
    ///
    /// Once the group has interrupted the actor, its exit belongs to the shutdown, and `f` is not called. So an actor
    /// of a later [stage](Group::before) may still leave while the stages before it shut down.
    ///
    /// `f` is called while the group is polled, so it must not block. It cannot capture anything: `f` is a plain
    /// function pointer, so that it costs no allocation. If you set another, it replaces the first.
    ///
    /// In oklog/run, every return stops the group.
    ///
    /// # Panics
    ///
    /// If `f` panics, the exit stops the group. The panic is resumed at the end, like that of an observer.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::{Exit, Group};
    ///
    /// let mut log = Vec::new();
    /// let mut group = Group::new();
    /// group.add(async { Ok(()) }, |_| {}).stops_if(Exit::is_failure).named("warm-up");
    /// group.add(async { Err("disk full") }, |_| {}).stops_if(Exit::is_failure).named("storage");
    /// group.on_exit(|exit| log.push(exit.to_string()));
    ///
    /// assert_eq!(smol::block_on(group.run()), Err("disk full"));
    /// assert_eq!(log, ["warm-up returned Ok(()), left", r#"storage returned Err("disk full")"#]);
    /// ```
    #[doc(alias("leave", "child", "detach", "critical", "essential", "significant"))]
    pub fn stops_if(self, f: fn(&Exit<T>) -> bool) -> Self {
        self.0.stops_if = f;
        self
    }

    /// Names the actor. Its [exit](Exit::name) and [`running`](Group::running) show the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async {}, |_| {}).named("main");
    /// for number in 1..3 {
    ///     group.add_abortable(std::future::pending()).named(format!("worker {number}"));
    /// }
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[2].name(), Some("worker 2"));
    /// ```
    #[doc(alias("name", "label"))]
    pub fn named(self, name: impl Into<Cow<'static, str>>) {
        self.0.label.name = Some(name.into());
    }
}

impl<T> fmt::Debug for Added<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Added").field(&self.0).finish()
    }
}
