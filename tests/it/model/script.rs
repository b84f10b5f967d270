//! What a play consists of: who is added to a group, what the actors do, and what is done to the group.
//!
//! Actors, grace periods and observers are known by number, each kind from 0 in the order in which it is first mentioned
//! in the script. A number that nobody has is nobody's: nothing happens.

use std::fmt;

/// What is done, from a new group to the end.
///
/// It is printed such that it can be pasted into a test: see [`replay`](super::replay).
#[derive(Clone, PartialEq)]
pub struct Script(pub Vec<Step>);

/// One thing that the owner of the group does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Polls the group once.
    PollOnce,
    /// Polls the group when it has woken its waker, until it no longer does, as an executor would.
    Settle,
    /// Does this between two polls.
    Outside(Act),
    /// `add`, `add_with` or `add_abortable`.
    Add(Actor),
    /// `grace_period`.
    Bound(Grace),
    /// `on_exit`. At each exit the observer does this.
    Observe(Vec<Act>),
    /// `group.before(stage)`.
    Before(Stage),
    /// `group.report()`. Until it has ended or is dropped, there is no group to add to.
    Report,
    /// Drops the group, or the future of its report. What follows is done to a new one.
    DropIt,
}

/// What a stage consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    pub actors: Vec<Actor>,
    pub grace: Option<Grace>,
    pub observer: Option<Vec<Act>>,
}

/// An actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub how: How,
    /// What execute does. At its end, it waits for ever.
    pub execute: Vec<Op>,
    /// What the interrupt does, if it is `Told`.
    pub interrupt: Vec<Act>,
    /// What it does when execute is dropped.
    pub drop: Vec<Act>,
}

/// How an actor is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// With `add`. The interrupt leaves word, wakes the actor if it awaits that, and does what the script says.
    Told,
    /// With `add_with`. The signal wakes the actor, if it has been polled.
    Signalled,
    /// With `add_abortable`.
    Abortable,
}

/// What a grace period does in the closure, when it resolves, and when it is dropped. It resolves when its time is up.
#[derive(Clone, Debug, PartialEq)]
pub struct Grace {
    pub begin: Vec<Act>,
    pub over: Vec<Act>,
    pub drop: Vec<Act>,
}

/// What execute does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Do(Act),
    /// Lets the poll end here. Without having woken itself before, it waits to be woken.
    Pend,
    /// Goes on when it is interrupted.
    AwaitInterrupt,
    /// Goes on when this actor has been polled so many times.
    AwaitPolls(usize, usize),
    /// Returns its own number.
    Return,
}

/// What any code of the user's may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Wakes this actor, if it has been polled.
    Wake(usize),
    /// Lets the time of this grace period be up, whether it has begun or not.
    TimeIsUp(usize),
    /// Panics. Outside, nothing happens.
    #[cfg(all(feature = "std", panic = "unwind"))]
    Panic,
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
