//! The trace: everything that happens while a script runs.

use std::fmt;
use std::str::FromStr;

use super::script::Stops;

/// One event. All parts of a script appear by their numbers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "std"), allow(dead_code))] // a handle cannot be asked what runs
pub enum Event {
    // What the code of the user does.
    /// Adds an actor to a group, with `stops_if` or without.
    Added(usize, usize, Kind, Option<Stops>),
    /// Adds an actor through a handle.
    AddedByHandle(usize, usize, Kind, Option<Stops>),
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
    /// Asks a handle what runs. The second number is that of the question.
    Asks(usize, usize),
    /// Polls the answer to a question, as part of this actor or not. The answer is `None` if it is pending.
    Answered(usize, Option<usize>, Option<Vec<Seen>>),
    /// Interrupts an actor alone, through its `other_end`.
    InterruptedAlone(usize),
    /// Calls `run` or `report` on a group.
    Consumed(usize, Way),
    /// Calls `before` on two groups, front and back.
    Before(usize, usize),
    /// Wakes an actor: calls the waker of its last poll.
    Woke(usize),
    /// Calls another waker, of an earlier poll of that actor.
    WokeStale(usize),
    /// Wakes a grace period: calls the waker of its last poll.
    WokeGrace(usize),
    /// Catches the panic of an actor that a closed handle dropped.
    Caught(Site),
    /// Polls a group.
    PollBegan(usize),
    /// Drops a group.
    DropBegan(usize),

    // What the group does.
    /// Wakes its task: calls the waker of one of its polls. The second number is that of the poll, among the polls of all
    /// groups.
    GroupWoke(usize, usize),
    /// Returns `Pending`.
    Pending(usize),
    /// Is ready with this output.
    Ready(usize, Option<Output>),
    /// Its `run` is ready with this result.
    Ran(usize, Output),
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
    /// Wakes the actor that awaits the answer to this question.
    AnswerWoke(usize),
    /// Shows which handles are closed.
    Closed(Vec<bool>),

    // What the group makes the code of the user do.
    /// Polls an actor. The flag says whether the actor sees that it is interrupted.
    Polled(usize, bool),
    /// That actor returns `Pending`.
    Waits(usize),
    /// That actor returns.
    Returned(usize, Outcome),
    /// Begins to drop the execute of an actor.
    Dropped(usize),
    /// Has dropped it without a panic.
    Released(usize),
    /// Drops the output of an actor.
    OutputDropped(usize),
    /// Asks whether this exit stops the group.
    Asked(End),
    /// Drops the interrupt of an actor, which was not called.
    InterruptDropped(usize),
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
    /// Drops something that was set.
    SetDropped(Set),
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

/// Something that was set on a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Set {
    Observer(usize),
    /// The closure that begins a grace period.
    Grace(usize),
}

/// How the owner gets the result of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Way {
    #[default]
    Await,
    Run,
    Report,
}

/// What an actor returned: `Ok(())`, or an error, which has the number of the actor.
pub type Output = Result<(), usize>;

/// Number, index and `is_interrupted` of an actor that has not exited.
pub type Seen = (usize, usize, bool);

/// What the owner of a group can see of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The actors that have not exited.
    pub running: Vec<Seen>,
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
    pub has_left: bool,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It returned `Ok(())`.
    Succeeded,
    /// It returned an error.
    Failed,
    Panicked(Site),
    Aborted,
    Expired,
}

/// Which code of the user panicked. Each panic carries its site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Site {
    Execute(usize),
    Interrupt(usize),
    InterruptDrop(usize),
    StopsIf(usize),
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
            "InterruptDrop" => Self::InterruptDrop,
            "StopsIf" => Self::StopsIf,
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
