//! [`Group`] and [`LocalGroup`]: collect actors, set the terms of their stop; await, run, report.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::{poll_fn, Future};
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_util::future::{FusedFuture, FutureExt};
use futures_util::ready;

use crate::actor;
use crate::exit::Exit;
use crate::history::Ended;
use crate::interrupted::{signal, Interrupted};
use crate::kind::{Kind, Local, Shared};
use crate::names::Names;
use crate::stop::Stop;

/// A group of actors that run together and stop together.
///
/// An actor is a pair: *execute*, a future that works, and *interrupt*, a function that makes it return. The group is a
/// future which polls them all. When the first actor exits, for whatever reason, the group calls every interrupt, and
/// it finishes once all actors have exited. Its output is that of the first, the *cause*.
///
/// There are three ways to run a group, which differ in what they return:
///
/// | | returns | of an empty group |
/// | --- | --- | --- |
/// | `group.await` | `Option<T>`: the output of the cause | `None` |
/// | [`group.run().await`](Self::run) | `Result<(), E>`: likewise, where that is what actors return | `Ok(())` |
/// | [`group.report().await`](Self::report) | `Vec<Exit<T>>`: every actor's exit, the cause's first | `[]` |
///
/// `'a` is what the actors may borrow, and `T` what they return. Actors are `Send`, and the group is `Send` where `T`
/// is. [`LocalGroup`], made with [`Group::local`], is the same for actors that are not.
///
/// # What holds when it finishes
///
/// - Every actor has exited, and every execute has been dropped, as soon as it had returned, panicked, been aborted or
///   expired. Nothing of the group is left running, since a group spawns nothing.
/// - Every interrupt was called, once, in the order of adding within its stage.
/// - The group is as new: empty, of one stage, without [grace period](Self::grace_period) and
///   [observer](Self::on_exit), and the next actor has the index 0. It may be filled and run again. Polled as it is, it
///   is ready with `None`, and that is no end: what is set on an empty group stays.
///
/// What does *not* hold: that an actor's own threads and spawned tasks have ended. That is for its execute to await.
///
/// # Adding while it runs
///
/// `&mut group` is a future too. Between two polls of it, an actor may be added; it starts with the next poll. If the
/// group is stopping by then, the actor is interrupted before it is polled for the first time. Adding wakes nobody:
/// whoever adds sees to it that the group is polled.
///
/// # Panics
///
/// With the feature `std`, a panic in execute is that actor's exit, and the others get their orderly stop. A panic in
/// an interrupt does not keep the others from being interrupted; its own actor, which can no longer be told to stop, is
/// dropped. When all have exited, `await` and `run` resume the first panic that has happened. `report` returns panics
/// as outcomes.
///
/// A panic in the [observer](Self::on_exit) or in the [grace period](Self::grace_period) does not disturb the stop
/// either. The observer is called again for the next exit; the grace period is over. Since no exit holds such a panic,
/// `report` resumes it as well.
///
/// A group has room for 2³² − 1 actors. To add one more panics.
///
/// Without `std` there is no means to contain a panic: it unwinds out of the group's `poll`. An execute that panics is
/// dropped, but does not count as exited, so that nobody is interrupted and the group will not finish; after a panic in
/// an interrupt, those behind it have not been called. What is left of the group is good for being dropped, which drops
/// every actor.
///
/// # Cancel safety
///
/// Dropping a group, or one of the futures of `run` and `report`, drops every actor where it stands, in no particular
/// order, and calls no interrupt. Whoever holds an [`Interrupted`] elsewhere is released. A panic
/// in the drop of one actor does not keep the others from being dropped; it goes on afterwards. Two at once, of an
/// actor's execute and of its interrupt, or of an actor and of the observer, abort the program, as they do elsewhere.
///
/// `(&mut group).await` may be dropped and taken up again: nothing is lost.
///
/// # Examples
///
/// The first actor waits until it is interrupted. The second returns, and so ends the group.
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add_with(|interrupted| async {
///     interrupted.await;
///     Ok(())
/// });
/// group.add(async { Err("disk full") }, |_| {});
///
/// assert_eq!(smol::block_on(group.run()), Err("disk full"));
/// ```
#[must_use = "a group does nothing unless you `.await`, `run` or `report` it"]
pub struct Group<'a, T, S: Kind = Shared> {
    stop: Stop<'a, T, S>,
    /// Whether it has ended, and nothing was added since.
    terminated: bool,
}

/// A [`Group`] whose actors need not be `Send`.
///
/// It is made with [`Group::local`], and is itself not `Send`. The two are one type, whose last parameter says which it
/// is: `Group<'a, T>` is the one, `LocalGroup<'a, T>` the other. `Group::default()` leaves that open, and takes an
/// annotation where [`Group::new`] and [`Group::local`] do not.
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

impl<'a, T> Group<'a, T> {
    /// Returns a group without actors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an actor: `execute` does the work, `interrupt` makes it return.
    ///
    /// The contract between the two is that of oklog/run:
    ///
    /// - After `interrupt` was called, `execute` returns, soon. If it ignores it, the group waits on, until the
    ///   [grace period](Self::grace_period) is over, if it has one.
    /// - `interrupt` is called exactly once when the group stops, before `execute` was polled, while it works, or after
    ///   it has returned; also if it was this actor which ended the group.
    ///
    /// `interrupt` gets the exit of the cause. It is called while the group is polled: it signals, and does not block.
    /// What takes time belongs into `execute`, where the group polls it, bounds it and reports its output; see
    /// [Draining](crate#draining).
    ///
    /// If all that `interrupt` has to do is to give a signal, [`add_with`](Self::add_with) gives it.
    ///
    /// Returns a handle to [name](Added::named) the actor with.
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
    #[track_caller]
    pub fn add<F, I>(&mut self, execute: F, interrupt: I) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
        I: FnOnce(&Exit<T>) + Send + 'a,
    {
        self.insert(Box::pin(actor::told(execute, interrupt)))
    }

    /// Adds an actor that is told by a signal: `execute` gets a future which resolves when the actor is interrupted.
    ///
    /// Equivalent to [`add`](Self::add) with an interrupt that gives the signal. `execute` is called at once; the future
    /// which it returns is polled with the group. It sees the signal when it is polled next. What has to happen in the
    /// interrupt itself, or with the cause in hand, takes [`add`](Self::add).
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add_with(|interrupted| async {
    ///     // Select over `interrupted` and the work, or join the two.
    ///     interrupted.await;
    ///     "interrupted"
    /// });
    /// group.add(async { "done" }, |_| {});
    ///
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].output(), Some(&"interrupted"));
    /// ```
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
    {
        let (interrupt, interrupted) = signal();
        self.add(execute(interrupted), |_| drop(interrupt))
    }

    /// Adds an actor that needs no telling: it is dropped where it stands when the group is interrupted.
    ///
    /// Its outcome is then [`Aborted`](crate::Outcome::Aborted). It may also return first, like any actor. For futures
    /// that hold nothing which a drop at any `.await` would harm.
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
    #[track_caller]
    pub fn add_abortable<F>(&mut self, execute: F) -> Added<'_>
    where
        F: Future<Output = T> + Send + 'a,
    {
        self.insert(Box::pin(actor::abortable(execute)))
    }

    /// Bounds the stop: whoever is still out when the future of `begin` resolves is dropped.
    ///
    /// `begin` is called once, right after the interrupts. The future which it returns is polled along with the actors,
    /// after them; what it resolves to is ignored. When it resolves, every actor which is still out is dropped, in the
    /// order of adding, with the outcome [`Expired`](crate::Outcome::Expired). When all are back before, it is dropped.
    ///
    /// Any future will do: a timer of whatever runtime there is, a second Ctrl-C, or either of the two.
    ///
    /// Without a grace period the group waits for as long as it takes, as oklog/run does. A second one takes the place
    /// of the first; one that is set while the group is stopping begins with the next poll.
    ///
    /// On a group of [several stages](Self::before) it bounds the stop of them all, and begins with the first
    /// interrupts. When it is over, the actors of the stages that follow are still interrupted in their turn, and polled
    /// once more.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let (second_signal, signals) = smol::channel::unbounded();
    /// let mut group = Group::new();
    /// group.add(async { "done" }, |_| {});
    /// group.add(std::future::pending(), |_| { /* and so it never returns */ }).named("stuck");
    /// group.grace_period(|| async move { signals.recv().await });
    ///
    /// second_signal.try_send("SIGTERM").unwrap();
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].to_string(), "stuck expired");
    /// ```
    pub fn grace_period<F>(&mut self, begin: impl FnOnce() -> F + Send + 'a)
    where
        F: Future + Send + 'a,
    {
        self.stop
            .set_grace_period(Box::new(|| Box::pin(begin().map(drop))));
    }

    /// Has `observer` called with each actor's exit, when it happens.
    ///
    /// The cause comes first, before any interrupt is called. `observer` is called while the group is polled, so it does
    /// not block.
    ///
    /// A second observer takes the place of the first. On a group of [several stages](Self::before) it sees the exits of
    /// all of them, after the observer that the stage has of its own.
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
    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + Send + 'a) {
        self.stop.set_observer(Box::new(observer));
    }
}

