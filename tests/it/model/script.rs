//! A script: the actors, what they do, and what the owner of the group does.
//!
//! Actors, grace periods, observers and handles have numbers. Each kind counts from 0, in the order in which the script
//! makes them. An action on a number that does not exist yet does nothing.

use std::fmt;

/// What the owner does, from a new group to the end.
///
/// Its `Debug` output can be pasted into a test: see [`replay`](super::replay).
#[derive(Clone, PartialEq)]
pub struct Script(pub Vec<Step>);

/// One step of the owner.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Polls the group once.
    Poll,
    /// Polls the group as an executor would: as long as its waker was woken, or something was set or added.
    Settle,
    /// Performs this action between two polls.
    Outside(Action),
    /// `add`, `add_with` or `add_abortable`.
    Add(Actor),
    /// `grace_period`.
    GracePeriod(Grace),
    /// `on_exit`. The observer performs these actions at each call.
    OnExit(Vec<Action>),
    /// `on_wait`. The observer performs these actions at each call.
    OnWait(Vec<Action>),
    /// `handle`.
    Handle,
    /// Sets the group aside and continues with a new one.
    New,
    /// Combines the group that was last set aside, as the front, with this one. Continues with the result.
    Before,
    /// `run`. There is no group to add to until the result is ready or dropped.
    Run,
    /// `report`, which takes the group away, too.
    Report,
    /// Drops the group, or the future of its result, and continues with a new one.
    Drop,
}

/// An actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub how: How,
    /// What execute does. After the last operation it waits forever.
    pub execute: Vec<Op>,
    /// What the interrupt does, for [`How::ByClosure`].
    pub interrupt: Vec<Action>,
    /// What it gets with `stops_if`.
    pub stops_if: Option<StopsIf>,
    /// What the drop of execute does.
    pub drop: Vec<Action>,
    /// Whether the drop of its interrupt panics, for [`How::ByClosure`].
    pub interrupt_drop_panics: bool,
    /// Whether the drop of its output panics.
    pub output_drop_panics: bool,
}

/// Which exits stop the group, and what the function does that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct StopsIf {
    pub stops: Stops,
    pub actions: Vec<Action>,
}

/// Which exits stop the group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stops {
    Always,
    Never,
    IfPanicked,
}

/// How an actor is added, and so how it is interrupted.
#[derive(Clone, Debug, PartialEq)]
pub enum How {
    /// With `add`. The interrupt performs its actions, after it has woken the actor if that awaits it.
    ByClosure,
    /// With `add_with`. Its `Interrupted` wakes the actor, if the actor has been polled.
    ByFuture,
    /// With `add_with`. In each poll, the actor polls a new clone of its `Interrupted`, and drops the last one.
    #[cfg(feature = "std")]
    ByClone,
    /// With `add_abortable`.
    Abortable,
    /// With `add_with`: the actor is a group itself. When interrupted, it adds an actor that returns to that group.
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

/// What a grace period does when it begins, when it resolves, and when it is dropped.
///
/// [`Action::EndGrace`] makes it resolve.
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
    /// Ends the poll. Unless the actor has woken itself before, it now waits to be woken.
    Pend,
    /// Wakes itself and ends the poll, this many times.
    Spin(usize),
    /// Waits until the actor is interrupted.
    AwaitInterrupt,
    /// Waits until the actor with the first number has been polled as often as the second says.
    AwaitPolls(usize, usize),
    /// Asks this handle what runs, and waits for the answer.
    #[cfg(feature = "std")]
    Ask(usize),
    /// Returns an error, which is its output.
    Return,
    /// Returns `Ok(())`.
    Succeed,
}

/// What any code of the user may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Wakes this actor, if it has been polled: calls the waker of its last poll. If an earlier poll had another, calls that,
    /// too.
    Wake(usize),
    /// Makes this grace period resolve, in this stage and in all later ones.
    EndGrace(usize),
    /// Interrupts this actor alone, if it was added with `add_with`.
    InterruptAlone(usize),
    /// Adds actors through this handle.
    AddByHandle(usize, Vec<Actor>),
    /// Asks this handle what runs.
    #[cfg(feature = "std")]
    Ask(usize),
    /// Panics. As the action of [`Step::Outside`], it does nothing.
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panic,
}

impl Actor {
    /// Returns an actor without further actions.
    pub fn new(how: How, execute: &[Op]) -> Self {
        Self {
            how,
            execute: execute.to_vec(),
            interrupt: Vec::new(),
            stops_if: None,
            drop: Vec::new(),
            interrupt_drop_panics: false,
            output_drop_panics: false,
        }
    }

    /// Sets which exits stop the group.
    pub fn stops(self, stops: Stops) -> Self {
        let actions = Vec::new();
        Self { stops_if: Some(StopsIf { stops, actions }), ..self }
    }
}

/// As `derive` would print it, but with `vec![…]` for lists.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = match f.alternate() {
            true => format!("{:#?}", self.0),
            false => format!("{:?}", self.0),
        };
        write!(f, "Script({})", steps.replace('[', "vec!["))
    }
}
