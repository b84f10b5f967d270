//! The code of the user: the actors, observers and grace periods, which do what the script says. It records the trace.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::mem::take;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::FusedFuture;
#[cfg(feature = "std")]
use run_group::LocalHandle;
use run_group::{Exit, Group, Interrupted, LocalGroup};

use super::event::{End, Event, Kind, Outcome, Shown, Site};
use super::script::{Action, Actor, Grace, How, Inner, Op};

/// How many actors a script may add. Without a limit, an observer that adds one for each exit would never end.
const MAX_ACTORS: usize = 24;

/// All that the script has made so far.
#[derive(Default)]
pub struct World {
    trace: Trace,
    actors: RefCell<Vec<ActorState>>,
    graces: RefCell<Vec<GraceState>>,
    observers: RefCell<Vec<Vec<Action>>>,
    #[cfg(feature = "std")]
    handles: RefCell<Vec<LocalHandle<'static, Output>>>,
    /// How many groups there were.
    groups: Cell<usize>,
    /// Whether the owner drops something, which is not logged.
    is_unlogged: Cell<bool>,
}

type Trace = Arc<Mutex<Vec<Event>>>;

/// The group under test.
pub type RealGroup = LocalGroup<'static, Output>;

/// An actor, and how far it has come.
struct ActorState {
    spec: Actor,
    /// How many operations of `spec.execute` are done.
    done: usize,
    /// How often it has woken itself in the current [`Op::Spin`].
    spins: usize,
    polls: usize,
    /// The actors that its next poll wakes.
    waiting: Vec<usize>,
    /// Whether it awaits its interrupt.
    awaits_interrupt: bool,
    is_interrupted: bool,
    waker: Option<Waker>,
}

/// A grace period, and how far it has come.
struct GraceState {
    spec: Grace,
    is_over: bool,
    waker: Option<Waker>,
    /// Whether its owner is replacing it.
    is_replaced: bool,
}

