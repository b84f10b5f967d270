//! How an actor ended: [`Exit`], [`Outcome`].

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;
use core::fmt;
use core::panic::Location;

/// How one actor ended, without its name: this is what a group keeps of each.
pub(crate) struct Record<T> {
    /// Its place in the order of adding.
    pub(crate) index: u32,
    /// The line that added it.
    pub(crate) location: &'static Location<'static>,
    pub(crate) was_interrupted: bool,
    pub(crate) outcome: Outcome<T>,
}

/// How one actor ended: who it was, whether it had been told to, and with what outcome.
///
/// Every interrupt gets the exit of the cause, the observer set with [`on_exit`](crate::Group::on_exit) gets each exit
/// of its stage, and [`report`](crate::Group::report) returns them all.
///
/// `Display` gives a line for a log. It starts with the actor's name or, without one, with the line that added it. Of one
/// that has returned or panicked it tells whether it was interrupted before:
///
/// ```text
/// http returned Err(AddrInUse)
/// src/main.rs:31:11 returned Ok(()), interrupted
/// worker panicked: index out of bounds: the len is 3 but the index is 3
/// tail aborted
/// storage expired
/// ```
///
/// # Examples
///
/// ```
/// use run_group::{Group, Outcome};
///
/// let mut group = Group::new();
/// group.add(async { 7 }, |_| {}).named("seven");
/// group.add_abortable(std::future::pending());
///
/// let exits = smol::block_on(group.report());
/// assert_eq!(exits[0].name(), Some("seven"));
/// assert_eq!(exits[0].output(), Some(&7));
/// assert!(!exits[0].was_interrupted());
/// assert_eq!(exits[0].to_string(), "seven returned 7");
/// assert!(matches!(exits[1].outcome(), Outcome::Aborted));
/// ```
pub struct Exit<T> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) record: Record<T>,
}

impl<T> Exit<T> {
    /// Returns the actor's place in the order of adding, from 0.
    ///
    /// In a group of several stages the indices count through: the actors of the
    /// [back](crate::Group::before) follow those of the front.
    pub fn index(&self) -> usize {
        self.record.index as usize
    }

    /// Returns the name which the actor was [given](crate::Added::named), if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the line of the program that added the actor.
    pub fn location(&self) -> &'static Location<'static> {
        self.record.location
    }

    /// Returns whether the actor's interrupt had been called before it ended.
    ///
    /// The actors for which this is `false` ended by themselves: the cause, and whoever of a later stage returned
    /// before the stop had come to that stage.
    pub fn was_interrupted(&self) -> bool {
        self.record.was_interrupted
    }

    /// Returns the outcome.
    pub fn outcome(&self) -> &Outcome<T> {
        &self.record.outcome
    }

    /// Returns the outcome, by value.
    pub fn into_outcome(self) -> Outcome<T> {
        self.record.outcome
    }

    /// Returns the output, if the actor returned.
    pub fn output(&self) -> Option<&T> {
        match &self.record.outcome {
            Outcome::Returned(output) => Some(output),
            _ => None,
        }
    }

    /// Returns the output by value, if the actor returned.
    pub fn into_output(self) -> Option<T> {
        match self.record.outcome {
            Outcome::Returned(output) => Some(output),
            _ => None,
        }
    }
}

impl<T: fmt::Debug> fmt::Display for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ")?,
            None => write!(f, "{} ", self.record.location)?,
        }
        match &self.record.outcome {
            Outcome::Returned(output) => write!(f, "returned {output:?}")?,
            Outcome::Panicked(payload) => match message(&**payload) {
                Some(message) => write!(f, "panicked: {message}")?,
                None => f.write_str("panicked")?,
            },
            // Only an interrupted actor is dropped, so the line ends here.
            Outcome::Aborted => return f.write_str("aborted"),
            Outcome::Expired => return f.write_str("expired"),
        }
        if self.record.was_interrupted {
            f.write_str(", interrupted")?;
        }
        Ok(())
    }
}

impl<T: fmt::Debug> fmt::Debug for Exit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("index", &self.record.index)
            .field("name", &self.name)
            .field("location", &format_args!("{}", self.record.location))
            .field("was_interrupted", &self.record.was_interrupted)
            .field("outcome", &self.record.outcome)
            .finish()
    }
}

/// What an actor ended with.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// Its execute returned this.
    Returned(T),
    /// Its execute panicked, or was dropped because its interrupt had, and this is what the panic carried.
    ///
    /// A panic while execute is being dropped counts as one of execute, whatever the outcome would have been. Without
    /// the feature `std` there is no such outcome: a panic unwinds through the group.
    Panicked(Box<dyn Any + Send>),
    /// It was [abortable](crate::Group::add_abortable) and was dropped at the interruption.
    Aborted,
    /// It was still out when the [grace period](crate::Group::grace_period) was over, and was dropped.
    Expired,
}

/// The words of a panic, if they are text, as those of `panic!` and of the standard library are.
fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(message) => Some(message),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}
