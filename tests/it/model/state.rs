//! The state at one place of the trace: what the user has done so far, and how far each group has come.
//!
//! It [applies](super::user) what the code of the user does. The [rules](super::rules) judge what the groups do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem::replace;
use std::rc::Rc;

use super::event::{End, Event, Kind, Seen, Set, Shown, Site, Way};
use super::script::Stops;

/// What a rule returns. An error says what is wrong.
pub type Check<R = ()> = Result<R, String>;

/// A place in the trace, and the state there.
#[derive(Default)]
pub struct State {
    trace: Rc<Vec<Event>>,
    at: usize,
    pub actors: BTreeMap<usize, Actor>,
    pub groups: BTreeMap<usize, Group>,
    pub questions: BTreeMap<usize, Question>,
    /// How many polls of groups there were.
    pub polls: usize,
    /// The groups that have ended or were dropped, and that nothing was done to since.
    pub quiet: BTreeSet<usize>,
}

/// A call of `Handle::running`.
#[derive(Default)]
pub struct Question {
    pub answer: Option<Vec<Seen>>,
    /// The actor that the answer wakes.
    pub awaited_by: Option<usize>,
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
    /// Whether the poll before its drop has begun.
    pub is_polled_last: bool,
    pub is_interrupted: bool,
    /// Whether its `Interrupted` is ready: it was interrupted by its group, or alone.
    pub sees_interrupt: bool,
    pub stops: Option<Stops>,
    /// Whether it has an interrupt that is a closure, and that was neither called nor dropped.
    pub has_interrupt: bool,
    pub output: OutputState,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Life {
    /// It was added through a handle, and no poll has taken it in yet.
    Waiting,
    Running,
    /// It has exited, or its group was dropped.
    Exited,
    /// It has exited, and that did not stop the group.
    Left,
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
    /// How many polls of groups there were when that actor came into another set, which made its wakers useless.
    pub moved_at: usize,
    /// How many indices its actors have used up.
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
    /// The grace periods that have ended and must be dropped.
    pub ended: Vec<usize>,
    /// What was set on it and was not dropped.
    pub set: Vec<Set>,
    pub way: Way,
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
    /// What was asked through its handles, and is not answered.
    pub questions: Vec<usize>,
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
        Self { trace, ..Self::default() }
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

    /// Returns the event after the next one.
    pub fn second(&self) -> Option<&Event> {
        self.trace.get(self.at + 1)
    }

    /// Goes past this event, if it is the very next one. The user does nothing before it.
    pub fn accept_at_once(&mut self, event: &Event) -> bool {
        let is_next = self.trace.get(self.at) == Some(event);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes past a panic at this site, if that is the very next event, and returns the site.
    pub fn panicked_at(&mut self, site: Site) -> Option<Site> {
        let has_panicked = self.accept_at_once(&Event::Panicked(site));
        has_panicked.then_some(site)
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
        self.groups.entry(group).or_insert_with(|| Group::new(group))
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

    /// Answers these questions, whose handle is closed.
    pub fn close(&mut self, questions: Vec<usize>) {
        for question in questions {
            self.answer(question, Vec::new());
        }
    }

    pub fn answer(&mut self, question: usize, answer: Vec<Seen>) {
        let question = self.questions.get_mut(&question).expect("it was asked");
        question.answer = Some(answer);
    }

    /// Returns whether an answer is there, and has not woken the actor that awaits it.
    pub fn is_awaited(&self, question: usize) -> bool {
        let question = &self.questions[&question];
        question.answer.is_some() && question.awaited_by.is_some()
    }

    /// Returns whether every answer has woken the actor that awaits it.
    pub fn answers_have_woken(&self) -> bool {
        let mut questions = self.questions.keys();
        !questions.any(|&question| self.is_awaited(question))
    }

    /// Makes the `Interrupted` of an actor ready, which wakes the actor if that has polled it.
    pub fn resolve(&mut self, number: usize) -> Check {
        let actor = self.actor(number);
        let is_waiting = actor.is_running() && actor.is_polled && !actor.sees_interrupt;
        actor.sees_interrupt = true;
        if is_waiting {
            self.expect(
                &Event::Resolved(number),
                "4: an actor that awaits its interrupt is woken",
            )?;
            self.wake(number);
        }
        Ok(())
    }

    /// Reads the drop of an interrupt that was not called, if there is one. Returns its panic.
    pub fn interrupt_dropped(&mut self, number: usize) -> Check<Option<Site>> {
        if !replace(&mut self.actor(number).has_interrupt, false) {
            return Ok(None);
        }
        let event = Event::InterruptDropped(number);
        self.expect(&event, "19: an interrupt is dropped after the execute")?;
        Ok(self.panicked_at(Site::InterruptDrop(number)))
    }

    /// Adds an actor to a stage. It is polled after those that have been woken.
    pub fn add(&mut self, group: usize, actor: usize, stage: usize) {
        let state = self.group(group);
        let index = state.added;
        state.added += 1;
        state.woken.push_back(actor);
        state.is_terminated = false;
        let actor = self.actor(actor);
        actor.group = group;
        (actor.index, actor.stage, actor.life) = (index, stage, Life::Running);
    }

    pub fn wake(&mut self, number: usize) {
        let actor = self.actor(number);
        let is_waiting = actor.is_running() && actor.is_polled && !actor.is_polled_last;
        let group = actor.group;
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
        }
        if let Some(inner) = self.inner(number) {
            self.expect(&Event::DropBegan(inner), "13: an actor that is a group is dropped")?;
            self.drop_group(inner)?;
        }
        match self.panicked()? {
            None => {
                self.expect(&Event::Released(number), "8: an execute is dropped").map(|()| None)
            }
            panic => Ok(panic),
        }
    }

    /// Returns the actors of a group that have not exited, in the order of adding.
    pub fn running(&self, group: usize) -> Vec<usize> {
        let running = self
            .actors
            .iter()
            .filter(|(_, actor)| actor.group == group && actor.life == Life::Running);
        let mut running: Vec<_> = running.map(|(&number, actor)| (actor.index, number)).collect();
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

    /// Returns these actors as they are shown.
    pub fn seen(&self, actors: &[usize]) -> Vec<Seen> {
        let seen = |&number: &usize| {
            let actor = &self.actors[&number];
            (number, actor.index, actor.is_interrupted)
        };
        actors.iter().map(seen).collect()
    }

    /// Returns what the owner of a group must see.
    pub fn shown(&self, group: usize) -> Shown {
        let (running, state) = (self.running(group), &self.groups[&group]);
        let labels: Vec<_> = running.iter().map(ToString::to_string).collect();
        let (stages, is_stopping) = (state.stages.len(), !state.exits.is_empty());
        Shown {
            len: running.len(),
            running: self.seen(&running),
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
            let is_asked = !setting.inbox.is_empty() || !setting.questions.is_empty();
            is_asked || setting.period == Period::Running(true)
        };
        !group.woken.is_empty() || group.settings.iter().any(is_setting_due)
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

    pub fn new(kind: Kind, stops: Option<Stops>, group: usize) -> Self {
        Self {
            kind,
            life: Life::Running,
            group,
            index: 0,
            stage: 0,
            is_polled: false,
            is_polled_last: false,
            is_interrupted: false,
            sees_interrupt: false,
            stops,
            has_interrupt: kind == Kind::ByClosure,
            output: OutputState::Absent,
        }
    }
}

impl Group {
    /// Returns a group with one stage, which has the number of the group.
    pub fn new(number: usize) -> Self {
        Self { stages: vec![number], settings: vec![Setting::new(&[number])], ..Self::default() }
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

    /// Returns whether this was set, is not dropped, and no longer applies to any stage.
    pub fn has_unset(&self, set: Set) -> bool {
        let is_set = self.settings.iter().any(|setting| setting.has(set));
        self.set.contains(&set) && (!is_set || self.drop_panics.is_some())
    }

    pub fn own(&mut self) -> &mut Setting {
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

    /// Returns whether this is set.
    fn has(&self, set: Set) -> bool {
        match set {
            Set::Grace(grace) => self.grace == Some(grace),
            Set::Observer(observer) => [self.on_exit, self.on_wait].contains(&Some(observer)),
        }
    }

    pub fn new(stages: &[usize]) -> Self {
        Self { stages: stages.to_vec(), ..Self::default() }
    }
}
