//! The two kinds of groups: the actors are `Send`, or they need not be.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use crate::actor::{Actor, Boxed};
use crate::exit::Exit;
use crate::running::Waiting;

/// The trait objects that a group boxes. It is sealed, because its module is private.
pub trait Kind {
    /// The name of the group's type, as the user writes it.
    const GROUP: &'static str;
    /// The name of the handle's type, as the user writes it.
    const HANDLE: &'static str;
    /// Execute and interrupt of an actor.
    type Actor<'a, T>: Actor<Output = T> + ?Sized;
    /// The closure given to `on_exit`.
    type OnExit<'a, T>: FnMut(&Exit<T>) + ?Sized;
    /// The closure given to `on_wait`.
    type OnWait<'a, T>: FnMut(&Waiting<'_, T>) + ?Sized;
    /// The closure given to `grace_period`.
    type Begin<'a>: FnMut() -> Pin<Box<Self::Timer<'a>>> + ?Sized;
    /// The future that the closure given to `grace_period` returns.
    type Timer<'a>: Future<Output = ()> + ?Sized;
}

/// An actor of a group of this kind.
pub(crate) type BoxedActor<'a, T, S> = Boxed<<S as Kind>::Actor<'a, T>>;

/// The kind of [`Group`](crate::Group): everything is `Send`.
#[derive(Debug)]
pub enum Shared {}

impl Kind for Shared {
    const GROUP: &'static str = "Group";
    const HANDLE: &'static str = "Handle";
    type Actor<'a, T> = dyn Actor<Output = T> + Send + 'a;
    type OnExit<'a, T> = dyn FnMut(&Exit<T>) + Send + 'a;
    type OnWait<'a, T> = dyn FnMut(&Waiting<'_, T>) + Send + 'a;
    type Begin<'a> = dyn FnMut() -> Pin<Box<Self::Timer<'a>>> + Send + 'a;
    type Timer<'a> = dyn Future<Output = ()> + Send + 'a;
}

/// The kind of [`LocalGroup`](crate::LocalGroup): nothing needs to be `Send`.
#[derive(Debug)]
pub enum Local {}

impl Kind for Local {
    const GROUP: &'static str = "LocalGroup";
    const HANDLE: &'static str = "LocalHandle";
    type Actor<'a, T> = dyn Actor<Output = T> + 'a;
    type OnExit<'a, T> = dyn FnMut(&Exit<T>) + 'a;
    type OnWait<'a, T> = dyn FnMut(&Waiting<'_, T>) + 'a;
    type Begin<'a> = dyn FnMut() -> Pin<Box<Self::Timer<'a>>> + 'a;
    type Timer<'a> = dyn Future<Output = ()> + 'a;
}
