//! The contract, as rules for a trace. The numbers are those of its clauses.
//!
//! The rules read the events of one poll of a group in the order in which they must come, and judge each by the state
//! at that place. Where the contract leaves the order open, so do the rules.

use std::mem::take;

use super::event::{End, Event, Kind, Outcome};
use super::script::Stops;
use super::state::{Check, Group, Life, OutputState, Period, State};

/// Checks a trace. Returns the state at its end.
pub fn check(trace: Vec<Event>) -> Check<State> {
    let mut state = State::new(trace);
    while let Some(event) = state.peek()? {
        state.advance();
        match event {
            Event::PollBegan(group) => state.poll(group)?,
            Event::DropBegan(group) => state.drop_group(group)?,
            Event::Before(front, back) => state.before(front, back)?,
            Event::Shows(group, shown) => {
                state.group(group);
                let expected = state.shown(group);
                if shown != expected {
                    state.refuse(&format!("it must show {expected:?}"))?;
                }
                let is_woken = |group: &Group| group.is_woken || !state.is_due(group);
                let is_woken = state.groups.values().all(is_woken);
                state.require(is_woken, "a group wakes its waker when there is something to do")?;
                let mut lives = state.actors.values().map(|actor| actor.life);
                let is_dropped = lives.all(|life| life != Life::Refused);
                state.require(is_dropped, "15: what is added to a closed handle is dropped")?;
                let is_answered = state.answers_have_woken();
                state.require(is_answered, "15: a closed handle answers")?;
            }
            Event::Closed(closed) => {
                let expected = (0..closed.len()).map(|handle| state.is_closed(handle));
                let expected: Vec<_> = expected.collect();
                state.require(
                    closed == expected,
                    "15: a handle is closed when its stages have ended",
                )?;
            }
            _ => state.refuse("nothing happens between two polls")?,
        }
    }
    Ok(state)
}

impl State {
    /// The order of events in one poll.
    pub fn poll(&mut self, g: usize) -> Check {
        self.quiet.remove(&g);
        self.polls += 1;
        self.group(g).begin_poll();
        self.take_in(g)?;
        while self.group(g).exits.is_empty() {
            if self.running(g).is_empty() {
                let mut settings = self.groups[&g].settings.iter();
                return match settings.any(|setting| !setting.inbox.is_empty()) {
                    true => self.pending(g), // 15: it waits to be taken in
                    false => self.end(g),    // 1, 19: a group is empty, or all have left
                };
            }
            if !self.poll_actor(g)? {
                self.may_end_poll(g)?;
                return self.pending(g);
            }
        }
        loop {
            self.interrupt_stage(g)?;
            if !self.running_in_stage(g).is_empty() && self.run_grace_periods(g)? {
                self.expire(g)?; // the stage ends, whatever waits to be taken in
            } else {
                while !self.running_in_stage(g).is_empty() {
                    if !self.poll_actor(g)? {
                        self.may_end_poll(g)?;
                        self.call_wait_observers(g)?;
                        return self.pending(g);
                    }
                }
                if self.is_held_open(g) {
                    return self.pending(g);
                }
            }
            self.end_stage(g)?;
            if self.group(g).stages.is_empty() {
                return self.end(g); // 6: every actor has exited
            }
        }
    }

    /// 15: an actor counts as added when a poll takes it in: from inner handles before outer, from front before back.
    /// Then the poll answers what was asked.
    fn take_in(&mut self, g: usize) -> Check {
        let mut asked = Vec::new();
        for place in 0..self.group(g).settings.len() {
            let setting = &mut self.group(g).settings[place];
            let (inbox, stages) = (take(&mut setting.inbox), setting.stages.clone());
            let questions = take(&mut setting.questions).into_iter();
            inbox.into_iter().for_each(|actor| self.add(g, actor, stages[0]));
            asked.extend(questions.map(|question| (question, stages.clone())));
        }
        for (question, stages) in asked {
            let mut running = self.running(g);
            running.retain(|actor| stages.contains(&self.actors[actor].stage));
            self.answer(question, self.seen(&running));
        }
        self.peek()?;
        self.require(self.answers_have_woken(), "15: the next poll answers")
    }

