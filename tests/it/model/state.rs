//! The state at one place of the trace: what the user has done so far, and how far each group has come.
//!
//! [`State`] applies what the code of the user does. The [rules](super::rules) judge what the groups do.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::event::{End, Event, Kind, Shown, Site};

/// What a rule returns. An error says what is wrong.
pub type Check<R = ()> = Result<R, String>;

/// A place in the trace, and the state there.
#[derive(Default)]
pub struct State {
    trace: Rc<Vec<Event>>,
    at: usize,
    pub actors: BTreeMap<usize, Actor>,
    pub groups: BTreeMap<usize, Group>,
}

/// An actor.
pub struct Actor {
    pub kind: Kind,
    pub life: Life,
    /// The group that it is in.
    pub group: usize,
    /// Its place in the order of adding.
    pub index: usize,
    pub stage: usize,
    pub is_polled: bool,
    pub is_interrupted: bool,
    pub output: OutputState,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Life {
    /// It was added through a handle, and no poll has taken it in yet.
    Waiting,
    Running,
    /// It has exited, or its group was dropped.
    Exited,
    /// It was added through a closed handle, so it must be dropped.
    Refused,
}

/// What happened to the output of an actor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OutputState {
    Absent,
    Held,
    Dropped,
}

#[derive(Default)]
pub struct Group {
    /// The actor that runs this group, if it is inside another.
    pub host: Option<usize>,
    /// How many actors were added.
    pub added: usize,
    /// The stages that have not ended. The first is the current one.
    pub stages: Vec<usize>,
    /// The settings: inner before outer, front before back. The last are the group's own.
    pub settings: Vec<Setting>,
    /// The actors that have to be polled, in this order.
    pub woken: VecDeque<usize>,
    /// The exits in the order in which they happened. The first is the cause.
    pub exits: Vec<End>,
    /// The first panic, and the first that is no actor's exit.
    pub panic: Option<Site>,
    pub stray: Option<Site>,
    /// The panics while it is dropped. `None` if it is not being dropped.
    pub drop_panics: Option<Vec<Site>>,
    /// The actors of the stage whose last turn is still to come. `None` if the grace period has not ended.
    pub last_turns: Option<Vec<usize>>,
    /// The grace periods that have ended and must be dropped.
    pub ended: Vec<usize>,
    pub is_reporting: bool,
    pub is_terminated: bool,
    /// Whether it has woken its waker since its last poll began, or its owner has changed it since.
    pub is_woken: bool,
    /// The actor that it is polling, and whether that was woken during this poll.
    pub polling: Option<(usize, bool)>,
    /// In this poll: how many actors it has polled, how many of these woke themselves, and how many it has polled since
    /// the last exit.
    pub polls: usize,
    pub self_wakes: usize,
    pub polls_since_exit: usize,
}

/// What was set on one group.
#[derive(Default)]
pub struct Setting {
    /// Its stages that have not ended.
    pub stages: Vec<usize>,
    pub on_exit: Option<usize>,
    pub on_wait: Option<usize>,
    /// Whether an actor of the stage was interrupted or exited since `on_wait` was called or set.
    pub has_changed: bool,
    pub grace: Option<usize>,
    pub period: Period,
    pub handles: Vec<usize>,
    /// The actors that were added through its handles, and that no poll has taken in yet.
    pub inbox: VecDeque<usize>,
}

/// How far a grace period has come in the current stage.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Period {
    #[default]
    NotBegun,
    /// The flag says whether it has to be polled: it was woken, or not polled yet.
    Running(bool),
    Over,
}

impl State {
    pub fn new(trace: Vec<Event>) -> Self {
        let trace = Rc::new(trace);
        Self {
            trace,
            ..Self::default()
        }
    }

    /// Applies what the user does next. Returns the first event after that, which is the group's.
    pub fn peek(&mut self) -> Check<Option<Event>> {
        let trace = self.trace.clone();
        while let Some(event) = trace.get(self.at) {
            if !self.apply(event)? {
                return Ok(Some(event.clone()));
            }
        }
        Ok(None)
    }

