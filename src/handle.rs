//! [`Handle`] and [`LocalHandle`]: add actors to a running group from anywhere.

use alloc::borrow::Cow;
use core::fmt;
use core::future::Future;

use futures_channel::mpsc::TrySendError;

use crate::actor::{self, drop_actor, Actor};
use crate::exit::Exit;
use crate::interrupted::Interrupted;
use crate::kind::{BoxedActor, Kind, Local, Shared};
use crate::panic::resume_in_drop;
use crate::settings::Sender;

/// Adds actors to a running group from anywhere: an actor, an interrupt, an observer, another thread.
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
/// down, the actor is interrupted before its first poll. A stage does not end while an actor waits to join it. So an
/// actor may add another in the poll in which it returns.
///
/// When the last of these stages has ended, or the group was dropped, the handle is [closed](Self::is_closed). An actor
/// that you add after that is dropped without being polled.
///
/// Move a clone into each actor that needs one. An actor cannot borrow a handle of its own group, because the handle is
/// dropped before the group.
///
/// A `Handle` is `Send + Sync`, because its actors are `Send`. For a [`LocalGroup`](crate::LocalGroup), there is
/// [`LocalHandle`], with a different last parameter `S`. You never write `S`: see [`Group`](crate::Group).
///
/// # Examples
///
/// A leader that adds an actor for each of its peers. See [Adding actors while it
/// runs](crate::guide::recipes#adding-actors-while-it-runs) for when that is the right thing to do.
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// let handle = group.handle();
/// group.add_with(|_interrupted| async move {
///     for peer in ["a", "b"] {
///         handle.add_with(|interrupted| async move {
///             interrupted.await;
///             peer
///         }).named(peer);
///     }
///     "leader"
/// });
///
/// let exits = smol::block_on(group.report());
/// let outputs: Vec<_> = exits.iter().filter_map(|exit| exit.output()).collect();
/// assert_eq!(outputs, [&"leader", &"a", &"b"]);
/// ```
///
/// A shutdown requested from outside is an actor that returns at once:
///
/// ```
/// use run_group::Group;
///
/// let mut group = Group::new();
/// group.add_with(|interrupted| interrupted);
/// let handle = group.handle();
/// let elsewhere = std::thread::spawn(move || {
///     handle.add(async {}, |_| {}).named("shutdown requested");
/// });
/// smol::block_on(group);
/// # elsewhere.join().unwrap();
/// ```
pub struct Handle<'a, T, S: Kind = Shared> {
    sender: Sender<'a, T, S>,
}

/// A [`Handle`] of a [`LocalGroup`](crate::LocalGroup), whose actors need not be `Send`.
///
/// It is an alias of [`Handle`] with a different last parameter, and is itself neither `Send` nor `Sync`.
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
    /// handle.add_with(|interrupted| async {
    ///     interrupted.await;
    ///     "worker"
    /// });
    /// handle.add(async { "done" }, |_| {});
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[1].output(), Some(&"worker"));
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
    /// handle.add(async { "done" }, |_| {});
    /// assert_eq!(smol::block_on(group), Some("done"));
    /// ```
    #[track_caller]
    pub fn add_abortable(&self, execute: impl Future<Output = T> + Send + 'a) -> Adding<'_, 'a, T> {
        self.adding(actor::abortable(execute))
    }
}

/// The methods of [`Handle`] that take a future or a closure, without the `Send` bounds.
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
}

impl<'a, T, S: Kind> Handle<'a, T, S> {
    pub(crate) fn new(sender: Sender<'a, T, S>) -> Self {
        Self { sender }
    }

    /// Returns whether actors added through this handle are dropped, because the group no longer takes them.
    ///
    /// This is so once the last stage of the group that made the handle has ended, or the group was dropped. If it
    /// returns `false`, an actor that you add next may still be dropped, because the group may finish on another thread
    /// in between.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group: Group<'_, ()> = Group::new();
    /// let handle = group.handle();
    /// assert!(!handle.is_closed());
    /// drop(group);
    /// assert!(handle.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    fn adding(&self, actor: BoxedActor<'a, T, S>) -> Adding<'_, 'a, T, S> {
        Adding {
            sender: &self.sender,
            actor: Some(actor),
        }
    }
}

impl<T, S: Kind> Clone for Handle<'_, T, S> {
    fn clone(&self) -> Self {
        Self::new(self.sender.clone())
    }
}

impl<T, S: Kind> fmt::Debug for Handle<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::HANDLE)
            .field("is_closed", &self.is_closed())
            .finish()
    }
}

/// An actor that a [`Handle`] adds when this value is dropped.
///
/// The statement `handle.add(..);` adds the actor at once. Call [`named`](Self::named) to give it a name first. The
/// last parameter, `S`, is that of the handle.
///
/// # Panics
///
/// If the handle is closed, dropping this value drops the actor. If that panics, the panic continues, unless the thread
/// is already panicking.
pub struct Adding<'h, 'a, T, S: Kind = Shared> {
    sender: &'h Sender<'a, T, S>,
    /// `None` once it was added.
    actor: Option<BoxedActor<'a, T, S>>,
}

impl<T, S: Kind> Adding<'_, '_, T, S> {
    /// Names the actor, and adds it. Its [exit](Exit::name) shows the name.
    ///
    /// # Examples
    ///
    /// ```
    /// use run_group::Group;
    ///
    /// let mut group = Group::new();
    /// let handle = group.handle();
    /// handle.add(async {}, |_| {}).named("main");
    /// let exits = smol::block_on(group.report());
    /// assert_eq!(exits[0].name(), Some("main"));
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(actor) = &mut self.actor {
            actor.as_mut().label_mut().name = Some(name.into());
        }
    }
}

/// Adds the actor, or drops it if the handle is closed.
impl<T, S: Kind> Drop for Adding<'_, '_, T, S> {
    fn drop(&mut self) {
        if let Some(actor) = self.actor.take() {
            let sent = self.sender.unbounded_send(actor);
            let refused = sent.err().map(TrySendError::into_inner);
            if let Some(Err(payload)) = refused.map(drop_actor) {
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