    /// 2, 3, 14: actors are polled in the order in which they were added or woken. Returns whether one was polled.
    fn poll_actor(&mut self, g: usize) -> Check<bool> {
        let Some(Event::Polled(a, _)) = self.peek()? else {
            return Ok(false);
        };
        let is_next = self.group(g).woken.front() == Some(&a);
        self.require(is_next, "2, 3: the actor that was woken first is polled first")?;
        self.group(g).woken.pop_front();
        self.group(g).polling = Some((a, false));
        let outcome = self.polled(a, false)?;
        let group = self.group(g);
        let (_, woke_itself) = group.polling.take().expect("it is being polled");
        group.polls += 1;
        group.polls_since_exit += 1;
        group.self_wakes += usize::from(woke_itself);
        let is_fair = group.polls_since_exit <= 2 * group.added + 2;
        self.require(is_fair, "17: actors that wake themselves do not starve the executor")?;
        if let Some(outcome) = outcome {
            self.release(g, a, outcome)?;
        }
        Ok(true)
    }

    /// 2, 9, 10: before the group drops an actor, it polls it one last time.
    fn poll_last(&mut self, g: usize, a: usize) -> Check {
        match self.polled(a, true)? {
            Some(outcome) => self.release(g, a, outcome),
            None => Ok(()),
        }
    }

    /// Reads one poll of an actor. Returns how the actor exits, if it does.
    fn polled(&mut self, a: usize, is_last: bool) -> Check<Option<Outcome>> {
        let actor = self.actor(a);
        let saw = match actor.kind {
            Kind::Abortable => false,
            Kind::ByClosure => actor.is_interrupted,
            Kind::ByFuture => actor.sees_interrupt,
        };
        let what = match is_last {
            true => "2, 4, 9, 10: an actor is polled before it is dropped",
            false => "4, 5: an actor that is interrupted sees it, and no other does",
        };
        self.expect(&Event::Polled(a, saw), what)?;
        self.actor(a).is_polled = true;
        self.actor(a).is_polled_last = is_last;
        if let Some(inner) = self.inner(a) {
            self.expect(&Event::PollBegan(inner), "an actor that is a group polls it")?;
            self.poll(inner)?;
        }
        let outcome = match self.peek()? {
            Some(Event::Waits(_)) => None,
            Some(Event::Returned(_, outcome)) => Some(outcome),
            Some(Event::Panicked(site)) => Some(Outcome::Panicked(site)),
            _ => return self.refuse("an actor's poll ends before anything else happens"),
        };
        self.advance();
        Ok(outcome)
    }

    /// 8: an execute is dropped as soon as it has exited. 12: if its drop panics, the actor has panicked.
    fn release(&mut self, g: usize, a: usize, outcome: Outcome) -> Check {
        self.expect(&Event::Dropped(a), "8: an execute is dropped when it has exited")?;
        self.actor(a).output = match outcome {
            Outcome::Failed => OutputState::Held,
            _ => OutputState::Absent,
        };
        let outcome = match (outcome, self.dropped(a)?) {
            (Outcome::Panicked(site), _) => Outcome::Panicked(site),
            (_, Some(site)) => {
                self.output_dropped(a)?; // a second panic is ignored
                Outcome::Panicked(site)
            }
            (outcome, None) => outcome,
        };
        self.exit(g, a, outcome)
    }

    /// 3: an exit stops the group, unless `stops_if` says otherwise.
    fn exit(&mut self, g: usize, a: usize, outcome: Outcome) -> Check {
        let actor = self.actor(a);
        let (stage, stops) = (actor.stage, actor.stops);
        let end = End {
            actor: a,
            index: actor.index,
            was_interrupted: actor.is_interrupted,
            has_left: false,
            outcome,
        };
        self.group(g).polls_since_exit = 0;
        let mut panic = None;
        if let (Some(stops), false) = (stops, end.was_interrupted) {
            self.expect(
                &Event::Asked(end.clone()),
                "19: `stops_if` is called before the interrupt, once",
            )?;
            panic = self.panicked()?;
            let is_panic = matches!(outcome, Outcome::Panicked(_));
            let stays = stops == Stops::Never || stops == Stops::IfPanicked && !is_panic;
            if stays && panic.is_none() {
                return self.leave(g, end);
            }
        }
        let group = self.group(g);
        group.exits.push(end.clone());
        if let Outcome::Panicked(site) = outcome {
            group.panic = group.panic.or(Some(site));
        }
        group.note_change(stage);
        self.note(g, panic);
        self.observed(g, &end)
    }

