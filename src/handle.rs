//! [`Handle`] and [`LocalHandle`], which add actors to a running group from anywhere.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::mem;
use core::task::Waker;

#[cfg(feature = "std")]
use futures_channel::oneshot;
#[cfg(feature = "std")]
use futures_util::future::FutureExt;

use crate::actor::{self, drop_actor, Actor};
use crate::exit::Exit;
use crate::interrupted::Interrupted;
use crate::kind::{BoxedActor, Cell, Kind, Local, Shared};
use crate::panic::{earlier, resume_in_drop, Contained};
#[cfg(feature = "std")]
use crate::running::Running;
use crate::stages::{Stage, Staged};

/// Adds actors to a running group from anywhere: an actor, an interrupt, an observer, another thread.
///
/// The statement `handle.add(..);` adds an actor at once. Don't keep what it returns: after `let peer =
/// handle.add(..);` the actor is added only when `peer` is dropped ([`Adding`]).
///
/// [`Group::handle`](crate::Group::handle) makes one. Its clones add to the same group. A handle does not keep its
/// group running.
///
/// Adding wakes the group, and its next poll takes the actor in. The actor then counts as added and gets its
/// [index](Exit::index). It is first polled in that poll, after the actors that have been woken by then. If the group
/// yields first, the new actor is polled in a later poll. Actors that you add through a handle and its clones keep
/// their order.
///
/// The actor joins a stage of the group that made the handle: the first that has not ended. If that stage is shutting
/// down, the actor is interrupted before its first poll. A stage does not end while an actor waits to join it, unless
/// its grace period is over. So an actor may add another in the poll in which it returns.
///
/// When the last of these stages has ended, or the group was dropped, the handle is [closed](Self::is_closed). An actor
/// that you add after that is dropped without being polled.
///
/// Move a clone into each actor that needs one. An actor cannot borrow a handle of its own group, because the handle is
/// dropped before the group.
///
/// A `Handle` is `Send + Sync`, because its actors are `Send`. It needs the feature `std`. For a
/// [`LocalGroup`](crate::LocalGroup), there is [`LocalHandle`], with a different last parameter `S`. You never write
/// `S`: see [`Group`](crate::Group).
///
/// oklog/run has no handles. There, an actor that is added while the group runs never starts.
///
/// # Actors that add themselves again
///
/// Nothing limits how many actors wait for the next poll. If clients decide how many you add, limit them with a
/// semaphore.
///
/// If a value adds an actor when it is dropped, let it check [`is_closed`](Self::is_closed) first. Otherwise, it
/// recurses forever once the handle is closed: the new actor is dropped at once, which adds another.
///
/// If you move a group into an actor that you add through its own handle, the two own each other: neither is ever
/// polled or dropped, and their memory leaks.
///
/// # Examples
///
/// A listener that hands each of its clients to an actor. The clients come and go: because of
/// [`stops_if`](Adding::stops_if), none of them stops the group when it leaves.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use run_group::Group;
///
/// let mut log = Vec::new();
/// let mut group = Group::new();
/// let handle = group.handle();
/// group.add_with(|interrupted| async move {
///     for client in ["10.0.0.7", "10.0.0.8"] { // ... accept a client ...
///         handle.add_with(|interrupted| async move {
///             interrupted.await; // ... serve the client until interrupted ...
///             Ok(())
///         }).stops_if(|_| false).named(client);
///     }
///     smol::future::yield_now().await;
///     drop(interrupted);
///     Err("too many open files")
/// }).named("listener");
/// group.on_exit(|exit| log.push(exit.to_string()));
///
/// assert_eq!(smol::block_on(group.run()), Err("too many open files"));
/// assert_eq!(log, [
///     r#"listener returned Err("too many open files")"#,
///     "10.0.0.7 returned Ok(()), interrupted",
///     "10.0.0.8 returned Ok(()), interrupted",
/// ]);
/// # }
/// ```
#[doc(alias("TaskTracker", "JoinSet", "nursery", "scope"))]
pub struct Handle<'a, T, S: Kind = Shared> {
    /// Shared with the group. Nothing of the user's is called, woken or dropped while it is locked.
    queue: S::Cell<Queue<'a, T, S>>,
}

/// What a group shares with its handles.
pub(crate) struct Queue<'a, T, S: Kind> {
    /// What waits for the next poll of the group. `None`: the handles are closed.
    letters: Option<Vec<Letter<'a, T, S>>>,
    /// Wakes the group. `None` before its first poll, and between a wake and the next poll.
    waker: Option<Waker>,
}

