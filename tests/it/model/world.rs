//! The code of the user: the actors, observers and grace periods, which do what the script says. It records the trace.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::mem::take;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::FusedFuture;
#[cfg(feature = "std")]
use futures::task::noop_waker;
use run_group::{Exit, Group, Interrupt, LocalGroup, LocalHandle, Running};

use super::event::{self, End, Event, Kind, Outcome, Seen, Set, Shown, Site};
use super::execute::{Execute, GraceFuture, Output};
use super::script::{Action, Actor, Grace, How, Inner, Stops, StopsIf};

/// How many actors a script may add. Without a limit, an observer that adds one for each exit would never end.
const MAX_ACTORS: usize = 24;

/// All that the script has made so far.
#[derive(Default)]
pub struct World {
    trace: Trace,
    pub actors: RefCell<Vec<ActorState>>,
    pub graces: RefCell<Vec<GraceState>>,
    observers: RefCell<Vec<Vec<Action>>>,
    handles: RefCell<Vec<LocalHandle<'static, Value>>>,
    #[cfg(feature = "std")]
    questions: RefCell<Vec<Question>>,
    /// How many groups there were.
    groups: Cell<usize>,
    /// How many polls of groups there were.
    polls: Cell<usize>,
    /// Whether the owner drops something, which is not logged.
    pub is_unlogged: Cell<bool>,
}

type Trace = Arc<Mutex<Vec<Event>>>;

/// What an actor returns.
pub type Value = Result<(), Output>;

/// The group under test.
pub type RealGroup = LocalGroup<'static, Value>;

/// An actor, and how far it has come.
pub struct ActorState {
    pub spec: Actor,
    /// How many operations of `spec.execute` are done.
    pub done: usize,
    /// How often it has woken itself in the current [`Op::Spin`](super::script::Op::Spin).
    pub spins: usize,
    pub polls: usize,
    /// The actors that its next poll wakes.
    pub waiting: Vec<usize>,
    /// Whether it awaits its interrupt.
    pub awaits_interrupt: bool,
    pub is_interrupted: bool,
    pub waker: Option<Waker>,
    /// The last waker of its polls that was another.
    pub stale_waker: Option<Waker>,
    /// The other end of its `Interrupted`, until an action interrupts it alone.
    pub other_end: Option<Interrupt>,
    /// The question whose answer it awaits.
    #[cfg(feature = "std")]
    pub question: Option<usize>,
}

/// A grace period, and how far it has come.
pub struct GraceState {
    pub spec: Grace,
    pub is_over: bool,
    pub waker: Option<Waker>,
    /// Whether its owner is replacing it.
    pub is_replaced: bool,
}

/// A call of `Handle::running`.
#[cfg(feature = "std")]
struct Question {
    answer: Pin<Box<dyn Future<Output = Vec<Running>>>>,
    is_answered: bool,
    /// Polls the answer.
    waker: Waker,
}

thread_local! {
    /// The world of the script that this thread runs, for [`stops_if`], which can capture nothing.
    static WORLD: RefCell<Weak<World>> = RefCell::default();
}

impl World {
    /// Returns a new world, in which this thread now is.
    pub fn new() -> Rc<Self> {
        let world = Rc::default();
        WORLD.with(|current| current.replace(Rc::downgrade(&world)));
        world
    }

    /// Adds to the trace.
    pub fn log(&self, event: Event) {
        self.trace.lock().unwrap().push(event);
    }

    /// Returns the trace.
    pub fn take_trace(&self) -> Vec<Event> {
        take(&mut self.trace.lock().unwrap())
    }

    /// Drops something that belongs to the owner.
    pub fn drop_unlogged<X>(&self, thing: X) {
        let was_unlogged = self.is_unlogged.replace(true);
        drop(thing);
        self.is_unlogged.set(was_unlogged);
    }

    /// Returns a number for a new group.
    pub fn new_group(&self) -> usize {
        self.groups.replace(self.groups.get() + 1)
    }