    /// 19: the observers see an actor that leaves. Then its interrupt and its exit are dropped.
    fn leave(&mut self, g: usize, mut end: End) -> Check {
        let a = end.actor;
        end.has_left = true;
        self.actor(a).life = Life::Left;
        self.observed(g, &end)?;
        let panic = self.interrupt_dropped(a)?;
        self.note(g, panic);
        let panic = self.output_dropped(a)?;
        self.note(g, panic);
        Ok(())
    }

    /// 7, 11: the observers of its stage see every exit, inner ones first.
    fn observed(&mut self, g: usize, end: &End) -> Check {
        let stage = self.actor(end.actor).stage;
        for place in self.group(g).settings_for(stage) {
            if let Some(observer) = self.group(g).settings[place].on_exit {
                self.expect(
                    &Event::Observed(observer, end.clone()),
                    "7, 19: observers see every exit",
                )?;
                let panic = self.panicked()?;
                self.note(g, panic);
            }
        }
        Ok(())
    }

    /// 4: every interrupt of the stage is called once, in the order of adding, with the exit of the cause. An abortable
    /// actor is dropped in its place.
    fn interrupt_stage(&mut self, g: usize) -> Check {
        let (stage, cause) = (self.group(g).stages[0], self.group(g).exits[0].clone());
        let actors = self.actors.iter().filter(|(_, actor)| {
            let is_in = actor.group == g && actor.stage == stage && !actor.is_interrupted;
            is_in && matches!(actor.life, Life::Running | Life::Exited)
        });
        let mut due: Vec<_> = actors.map(|(&a, actor)| (actor.index, a)).collect();
        due.sort_unstable();
        for &(_, a) in &due {
            let actor = self.actor(a);
            actor.is_interrupted = true;
            actor.has_interrupt = false;
            let (kind, is_running) = (actor.kind, actor.is_running());
            self.group(g).note_change(stage);
            match kind {
                Kind::ByClosure => {
                    let call = Event::Interrupted(a, cause.clone());
                    self.expect(&call, "4: interrupts are called in the order of adding")?;
                    match self.panicked()? {
                        Some(site) if is_running => self.release(g, a, Outcome::Panicked(site))?,
                        panic => self.note(g, panic),
                    }
                }
                Kind::ByFuture => self.resolve(a)?,
                Kind::Abortable if is_running => {
                    self.poll_last(g, a)?;
                    if self.actor(a).is_running() {
                        self.release(g, a, Outcome::Aborted)?;
                    }
                }
                Kind::Abortable => {}
            }
        }
        Ok(())
    }

    /// 10: the grace periods of the stage begin after the first interrupts that leave an actor running. They are polled
    /// before the actors, inner ones first. Returns whether one is over.
    fn run_grace_periods(&mut self, g: usize) -> Check<bool> {
        let settings = self.current_settings(g);
        for &place in &settings {
            let setting = &mut self.group(g).settings[place];
            let (Some(grace), Period::NotBegun) = (setting.grace, setting.period) else {
                continue;
            };
            self.expect(&Event::Began(grace), "10: a grace period begins after the interrupts")?;
            let panic = self.panicked()?;
            self.group(g).settings[place].period = match panic {
                None => Period::Running(true),
                Some(_) => Period::Over,
            };
            self.note(g, panic);
        }
        for &place in &settings {
            let setting = &self.group(g).settings[place];
            let (Some(grace), Period::Running(is_woken)) = (setting.grace, setting.period) else {
                continue;
            };
            let period = match self.peek()? {
                Some(Event::GracePolled(polled, false)) if polled == grace => {
                    Period::Running(false)
                }
                Some(Event::GracePolled(polled, true)) if polled == grace => Period::Over,
                _ => {
                    let what = "10: a grace period that was woken is polled before the actors";
                    self.require(!is_woken, what)?;
                    continue;
                }
            };
            self.advance();
            let group = self.group(g);
            group.settings[place].period = period;
            group.ended.extend((period == Period::Over).then_some(grace));
            let panic = self.panicked()?;
            self.note(g, panic);
            self.settings_dropped(g)?;
        }
        let group = self.group(g);
        let mut periods = settings.iter().map(|&place| group.settings[place].period);
        Ok(periods.any(|period| period == Period::Over))
    }

