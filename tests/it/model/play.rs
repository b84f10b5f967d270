//! How a script is played, by whoever does what a group does.

use super::cast::Event;
use super::script::{Act, Actor, Grace, Script, Stage, Step};

/// A group that is played with: the real one, or the model.
pub trait Subject: Default {
    /// Polls it. Returns whether it was ready: from then on, it is a new group.
    fn poll(&mut self) -> bool;
    /// Returns whether it is to be polled: since it has woken its waker, or since its owner has changed something.
    fn is_due(&self) -> bool;
    fn add(&mut self, actor: &Actor);
    fn bound(&mut self, grace: &Grace);
    fn observe(&mut self, acts: &[Act]);
    fn before(&mut self, stage: &Stage);
    fn report(&mut self);
    fn drop_it(&mut self);
    fn outside(&mut self, act: &Act);
    /// Returns whether it is a report that is polled.
    fn reports(&self) -> bool;
    fn len(&self) -> usize;
    fn say(&mut self, event: Event);
    /// Returns what was seen.
    fn trace(self) -> Vec<Event>;
}

/// Plays a script to its end, after which the group settles and is dropped.
pub fn play(subject: &mut impl Subject, script: &Script) {
    for each in script.0.iter().chain(&[Step::Settle, Step::DropIt]) {
        step(subject, each);
    }
}

/// Plays one step.
pub fn step(subject: &mut impl Subject, step: &Step) {
    match step {
        Step::PollOnce => _ = subject.poll(),
        Step::Settle => while subject.is_due() && !subject.poll() {},
        Step::Outside(act) => subject.outside(act),
        Step::DropIt => subject.drop_it(),
        _ if subject.reports() => {}
        Step::Add(actor) => subject.add(actor),
        Step::Bound(grace) => subject.bound(grace),
        Step::Observe(acts) => subject.observe(acts),
        Step::Before(stage) => subject.before(stage),
        Step::Report => subject.report(),
    }
    if !subject.reports() {
        subject.say(Event::Len(subject.len()));
    }
}
