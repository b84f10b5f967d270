//! How what the code of the user does changes the state.

use super::event::{Event, Set};
use super::state::{Actor, Check, Group, Life, Period, Question, Setting, State};

impl State {
    /// Applies an event of the user. Returns whether it was one.
    pub fn apply(&mut self, event: &Event) -> Check<bool> {
        match *event {
            Event::Added(group, actor, kind, stops) => {
                self.actors.insert(actor, Actor::new(kind, stops, group));
                let stage = self.changed(group).stages[0];
                self.add(group, actor, stage);
            }
            Event::AddedByHandle(handle, actor, kind, stops) => {
                let mut new = Actor::new(kind, stops, usize::MAX);
                new.life = Life::Refused;
                if let Some((group, setting)) = self.open(handle) {
                    setting.inbox.push_back(actor);
                    (new.group, new.life) = (group, Life::Waiting);
                }
                let is_dropped = self.second() == Some(&Event::Dropped(actor));
                self.require(
                    new.life == Life::Waiting || is_dropped,
                    "15: what is added to a closed handle is dropped at once",
                )?;
                self.actors.insert(actor, new);
            }
            Event::Asks(handle, question) => {
                let answer = match self.open(handle) {
                    Some((_, setting)) => {
                        setting.questions.push(question);
                        None
                    }
                    None => Some(Vec::new()),
                };
                let awaited_by = None;
                self.questions.insert(question, Question { answer, awaited_by });
            }
            Event::Answered(question, by, ref seen) => {
                let question = self.questions.get_mut(&question).expect("it was asked");
                if *seen != question.answer {
                    let due = format!("15: the answer must be {:?}", question.answer);
                    return self.refuse(&due);
                }
                if seen.is_none() && by.is_some() {
                    question.awaited_by = by;
                }
            }
            Event::AnswerWoke(number) if self.is_awaited(number) => {
                let question = self.questions.get_mut(&number);
                let awaited_by = question.and_then(|question| question.awaited_by.take());
                awaited_by.into_iter().for_each(|actor| self.wake(actor));
            }
            Event::InterruptedAlone(actor) => {
                self.advance();
                self.resolve(actor)?;
                return Ok(true);
            }
            Event::Nested(group, actor) => self.group(group).host = Some(actor),
            Event::GraceSet(group, grace) => {
                let own = self.changed(group).own();
                let is_running = own.is_running();
                let old = own.grace.replace(grace);
                own.period = Period::NotBegun;
                self.advance();
                if let (Some(old), true) = (old, is_running) {
                    self.expect(&Event::GraceDropped(old), "10: setting it again replaces it")?;
                }
                self.replaced(group, old.map(Set::Grace), Set::Grace(grace))?;
                return Ok(true);
            }
            Event::OnExitSet(group, observer) => {
                let old = self.changed(group).own().on_exit.replace(observer);
                self.advance();
                self.replaced(group, old.map(Set::Observer), Set::Observer(observer))?;
                return Ok(true);
            }
            Event::OnWaitSet(group, observer) => {
                let own = self.changed(group).own();
                own.has_changed = true;
                let old = own.on_wait.replace(observer);
                self.advance();
                self.replaced(group, old.map(Set::Observer), Set::Observer(observer))?;
                return Ok(true);
            }
            Event::HandleMade(group, handle) => {
                let group = self.changed(group);
                group.is_terminated = false;
                group.own().handles.push(handle);
            }
            Event::Consumed(group, way) => self.changed(group).way = way,
            Event::Woke(actor) => {
                let is_heard = matches!(self.second(), Some(Event::GroupWoke(..)));
                let is_last = self.actor(actor).is_polled_last;
                let what = "2: the waker of a last poll wakes nothing";
                self.require(!is_last || !is_heard, what)?;
                self.wake(actor);
            }
            Event::WokeGrace(grace) => {
                for setting in self.groups.values_mut().flat_map(|group| &mut group.settings) {
                    if setting.grace == Some(grace) && setting.period == Period::Running(false) {
                        setting.period = Period::Running(true);
                    }
                }
            }
            // Only `before` and a last poll bring a new waker. The old one then makes no actor be polled.
            Event::WokeStale(_) => {}
            Event::GroupWoke(group, poll) => {
                let is_quiet = self.quiet.contains(&group);
                self.require(!is_quiet, "13: a group that has ended wakes nothing")?;
                if let Some(state) = self.groups.get_mut(&group) {
                    state.is_woken = true;
                    let host = state.host.filter(|_| poll > state.moved_at);
                    if let Some(host) = host {
                        self.wake(host);
                    }
                }
            }
            Event::Dropped(actor) if self.is_refused(actor) => {
                self.advance();
                let panic = self.dropped(actor)?;
                let panic = panic.or(self.interrupt_dropped(actor)?);
                if let Some(site) = panic {
                    // The code that called the handle catches it, or it happened while the handle was closing.
                    if !self.accept_at_once(&Event::Caught(site)) {
                        let group = self.actor(actor).group;
                        self.note(group, panic);
                    }
                }
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.advance();
        Ok(true)
    }

    /// Reads the drop of what is replaced by something new.
    fn replaced(&mut self, group: usize, old: Option<Set>, new: Set) -> Check {
        if let Some(old) = old {
            let what = "10, 16: setting it again replaces it";
            self.expect(&Event::SetDropped(old), what)?;
        }
        let set = &mut self.group(group).set;
        set.retain(|&set| Some(set) != old);
        set.push(new);
        Ok(())
    }

    /// Returns whether an actor must be dropped unpolled: its handle is closed, or its group is being dropped.
    fn is_refused(&self, actor: usize) -> bool {
        let actor = &self.actors[&actor];
        let group = self.groups.get(&actor.group);
        let is_dropping = group.is_some_and(|group| group.drop_panics.is_some());
        actor.life == Life::Refused || actor.life == Life::Waiting && is_dropping
    }

    fn changed(&mut self, group: usize) -> &mut Group {
        self.quiet.remove(&group);
        let group = self.group(group);
        group.is_woken = true;
        group
    }

    /// Returns the group that a handle adds to and what was set on it, unless the handle is closed.
    fn open(&mut self, handle: usize) -> Option<(usize, &mut Setting)> {
        self.groups.iter_mut().find_map(|(&group, state)| {
            let mut settings = state.settings.iter_mut();
            let setting = settings.find(|setting| setting.handles.contains(&handle))?;
            Some((group, setting))
        })
    }
}