    /// 10: the actors of the stage are polled one last time, in the order of adding. Those that are then still running
    /// expire, in the order of adding.
    fn expire(&mut self, g: usize) -> Check {
        for a in self.running_in_stage(g) {
            self.poll_last(g, a)?;
        }
        for a in self.running_in_stage(g) {
            self.release(g, a, Outcome::Expired)?;
        }
        Ok(())
    }

    /// 10, 11: when all actors of a stage have exited, its grace periods are dropped, and the next stage is
    /// interrupted. 15: handles are closed when the last of their stages has ended.
    fn end_stage(&mut self, g: usize) -> Check {
        let group = self.group(g);
        let stage = group.stages.remove(0);
        let (mut refused, mut asked) = (Vec::new(), Vec::new());
        group.settings.retain_mut(|setting| {
            if setting.stages.first() == Some(&stage) {
                setting.stages.remove(0);
                if let (Some(grace), Period::Running(_)) = (setting.grace, setting.period) {
                    group.ended.push(grace);
                }
                setting.period = Period::NotBegun;
            }
            if setting.stages.is_empty() {
                refused.extend(take(&mut setting.inbox));
                asked.append(&mut setting.questions);
            }
            !setting.stages.is_empty()
        });
        refused.into_iter().for_each(|a| self.actor(a).life = Life::Refused);
        self.close(asked);
        self.settings_dropped(g)?;
        let is_left = self.group(g).ended.is_empty();
        self.require(is_left, "10: a grace period is dropped when the stage ends")
    }

    /// 15: a stage does not end while an actor that would join it is still to be taken in.
    fn is_held_open(&mut self, g: usize) -> bool {
        let mut settings = self.current_settings(g).into_iter();
        settings.any(|place| !self.groups[&g].settings[place].inbox.is_empty())
    }

    /// 16: the observers of the stage see what the group waits for, if that has changed, inner ones first.
    fn call_wait_observers(&mut self, g: usize) -> Check {
        let (running, cause) = (self.running_in_stage(g), self.group(g).exits[0].actor);
        for place in self.current_settings(g) {
            let setting = &mut self.group(g).settings[place];
            if let (Some(observer), true) = (setting.on_wait, take(&mut setting.has_changed)) {
                let call = Event::Waited(observer, cause, running.clone());
                self.expect(&call, "16: observers see what the group waits for")?;
                let panic = self.panicked()?;
                self.note(g, panic);
            }
        }
        Ok(())
    }

    /// 4, 17: a poll continues until no actor is ready or the set yields. It may yield when two actors have woken
    /// themselves, or as many were polled as there are.
    fn may_end_poll(&mut self, g: usize) -> Check {
        let running = self.running(g).len();
        let group = &self.groups[&g];
        let may_yield = group.self_wakes >= 2 || group.polls >= running.max(1);
        let is_done = group.woken.is_empty();
        self.require(is_done || may_yield, "4: a poll continues until no actor is ready")
    }

    /// 15, 17: a group that returns `Pending` has woken its waker, if there is something to do.
    fn pending(&mut self, g: usize) -> Check {
        self.expect(&Event::Pending(g), "4: nothing is left to do in this poll")?;
        let group = &self.groups[&g];
        let is_woken = group.is_woken || !self.is_due(group);
        self.require(is_woken, "the group wakes its waker when there is something to do")
    }
}