    /// Goes past the event that [`peek`](Self::peek) returned.
    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// Goes past the next event if it is this one.
    pub fn accept(&mut self, event: &Event) -> Check<bool> {
        let is_next = self.peek()?.as_ref() == Some(event);
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// Goes past the next event, which must be this one by that clause of the contract.
    pub fn expect(&mut self, event: &Event, clause: &str) -> Check {
        match self.accept(event)? {
            true => Ok(()),
            false => self.refuse(&format!("{event:?} is due ({clause})")),
        }
    }

    /// Goes past a panic of what was called last, and returns it.
    pub fn panicked(&mut self) -> Check<Option<Site>> {
        match self.peek()? {
            Some(Event::Panicked(site)) => {
                self.advance();
                Ok(Some(site))
            }
            _ => Ok(None),
        }
    }

    /// Returns an error unless `is_met`.
    pub fn require(&self, is_met: bool, what: &str) -> Check {
        if is_met {
            Ok(())
        } else {
            self.refuse(what)
        }
    }

    pub fn refuse<R>(&self, what: &str) -> Check<R> {
        let (before, after) = self.trace.split_at(self.at.min(self.trace.len()));
        let next = &after[..after.len().min(6)];
        let is_shown = |event: &&Event| !matches!(event, Event::Shows(..) | Event::Closed(_));
        let before: Vec<_> = before.iter().filter(is_shown).collect();
        Err(format!("{what}\nseen: {before:?}\nthen: {next:?}\n"))
    }

    pub fn group(&mut self, group: usize) -> &mut Group {
        self.groups
            .entry(group)
            .or_insert_with(|| Group::new(group))
    }

    pub fn actor(&mut self, actor: usize) -> &mut Actor {
        self.actors.get_mut(&actor).expect("it was added")
    }

    /// Notes a panic that is no actor's exit.
    pub fn note(&mut self, group: usize, panic: Option<Site>) {
        let group = self.group(group);
        if let (Some(panics), Some(site)) = (&mut group.drop_panics, panic) {
            panics.push(site);
        } else {
            group.panic = group.panic.or(panic);
            group.stray = group.stray.or(panic);
        }
    }

    /// Applies an event of the user. Returns whether it was one.
    fn apply(&mut self, event: &Event) -> Check<bool> {
        match *event {
            Event::Added(group, actor, kind) => {
                self.actors.insert(actor, Actor::new(kind, group));
                let state = self.group(group);
                state.is_woken = true;
                let stage = state.stages[0];
                self.add(group, actor, stage);
            }
            Event::AddedByHandle(handle, actor, kind) => {
                let open = self.groups.iter_mut().find_map(|(&group, state)| {
                    let mut settings = state.settings.iter_mut();
                    let setting = settings.find(|setting| setting.handles.contains(&handle))?;
                    setting.inbox.push_back(actor);
                    Some(group)
                });
                let mut new = Actor::new(kind, open.unwrap_or(usize::MAX));
                new.life = open.map_or(Life::Refused, |_| Life::Waiting);
                self.actors.insert(actor, new);
            }
            Event::Nested(group, actor) => self.group(group).host = Some(actor),
            Event::GraceSet(group, grace) => {
                let own = self.changed(group).own();
                let is_running = matches!(own.period, Period::Running(_));
                let old = own.grace.filter(|_| is_running);
                own.grace = Some(grace);
                own.period = Period::NotBegun;
                self.advance();
                if let Some(old) = old {
                    self.expect(
                        &Event::GraceDropped(old),
                        "10: setting it again replaces it",
                    )?;
                }
                return Ok(true);
            }
            Event::OnExitSet(group, observer) => {
                self.changed(group).own().on_exit = Some(observer);
            }
            Event::OnWaitSet(group, observer) => {
                let own = self.changed(group).own();
                own.on_wait = Some(observer);
                own.has_changed = true;
            }
            Event::HandleMade(group, handle) => {
                let group = self.changed(group);
                group.is_terminated = false;
                group.own().handles.push(handle);
            }
            Event::Reports(group) => {
                let group = self.group(group);
                group.is_reporting = true;
                group.is_woken = true;
            }
            Event::Woke(actor) => self.wake(actor),
            Event::WokeGrace(grace) => {
                for setting in self
                    .groups
                    .values_mut()
                    .flat_map(|group| &mut group.settings)
                {
                    if setting.grace == Some(grace) && setting.period == Period::Running(false) {
                        setting.period = Period::Running(true);
                    }
                }
            }
            Event::GroupWoke(group) => {
                if let Some(state) = self.groups.get_mut(&group) {
                    state.is_woken = true;
                    if let Some(host) = state.host {
                        self.wake(host);
                    }
                }
            }
            Event::Dropped(actor) if self.is_refused(actor) => {
                self.advance();
                let panic = self.dropped(actor)?;
                if let Some(site) = panic {
                    // The code that called the handle catches it, or it happened while the handle was closing.
                    if !self.accept(&Event::Caught(site))? {
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

    /// Returns whether an actor must be dropped unpolled: its handle is closed, or its group is being dropped.
    fn is_refused(&self, actor: usize) -> bool {
        let actor = &self.actors[&actor];
        let group = self.groups.get(&actor.group);
        let is_dropping = group.is_some_and(|group| group.drop_panics.is_some());
        actor.life == Life::Refused || actor.life == Life::Waiting && is_dropping
    }

    fn changed(&mut self, group: usize) -> &mut Group {
        let group = self.group(group);
        group.is_woken = true;
        group.last_turns = None; // its grace period may be a new one
        group
    }

    /// Adds an actor to a stage. It is polled after those that have been woken.
    pub fn add(&mut self, group: usize, actor: usize, stage: usize) {
        let state = self.group(group);
        let index = state.added;
        state.added += 1;
        state.woken.push_back(actor);
        state.is_terminated = false;
        if stage == state.stages[0] {
            state.last_turns = None; // the new actor gets one, too
        }
        let actor = self.actor(actor);
        actor.group = group;
        (actor.index, actor.stage, actor.life) = (index, stage, Life::Running);
    }

    pub fn wake(&mut self, number: usize) {
        let actor = self.actor(number);
        let (group, is_waiting) = (actor.group, actor.life == Life::Running && actor.is_polled);
        if let (Some(group), true) = (self.groups.get_mut(&group), is_waiting) {
            if !group.woken.contains(&number) {
                group.woken.push_back(number);
            }
            if let Some((actor, is_woken)) = &mut group.polling {
                *is_woken |= *actor == number;
            }
        }
    }

    /// Reads the drop of an actor. Returns its first panic.
    pub fn dropped(&mut self, number: usize) -> Check<Option<Site>> {
        let actor = self.actor(number);
        actor.life = Life::Exited;
        let group = actor.group;
        if let Some(group) = self.groups.get_mut(&group) {
            group.woken.retain(|&other| other != number);
            if let Some(turns) = &mut group.last_turns {
                turns.retain(|&other| other != number);
            }
        }
        if let Some(inner) = self.inner(number) {
            self.expect(
                &Event::DropBegan(inner),
                "13: an actor that is a group is dropped",
            )?;
            self.drop_group(inner)?;
        }
        match self.panicked()? {
            None => self
                .expect(&Event::Released(number), "8: an execute is dropped")
                .map(|()| None),
            panic => Ok(panic),
        }
    }

    /// Returns the actors of a group that have not exited, in the order of adding.
    pub fn running(&self, group: usize) -> Vec<usize> {
        let running = self
            .actors
            .iter()
            .filter(|(_, actor)| actor.group == group && actor.life == Life::Running);
        let mut running: Vec<_> = running
            .map(|(&number, actor)| (actor.index, number))
            .collect();
        running.sort_unstable();
        running.into_iter().map(|(_, number)| number).collect()
    }

    /// Returns the actors of the current stage that have not exited, in the order of adding.
    pub fn running_in_stage(&self, group: usize) -> Vec<usize> {
        let stage = self.groups[&group].stages[0];
        let mut running = self.running(group);
        running.retain(|actor| self.actors[actor].stage == stage);
        running
    }

    /// Returns the places of the settings of a group for its current stage.
    pub fn current_settings(&self, group: usize) -> Vec<usize> {
        let group = &self.groups[&group];
        group.settings_for(group.stages[0])
    }

    /// Returns what the owner of a group must see.
    pub fn shown(&self, group: usize) -> Shown {
        let (running, state) = (self.running(group), &self.groups[&group]);
        let labels: Vec<_> = running.iter().map(ToString::to_string).collect();
        let (stages, is_stopping) = (state.stages.len(), !state.exits.is_empty());
        let show = |&number: &usize| {
            let actor = &self.actors[&number];
            (number, actor.index, actor.is_interrupted)
        };
        Shown {
            len: running.len(),
            running: running.iter().map(show).collect(),
            is_stopping,
            is_terminated: state.is_terminated,
            debug: format!("LocalGroup {{ running: {labels:?}, stages: {stages}, is_stopping: {is_stopping} }}"),
        }
    }

    /// Returns whether a handle is closed: no group has it any more.
    pub fn is_closed(&self, handle: usize) -> bool {
        let mut settings = self.groups.values().flat_map(|group| &group.settings);
        !settings.any(|setting| setting.handles.contains(&handle))
    }

    /// Returns the group that this actor runs, if it is a group.
    pub fn inner(&self, actor: usize) -> Option<usize> {
        let mut groups = self.groups.iter();
        let inner = groups.find(|(_, group)| group.host == Some(actor));
        inner.map(|(&number, _)| number)
    }

    /// Returns whether this group has to be polled.
    pub fn is_due(&self, group: &Group) -> bool {
        let is_setting_due = |setting: &Setting| {
            setting.period == Period::Running(true) || !setting.inbox.is_empty()
        };
        !group.woken.is_empty()
            || group.last_turns.as_ref().is_some_and(Vec::is_empty)
            || group.settings.iter().any(is_setting_due)
    }
}

impl Actor {
    pub fn is_running(&self) -> bool {
        self.life == Life::Running
    }

    /// Takes it out of its group, which has ended.
    pub fn forget(&mut self) {
        self.group = usize::MAX;
        self.life = Life::Exited;
    }

    fn new(kind: Kind, group: usize) -> Self {
        Self {
            kind,
            life: Life::Running,
            group,
            index: 0,
            stage: 0,
            is_polled: false,
            is_interrupted: false,
            output: OutputState::Absent,
        }
    }
}

impl Group {
    /// Returns a group with one stage, which has the number of the group.
    pub fn new(number: usize) -> Self {
        Self {
            stages: vec![number],
            settings: vec![Setting::new(&[number])],
            ..Self::default()
        }
    }

    pub fn begin_poll(&mut self) {
        self.is_woken = false;
        (self.polls, self.self_wakes, self.polls_since_exit) = (0, 0, 0);
    }

    /// Notes that an actor of this stage was interrupted or exited. Observers are called if the stage is the current
    /// one.
    pub fn note_change(&mut self, stage: usize) {
        if self.stages[0] == stage {
            let settings = self.settings.iter_mut();
            let of = settings.filter(|setting| setting.stages.contains(&stage));
            of.for_each(|setting| setting.has_changed = true);
        }
    }

    fn own(&mut self) -> &mut Setting {
        self.settings.last_mut().expect("there is always one")
    }

    /// Returns whether nothing was added, set or combined, and no handle was made.
    pub fn is_new(&self) -> bool {
        let own = &self.settings[self.settings.len() - 1];
        let is_set = own.on_exit.or(own.on_wait).or(own.grace).is_some();
        let is_plain = self.added == 0 && self.stages.len() == 1 && self.settings.len() == 1;
        is_plain && !is_set && own.handles.is_empty()
    }

    /// Returns the places of the settings for a stage.
    pub fn settings_for(&self, stage: usize) -> Vec<usize> {
        let settings = self.settings.iter().enumerate();
        let of = settings.filter(|(_, setting)| setting.stages.contains(&stage));
        of.map(|(place, _)| place).collect()
    }
}

impl Setting {
    /// Returns whether its grace period is running.
    pub fn is_running(&self) -> bool {
        matches!(self.period, Period::Running(_))
    }

    pub fn new(stages: &[usize]) -> Self {
        Self {
            stages: stages.to_vec(),
            ..Self::default()
        }
    }
}
