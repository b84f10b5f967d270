//! What the group boxes: things that are `Send`, or things that need not be.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use crate::actor::Parts;
use crate::exit::Exit;

/// The types which a group boxes, as trait objects. Sealed: its module is private.
pub trait Kind {
    /// The name under which the user knows the group.
    const NAME: &'static str;
    /// Execute and interrupt of an actor.
    type Parts<'a, T>: Parts<Output = T> + ?Sized;
    /// The closure given to `on_exit`.
    type Observer<'a, T>: FnMut(&Exit<T>) + ?Sized;
    /// The closure given to `grace_period`.
    type GracePeriod<'a>: FnOnce() -> Pin<Box<Self::Timer<'a>>> + ?Sized;
    /// The future which that closure returns.
    type Timer<'a>: Future<Output = ()> + ?Sized;
}

/// The kind of [`Group`](crate::Group): everything is `Send`.
#[derive(Debug)]
pub enum Shared {}

impl Kind for Shared {
    const NAME: &'static str = "Group";
    type Parts<'a, T> = dyn Parts<Output = T> + Send + 'a;
    type Observer<'a, T> = dyn FnMut(&Exit<T>) + Send + 'a;
    type GracePeriod<'a> = dyn FnOnce() -> Pin<Box<Self::Timer<'a>>> + Send + 'a;
    type Timer<'a> = dyn Future<Output = ()> + Send + 'a;
}

/// The kind of [`LocalGroup`](crate::LocalGroup): nothing needs to be `Send`.
#[derive(Debug)]
pub enum Local {}

impl Kind for Local {
    const NAME: &'static str = "LocalGroup";
    type Parts<'a, T> = dyn Parts<Output = T> + 'a;
    type Observer<'a, T> = dyn FnMut(&Exit<T>) + 'a;
    type GracePeriod<'a> = dyn FnOnce() -> Pin<Box<Self::Timer<'a>>> + 'a;
    type Timer<'a> = dyn Future<Output = ()> + 'a;
}