/// What a handle sends to its group.
pub(crate) enum Letter<'a, T, S: Kind> {
    Actor(BoxedActor<'a, T, S>),
    /// Asks which actors run. If this is dropped instead of answered, the answer is an empty list.
    #[cfg(feature = "std")]
    Question(oneshot::Sender<Vec<Running>>),
}

/// A [`Handle`] of a [`LocalGroup`](crate::LocalGroup), whose actors need not be `Send`.
///
/// It is an alias of [`Handle`] with a different last parameter, and is itself neither `Send` nor `Sync`. It also
/// exists without the feature `std`, so actors can come and go on a microcontroller.
///
/// # Examples
///
/// ```
/// use run_group::Group;
/// use std::rc::Rc;
///
/// let shared = Rc::new(7);
/// let mut group = Group::local();
/// let handle = group.handle();
/// handle.add(async move { *shared }, |_| {});
/// assert_eq!(smol::block_on(group), Some(7));
/// ```
pub type LocalHandle<'a, T> = Handle<'a, T, Local>;

#[cfg(feature = "std")]
impl<'a, T> Handle<'a, T> {
    /// Adds an actor like [`Group::add`](crate::Group::add), when the returned value is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add(async { 7 }, |_| {}).named("seven");
    /// assert_eq!(group.len(), 0); // the next poll takes it in
    /// assert_eq!(smol::block_on(group), Some(7));
    /// ```
    #[doc(alias("spawn", "child"))]
    #[track_caller]
    pub fn add(
        &self,
        execute: impl Future<Output = T> + Send + 'a,
        interrupt: impl FnOnce(&Exit<T>) + Send + 'a,
    ) -> Adding<'_, 'a, T> {
        self.adding(actor::interruptible(execute, interrupt))
    }

    /// Adds an actor like [`Group::add_with`](crate::Group::add_with), when the returned value is dropped.
    ///
    /// `execute` is called at once, even if the handle is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     "worker"
    /// });
    /// handle.stop("done");
    /// let report = smol::block_on(group.report());
    /// assert_eq!(report[1].output(), Some(&"worker"));
    /// ```
    #[track_caller]
    pub fn add_with<F>(&self, execute: impl FnOnce(Interrupted) -> F) -> Adding<'_, 'a, T>
    where
        F: Future<Output = T> + Send + 'a,
    {
        let (interrupt, interrupted) = Interrupted::channel();
        self.add(execute(interrupted), |_| interrupt.interrupt())
    }

    /// Adds an actor like [`Group::add_abortable`](crate::Group::add_abortable), when the returned value is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add_abortable(std::future::pending());
    /// handle.stop("done");
    /// assert_eq!(smol::block_on(group), Some("done"));
    /// ```
    #[track_caller]
    pub fn add_abortable(&self, execute: impl Future<Output = T> + Send + 'a) -> Adding<'_, 'a, T> {
        self.adding(actor::abortable(execute))
    }

    /// Stops the group from outside: adds an actor that returns `output` at once.
    ///
    /// Equivalent to `handle.add(async { output }, |_| {});`. So if nothing else stops the group first, this actor is
    /// the cause. Its label is the line that called `stop`. For a name, add the actor yourself.
    ///
    /// If the group is shutting down already, this is one more exit that belongs to the shutdown. If the handle is
    /// closed, `output` is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// group.add_with(|interrupted| async move {
    ///     interrupted.await;
    ///     Ok::<(), &str>(())
    /// });
    /// let handle = group.handle();
    /// let elsewhere = std::thread::spawn(move || handle.stop(Ok(())));
    /// assert_eq!(smol::block_on(group.run()), Ok(()));
    /// # elsewhere.join().unwrap();
    /// ```
    #[doc(alias("shutdown", "cancel", "signal", "sigterm", "ctrl-c"))]
    #[track_caller]
    pub fn stop(&self, output: T)
    where
        T: Send + 'a,
    {
        self.add(async { output }, |_| {});
    }
}

/// The methods of [`Handle`] that take a future or an output, without the `Send` bounds.
impl<'a, T> LocalHandle<'a, T> {
    /// Like [`Handle::add`], without the `Send` bound.
    #[track_caller]
    pub fn add(
        &self,
        execute: impl Future<Output = T> + 'a,
        interrupt: impl FnOnce(&Exit<T>) + 'a,
    ) -> Adding<'_, 'a, T, Local> {
        self.adding(actor::interruptible(execute, interrupt))
    }

