//! Parts of a report, for tests to compare.

use std::fmt::Debug;

use run_group::{Exit, Outcome};

use super::Done;

/// Returns a line for each exit.
pub fn lines<T: Debug>(exits: &[Exit<T>]) -> Vec<String> {
    exits.iter().map(ToString::to_string).collect()
}

/// Returns the names of all actors, in the order of adding.
#[cfg(all(feature = "std", panic = "unwind"))] // no other test needs it
pub fn names<T>(exits: &[Exit<T>]) -> Vec<&str> {
    let mut exits: Vec<_> = exits.iter().collect();
    exits.sort_by_key(|exit| exit.index());
    exits.into_iter().filter_map(Exit::name).collect()
}

/// Returns the names of the actors that expired.
pub fn expired<T>(exits: &[Exit<T>]) -> Vec<&str> {
    exits
        .iter()
        .filter(|exit| matches!(exit.outcome(), Outcome::Expired))
        .filter_map(Exit::name)
        .collect()
}

/// Returns a line for each exit that is a failure.
pub fn failures(exits: &[Exit<Done>]) -> Vec<String> {
    let failures = exits.iter().filter(|exit| exit.is_failure());
    failures.map(ToString::to_string).collect()
}

/// Returns the place of an actor in the report, which is in the order of exits.
#[track_caller]
pub fn place<T>(exits: &[Exit<T>], name: &str) -> usize {
    let place = exits.iter().position(|exit| exit.name() == Some(name));
    place.unwrap_or_else(|| panic!("{name} is not in the report"))
}