    /// Performs `actions`, until one panics.
    pub fn perform(self: &Rc<Self>, actions: &[Action], _site: Site) {
        for action in actions {
            match action {
                Action::Wake(actor) => self.wake(*actor),
                Action::EndGrace(grace) => {
                    let mut graces = self.graces.borrow_mut();
                    let Some(state) = graces.get_mut(*grace) else {
                        continue;
                    };
                    state.is_over = true;
                    let waker = state.waker.clone();
                    drop(graces);
                    if let Some(waker) = waker {
                        self.log(Event::WokeGrace(*grace));
                        waker.wake();
                    }
                }
                Action::InterruptAlone(actor) => {
                    let mut actors = self.actors.borrow_mut();
                    let state = actors.get_mut(*actor);
                    let other_end = state.and_then(|state| state.other_end.take());
                    drop(actors);
                    if let Some(interrupt) = other_end {
                        self.log(Event::InterruptedAlone(*actor));
                        interrupt.interrupt();
                    }
                }
                Action::AddByHandle(handle, actors) => self.add_by_handle(*handle, actors),
                #[cfg(feature = "std")]
                Action::Ask(handle) => {
                    self.ask(*handle);
                }
                #[cfg(all(feature = "std", panic = "unwind"))]
                Action::Panic => self.panic(_site),
            }
        }
    }

    pub fn wake(&self, actor: usize) {
        let actors = self.actors.borrow();
        let Some(state) = actors.get(actor) else {
            return;
        };
        let (waker, stale) = (state.waker.clone(), state.stale_waker.clone());
        drop(actors);
        if let Some(waker) = waker {
            self.log(Event::Woke(actor));
            waker.wake();
        }
        if let Some(waker) = stale {
            self.log(Event::WokeStale(actor));
            waker.wake();
        }
    }

    /// Panics without a message. Two panics at once would abort, so then it does not.
    pub fn panic(&self, site: Site) {
        if !std::thread::panicking() {
            self.log(Event::Panicked(site));
            resume_unwind(Box::new(site.to_string()));
        }
    }

    fn add_by_handle(self: &Rc<Self>, handle: usize, actors: &[Actor]) {
        for actor in actors {
            let handles = self.handles.borrow();
            let Some(to) = handles.get(handle).cloned() else {
                return;
            };
            drop(handles);
            let Some((number, execute)) = self.new_actor(actor) else {
                return;
            };
            let stops = actor.stops_if.as_ref().map(|stops_if| stops_if.stops);
            self.log(Event::AddedByHandle(handle, number, kind(actor), stops));
            let added = catch_unwind(AssertUnwindSafe(|| {
                let added = match kind(actor) {
                    Kind::ByClosure => to.add(execute, self.interrupt(number)),
                    Kind::Abortable => to.add_abortable(execute),
                    Kind::ByFuture => to.add_with(|interrupted| execute.with(interrupted)),
                };
                let added = match stops {
                    Some(_) => added.stops_if(stops_if),
                    None => added,
                };
                added.named(number.to_string());
            }));
            if let Err(payload) = added {
                self.log(Event::Caught(site(payload)));
            }
        }
    }

    /// Adds an actor to a group.
    pub fn add(self: &Rc<Self>, number: usize, group: &mut RealGroup, actor: &Actor) {
        let Some((actor_number, execute)) = self.new_actor(actor) else {
            return;
        };
        let stops = actor.stops_if.as_ref().map(|stops_if| stops_if.stops);
        self.log(Event::Added(number, actor_number, kind(actor), stops));
        let added = match kind(actor) {
            Kind::ByClosure => group.add(execute, self.interrupt(actor_number)),
            Kind::Abortable => group.add_abortable(execute),
            Kind::ByFuture => group.add_with(|interrupted| execute.with(interrupted)),
        };
        let added = match stops {
            Some(_) => added.stops_if(stops_if),
            None => added,
        };
        added.named(actor_number.to_string());
    }