    /// Like [`Handle::add_with`], without the `Send` bound.
    #[track_caller]
    pub fn add_with<F>(&self, execute: impl FnOnce(Interrupted) -> F) -> Adding<'_, 'a, T, Local>
    where
        F: Future<Output = T> + 'a,
    {
        let (interrupt, interrupted) = Interrupted::channel();
        self.add(execute(interrupted), |_| interrupt.interrupt())
    }

    /// Like [`Handle::add_abortable`], without the `Send` bound.
    #[track_caller]
    pub fn add_abortable(&self, execute: impl Future<Output = T> + 'a) -> Adding<'_, 'a, T, Local> {
        self.adding(actor::abortable(execute))
    }

    /// Like [`Handle::stop`], without the `Send` bound.
    #[track_caller]
    pub fn stop(&self, output: T)
    where
        T: 'a,
    {
        self.add(async { output }, |_| {});
    }
}

impl<'a, T, S: Kind> Handle<'a, T, S> {
    /// Returns whether the handle is closed: the group drops any actor that you add.
    ///
    /// A handle closes when the last stage of the group that made it has ended, or the group was dropped. If this
    /// returns `false`, an actor that you add next may still be dropped, because the group may finish on another thread
    /// in between.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// let handle = group.handle();
    /// assert!(!handle.is_closed());
    /// drop(group);
    /// assert!(handle.is_closed());
    /// # }
    /// ```
    pub fn is_closed(&self) -> bool {
        self.queue.with(|queue| queue.letters.is_none())
    }

    /// Asks the group which of its actors have not exited, for a status page or a list of workers.
    ///
    /// The call wakes the group, and its next poll answers. It first takes in the actors that were added. Then it lists
    /// the actors of the group that made this handle, in the order of adding. If that group was combined with another
    /// afterwards, the actors of the other are not in the list. Once the handle is closed, the list is empty.
    ///
    /// The future borrows nothing, and the group answers even if nothing polls it. An actor of the group may await it.
    /// The question does not keep a stage from ending.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future drops the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// group.add_abortable(std::future::pending()).named("http");
    /// group.add(async move {
    ///     let labels = handle.running().await.into_iter().map(|actor| actor.to_string());
    ///     labels.collect()
    /// }, |_| {}).named("status");
    ///
    /// let status: Option<Vec<String>> = smol::block_on(group);
    /// assert_eq!(status.unwrap(), ["http", "status"]);
    /// ```
    #[doc(alias("status", "health"))]
    #[cfg(feature = "std")]
    pub fn running(&self) -> impl Future<Output = Vec<Running>> + Send + Sync + Unpin + 'static {
        let (answer, answered) = oneshot::channel();
        let _ = self.send(Letter::Question(answer)); // dropping a question does not panic
        answered.map(Result::unwrap_or_default)
    }

    fn adding(&self, actor: BoxedActor<'a, T, S>) -> Adding<'_, 'a, T, S> {
        Adding { handle: self, actor: Some(actor) }
    }
}

/// What the group does with a handle of its own.
impl<'a, T, S: Kind> Handle<'a, T, S> {
    pub(crate) fn new() -> Self {
        Self { queue: Cell::new(Queue { letters: Some(Vec::new()), waker: None }) }
    }

    /// Sends a letter and wakes the group, or drops the letter if this is closed. `Err`: dropping it panicked.
    fn send(&self, letter: Letter<'a, T, S>) -> Contained {
        let mut letter = Some(letter);
        let waker = self.queue.with(|queue| {
            queue.letters.as_mut()?.extend(letter.take());
            queue.waker.take()
        });
        waker.into_iter().for_each(Waker::wake);
        letter.map_or(Ok(()), Letter::drop)
    }

    /// Takes out what waits, if anything does. From now on, what comes in wakes `waker`.
    #[inline]
    pub(crate) fn take(&self, waker: &Waker) -> Option<Vec<Letter<'a, T, S>>> {
        // What comes in takes the waker out. So as long as it is there, nothing waits.
        let is_idle = |queue: &mut Queue<'_, T, S>| Some(queue.waker.as_ref()?.will_wake(waker));
        if self.queue.with(is_idle) == Some(true) {
            return None;
        }
        let mut waker = Some(waker.clone());
        let letters = self.queue.with(|queue| {
            mem::swap(&mut queue.waker, &mut waker);
            queue.letters.as_mut().map(mem::take)
        });
        drop(waker); // the previous one
        letters
    }

    /// Returns whether an actor waits.
    pub(crate) fn has_actors(&self) -> bool {
        let is_actor = |letter: &Letter<'_, T, S>| matches!(letter, Letter::Actor(_));
        self.queue.with(|queue| queue.letters.iter().flatten().any(is_actor))
    }

    /// Closes the handles. Returns what waits.
    fn close(&self) -> Vec<Letter<'a, T, S>> {
        let (letters, waker) = self.queue.with(|queue| (queue.letters.take(), queue.waker.take()));
        drop(waker);
        letters.unwrap_or_default()
    }
}