/// The methods of [`Group`] that take something from the user, without `Send`.
impl<'a, T> LocalGroup<'a, T> {
    /// Returns a group without actors, whose actors need not be `Send`.
    pub fn local() -> Self {
        Self::default()
    }

    /// Is [`Group::add`] without `Send`.
    #[track_caller]
    pub fn add<F, I>(&mut self, execute: F, interrupt: I) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
        I: FnOnce(&Exit<T>) + 'a,
    {
        self.insert(Box::pin(actor::told(execute, interrupt)))
    }

    /// Is [`Group::add_with`] without `Send`.
    #[track_caller]
    pub fn add_with<F>(&mut self, execute: impl FnOnce(Interrupted) -> F) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
    {
        let (interrupt, interrupted) = signal();
        self.add(execute(interrupted), |_| drop(interrupt))
    }

    /// Is [`Group::add_abortable`] without `Send`.
    #[track_caller]
    pub fn add_abortable<F>(&mut self, execute: F) -> Added<'_>
    where
        F: Future<Output = T> + 'a,
    {
        self.insert(Box::pin(actor::abortable(execute)))
    }

    /// Is [`Group::grace_period`] without `Send`.
    pub fn grace_period<F>(&mut self, begin: impl FnOnce() -> F + 'a)
    where
        F: Future + 'a,
    {
        self.stop
            .set_grace_period(Box::new(|| Box::pin(begin().map(drop))));
    }

    /// Is [`Group::on_exit`] without `Send`.
    pub fn on_exit(&mut self, observer: impl FnMut(&Exit<T>) + 'a) {
        self.stop.set_observer(Box::new(observer));
    }
}

impl<'a, T, S: Kind> Group<'a, T, S> {
    /// Returns one group of two stages: this one stops first, and `back` when all of it has exited.
    ///
    /// All actors of both run from the start. On the first exit, in whichever stage, this group is interrupted; when all
    /// of its actors have exited or expired, `back` is, with the same cause. Either may have several stages already.
    ///
    /// - Grace period and observer stay with the stages whose group they were set on. The group which is returned has
    ///   none. Those that are set on it are for all its stages, in addition.
    /// - Adding to the group which is returned adds to the stage that stops first; while the group is stopping, to the
    ///   stage that is being stopped.
    /// - Indices count through: the actors of `back` follow those of this group, in whatever order the lines of the
    ///   program added them.
    /// - An actor of a later stage may return by itself before its stage is interrupted. That is an exit like any other,
    ///   with [`was_interrupted`](Exit::was_interrupted) `false`, and its interrupt is still called in its turn.
    /// - A stage without actors is passed over. `Group::new().before(group)` is `group`.
    ///
    /// Both groups may be running or stopping already. What has happened in them stays as it is, and is reported of this
    /// group first. The actors of `back` are polled once more, in the order of adding.
    ///
    /// A group holds on to its `'a`: a `Group<'static, T>` is no `Group<'a, T>`. So a function that makes a stage for
    /// others, whose actors may borrow, is best generic in it: `fn web<'a>() -> Group<'a, T>`.
    ///
    /// oklog/run has no stages. Its users get their order from interrupts that block until their actor is back.
    ///
    /// # Panics
    ///
    /// Panics if there would be more than 65 535 stages, those that have ended included.
    ///
    /// # Examples
    ///
    /// The web server stops before the storage which it uses, also when it is the storage that fails.
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
    pub fn before(self, back: Self) -> Self {
        if self.stop.is_new() {
            return back;
        }
        Self {
            stop: self.stop.before(back.stop),
            terminated: self.terminated && back.terminated,
        }
    }

