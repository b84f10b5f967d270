//! What is seen of a group while a script is played: the trace.

/// One thing that happened. Everything is known by its number.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(not(feature = "std"), allow(dead_code))] // there are no handles
pub enum Event {
    // What the user does.
    /// Adds an actor to a group.
    Added(usize, usize, Kind),
    /// Adds an actor through a handle.
    AddedByHandle(usize, usize, Kind),
    /// Makes a group an actor: the group, and the actor.
    Nested(usize, usize),
    /// Sets a grace period of a group.
    GraceSet(usize, usize),
    /// Sets an observer of exits of a group.
    OnExitSet(usize, usize),
    /// Sets an observer of what a group waits for.
    OnWaitSet(usize, usize),
    /// Has a group make a handle.
    HandleMade(usize, usize),
    /// Has a group report.
    Reports(usize),
    /// Puts a group before another.
    Before(usize, usize),
    /// Calls the waker that an actor was polled with last.
    Woke(usize),
    /// Calls the waker that a grace period was polled with last.
    WokeGrace(usize),
    /// Has caught the panic of an actor that a closed handle dropped.
    Caught(Site),
    /// Polls a group.
    PollBegan(usize),
    /// Drops a group.
    DropBegan(usize),

    // What the group does.
    /// Has woken the waker that it was polled with last.
    GroupWoke(usize),
    /// Was not ready.
    Pending(usize),
    /// Was ready with the output of this actor.
    Ready(usize, Option<usize>),
    /// Its report was ready.
    Reported(usize, Vec<End>),
    /// It, or its report, resumed this panic.
    Resumed(usize, Site),
    /// Has been dropped, which panicked with this.
    DropEnded(usize, Option<Site>),
    /// Refused to be combined.
    Refused(usize, usize),
    /// What its owner can see.
    Shows(usize, Shown),
    /// Which handles are closed.
    Closed(Vec<bool>),

    // What the group has the user's code do.
    /// Polled an actor, which saw whether it was interrupted.
    Polled(usize, bool),
    /// That actor was not ready.
    Waits(usize),
    /// That actor returned.
    Returned(usize),
    /// Dropped the execute of an actor.
    Dropped(usize),
    /// That did not panic.
    Released(usize),
    /// Dropped the output of an actor.
    OutputDropped(usize),
    /// ByClosure the interrupt of an actor, with the exit of the cause.
    Interrupted(usize, End),
    /// Resolved the `Interrupted` of an actor that had polled it.
    Resolved(usize),
    /// ByClosure an observer of exits.
    Observed(usize, End),
    /// ByClosure an observer of what the group waits for: the cause, and these actors.
    Waited(usize, usize, Vec<usize>),
    /// ByClosure the closure of a grace period.
    Began(usize),
    /// Polled a grace period, which resolved or did not.
    GracePolled(usize, bool),
    /// Dropped a grace period.
    GraceDropped(usize),
    /// What was called last panicked.
    Panicked(Site),
}

/// How an actor learns that it is interrupted.
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

/// Where the user's code runs. A panic carries it.
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