impl<'a, T, S: Kind> Staged<Handle<'a, T, S>> {
    /// Closes the handles that add to no stage after this one, and then drops what waits behind them. `Err`: the first
    /// panic while doing so.
    pub(crate) fn end(&mut self, stage: Stage) -> Contained {
        let letters: Vec<_> = self.drain_ended(stage).flat_map(|handle| handle.close()).collect();
        letters.into_iter().map(Letter::drop).fold(Ok(()), earlier)
    }
}

impl<T, S: Kind> Letter<'_, T, S> {
    /// Drops a letter. `Err`: that panicked.
    fn drop(self) -> Contained {
        match self {
            Self::Actor(actor) => drop_actor(actor),
            #[cfg(feature = "std")]
            Self::Question(_) => Ok(()),
        }
    }
}

impl<T, S: Kind> Clone for Handle<'_, T, S> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T, S: Kind> fmt::Debug for Handle<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::HANDLE).field("is_closed", &self.is_closed()).finish()
    }
}

/// An actor that a [`Handle`] adds when this value is dropped, so don't keep it.
///
/// The statement `handle.add(..);` adds the actor at once. Call [`named`](Self::named) to give it a name first. If you
/// bind the value to a variable, the actor is only added at the end of the variable's scope:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use run_group::Group;
///
/// let mut group = Group::new();
/// let handle = group.handle();
/// group.add(async move {
///     let _peer = handle.add(async { "peer" }, |_| {}); // wrong: not yet added
///     smol::future::yield_now().await;
///     assert_eq!(handle.running().await.len(), 1); // only this actor runs
///     "leader" // now the peer is added
/// }, |_| {});
/// let report = smol::block_on(group.report());
/// assert_eq!(report[1].output(), Some(&"peer"));
/// # }
/// ```
///
/// The last parameter, `S`, is that of the handle.
///
/// # Panics
///
/// If the handle is closed, dropping this value drops the actor. If that panics, the panic continues, unless the thread
/// is already panicking.
pub struct Adding<'h, 'a, T, S: Kind = Shared> {
    handle: &'h Handle<'a, T, S>,
    /// `None` once it was added.
    actor: Option<BoxedActor<'a, T, S>>,
}

impl<T, S: Kind> Adding<'_, '_, T, S> {
    /// Lets the actor leave without stopping the group, unless `f` holds for its exit.
    ///
    /// As [`Added::stops_if`](crate::Added::stops_if) does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::{Exit, Group};
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add(async { Ok(()) }, |_| {}).stops_if(Exit::is_failure).named("warm-up");
    /// handle.add(async { Err("disk full") }, |_| {}).stops_if(Exit::is_failure).named("storage");
    /// assert_eq!(smol::block_on(group.run()), Err("disk full"));
    /// # }
    /// ```
    #[doc(alias("leave", "child", "detach", "critical", "essential", "significant"))]
    pub fn stops_if(mut self, f: fn(&Exit<T>) -> bool) -> Self {
        if let Some(actor) = &mut self.actor {
            actor.as_mut().profile_mut().stops_if = f;
        }
        self
    }

    /// Names the actor, and adds it. Its [exit](Exit::name) shows the name.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add(async {}, |_| {}).named("main");
    /// let report = smol::block_on(group.report());
    /// assert_eq!(report[0].name(), Some("main"));
    /// # }
    /// ```
    #[doc(alias("name", "label"))]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(actor) = &mut self.actor {
            actor.as_mut().profile_mut().label.name = Some(name.into());
        }
    }
}

/// Adds the actor, or drops it if the handle is closed.
impl<T, S: Kind> Drop for Adding<'_, '_, T, S> {
    fn drop(&mut self) {
        if let Some(actor) = self.actor.take() {
            if let Err(payload) = self.handle.send(Letter::Actor(actor)) {
                resume_in_drop(payload);
            }
        }
    }
}

impl<T, S: Kind> fmt::Debug for Adding<'_, '_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adding").finish_non_exhaustive()
    }
}