    /// Returns how many actors have not exited yet.
    pub fn len(&self) -> usize {
        self.stop.running()
    }

    /// Returns whether all actors have exited, or none was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs the group and returns every actor's exit, in the order in which they happened.
    ///
    /// `[0]` is the cause. Exits that have happened before this was called are among them.
    ///
    /// # Panics
    ///
    /// Panics are outcomes here. It resumes only one that is no actor's exit: of the observer, of the grace period, or
    /// of the interrupt of an actor that had already returned.
    ///
    /// # Cancel safety
    ///
    /// As of the [group](Self#cancel-safety): dropped half-way, it drops every actor and calls no interrupt. Which exits
    /// have happened is lost; [`on_exit`](Group::on_exit) has seen them.
    ///
    /// # Examples
    ///
    /// A failure of the stop becomes a failure of the program.
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Ok(()) }, |_| {}).named("signals");
    /// group.add_with(|interrupted| async {
    ///     interrupted.await;
    ///     Err("cannot flush")
    /// });
    ///
    /// let exits = smol::block_on(group.report());
    /// let outputs = exits.into_iter().filter_map(|exit| exit.into_output());
    /// assert_eq!(outputs.collect::<Result<(), _>>(), Err("cannot flush"));
    /// ```
    pub async fn report(mut self) -> Vec<Exit<T>> {
        poll_fn(|cx| self.poll_end(cx)).await.into_report()
    }

    /// Adds an actor of whatever kind.
    fn insert(&mut self, parts: Pin<Box<S::Parts<'a, T>>>) -> Added<'_> {
        self.terminated = false;
        let (index, names) = self.stop.insert(parts);
        Added { index, names }
    }

    /// Polls the group. When it has ended, returns what has happened and makes it as new.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended<T>> {
        ready!(self.stop.poll(cx));
        self.terminated = true;
        Poll::Ready(self.stop.end())
    }
}