    /// Makes an actor. Returns `None` if there are too many.
    fn new_actor(self: &Rc<Self>, spec: &Actor) -> Option<(usize, Execute)> {
        let number = self.actors.borrow().len();
        if number == MAX_ACTORS {
            return None;
        }
        self.actors.borrow_mut().push(ActorState {
            spec: spec.clone(),
            done: 0,
            spins: 0,
            polls: 0,
            waiting: Vec::new(),
            awaits_interrupt: false,
            is_interrupted: false,
            waker: None,
            stale_waker: None,
            other_end: None,
            #[cfg(feature = "std")]
            question: None,
        });
        let inner = match &spec.how {
            How::Nested(inner) => Some(self.new_inner_group(number, inner)),
            _ => None,
        };
        Some((number, Execute::new(self.clone(), number, inner)))
    }

    /// Makes the group of an actor that is a group.
    fn new_inner_group(self: &Rc<Self>, actor: usize, inner: &Inner) -> (usize, RealGroup) {
        let (number, mut group) = (self.new_group(), Group::local());
        self.log(Event::Nested(number, actor));
        if inner.has_handle {
            self.make_handle(number, &mut group);
        }
        for actor in &inner.actors {
            self.add(number, &mut group, actor);
        }
        if let Some(grace) = &inner.grace {
            self.set_grace_period(number, &mut group, grace);
        }
        if let Some(actions) = &inner.on_exit {
            self.set_on_exit(number, &mut group, actions);
        }
        if let Some(actions) = &inner.on_wait {
            self.set_on_wait(number, &mut group, actions);
        }
        (number, group)
    }

