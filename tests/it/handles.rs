//! Clause 15: actors that are added through a handle. Without `std`, only a `LocalGroup` has handles.

#[cfg(feature = "std")]
mod added;
#[cfg(feature = "std")]
mod closing;
#[cfg(feature = "std")]
mod joining;
mod local;
#[cfg(feature = "std")]
mod running;
#[cfg(feature = "std")]
mod stop;

#[cfg(feature = "std")]
use {
    crate::harness::{Actor, Output, Test},
    run_group::{Group, Handle},
};

/// Returns a test, a group, and a handle of it.
#[cfg(feature = "std")]
fn group_with_handle<'a, T>() -> (Test, Group<'a, T>, Handle<'a, T>) {
    let mut group = Group::new();
    let handle = group.handle();
    (Test::default(), group, handle)
}

/// Adds an actor of this name through a handle. It returns `"stopped"` when it is interrupted.
#[cfg(feature = "std")]
fn add(test: &Test, handle: &Handle<'_, Output>, name: Output) -> Actor {
    let actor = test.actor(name);
    actor.stops_when_interrupted();
    handle.add(actor.execute(), actor.interrupt()).named(name);
    actor
}

/// Returns a closure that adds an actor of this name when it is first called.
#[cfg(feature = "std")]
fn adds_once(test: &Test, handle: Handle<'static, Output>, name: Output) -> impl FnMut() + Send {
    let test = test.clone();
    let mut handle = Some(handle);
    move || {
        if let Some(handle) = handle.take() {
            add(&test, &handle, name);
        }
    }
}
