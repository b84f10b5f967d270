//! The two kinds of groups: in one, everything is `Send`; in the other, nothing needs to be.

use alloc::boxed::Box;
use alloc::rc::Rc;
#[cfg(feature = "std")]
use alloc::sync::Arc;
use core::cell::RefCell;
#[cfg(not(feature = "std"))]
use core::convert::Infallible;
use core::future::Future;
use core::pin::Pin;
#[cfg(feature = "std")]
use std::sync::{Mutex, PoisonError};

use crate::actor::{Actor, Boxed};
use crate::exit::Exit;
use crate::running::Waiting;

/// What a group boxes or shares with its handles. It is sealed, because its module is private.
pub trait Kind {
    /// The name of the group's type, as the user writes it.
    const GROUP: &'static str;
    /// The name of the handle's type, as the user writes it.
    const HANDLE: &'static str;
    /// An actor.
    type Actor<'a, T>: Actor<Output = T> + ?Sized;
    /// The closure given to `on_exit`.
    type OnExit<'a, T>: FnMut(&Exit<T>) + ?Sized;
    /// The closure given to `on_wait`.
    type OnWait<'a, T>: FnMut(&Waiting<'_, T>) + ?Sized;
    /// The closure given to `grace_period`.
    type Begin<'a>: FnMut() -> Pin<Box<Self::Timer<'a>>> + ?Sized;
    /// The future that the closure given to `grace_period` returns.
    type Timer<'a>: Future<Output = ()> + ?Sized;
    /// What a group shares with its handles.
    type Cell<X>: Cell<X>;
}

/// An actor of a group of this kind.
pub(crate) type BoxedActor<'a, T, S> = Boxed<<S as Kind>::Actor<'a, T>>;

/// The kinds whose groups have handles: without `std`, only [`Local`], because `core` has no mutex.
pub trait HasHandles: Kind {}

#[cfg(feature = "std")]
impl HasHandles for Shared {}
impl HasHandles for Local {}

/// A value that a group shares with its handles.
pub trait Cell<X>: Clone {
    /// Returns a cell with this value.
    fn new(value: X) -> Self;

    /// Calls `f` with the value. The value is locked meanwhile, so `f` must not call the user's code.
    fn with<R>(&self, f: impl FnOnce(&mut X) -> R) -> R;
}

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
    #[cfg(feature = "std")]
    type Cell<X> = Arc<Mutex<X>>;
    #[cfg(not(feature = "std"))]
    type Cell<X> = Infallible; // its groups have no handles, because `core` has no mutex
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
    type Cell<X> = Rc<RefCell<X>>;
}

#[cfg(feature = "std")]
impl<X> Cell<X> for Arc<Mutex<X>> {
    fn new(value: X) -> Self {
        Self::new(Mutex::new(value))
    }

    fn with<R>(&self, f: impl FnOnce(&mut X) -> R) -> R {
        f(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<X> Cell<X> for Rc<RefCell<X>> {
    fn new(value: X) -> Self {
        Self::new(RefCell::new(value))
    }

    fn with<R>(&self, f: impl FnOnce(&mut X) -> R) -> R {
        f(&mut self.borrow_mut())
    }
}

#[cfg(not(feature = "std"))]
impl<X> Cell<X> for Infallible {
    fn new(_: X) -> Self {
        unreachable!("only a `LocalGroup` has handles without `std`")
    }

    fn with<R>(&self, _: impl FnOnce(&mut X) -> R) -> R {
        match *self {}
    }
}