impl World {
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
                #[cfg(feature = "std")]
                Action::AddByHandle(handle, actors) => self.add_by_handle(*handle, actors),
                #[cfg(all(feature = "std", panic = "unwind"))]
                Action::Panic => self.panic(_site),
            }
        }
    }

    fn wake(&self, actor: usize) {
        let actors = self.actors.borrow();
        let waker = actors.get(actor).and_then(|state| state.waker.clone());
        drop(actors);
        if let Some(waker) = waker {
            self.log(Event::Woke(actor));
            waker.wake();
        }
    }

    /// Panics without a message. Two panics at once would abort, so then it does not.
    fn panic(&self, site: Site) {
        if !std::thread::panicking() {
            self.log(Event::Panicked(site));
            resume_unwind(Box::new(site.to_string()));
        }
    }

    #[cfg(feature = "std")]
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
            self.log(Event::AddedByHandle(handle, number, kind(actor)));
            let name = number.to_string();
            let added = catch_unwind(AssertUnwindSafe(|| match actor.how {
                How::ByClosure => to.add(execute, self.interrupt(number)).named(name),
                How::Abortable => to.add_abortable(execute).named(name),
                How::ByFuture | How::Nested(_) => {
                    to.add_with(|interrupted| execute.with(interrupted))
                        .named(name);
                }
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
        self.log(Event::Added(number, actor_number, kind(actor)));
        let added = match actor.how {
            How::ByClosure => group.add(execute, self.interrupt(actor_number)),
            How::Abortable => group.add_abortable(execute),
            How::ByFuture | How::Nested(_) => {
                group.add_with(|interrupted| execute.with(interrupted))
            }
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
        });
        let inner = match &spec.how {
            How::Nested(inner) => Some(self.new_inner_group(number, inner)),
            _ => None,
        };
        let (world, interrupted) = (self.clone(), None);
        Some((
            number,
            Execute {
                world,
                number,
                interrupted,
                inner,
            },
        ))
    }

    /// Makes the group of an actor that is a group.
    fn new_inner_group(self: &Rc<Self>, actor: usize, inner: &Inner) -> (usize, RealGroup) {
        let (number, mut group) = (self.new_group(), Group::local());
        self.log(Event::Nested(number, actor));
        #[cfg(feature = "std")]
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

    fn interrupt(self: &Rc<Self>, number: usize) -> impl FnOnce(&Exit<Output>) + 'static {
        let world = self.clone();
        move |cause| {
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
        let set = |is_replaced| {
            let mut graces = self.graces.borrow_mut();
            graces
                .iter_mut()
                .for_each(|state| state.is_replaced = is_replaced);
        };
        set(true);
        let world = self.clone();
        group.grace_period(move || {
            world.log(Event::Began(grace));
            let actions = world.graces.borrow()[grace].spec.begin.clone();
            world.perform(&actions, Site::Begin(grace));
            GraceFuture {
                world: world.clone(),
                grace,
            }
        });
        set(false);
    }

    /// Sets an observer of the exits of a group.
    pub fn set_on_exit(self: &Rc<Self>, number: usize, group: &mut RealGroup, actions: &[Action]) {
        let observer = self.new_observer(actions);
        self.log(Event::OnExitSet(number, observer));
        let world = self.clone();
        group.on_exit(move |exit| world.observe(observer, Event::Observed(observer, end(exit))));
    }

    /// Sets an observer of what a group waits for.
    pub fn set_on_wait(self: &Rc<Self>, number: usize, group: &mut RealGroup, actions: &[Action]) {
        let observer = self.new_observer(actions);
        self.log(Event::OnWaitSet(number, observer));
        let world = self.clone();
        group.on_wait(move |waiting| {
            let names = waiting.running().map(|actor| actor.to_string());
            let names: Vec<_> = names.collect();
            assert_eq!(waiting.to_string(), names.join(", "));
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
    #[cfg(feature = "std")]
    pub fn make_handle(&self, number: usize, group: &mut RealGroup) {
        let handle = self.handles.borrow().len();
        self.log(Event::HandleMade(number, handle));
        self.handles.borrow_mut().push(group.handle());
    }

    /// Records what the owner of a group can see of it.
    pub fn show(&self, number: usize, group: &RealGroup) {
        let running = group.running().map(|actor| {
            let number = actor.name().and_then(|name| name.parse().ok());
            (number.unwrap(), actor.index(), actor.is_interrupted())
        });
        self.log(Event::Shows(
            number,
            Shown {
                running: running.collect(),
                len: group.len(),
                is_stopping: group.is_stopping(),
                is_terminated: group.is_terminated(),
                debug: format!("{group:?}"),
            },
        ));
        #[cfg(feature = "std")]
        {
            let handles = self.handles.borrow();
            let closed = handles.iter().map(LocalHandle::is_closed).collect();
            self.log(Event::Closed(closed));
        }
    }

    /// Polls a group or its report, and records the result. Returns `None` if it is pending.
    pub fn poll<F: Future + Unpin>(
        &self,
        number: usize,
        group: &mut F,
        waker: Waker,
        ready: impl FnOnce(&F::Output) -> Event,
    ) -> Option<Result<(), Site>> {
        let waker = self.waker(Event::GroupWoke(number), waker);
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

    /// Drops a group or its report, and records the result.
    pub fn drop_group<G>(&self, number: usize, group: G) -> Result<(), Site> {
        self.log(Event::DropBegan(number));
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(group))).map_err(site);
        self.log(Event::DropEnded(number, dropped.err()));
        dropped
    }

    /// Returns a waker that records `event`, and then wakes `waker`.
    fn waker(&self, event: Event, waker: Waker) -> Waker {
        let trace = self.trace.clone();
        Waker::from(Arc::new(Logged {
            event,
            trace,
            waker,
        }))
    }
}

fn kind(actor: &Actor) -> Kind {
    match actor.how {
        How::ByClosure => Kind::ByClosure,
        How::ByFuture | How::Nested(_) => Kind::ByFuture,
        How::Abortable => Kind::Abortable,
    }
}

/// Returns the site of a panic of the script. Resumes any other panic.
fn site(payload: Box<dyn std::any::Any + Send>) -> Site {
    let site = payload
        .downcast_ref::<String>()
        .and_then(|site| site.parse().ok());
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

/// What an actor returns.
pub struct Output {
    world: Rc<World>,
    pub actor: usize,
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.world.is_unlogged.get() {
            return;
        }
        self.world.log(Event::OutputDropped(self.actor));
        if self.world.actors.borrow()[self.actor]
            .spec
            .output_drop_panics
        {
            self.world.panic(Site::Output(self.actor));
        }
    }
}

/// The execute of an actor.
struct Execute {
    world: Rc<World>,
    number: usize,
    interrupted: Option<Interrupted>,
    /// If the actor is a group: that group, with its number.
    inner: Option<(usize, RealGroup)>,
}

impl Execute {
    fn with(mut self, interrupted: Interrupted) -> Self {
        self.interrupted = Some(interrupted);
        self
    }

    /// Runs the operations of one poll. Returns whether the actor returns.
    fn run_ops(&mut self, is_interrupted: bool, cx: &mut Context<'_>) -> bool {
        let (world, number) = (self.world.clone(), self.number);
        let mut actors = world.actors.borrow_mut();
        actors[number].polls += 1;
        let waiting = take(&mut actors[number].waiting);
        let is_first_time = is_interrupted && !actors[number].is_interrupted;
        actors[number].is_interrupted |= is_interrupted;
        drop(actors);
        waiting.into_iter().for_each(|actor| world.wake(actor));
        if let Some((inner, group)) = &mut self.inner {
            if is_first_time {
                world.add(*inner, group, &Actor::new(How::ByClosure, &[Op::Return]));
            }
            let ready = |output: &Option<Output>| {
                Event::Ready(*inner, output.as_ref().map(|output| output.actor))
            };
            return match world.poll(*inner, group, cx.waker().clone(), ready) {
                None => false,
                Some(Ok(())) => true,
                Some(Err(site)) => {
                    world.log(Event::Panicked(site));
                    resume_unwind(Box::new(site.to_string()))
                }
            };
        }
        loop {
            let mut actors = world.actors.borrow_mut();
            let state = &mut actors[number];
            let Some(op) = state.spec.execute.get(state.done).cloned() else {
                return false;
            };
            state.done += 1;
            match op {
                Op::Do(action) => {
                    drop(actors);
                    world.perform(&[action], Site::Execute(number));
                }
                Op::Pend => return false,
                Op::Spin(times) if state.spins < times => {
                    state.spins += 1;
                    state.done -= 1;
                    drop(actors);
                    world.wake(number);
                    return false;
                }
                Op::Spin(_) => state.spins = 0,
                Op::Return => return true,
                Op::AwaitInterrupt if !state.is_interrupted => {
                    state.awaits_interrupt = true;
                    state.done -= 1;
                    return false;
                }
                Op::AwaitInterrupt => {}
                Op::AwaitPolls(other, times) => match actors.get_mut(other) {
                    Some(other) if other.polls < times => {
                        other.waiting.push(number);
                        actors[number].done -= 1;
                        return false;
                    }
                    _ => {}
                },
            }
        }
    }
}

impl Future for Execute {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let this = &mut *self;
        let (world, actor) = (this.world.clone(), this.number);
        let is_interrupted = match &mut this.interrupted {
            Some(interrupted) => {
                let waker = world.waker(Event::Resolved(actor), cx.waker().clone());
                let mut cx = Context::from_waker(&waker);
                Pin::new(interrupted).poll(&mut cx).is_ready()
            }
            None => world.actors.borrow()[actor].is_interrupted,
        };
        world.log(Event::Polled(actor, is_interrupted));
        world.actors.borrow_mut()[actor].waker = Some(cx.waker().clone());
        if this.run_ops(is_interrupted, cx) {
            world.log(Event::Returned(actor));
            Poll::Ready(Output { world, actor })
        } else {
            world.log(Event::Waits(actor));
            Poll::Pending
        }
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        let (world, number) = (&self.world, self.number);
        world.log(Event::Dropped(number));
        if let Some((inner, group)) = self.inner.take() {
            if let Err(site) = world.drop_group(inner, group) {
                return world.panic(site);
            }
        }
        let actions = world.actors.borrow()[number].spec.drop.clone();
        world.perform(&actions, Site::Drop(number));
        world.log(Event::Released(number));
    }
}

/// The future of a grace period.
struct GraceFuture {
    world: Rc<World>,
    grace: usize,
}

impl Future for GraceFuture {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (world, grace) = (&self.world, self.grace);
        let mut graces = world.graces.borrow_mut();
        let state = &mut graces[grace];
        state.waker = Some(cx.waker().clone());
        let (is_over, actions) = (state.is_over, state.spec.resolve.clone());
        drop(graces);
        world.log(Event::GracePolled(grace, is_over));
        if !is_over {
            return Poll::Pending;
        }
        world.perform(&actions, Site::Resolve(grace));
        Poll::Ready(())
    }
}

impl Drop for GraceFuture {
    fn drop(&mut self) {
        let (world, grace) = (&self.world, self.grace);
        world.graces.borrow_mut()[grace].waker = None;
        world.log(Event::GraceDropped(grace));
        let graces = world.graces.borrow();
        let (is_replaced, actions) = (graces[grace].is_replaced, graces[grace].spec.drop.clone());
        drop(graces);
        if !is_replaced {
            world.perform(&actions, Site::DropGrace(grace));
        }
    }
}

/// Returns an exit as the trace has it.
pub fn end(exit: &Exit<Output>) -> End {
    use run_group::Outcome as O;
    let actor = exit.name().and_then(|name| name.parse().ok()).unwrap();
    End {
        actor,
        index: exit.index(),
        was_interrupted: exit.was_interrupted(),
        outcome: match exit.outcome() {
            O::Returned(output) => {
                assert_eq!(output.actor, actor, "an actor has the output of another");
                Outcome::Returned
            }
            O::Panicked(panic) => Outcome::Panicked(panic.message().unwrap().parse().unwrap()),
            O::Aborted => Outcome::Aborted,
            O::Expired => Outcome::Expired,
            _ => panic!("an outcome that the model does not know"),
        },
    }
}
