use run_group::{Exit, Group, Handle, Interrupt, Interrupted};
use std::collections::{hash_map::Entry, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex};

type Output = Result<(), String>;

/// The actors that have not exited, and what stops each. `None`: it was asked to stop.
#[derive(Clone, Default)]
struct Registry(Arc<Mutex<HashMap<String, Option<Interrupt>>>>);

impl Registry {
    /// Adds an actor. Returns `false` if another of this name has not exited.
    fn add<'a, F: Future<Output = Output> + Send + 'a>(
        &self,
        handle: &Handle<'a, Output>,
        name: &str,
        execute: impl FnOnce(Interrupted) -> F,
    ) -> bool {
        match self.0.lock().unwrap().entry(name.into()) {
            Entry::Occupied(_) => return false,
            Entry::Vacant(entry) => entry.insert(None),
        };
        let registered = Registered(self.clone(), name.into());
        let execute = |interrupted: Interrupted| {
            self.0.lock().unwrap().insert(name.into(), Some(interrupted.other_end()));
            let execute = execute(interrupted);
            async move {
                let _registered = registered; // until it exits or is dropped
                execute.await
            }
        };
        handle.add_with(execute).stops_if(Exit::is_failure).named(name.to_string());
        true
    }

    /// Asks an actor to stop. Returns `false` if it has exited, or was asked before.
    fn stop(&self, name: &str) -> bool {
        let interrupt = self.0.lock().unwrap().get_mut(name).and_then(Option::take);
        interrupt.is_some() // dropping it interrupts the actor
    }
}

/// Frees the name of an actor when this is dropped.
struct Registered(Registry, String);

impl Drop for Registered {
    fn drop(&mut self) {
        let interrupt = self.0 .0.lock().unwrap().remove(&self.1);
        drop(interrupt);
    }
}

async fn serve(interrupted: Interrupted) -> Output {
    interrupted.await;
    Ok(())
}

fn main() {
    let registry = Registry::default();
    let mut group = Group::new();
    let handle = group.handle();
    assert!(registry.add(&handle, "feed", serve));
    assert!(registry.stop("feed"));
    assert!(!registry.add(&handle, "feed", serve)); // the first has not exited
    assert_eq!(smol::block_on(group.run()), Ok(())); // the only actor has left
    assert!(registry.add(&handle, "feed", serve)); // the handle is closed, so it is dropped
    assert!(!registry.stop("feed"));
}
// The recipe ends here.

use std::future::pending;

use crate::harness::Test;
use crate::recipes::assert_is_a_recipe;

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("registry.rs"));
    main();
}

/// A group with a registry, polled by hand.
fn registry() -> (Registry, Group<'static, Output>, Handle<'static, Output>) {
    let registry = Registry::default();
    let mut group = Group::new();
    group.add_abortable(pending()).named("main job");
    let handle = group.handle();
    (registry, group, handle)
}

/// Polls the group until it does nothing more, and returns what runs.
fn running(group: &mut Group<'_, Output>) -> Vec<String> {
    Test::default().settle(group);
    group.running().map(|actor| actor.to_string()).collect()
}

#[test]
fn stopped_actor_leaves_alone() {
    let (registry, mut group, handle) = registry();
    registry.add(&handle, "feed", serve);
    registry.add(&handle, "index", serve);
    assert_eq!(running(&mut group), ["main job", "feed", "index"]);
    assert!(registry.stop("feed"));
    assert_eq!(running(&mut group), ["main job", "index"]);
}

#[test]
fn actor_may_be_stopped_before_its_first_poll() {
    let (registry, mut group, handle) = registry();
    registry.add(&handle, "feed", serve);
    assert!(registry.stop("feed"));
    assert_eq!(running(&mut group), ["main job"]);
    assert!(registry.0.lock().unwrap().is_empty());
}

#[test]
fn actor_that_has_left_cannot_be_stopped() {
    let (registry, mut group, handle) = registry();
    registry.add(&handle, "feed", |_| async { Ok(()) });
    assert_eq!(running(&mut group), ["main job"]);
    assert!(!registry.stop("feed"));
    assert!(!registry.stop("unknown"));
    assert!(registry.add(&handle, "feed", serve));
}

/// It keeps its name, so that the one that replaces it is not mistaken for it.
#[test]
fn actor_that_ignores_it_keeps_its_name() {
    let (registry, mut group, handle) = registry();
    registry.add(&handle, "deaf", |_| pending());
    assert!(registry.stop("deaf"));
    assert_eq!(running(&mut group), ["main job", "deaf"]);
    assert!(!registry.stop("deaf"));
    assert!(!registry.add(&handle, "deaf", serve));

    group.grace_period(|| async {});
    handle.stop(Ok(()));
    let report = smol::block_on(group.report());
    assert_eq!(report[2].to_string(), "deaf expired");
    assert!(registry.0.lock().unwrap().is_empty());
}

#[test]
fn failure_of_one_stops_all() {
    let (registry, group, handle) = registry();
    registry.add(&handle, "feed", serve);
    registry.add(&handle, "broken", |_| async { Err("no such device".into()) });
    assert_eq!(smol::block_on(group.run()), Err("no such device".into()));
    assert!(registry.0.lock().unwrap().is_empty());
}

#[cfg(panic = "unwind")]
#[test]
fn actor_that_panics_frees_its_name() {
    let (registry, group, handle) = registry();
    registry.add(&handle, "feed", |_| async { panic!("no such page") });
    let report = smol::block_on(group.report());
    assert_eq!(report[0].to_string(), "feed panicked: no such page");
    assert!(!registry.stop("feed"));
}

#[test]
fn dropped_group_frees_the_names() {
    let (registry, mut group, handle) = registry();
    registry.add(&handle, "feed", serve);
    running(&mut group);
    registry.add(&handle, "queued", serve);
    drop(group);
    assert!(registry.0.lock().unwrap().is_empty());
}
