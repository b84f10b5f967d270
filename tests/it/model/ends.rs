//! More rules: how a group ends, what is dropped, and `before`.

use std::mem::take;

use super::event::{End, Event, Outcome, Set, Site, Way};
use super::state::{Actor, Check, Group, Life, OutputState, Period, Setting, State};

impl State {
    /// 7, 12, 14: how a group ends. Then it is empty again.
    pub fn end(&mut self, g: usize) -> Check {
        for setting in take(&mut self.group(g).settings) {
            self.close(setting.questions);
        }
        self.settings_dropped(g)?;
        let output_panic = self.outputs_dropped(g)?.first().copied();
        let (event, group) = (self.peek()?, &self.groups[&g]);
        let cause = group.exits.first();
        let error = |end: &&End| end.outcome == Outcome::Failed;
        let first_error = group.exits.iter().find(error);
        let (panic, kept) = match group.way {
            Way::Report => (group.stray, None),
            Way::Await => (group.panic.or(output_panic), cause.filter(error)),
            Way::Run => (group.panic.or(output_panic), first_error),
        };
        let returned = kept.map_or(Ok(()), |end| Err(end.actor));
        let expected = match (panic, group.way) {
            (Some(site), _) => Event::Resumed(g, site),
            (None, Way::Report) => Event::Reported(g, group.exits.clone()),
            (None, Way::Await) => Event::Ready(g, cause.map(|_| returned)),
            (None, Way::Run) => Event::Ran(g, returned),
        };
        let is_kept = |end: &End| match (panic, group.way) {
            (Some(_), _) => false,
            (None, Way::Report) => end.outcome == Outcome::Failed,
            (None, Way::Await | Way::Run) => Some(end) == kept,
        };
        let is_right = |end: &End| {
            let output = self.actors[&end.actor].output;
            (output == OutputState::Held) == is_kept(end)
        };
        if event.as_ref() != Some(&expected) {
            return self.refuse(&format!("7, 12: {expected:?} is due"));
        }
        self.require(group.exits.iter().all(is_right), "7, 12: the other outputs are dropped")?;
        self.require(group.set.is_empty(), "1, 14: what was set is dropped")?;
        let (host, moved_at) = (group.host, group.moved_at);
        self.advance();
        self.quiet.insert(g);
        let actors = self.actors.values_mut().filter(|actor| actor.group == g);
        actors.for_each(|actor| actor.forget());
        let (is_terminated, new) = (true, Group::new(g));
        self.groups.insert(g, Group { host, moved_at, is_terminated, ..new });
        Ok(())
    }

    /// Reads the drops of outputs of a group, each once. Returns their panics.
    fn outputs_dropped(&mut self, g: usize) -> Check<Vec<Site>> {
        let mut panics = Vec::new();
        while let Some(Event::OutputDropped(a)) = self.peek()? {
            if !self.is_held(a, &[g]) {
                break;
            }
            panics.extend(self.output_dropped(a)?);
        }
        Ok(panics)
    }

    /// Reads the drop of an output, if there is one to drop. Returns its panic.
    pub fn output_dropped(&mut self, a: usize) -> Check<Option<Site>> {
        if self.actor(a).output != OutputState::Held {
            return Ok(None);
        }
        self.expect(&Event::OutputDropped(a), "7, 12, 19: an output is dropped")?;
        self.actor(a).output = OutputState::Dropped;
        Ok(self.panicked_at(Site::Output(a)))
    }

    /// Reads the drops of what was set and of grace periods that have ended, each once.
    pub fn settings_dropped(&mut self, g: usize) -> Check {
        while let Some(event) = self.peek()?.filter(|event| self.is_unset(event, g)) {
            self.advance();
            let (group, dropped) = (self.group(g), &event);
            let is_kept = |grace: &usize| *dropped != Event::GraceDropped(*grace);
            group.ended.retain(is_kept);
            let is_kept = |set: &Set| *dropped != Event::SetDropped(*set);
            group.set.retain(is_kept);
            let panic = self.panicked()?;
            self.note(g, panic);
        }
        Ok(())
    }

    /// Returns whether an actor is in one of these groups, and its output was not dropped.
    fn is_held(&self, a: usize, groups: &[usize]) -> bool {
        let actor = &self.actors[&a];
        groups.contains(&actor.group) && actor.output == OutputState::Held
    }

    /// Returns whether this drops something that no longer applies to the group.
    fn is_unset(&self, event: &Event, g: usize) -> bool {
        let group = &self.groups[&g];
        match *event {
            Event::GraceDropped(grace) => group.ended.contains(&grace),
            Event::SetDropped(set) => group.has_unset(set),
            _ => false,
        }
    }