impl<E, S: Kind> Group<'_, Result<(), E>, S> {
    /// Runs the group and returns the output of the cause, or `Ok(())` if there was no actor.
    ///
    /// Equivalent to `group.await.unwrap_or(Ok(()))`, and so to `Run` of oklog/run: later outputs, errors included, do
    /// not change the result. [`report`](Self::report) has them all.
    ///
    /// # Errors
    ///
    /// Returns the error of the cause, if it returned one.
    ///
    /// # Panics
    ///
    /// Resumes the first panic that has happened in the group, after all actors have exited.
    ///
    /// # Cancel safety
    ///
    /// As of the [group](Self#cancel-safety): dropped half-way, it drops every actor and calls no interrupt.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add(async { Err("disk full") }, |_| {});
    /// assert_eq!(smol::block_on(group.run()), Err("disk full"));
    /// ```
    pub async fn run(self) -> Result<(), E> {
        self.await.unwrap_or(Ok(()))
    }
}

/// Ready with the output of the cause when every actor has exited, or with `None` if there was no actor.
impl<T, S: Kind> Future for Group<'_, T, S> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_end(cx).map(Ended::into_output)
    }
}

/// Terminated when it has ended, until an actor is added.
impl<T, S: Kind> FusedFuture for Group<'_, T, S> {
    fn is_terminated(&self) -> bool {
        self.terminated
    }
}

impl<T, S: Kind> Unpin for Group<'_, T, S> {}

impl<T, S: Kind> Default for Group<'_, T, S> {
    fn default() -> Self {
        Self {
            stop: Stop::default(),
            terminated: false,
        }
    }
}

impl<T, S: Kind> fmt::Debug for Group<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::NAME)
            .field("len", &self.len())
            .field("stages", &self.stop.stages())
            .field("is_stopping", &self.stop.is_stopping())
            .finish()
    }
}

/// An actor that was just added, to be given a name.
///
/// The methods which add an actor return it so that all three can have a name without having three more methods. An
/// actor without a name is known by the line that added it.
pub struct Added<'g> {
    index: u32,
    names: &'g mut Names,
}

impl Added<'_> {
    /// Gives the actor a name, for its [exit](Exit::name).
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
    pub fn named(self, name: impl Into<Cow<'static, str>>) {
        self.names.push(self.index, name.into());
    }
}

impl fmt::Debug for Added<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Added").field("index", &self.index).finish()
    }
}