    fn interrupt(self: &Rc<Self>, number: usize) -> impl FnOnce(&Exit<Value>) + 'static {
        let uncalled = Uncalled(Some(self.clone()), number);
        move |cause| {
            let world = uncalled.called();
            world.log(Event::Interrupted(number, end(cause)));
            let mut actors = world.actors.borrow_mut();
            let state = &mut actors[number];
            state.is_interrupted = true;
            let (awaits_interrupt, actions) =
                (state.awaits_interrupt, state.spec.interrupt.clone());
            drop(actors);
            if awaits_interrupt {
                world.wake(number);
            }
            world.perform(&actions, Site::Interrupt(number));
        }
    }

    /// Sets a grace period of a group.
    pub fn set_grace_period(self: &Rc<Self>, number: usize, group: &mut RealGroup, spec: &Grace) {
        let grace = self.graces.borrow().len();
        self.graces.borrow_mut().push(GraceState {
            spec: spec.clone(),
            is_over: false,
            waker: None,
            is_replaced: false,
        });
        self.log(Event::GraceSet(number, grace));
        // The model leaves out panics in the drop of a grace period that is replaced.
        let replace = |is_replaced| {
            let mut graces = self.graces.borrow_mut();
            graces.iter_mut().for_each(|state| state.is_replaced = is_replaced);
        };
        replace(true);
        let (world, set) = (self.clone(), IsSet(self.clone(), Set::Grace(grace)));
        group.grace_period(move || {
            let _ = &set;
            world.log(Event::Began(grace));
            let actions = world.graces.borrow()[grace].spec.begin.clone();
            world.perform(&actions, Site::Begin(grace));
            GraceFuture { world: world.clone(), grace }
        });
        replace(false);
    }

    /// Sets an observer of the exits of a group.
    pub fn set_on_exit(self: &Rc<Self>, number: usize, group: &mut RealGroup, actions: &[Action]) {
        let observer = self.new_observer(actions);
        self.log(Event::OnExitSet(number, observer));
        let (world, set) = (self.clone(), IsSet(self.clone(), Set::Observer(observer)));
        group.on_exit(move |exit| {
            let _ = &set;
            world.observe(observer, Event::Observed(observer, end(exit)));
        });
    }

    /// Sets an observer of what a group waits for.
    pub fn set_on_wait(self: &Rc<Self>, number: usize, group: &mut RealGroup, actions: &[Action]) {
        let observer = self.new_observer(actions);
        self.log(Event::OnWaitSet(number, observer));
        let (world, set) = (self.clone(), IsSet(self.clone(), Set::Observer(observer)));
        group.on_wait(move |waiting| {
            let _ = &set;
            let names = waiting.running().map(|actor| actor.to_string());
            let names: Vec<_> = names.collect();
            assert_eq!(waiting.len(), names.len());
            let shown = &names[..names.len().min(10)];
            assert!(waiting.to_string().starts_with(&shown.join(", ")));
            let actors = names.iter().map(|name| name.parse().unwrap());
            let cause = end(waiting.cause()).actor;
            world.observe(observer, Event::Waited(observer, cause, actors.collect()));
        });
    }

    fn new_observer(&self, actions: &[Action]) -> usize {
        self.observers.borrow_mut().push(actions.to_vec());
        self.observers.borrow().len() - 1
    }

    fn observe(self: &Rc<Self>, observer: usize, event: Event) {
        self.log(event);
        let actions = self.observers.borrow()[observer].clone();
        self.perform(&actions, Site::Observer(observer));
    }

    /// Makes a handle of a group.
    pub fn make_handle(&self, number: usize, group: &mut RealGroup) {
        let handle = self.handles.borrow().len();
        self.log(Event::HandleMade(number, handle));
        self.handles.borrow_mut().push(group.handle());
    }

    /// Records what the owner of a group can see of it.
    pub fn show(&self, number: usize, group: &RealGroup) {
        self.log(Event::Shows(
            number,
            Shown {
                running: group.running().map(seen).collect(),
                len: group.len(),
                is_stopping: group.is_stopping(),
                is_terminated: group.is_terminated(),
                debug: format!("{group:?}"),
            },
        ));
    }

    /// Records whether the handles are closed, and which questions are answered.
    pub fn show_handles(&self) {
        let handles = self.handles.borrow();
        let closed = handles.iter().map(LocalHandle::is_closed).collect();
        self.log(Event::Closed(closed));
        #[cfg(feature = "std")]
        {
            let questions = self.questions.borrow().len();
            for question in 0..questions {
                self.poll_answer(question, None);
            }
        }
    }

    /// Asks a handle what runs. Returns the number of the question, or `None` if there is no such handle.
    #[cfg(feature = "std")]
    pub fn ask(&self, handle: usize) -> Option<usize> {
        let to = self.handles.borrow().get(handle).cloned()?;
        let question = self.questions.borrow().len();
        self.log(Event::Asks(handle, question));
        let answer = Box::pin(to.running());
        self.questions.borrow_mut().push(Question {
            answer,
            is_answered: false,
            waker: noop_waker(),
        });
        Some(question)
    }

    /// Polls the answer to a question, for this actor if there is one. Returns whether it is there.
    #[cfg(feature = "std")]
    pub fn poll_answer(&self, number: usize, by: Option<(usize, &Waker)>) -> bool {
        let question = &mut self.questions.borrow_mut()[number];
        if question.is_answered {
            return true;
        }
        if let Some((_, waker)) = by {
            question.waker = self.waker(Event::AnswerWoke(number), waker.clone());
        }
        let answer = &mut question.answer;
        let polled = answer.as_mut().poll(&mut Context::from_waker(&question.waker));
        question.is_answered = polled.is_ready();
        let answer = match polled {
            Poll::Ready(running) => Some(running.into_iter().map(seen).collect()),
            Poll::Pending => None,
        };
        self.log(Event::Answered(number, by.map(|(actor, _)| actor), answer));
        question.is_answered
    }

    /// Polls a group or its result, and records the result. Returns `None` if it is pending.
    pub fn poll<F: Future + Unpin>(
        &self,
        number: usize,
        group: &mut F,
        waker: Waker,
        ready: impl FnOnce(&F::Output) -> Event,
    ) -> Option<Result<(), Site>> {
        self.polls.set(self.polls.get() + 1);
        let waker = self.waker(Event::GroupWoke(number, self.polls.get()), waker);
        self.log(Event::PollBegan(number));
        let mut cx = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(group).poll(&mut cx)));
        match polled {
            Ok(Poll::Pending) => {
                self.log(Event::Pending(number));
                None
            }
            Ok(Poll::Ready(output)) => {
                self.log(ready(&output));
                self.drop_unlogged(output);
                Some(Ok(()))
            }
            Err(payload) => {
                let site = site(payload);
                self.log(Event::Resumed(number, site));
                Some(Err(site))
            }
        }
    }

    /// Drops a group or its result, and records the result.
    pub fn drop_group<G>(&self, number: usize, group: G) -> Result<(), Site> {
        self.log(Event::DropBegan(number));
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(group))).map_err(site);
        self.log(Event::DropEnded(number, dropped.err()));
        dropped
    }

    /// Returns a waker that records `event`, and then wakes `waker`.
    pub fn waker(&self, event: Event, waker: Waker) -> Waker {
        let trace = self.trace.clone();
        Waker::from(Arc::new(Logged { event, trace, waker }))
    }
}