    /// 13: dropping a group drops every actor and calls no interrupt. The order is not promised.
    pub fn drop_group(&mut self, g: usize) -> Check {
        let panics = self.drop_groups(&[g])?;
        match self.peek()? {
            Some(Event::DropEnded(ended, panic)) if ended == g => {
                let is_one = panic.map_or(panics.is_empty(), |site| panics.contains(&site));
                self.require(is_one, "13: a panic continues after the rest is dropped")?;
                self.advance();
                Ok(())
            }
            _ => self.refuse("13: dropping a group only drops its actors"),
        }
    }

    fn drop_groups(&mut self, groups: &[usize]) -> Check<Vec<Site>> {
        for &g in groups {
            let (group, mut asked) = (self.group(g), Vec::new());
            group.drop_panics = Some(Vec::new());
            for setting in &mut group.settings {
                if let (Some(grace), Period::Running(_)) = (setting.grace, setting.period) {
                    group.ended.push(grace);
                }
                asked.append(&mut setting.questions);
            }
            self.close(asked);
        }
        while let Some(event) = self.peek()? {
            let (g, panic) = match event {
                Event::Dropped(a) => {
                    let (g, is_running) = (self.actor(a).group, self.actor(a).is_running());
                    let is_in = groups.contains(&g) && is_running;
                    self.require(is_in, "13: an actor that is in the group is dropped, once")?;
                    self.advance();
                    (g, self.dropped(a)?)
                }
                Event::InterruptDropped(a) if groups.contains(&self.actor(a).group) => {
                    let is_due = self.actor(a).has_interrupt && !self.actor(a).is_running();
                    self.require(is_due, "13: an interrupt is dropped once, after the execute")?;
                    (self.actor(a).group, self.interrupt_dropped(a)?)
                }
                Event::OutputDropped(a) if self.is_held(a, groups) => {
                    (self.actor(a).group, self.output_dropped(a)?)
                }
                event => {
                    let mut groups = groups.iter().copied();
                    let Some(g) = groups.find(|&g| self.is_unset(&event, g)) else {
                        break;
                    };
                    self.settings_dropped(g)?;
                    continue;
                }
            };
            self.note(g, panic);
        }
        let is_left = |actor: &Actor| {
            let is_alive = matches!(actor.life, Life::Waiting | Life::Running);
            let has_parts = actor.has_interrupt || actor.output == OutputState::Held;
            groups.contains(&actor.group) && (is_alive || has_parts)
        };
        self.require(!self.actors.values().any(is_left), "13: every actor and output is dropped")?;
        let mut panics = Vec::new();
        for g in groups {
            let group = self.groups.remove(g).expect("it was just there");
            let is_empty = group.ended.is_empty() && group.set.is_empty();
            self.require(is_empty, "13: what was set is dropped")?;
            self.quiet.insert(*g);
            let settings = group.settings.into_iter();
            settings.for_each(|setting| self.close(setting.questions));
            panics.extend(group.drop_panics.into_iter().flatten());
            let actors = self.actors.values_mut().filter(|actor| actor.group == *g);
            actors.for_each(|actor| actor.forget());
        }
        Ok(panics)
    }

    /// 11: `before` returns one group with the stages of both. It refuses if either has begun to stop.
    pub fn before(&mut self, f: usize, b: usize) -> Check {
        let is_stopping = !self.group(f).exits.is_empty() || !self.group(b).exits.is_empty();
        if is_stopping {
            self.drop_groups(&[f, b])?;
            return self.expect(
                &Event::Refused(f, b),
                "11: a group that has begun to stop is not combined",
            );
        }
        let mut back = self.groups.remove(&b).expect("it was there");
        let front = self.group(f);
        if front.is_new() {
            *front = back; // `Group::new().before(back)` is `back`
            front.is_woken = true;
            self.actors
                .values_mut()
                .filter(|actor| actor.group == b)
                .for_each(|actor| actor.group = f);
            return Ok(());
        }
        let added = front.added;
        front.stages.append(&mut back.stages);
        front.settings.append(&mut back.settings);
        front.set.append(&mut back.set);
        let own = Setting::new(&front.stages);
        front.settings.push(own);
        front.is_terminated &= back.is_terminated;
        front.is_woken = true;
        // 12: an actor that has left may have made an observer panic.
        front.panic = front.panic.or(back.panic);
        front.stray = front.stray.or(back.stray);
        // 2: each actor of `back` is polled once more. 11: those that still run get the next indices.
        let running = self.running(b);
        for (place, a) in running.iter().enumerate() {
            self.actor(*a).index = added + place;
            if let Some(inner) = self.inner(*a) {
                self.group(inner).moved_at = self.polls;
            }
        }
        let front = self.group(f);
        front.added += running.len();
        front.woken.extend(running);
        let actors = self.actors.values_mut().filter(|actor| actor.group == b);
        actors.for_each(|actor| actor.group = f);
        Ok(())
    }
}
