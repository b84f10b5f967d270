//! The trace: everything that happens while a script runs.

use std::fmt;
use std::str::FromStr;

/// One event. All parts of a script appear by their numbers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "std"), allow(dead_code))] // there are no handles
pub enum Event {
    // What the code of the user does.
    /// Adds an actor to a group.
    Added(usize, usize, Kind),
    /// Adds an actor through a handle.
    AddedByHandle(usize, usize, Kind),
    /// Makes a group, the first number, for an actor that is one.
    Nested(usize, usize),
    /// Sets a grace period of a group.
    GraceSet(usize, usize),
    /// Sets an observer of exits of a group.
    OnExitSet(usize, usize),
    /// Sets an observer of what a group waits for.
    OnWaitSet(usize, usize),
    /// Makes a handle of a group.
    HandleMade(usize, usize),
    /// Calls `report` on a group.
    Reports(usize),
    /// Calls `before` on two groups, front and back.
    Before(usize, usize),
    /// Wakes an actor: calls the waker of its last poll.
    Woke(usize),
    /// Wakes a grace period: calls the waker of its last poll.
    WokeGrace(usize),
    /// Catches the panic of an actor that a closed handle dropped.
    Caught(Site),
    /// Polls a group.
    PollBegan(usize),
    /// Drops a group.
    DropBegan(usize),

    // What the group does.
    /// Wakes its task: calls the waker of its last poll.
    GroupWoke(usize),
    /// Returns `Pending`.
    Pending(usize),
    /// Is ready with the output of this actor.
    Ready(usize, Option<usize>),
    /// Its report is ready.
    Reported(usize, Vec<End>),
    /// Resumes this panic, or its report does.
    Resumed(usize, Site),
    /// Is dropped, with this panic.
    DropEnded(usize, Option<Site>),
    /// Refuses to be combined.
    Refused(usize, usize),
    /// Shows this to its owner.
    Shows(usize, Shown),
    /// Shows which handles are closed.
    Closed(Vec<bool>),

    // What the group makes the code of the user do.
    /// Polls an actor. The flag says whether the actor sees that it is interrupted.
    Polled(usize, bool),
    /// That actor returns `Pending`.
    Waits(usize),
    /// That actor returns its output.
    Returned(usize),
    /// Begins to drop the execute of an actor.
    Dropped(usize),
    /// Has dropped it without a panic.
    Released(usize),
    /// Drops the output of an actor.
    OutputDropped(usize),
    /// Calls the interrupt of an actor, with the exit of the cause.
    Interrupted(usize, End),
    /// Resolves the `Interrupted` of an actor that has polled it.
    Resolved(usize),
    /// Calls an observer of exits.
    Observed(usize, End),
    /// Calls an observer of what the group waits for: the cause, and these actors.
    Waited(usize, usize, Vec<usize>),
    /// Calls the closure of a grace period.
    Began(usize),
    /// Polls a grace period. The flag says whether it resolves.
    GracePolled(usize, bool),
    /// Drops a grace period.
    GraceDropped(usize),
    /// What was called last panics.
    Panicked(Site),
}

/// How an actor is interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    ByClosure,
    ByFuture,
    Abortable,
}

/// What the owner of a group can see of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Number, index and `is_interrupted` of the actors that have not exited.
    pub running: Vec<(usize, usize, bool)>,
    pub len: usize,
    pub is_stopping: bool,
    pub is_terminated: bool,
    pub debug: String,
}

/// An exit.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    pub actor: usize,
    pub index: usize,
    pub was_interrupted: bool,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Returned,
    Panicked(Site),
    Aborted,
    Expired,
}

/// Which code of the user panicked. Each panic carries its site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Site {
    Execute(usize),
    Interrupt(usize),
    Drop(usize),
    Output(usize),
    Observer(usize),
    Begin(usize),
    Resolve(usize),
    DropGrace(usize),
}

/// What a panic at this site says.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Site {
    type Err = ();

    fn from_str(site: &str) -> Result<Self, ()> {
        let (name, number) = site.trim_end_matches(')').split_once('(').ok_or(())?;
        let site = match name {
            "Execute" => Self::Execute,
            "Interrupt" => Self::Interrupt,
            "Drop" => Self::Drop,
            "Output" => Self::Output,
            "Observer" => Self::Observer,
            "Begin" => Self::Begin,
            "Resolve" => Self::Resolve,
            "DropGrace" => Self::DropGrace,
            _ => return Err(()),
        };
        number.parse().map(site).map_err(drop)
    }
}