/// What every `stops_if` is. It finds its actor by the name of the exit.
fn stops_if(exit: &Exit<Value>) -> bool {
    let world = WORLD.with(|world| world.borrow().upgrade());
    let (world, exit) = (world.expect("a script runs"), end(exit));
    let (actor, outcome) = (exit.actor, exit.outcome);
    world.log(Event::Asked(exit));
    let stops_if = world.actors.borrow()[actor].spec.stops_if.clone();
    let StopsIf { stops, actions } = stops_if.expect("it was set");
    world.perform(&actions, Site::StopsIf(actor));
    match stops {
        Stops::Always => true,
        Stops::Never => false,
        Stops::IfPanicked => matches!(outcome, Outcome::Panicked(_)),
    }
}

/// An interrupt of an actor that was not called.
struct Uncalled(Option<Rc<World>>, usize);

impl Uncalled {
    fn called(mut self) -> Rc<World> {
        self.0.take().expect("it is called once")
    }
}

impl Drop for Uncalled {
    fn drop(&mut self) {
        if let Some(world) = self.0.take() {
            world.log(Event::InterruptDropped(self.1));
            if world.actors.borrow()[self.1].spec.interrupt_drop_panics {
                world.panic(Site::InterruptDrop(self.1));
            }
        }
    }
}

/// Something that is set on a group.
struct IsSet(Rc<World>, Set);

impl Drop for IsSet {
    fn drop(&mut self) {
        self.0.log(Event::SetDropped(self.1));
    }
}

fn kind(actor: &Actor) -> Kind {
    match actor.how {
        How::ByClosure => Kind::ByClosure,
        #[cfg(feature = "std")]
        How::ByClone => Kind::ByFuture,
        How::ByFuture | How::Nested(_) => Kind::ByFuture,
        How::Abortable => Kind::Abortable,
    }
}

/// Returns the site of a panic of the script. Resumes any other panic.
fn site(payload: Box<dyn std::any::Any + Send>) -> Site {
    let site = payload.downcast_ref::<String>().and_then(|site| site.parse().ok());
    site.unwrap_or_else(|| resume_unwind(payload))
}

struct Logged {
    event: Event,
    trace: Trace,
    waker: Waker,
}

impl Wake for Logged {
    fn wake(self: Arc<Self>) {
        self.trace.lock().unwrap().push(self.event.clone());
        self.waker.wake_by_ref();
    }
}

/// Returns an exit as the trace has it.
pub fn end(exit: &Exit<Value>) -> End {
    use run_group::Outcome as O;
    let actor = exit.name().and_then(|name| name.parse().ok()).unwrap();
    End {
        actor,
        index: exit.index(),
        was_interrupted: exit.was_interrupted(),
        has_left: exit.has_left(),
        outcome: match exit.outcome() {
            O::Returned(Ok(())) => Outcome::Succeeded,
            O::Returned(Err(output)) => {
                assert_eq!(output.actor, actor, "an actor has the output of another");
                Outcome::Failed
            }
            O::Panicked(panic) => Outcome::Panicked(panic.message().unwrap().parse().unwrap()),
            O::Aborted => Outcome::Aborted,
            O::Expired => Outcome::Expired,
            _ => panic!("an outcome that the model does not know"),
        },
    }
}

/// Returns a result as the trace has it.
pub fn output(value: &Value) -> event::Output {
    value.as_ref().map_err(|output| output.actor).copied()
}

fn seen(running: Running) -> Seen {
    let number = running.name().and_then(|name| name.parse().ok());
    (number.unwrap(), running.index(), running.is_interrupted())
}
