//! The contract, as rules for a trace. The numbers are those of its clauses.
//!
//! The rules read the events of one poll of a group in the order in which they must come, and judge each by the state
//! at that place. Where the contract leaves the order open, so do the rules.

use std::mem::{replace, take};

use super::event::{End, Event, Kind, Outcome, Site};
use super::state::{Check, Group, Life, OutputState, Period, Setting, State};

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
                state.require(
                    is_woken,
                    "a group wakes its waker when there is something to do",
                )?;
                let mut lives = state.actors.values().map(|actor| actor.life);
                let is_dropped = lives.all(|life| life != Life::Refused);
                state.require(
                    is_dropped,
                    "15: what is added to a closed handle is dropped",
                )?;
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
    fn poll(&mut self, g: usize) -> Check {
        self.group(g).begin_poll();
        self.take_in(g);
        if self.group(g).added == 0 {
            return self.end(g); // 1: an empty group is ready
        }
        while self.group(g).exits.is_empty() {
            if !self.poll_actor(g)? {
                self.may_end_poll(g)?;
                return self.pending(g);
            }
        }
        let mut grace_is_run = false;
        loop {
            grace_is_run &= !self.interrupt_stage(g)?;
            if self.running_in_stage(g).is_empty() {
                if self.is_held_open(g) {
                    return self.pending(g);
                }
                self.leave_stage(g)?;
                if self.group(g).stages.is_empty() {
                    return self.end(g); // 6: every actor has exited
                }
                grace_is_run = false;
                continue;
            }
            if !replace(&mut grace_is_run, true) {
                self.run_grace_periods(g)?;
            }
            if !self.expire(g)? && !self.poll_actor(g)? {
                self.may_end_poll(g)?;
                self.call_wait_observers(g)?;
                return self.pending(g);
            }
        }
    }

    /// 15: an actor counts as added when a poll takes it in: from inner handles before outer, from front before back.
    fn take_in(&mut self, g: usize) {
        for place in 0..self.group(g).settings.len() {
            let setting = &mut self.group(g).settings[place];
            let (inbox, stage) = (take(&mut setting.inbox), setting.stages[0]);
            inbox
                .into_iter()
                .for_each(|actor| self.add(g, actor, stage));
        }
    }

    /// 2, 3, 14: actors are polled in the order in which they were added or woken. Returns whether one was polled.
    fn poll_actor(&mut self, g: usize) -> Check<bool> {
        let Some(Event::Polled(a, saw)) = self.peek()? else {
            return Ok(false);
        };
        let is_next = self.group(g).woken.front() == Some(&a);
        self.require(
            is_next,
            "2, 3: the actor that was woken first is polled first",
        )?;
        let (stage, current) = (self.actor(a).stage, self.group(g).stages[0]);
        if let Some(turns) = &mut self.group(g).last_turns {
            let is_over = turns.is_empty() && stage == current;
            turns.retain(|&other| other != a);
            self.require(!is_over, "10: after one last turn, actors expire")?;
        }
        let is_interrupted = self.actor(a).is_interrupted;
        let knows = match self.actor(a).kind {
            Kind::Abortable => false,
            Kind::ByClosure | Kind::ByFuture => is_interrupted,
        };
        self.require(
            saw == knows,
            "4, 5: an actor that is interrupted sees it, and no other does",
        )?;
        self.advance();
        self.actor(a).is_polled = true;
        self.group(g).woken.pop_front();
        self.group(g).polling = Some((a, false));
        if let Some(inner) = self.inner(a) {
            self.expect(
                &Event::PollBegan(inner),
                "an actor that is a group polls it",
            )?;
            self.poll(inner)?;
        }
        let outcome = match self.peek()? {
            Some(Event::Waits(_)) => None,
            Some(Event::Returned(_)) => Some(Outcome::Returned),
            Some(Event::Panicked(site)) => Some(Outcome::Panicked(site)),
            _ => return self.refuse("an actor's poll ends before anything else happens"),
        };
        self.advance();
        let group = self.group(g);
        let (_, woke_itself) = group.polling.take().expect("it is being polled");
        group.polls += 1;
        group.polls_since_exit += 1;
        group.self_wakes += usize::from(woke_itself);
        let is_fair = group.polls_since_exit <= 2 * group.added + 2;
        self.require(
            is_fair,
            "17: actors that wake themselves do not starve the executor",
        )?;
        if let Some(outcome) = outcome {
            self.release(g, a, outcome)?;
        }
        Ok(true)
    }

    /// 8: an execute is dropped as soon as it has exited. 12: if its drop panics, the actor has panicked.
    fn release(&mut self, g: usize, a: usize, outcome: Outcome) -> Check {
        self.expect(
            &Event::Dropped(a),
            "8: an execute is dropped when it has exited",
        )?;
        self.actor(a).output = match outcome {
            Outcome::Returned => OutputState::Held,
            _ => OutputState::Absent,
        };
        let outcome = match (outcome, self.dropped(a)?) {
            (Outcome::Panicked(site), _) => Outcome::Panicked(site),
            (_, Some(site)) => {
                self.outputs_dropped(g)?; // a second panic is ignored
                Outcome::Panicked(site)
            }
            (outcome, None) => outcome,
        };
        self.exit(g, a, outcome)
    }

    /// 7, 11: the observers of its stage see every exit, inner ones first.
    fn exit(&mut self, g: usize, a: usize, outcome: Outcome) -> Check {
        let actor = self.actor(a);
        let (stage, index, was_interrupted) = (actor.stage, actor.index, actor.is_interrupted);
        let end = End {
            actor: a,
            index,
            was_interrupted,
            outcome,
        };
        let group = self.group(g);
        group.polls_since_exit = 0;
        group.exits.push(end.clone());
        if let Outcome::Panicked(site) = outcome {
            group.panic = group.panic.or(Some(site));
        }
        group.note_change(stage);
        for place in self.group(g).settings_for(stage) {
            if let Some(observer) = self.group(g).settings[place].on_exit {
                self.expect(
                    &Event::Observed(observer, end.clone()),
                    "7: observers see every exit",
                )?;
                let panic = self.panicked()?;
                self.note(g, panic);
            }
        }
        Ok(())
    }

    /// 4: every interrupt of the stage is called once, in the order of adding, with the exit of the cause. Returns
    /// whether there was an actor to interrupt.
    fn interrupt_stage(&mut self, g: usize) -> Check<bool> {
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
            let (kind, is_polled) = (actor.kind, actor.is_polled);
            let is_running = actor.life == Life::Running;
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
                Kind::ByFuture if is_running && is_polled => {
                    self.expect(
                        &Event::Resolved(a),
                        "4: interrupts are called in the order of adding",
                    )?;
                    self.wake(a);
                }
                Kind::Abortable if is_running => self.release(g, a, Outcome::Aborted)?,
                Kind::ByFuture | Kind::Abortable => {}
            }
        }
        Ok(!due.is_empty())
    }

    /// 10: the grace periods of the stage begin after the first interrupts that leave an actor running. They are polled
    /// before the actors, inner ones first. When one resolves, the actors that have been woken by then get one last
    /// turn.
    fn run_grace_periods(&mut self, g: usize) -> Check {
        let settings = self.current_settings(g);
        for &place in &settings {
            let setting = &mut self.group(g).settings[place];
            let (Some(grace), Period::NotBegun) = (setting.grace, setting.period) else {
                continue;
            };
            self.expect(
                &Event::Began(grace),
                "10: a grace period begins after the interrupts",
            )?;
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
            group
                .ended
                .extend((period == Period::Over).then_some(grace));
            let panic = self.panicked()?;
            self.note(g, panic);
            self.graces_dropped(g)?;
        }
        let is_over = settings
            .iter()
            .any(|&place| self.group(g).settings[place].period == Period::Over);
        if is_over && self.group(g).last_turns.is_none() {
            let running = self.running_in_stage(g);
            let woken = self.group(g).woken.iter().copied();
            let turns = woken.filter(|a| running.contains(a)).collect();
            self.group(g).last_turns = Some(turns);
        }
        Ok(())
    }

    /// 10: after the last turns, the actors of the stage that have not exited expire, in the order of adding. Returns
    /// whether they did.
    fn expire(&mut self, g: usize) -> Check<bool> {
        let due = self.running_in_stage(g);
        let is_time = self.group(g).last_turns.as_ref().is_some_and(Vec::is_empty);
        if !is_time || self.peek()? != Some(Event::Dropped(due[0])) {
            return Ok(false);
        }
        self.group(g).last_turns = None;
        due.into_iter()
            .try_for_each(|a| self.release(g, a, Outcome::Expired))?;
        Ok(true)
    }

    /// 10, 11: when all actors of a stage have exited, its grace periods are dropped, and the next stage is
    /// interrupted. 15: handles are closed when the last of their stages has ended.
    fn leave_stage(&mut self, g: usize) -> Check {
        let group = self.group(g);
        let stage = group.stages.remove(0);
        group.last_turns = None;
        let mut refused = Vec::new();
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
            }
            !setting.stages.is_empty()
        });
        refused
            .into_iter()
            .for_each(|a| self.actor(a).life = Life::Refused);
        self.graces_dropped(g)?;
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
        let is_expiry_due = group.last_turns.as_ref().is_some_and(Vec::is_empty);
        let is_done = group.woken.is_empty() && !is_expiry_due;
        self.require(
            is_done || may_yield,
            "4: a poll continues until no actor is ready",
        )
    }

    /// 15, 17: a group that returns `Pending` has woken its waker, if there is something to do.
    fn pending(&mut self, g: usize) -> Check {
        self.expect(&Event::Pending(g), "4: nothing is left to do in this poll")?;
        let group = &self.groups[&g];
        let is_woken = group.is_woken || !self.is_due(group);
        self.require(
            is_woken,
            "the group wakes its waker when there is something to do",
        )
    }

    /// 7, 12, 14: how a group ends. Then it is empty again.
    fn end(&mut self, g: usize) -> Check {
        let output_panic = self.outputs_dropped(g)?.first().copied();
        let (event, group) = (self.peek()?, &self.groups[&g]);
        let cause = group.exits.first();
        let panic = match group.is_reporting {
            true => group.stray,
            false => group.panic.or(output_panic),
        };
        let expected = match (panic, group.is_reporting) {
            (Some(site), _) => Event::Resumed(g, site),
            (None, true) => Event::Reported(g, group.exits.clone()),
            (None, false) => Event::Ready(g, cause.map(|cause| cause.actor)),
        };
        let is_kept = |end: &End| match (panic, group.is_reporting) {
            (Some(_), _) => false,
            (None, true) => end.outcome == Outcome::Returned,
            (None, false) => Some(end.actor) == cause.map(|cause| cause.actor),
        };
        let is_right = |end: &End| {
            let output = self.actors[&end.actor].output;
            (output == OutputState::Held) == is_kept(end)
        };
        if event.as_ref() != Some(&expected) {
            return self.refuse(&format!("7, 12: {expected:?} is due"));
        }
        self.require(
            group.exits.iter().all(is_right),
            "7, 12: the other outputs are dropped",
        )?;
        let host = group.host;
        self.advance();
        let actors = self.actors.values_mut().filter(|actor| actor.group == g);
        actors.for_each(|actor| actor.forget());
        let (is_terminated, new) = (true, Group::new(g));
        self.groups.insert(
            g,
            Group {
                host,
                is_terminated,
                ..new
            },
        );
        Ok(())
    }

    /// Reads the drops of outputs of a group, each once. Returns their panics.
    fn outputs_dropped(&mut self, g: usize) -> Check<Vec<Site>> {
        let mut panics = Vec::new();
        while let Some(event) = self.peek()?.filter(|event| self.is_output(event, g)) {
            let Event::OutputDropped(a) = event else {
                break;
            };
            self.advance();
            self.actor(a).output = OutputState::Dropped;
            panics.extend(self.panicked()?);
        }
        Ok(panics)
    }

    /// Reads the drops of grace periods that have ended, each once.
    fn graces_dropped(&mut self, g: usize) -> Check {
        while let Some(event) = self.peek()?.filter(|event| self.is_grace(event, g)) {
            let Event::GraceDropped(grace) = event else {
                break;
            };
            self.advance();
            self.group(g).ended.retain(|&other| other != grace);
            let panic = self.panicked()?;
            self.note(g, panic);
        }
        Ok(())
    }

    fn is_grace(&self, event: &Event, g: usize) -> bool {
        matches!(event, Event::GraceDropped(grace) if self.groups[&g].ended.contains(grace))
    }

    /// Returns whether this is the drop of an output of this group.
    fn is_output(&self, event: &Event, g: usize) -> bool {
        let Event::OutputDropped(a) = event else {
            return false;
        };
        let actor = &self.actors[a];
        actor.group == g && actor.output == OutputState::Held
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
            self.group(g).drop_panics = Some(Vec::new());
            let group = self.group(g);
            for setting in &group.settings {
                if let (Some(grace), Period::Running(_)) = (setting.grace, setting.period) {
                    group.ended.push(grace);
                }
            }
        }
        while let Some(event) = self.peek()? {
            let Event::Dropped(a) = event else {
                let mut graces = groups.iter().copied();
                if let Some(g) = graces.find(|&g| self.is_grace(&event, g)) {
                    self.graces_dropped(g)?;
                    continue;
                }
                let mut outputs = groups.iter().copied();
                let Some(g) = outputs.find(|&g| self.is_output(&event, g)) else {
                    break;
                };
                let panics = self.outputs_dropped(g)?;
                panics
                    .into_iter()
                    .for_each(|panic| self.note(g, Some(panic)));
                continue;
            };
            let (g, life) = (self.actor(a).group, self.actor(a).life);
            let is_in = groups.contains(&g) && life == Life::Running;
            self.require(is_in, "13: an actor that is in the group is dropped, once")?;
            self.advance();
            let panic = self.dropped(a)?;
            self.note(g, panic);
        }
        let is_left = |actor: &super::state::Actor| {
            let is_alive = matches!(actor.life, Life::Waiting | Life::Running);
            groups.contains(&actor.group) && (is_alive || actor.output == OutputState::Held)
        };
        self.require(
            !self.actors.values().any(is_left),
            "13: every actor and output is dropped",
        )?;
        let mut panics = Vec::new();
        for g in groups {
            let group = self.groups.remove(g).expect("it was just there");
            self.require(group.ended.is_empty(), "13: the grace periods are dropped")?;
            panics.extend(group.drop_panics.into_iter().flatten());
            let actors = self.actors.values_mut().filter(|actor| actor.group == *g);
            actors.for_each(|actor| actor.forget());
        }
        Ok(panics)
    }

    /// 11: `before` returns one group with the stages of both. It refuses if either has begun to stop.
    fn before(&mut self, f: usize, b: usize) -> Check {
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
        front.added += back.added;
        front.stages.append(&mut back.stages);
        front.settings.append(&mut back.settings);
        let own = Setting::new(&front.stages);
        front.settings.push(own);
        front.is_terminated &= back.is_terminated;
        front.is_woken = true;
        // 2: each actor of `back` is polled once more.
        let again = self.running(b);
        self.group(f).woken.extend(again);
        for actor in self.actors.values_mut().filter(|actor| actor.group == b) {
            actor.group = f;
            actor.index += added;
        }
        Ok(())
    }
}
