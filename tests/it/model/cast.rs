//! The user's code in a play: what the script has the actors, the observers and the grace periods do, and what was seen.
//!
//! Group and model each have a cast of their own, which does the same things when it is called upon. So what is left to
//! differ is when it is called upon.

use std::mem::take;

use super::script::{Act, Actor, Grace, Op};

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// This actor was polled.
    Polled(usize),
    /// The execute of this actor was dropped.
    Dropped(usize),
    /// The interrupt of this actor was called, with the exit of the cause.
    Interrupted(usize, End),
    /// This observer was called.
    Observed(usize, End),
    /// The closure of this grace period was called.
    Began(usize),
    /// This grace period resolved.
    Over(usize),
    /// This grace period was dropped after it had begun.
    Ended(usize),
    /// The group was ready.
    Ready(Option<usize>),
    /// The report was ready.
    Reported(Vec<End>),
    /// The group, or the report, has resumed this panic.
    Resumed(Site),
    /// Dropping the group panicked.
    DropPanicked,
    /// After a step, so many actors had not exited.
    Len(usize),
}

/// An exit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub who: usize,
    pub index: usize,
    pub was_interrupted: bool,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Returned(usize),
    Panicked(Site),
    Aborted,
    Expired,
}

/// Where the user's code runs, and whose. A panic carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Site {
    Execute(usize),
    Interrupt(usize),
    Drop(usize),
    Observer(usize),
    Begin(usize),
    Over(usize),
    DropGrace(usize),
}

/// Who is woken.
#[derive(Clone, Copy, Debug)]
pub enum Whom {
    Actor(usize),
    /// Whoever polled this grace period.
    Grace(usize),
}

/// How a poll of execute ends.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    Pending,
    Returned,
    Panicked(Site),
}

/// Everybody who was mentioned in the script so far.
#[derive(Clone, Default)]
pub struct Cast {
    actors: Vec<Player>,
    graces: Vec<Grace>,
    observers: Vec<Vec<Act>>,
    /// The grace periods whose time is up.
    up: Vec<usize>,
    /// Who was woken and does not know it yet, in this order. Whoever calls upon the cast passes it on afterwards.
    woken: Vec<Whom>,
    trace: Vec<Event>,
}

#[derive(Clone)]
struct Player {
    part: Actor,
    /// How much of `part.execute` is done.
    done: usize,
    polls: usize,
    /// Who is woken by the next poll.
    waiting: Vec<usize>,
    /// Whether the interrupt wakes it.
    listens: bool,
}

impl Cast {
    /// Enters an actor and returns its number.
    pub fn enter(&mut self, part: &Actor) -> usize {
        self.actors.push(Player {
            part: part.clone(),
            done: 0,
            polls: 0,
            waiting: Vec::new(),
            listens: false,
        });
        self.actors.len() - 1
    }

    /// Enters a grace period and returns its number.
    pub fn enter_grace(&mut self, grace: &Grace) -> usize {
        self.graces.push(grace.clone());
        self.graces.len() - 1
    }

    /// Enters an observer and returns its number.
    pub fn enter_observer(&mut self, acts: &[Act]) -> usize {
        self.observers.push(acts.to_vec());
        self.observers.len() - 1
    }

    /// Polls the execute of an actor, which sees whether it was `told`.
    pub fn execute(&mut self, who: usize, told: bool) -> Turn {
        self.say(Event::Polled(who));
        self.actors[who].polls += 1;
        let waiting = take(&mut self.actors[who].waiting);
        self.woken.extend(waiting.into_iter().map(Whom::Actor));
        loop {
            let player = &mut self.actors[who];
            let Some(op) = player.part.execute.get(player.done).cloned() else {
                return Turn::Pending;
            };
            player.done += 1;
            match op {
                Op::Do(act) => {
                    if let Err(site) = self.act(&[act], Site::Execute(who)) {
                        return Turn::Panicked(site);
                    }
                }
                Op::Pend => return Turn::Pending,
                Op::Return => return Turn::Returned,
                Op::AwaitInterrupt if !told => {
                    player.listens = true;
                    player.done -= 1;
                    return Turn::Pending;
                }
                Op::AwaitPolls(whom, times) => match self.actors.get_mut(whom) {
                    Some(other) if other.polls < times => {
                        other.waiting.push(who);
                        self.actors[who].done -= 1;
                        return Turn::Pending;
                    }
                    _ => {}
                },
                Op::AwaitInterrupt => {}
            }
        }
    }

    /// Calls the interrupt of an actor that was `Told`.
    pub fn interrupt(&mut self, who: usize, cause: End) -> Result<(), Site> {
        self.say(Event::Interrupted(who, cause));
        if self.actors[who].listens {
            self.woken.push(Whom::Actor(who));
        }
        let acts = self.actors[who].part.interrupt.clone();
        self.act(&acts, Site::Interrupt(who))
    }

    /// Drops the execute of an actor.
    pub fn drop_execute(&mut self, who: usize) -> Result<(), Site> {
        self.say(Event::Dropped(who));
        let acts = self.actors[who].part.drop.clone();
        self.act(&acts, Site::Drop(who))
    }

    /// Calls an observer.
    pub fn observe(&mut self, observer: usize, end: End) -> Result<(), Site> {
        self.say(Event::Observed(observer, end));
        let acts = self.observers[observer].clone();
        self.act(&acts, Site::Observer(observer))
    }

    /// Calls the closure of a grace period.
    pub fn begin(&mut self, grace: usize) -> Result<(), Site> {
        self.say(Event::Began(grace));
        let acts = self.graces[grace].begin.clone();
        self.act(&acts, Site::Begin(grace))
    }

    /// Polls a grace period, and returns whether it resolved.
    pub fn poll_grace(&mut self, grace: usize) -> Result<bool, Site> {
        if !self.up.contains(&grace) {
            return Ok(false);
        }
        self.say(Event::Over(grace));
        let acts = self.graces[grace].over.clone();
        self.act(&acts, Site::Over(grace)).map(|()| true)
    }

    /// Drops a grace period that has begun.
    pub fn drop_grace(&mut self, grace: usize) -> Result<(), Site> {
        self.say(Event::Ended(grace));
        let acts = self.graces[grace].drop.clone();
        self.act(&acts, Site::DropGrace(grace))
    }

    /// Does what is done between two polls.
    pub fn outside(&mut self, act: &Act) {
        let _ = self.act(std::slice::from_ref(act), Site::Execute(0));
    }

    /// Does `acts`, until one panics.
    fn act(&mut self, acts: &[Act], _site: Site) -> Result<(), Site> {
        for act in acts {
            match *act {
                Act::Wake(who) => self.woken.push(Whom::Actor(who)),
                Act::TimeIsUp(grace) => {
                    self.up.push(grace);
                    self.woken.push(Whom::Grace(grace));
                }
                #[cfg(all(feature = "std", panic = "unwind"))]
                Act::Panic => return Err(_site),
            }
        }
        Ok(())
    }

    /// Returns who was woken since this was asked last.
    pub fn take_woken(&mut self) -> Vec<Whom> {
        take(&mut self.woken)
    }

    /// Adds to what was seen.
    pub fn say(&mut self, event: Event) {
        self.trace.push(event);
    }

    /// Puts the events since the first `from` in order: for those that have none.
    pub fn sort_since(&mut self, from: usize) {
        self.trace[from..].sort();
    }

    /// Returns how many events were seen so far.
    pub fn seen(&self) -> usize {
        self.trace.len()
    }

    /// Returns what was seen.
    pub fn trace(self) -> Vec<Event> {
        self.trace
    }
}
