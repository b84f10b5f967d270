//! What a script consists of: the actors, what they do, and what is done to the group.
//!
//! Actors, grace periods, observers and handles have numbers, each kind from 0 in the order in which the script comes to them.
//! A number that is not taken yet stands for nothing: then nothing happens.

use std::fmt;

/// What is done, from a new group to the end.
///
/// Its `Debug` output can be pasted into a test: see [`replay`](super::replay).
#[derive(Clone, PartialEq)]
pub struct Script(pub Vec<Step>);

/// One thing that the owner of a group does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Polls the group once.
    Poll,
    /// Polls the group as an executor would: while its waker has been woken, or something was set or added.
    Settle,
    /// Does this between two polls.
    Outside(Action),
    /// `add`, `add_with` or `add_abortable`.
    Add(Actor),
    /// `grace_period`.
    GracePeriod(Grace),
    /// `on_exit`. The observer does this at each call.
    OnExit(Vec<Action>),
    /// `on_wait`. The observer does this at each call.
    OnWait(Vec<Action>),
    /// `handle`.
    #[cfg(feature = "std")]
    Handle,
    /// Sets the group aside and continues with a new one.
    New,
    /// Puts the group that was last set aside before this one, and continues with both.
    Before,
    /// `report`. Until that has ended or is dropped, there is no group to add to.
    Report,
    /// Drops the group, or the future of its report, and continues with a new one.
    Drop,
}

/// An actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub how: How,
    /// What execute does. At its end, it waits for ever.
    pub execute: Vec<Op>,
    /// What the interrupt does, for [`How::ByClosure`].
    pub interrupt: Vec<Action>,
    /// What it does when execute is dropped.
    pub drop: Vec<Action>,
    /// Whether its output panics when that is dropped.
    pub output_drop_panics: bool,
}

/// How an actor is added.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// With `add`. The interrupt wakes the actor if it awaits that, and does what the script says.
    ByClosure,
    /// With `add_with`. Its interruption wakes the actor, if that has been polled.
    ByFuture,
    /// With `add_abortable`.
    Abortable,
    /// With `add_with`: a group of its own. When it is interrupted, it adds an actor that returns to that group.
    Nested(Inner),
}

/// A group inside a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inner {
    pub actors: Vec<Actor>,
    pub grace: Option<Grace>,
    pub on_exit: Option<Vec<Action>>,
    pub on_wait: Option<Vec<Action>>,
    pub has_handle: bool,
}

/// What a grace period does when it begins, when it resolves, and when it is dropped. It resolves when its time is up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grace {
    pub begin: Vec<Action>,
    pub resolve: Vec<Action>,
    pub drop: Vec<Action>,
}

/// What execute does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Do(Action),
    /// Lets the poll end here. Without having woken itself before, it waits to be woken.
    Pend,
    /// Wakes itself and lets the poll end, this many times.
    Spin(usize),
    /// Continues when it is interrupted.
    AwaitInterrupt,
    /// Continues when this actor has been polled this many times.
    AwaitPolls(usize, usize),
    /// Returns.
    Return,
}

/// What any code of the user's may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Wakes this actor, if it has been polled.
    Wake(usize),
    /// Ends the time of this grace period, for the stages that are still to come as well.
    EndGrace(usize),
    /// Adds actors through this handle.
    #[cfg(feature = "std")]
    AddByHandle(usize, Vec<Actor>),
    /// Panics. Outside, nothing happens.
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panic,
}

impl Actor {
    /// Returns an actor that does nothing but `execute`.
    pub fn new(how: How, execute: &[Op]) -> Self {
        Self {
            how,
            execute: execute.to_vec(),
            interrupt: Vec::new(),
            drop: Vec::new(),
            output_drop_panics: false,
        }
    }
}

/// As `derive` would, but for lists, which are printed as `vec![…]`.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = match f.alternate() {
            true => format!("{:#?}", self.0),
            false => format!("{:?}", self.0),
        };
        write!(f, "Script({})", steps.replace('[', "vec!["))
    }
}
