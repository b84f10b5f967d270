//! The user's code: what the script has the actors, the observers and the grace periods do. It writes the trace.

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
use super::script::{Act, Actor, Grace, How, Inner, Op};

/// How many actors a play has at most, since an observer may add one for each exit.
const MOST: usize = 24;

/// All of the user's code, as far as the script has come.
#[derive(Default)]
pub struct Cast {
    trace: Trace,
    players: RefCell<Vec<Player>>,
    graces: RefCell<Vec<Timing>>,
    observers: RefCell<Vec<Vec<Act>>>,
    #[cfg(feature = "std")]
    handles: RefCell<Vec<LocalHandle<'static, Output>>>,
    /// How many groups there were.
    groups: Cell<usize>,
    /// Whether the owner drops something, which is no event.
    is_quiet: Cell<bool>,
}

type Trace = Arc<Mutex<Vec<Event>>>;

/// A group that is played with.
pub type Played = LocalGroup<'static, Output>;

struct Player {
    part: Actor,
    /// How much of `part.execute` is done.
    done: usize,
    /// How often it has spun in the current [`Op::Spin`].
    spun: usize,
    polls: usize,
    /// The actors that are woken by its next poll.
    waiting: Vec<usize>,
    /// Whether the interrupt wakes it.
    listens: bool,
    is_interrupted: bool,
    waker: Option<Waker>,
}

/// A grace period and its futures.
struct Timing {
    part: Grace,
    is_up: bool,
    waker: Option<Waker>,
    /// Whether its owner is replacing it.
    is_replaced: bool,
}

impl Cast {
    /// Adds to the trace.
    pub fn log(&self, event: Event) {
        self.trace.lock().unwrap().push(event);
    }

    /// Returns the trace.
    pub fn take_trace(&self) -> Vec<Event> {
        take(&mut self.trace.lock().unwrap())
    }

    /// Drops something that belongs to the owner.
    pub fn drop_quietly<X>(&self, thing: X) {
        let was_quiet = self.is_quiet.replace(true);
        drop(thing);
        self.is_quiet.set(was_quiet);
    }

    /// Returns a number for a new group.
    pub fn new_group(&self) -> usize {
        self.groups.replace(self.groups.get() + 1)
    }

    /// Does `acts`, until one panics.
    pub fn act(self: &Rc<Self>, acts: &[Act], _site: Site) {
        for act in acts {
            match act {
                Act::Wake(actor) => self.wake(*actor),
                Act::TimeIsUp(grace) => {
                    let mut graces = self.graces.borrow_mut();
                    let Some(timing) = graces.get_mut(*grace) else {
                        continue;
                    };
                    timing.is_up = true;
                    let waker = timing.waker.clone();
                    drop(graces);
                    if let Some(waker) = waker {
                        self.log(Event::WokeGrace(*grace));
                        waker.wake();
                    }
                }
                #[cfg(feature = "std")]
                Act::HandIn(handle, actors) => self.hand_in(*handle, actors),
                #[cfg(all(feature = "std", panic = "unwind"))]
                Act::Panic => self.panic(_site),
            }
        }
    }

    fn wake(&self, actor: usize) {
        let players = self.players.borrow();
        let waker = players.get(actor).and_then(|player| player.waker.clone());
        drop(players);
        if let Some(waker) = waker {
            self.log(Event::Woke(actor));
            waker.wake();
        }
    }

    /// Panics without a message. Two panics at once would abort, so then it does not.
    fn panic(&self, site: Site) {
        if !std::thread::panicking() {
            self.log(Event::Panicked(site));
            resume_unwind(Box::new(site));
        }
    }

    #[cfg(feature = "std")]
    fn hand_in(self: &Rc<Self>, handle: usize, actors: &[Actor]) {
        for actor in actors {
            let handles = self.handles.borrow();
            let Some(to) = handles.get(handle).cloned() else {
                return;
            };
            drop(handles);
            let Some((number, execute)) = self.enter(actor) else {
                return;
            };
            self.log(Event::HandedIn(handle, number, kind(actor)));
            let name = number.to_string();
            let added = catch_unwind(AssertUnwindSafe(|| match actor.how {
                How::Called => to.add(execute, self.interrupt(number)).named(name),
                How::Abortable => to.add_abortable(execute).named(name),
                How::Signalled | How::Nested(_) => {
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
    pub fn add(self: &Rc<Self>, number: usize, group: &mut Played, actor: &Actor) {
        let Some((actor_number, execute)) = self.enter(actor) else {
            return;
        };
        self.log(Event::Added(number, actor_number, kind(actor)));
        let added = match actor.how {
            How::Called => group.add(execute, self.interrupt(actor_number)),
            How::Abortable => group.add_abortable(execute),
            How::Signalled | How::Nested(_) => {
                group.add_with(|interrupted| execute.with(interrupted))
            }
        };
        added.named(actor_number.to_string());
    }

    /// Makes an actor of its part. `None`: there are too many.
    fn enter(self: &Rc<Self>, part: &Actor) -> Option<(usize, Execute)> {
        let number = self.players.borrow().len();
        if number == MOST {
            return None;
        }
        self.players.borrow_mut().push(Player {
            part: part.clone(),
            done: 0,
            spun: 0,
            polls: 0,
            waiting: Vec::new(),
            listens: false,
            is_interrupted: false,
            waker: None,
        });
        let inner = match &part.how {
            How::Nested(inner) => Some(self.host(number, inner)),
            _ => None,
        };
        let (cast, interrupted) = (self.clone(), None);
        Some((
            number,
            Execute {
                cast,
                number,
                interrupted,
                inner,
            },
        ))
    }

    /// Makes the group of an actor that is one.
    fn host(self: &Rc<Self>, actor: usize, inner: &Inner) -> (usize, Played) {
        let (number, mut group) = (self.new_group(), Group::local());
        self.log(Event::Hosted(number, actor));
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
        if let Some(acts) = &inner.on_exit {
            self.set_on_exit(number, &mut group, acts);
        }
        if let Some(acts) = &inner.on_wait {
            self.set_on_wait(number, &mut group, acts);
        }
        (number, group)
    }

    fn interrupt(self: &Rc<Self>, number: usize) -> impl FnOnce(&Exit<Output>) + 'static {
        let cast = self.clone();
        move |cause| {
            cast.log(Event::Interrupted(number, end(cause)));
            let mut players = cast.players.borrow_mut();
            let player = &mut players[number];
            player.is_interrupted = true;
            let (listens, acts) = (player.listens, player.part.interrupt.clone());
            drop(players);
            if listens {
                cast.wake(number);
            }
            cast.act(&acts, Site::Interrupt(number));
        }
    }

    /// Sets a grace period of a group.
    pub fn set_grace_period(self: &Rc<Self>, number: usize, group: &mut Played, part: &Grace) {
        let grace = self.graces.borrow().len();
        self.graces.borrow_mut().push(Timing {
            part: part.clone(),
            is_up: false,
            waker: None,
            is_replaced: false,
        });
        self.log(Event::GraceSet(number, grace));
        // A panic in the drop of one that is replaced is between the owner and that one.
        let set = |is_replaced| {
            let mut graces = self.graces.borrow_mut();
            graces
                .iter_mut()
                .for_each(|timing| timing.is_replaced = is_replaced);
        };
        set(true);
        let cast = self.clone();
        group.grace_period(move || {
            cast.log(Event::Began(grace));
            let acts = cast.graces.borrow()[grace].part.begin.clone();
            cast.act(&acts, Site::Begin(grace));
            Timer {
                cast: cast.clone(),
                grace,
            }
        });
        set(false);
    }

    /// Sets an observer of the exits of a group.
    pub fn set_on_exit(self: &Rc<Self>, number: usize, group: &mut Played, acts: &[Act]) {
        let observer = self.new_observer(acts);
        self.log(Event::OnExitSet(number, observer));
        let cast = self.clone();
        group.on_exit(move |exit| cast.observe(observer, Event::Observed(observer, end(exit))));
    }

    /// Sets an observer of what a group waits for.
    pub fn set_on_wait(self: &Rc<Self>, number: usize, group: &mut Played, acts: &[Act]) {
        let observer = self.new_observer(acts);
        self.log(Event::OnWaitSet(number, observer));
        let cast = self.clone();
        group.on_wait(move |waiting| {
            let names = waiting.running().map(|actor| actor.to_string());
            let names: Vec<_> = names.collect();
            assert_eq!(waiting.to_string(), names.join(", "));
            let actors = names.iter().map(|name| name.parse().unwrap());
            let cause = end(waiting.cause()).actor;
            cast.observe(observer, Event::Waited(observer, cause, actors.collect()));
        });
    }

    fn new_observer(&self, acts: &[Act]) -> usize {
        self.observers.borrow_mut().push(acts.to_vec());
        self.observers.borrow().len() - 1
    }

    fn observe(self: &Rc<Self>, observer: usize, event: Event) {
        self.log(event);
        let acts = self.observers.borrow()[observer].clone();
        self.act(&acts, Site::Observer(observer));
    }

    /// Has a group make a handle.
    #[cfg(feature = "std")]
    pub fn make_handle(&self, number: usize, group: &mut Played) {
        let handle = self.handles.borrow().len();
        self.log(Event::HandleMade(number, handle));
        self.handles.borrow_mut().push(group.handle());
    }

    /// Writes down what the owner of a group can see of it.
    pub fn show(&self, number: usize, group: &Played) {
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

    /// Polls a group or its report, and writes down how that went. `Some`: it is ready, or has resumed a panic.
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
                self.drop_quietly(output);
                Some(Ok(()))
            }
            Err(payload) => {
                let site = site(payload);
                self.log(Event::Resumed(number, site));
                Some(Err(site))
            }
        }
    }

    /// Drops a group or its report, and writes down how that went.
    pub fn drop_group<G>(&self, number: usize, group: G) -> Result<(), Site> {
        self.log(Event::DropBegan(number));
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(group))).map_err(site);
        self.log(Event::DropEnded(number, dropped.err()));
        dropped
    }

    /// Returns a waker that is written down before it wakes another.
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
        How::Called => Kind::Called,
        How::Signalled | How::Nested(_) => Kind::Signalled,
        How::Abortable => Kind::Abortable,
    }
}

/// Returns where a panic came from. Continues any other panic.
fn site(payload: Box<dyn std::any::Any + Send>) -> Site {
    match payload.downcast() {
        Ok(site) => *site,
        Err(payload) => resume_unwind(payload),
    }
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
    cast: Rc<Cast>,
    pub actor: usize,
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.cast.is_quiet.get() {
            return;
        }
        self.cast.log(Event::OutputDropped(self.actor));
        if self.cast.players.borrow()[self.actor].part.is_output_bad {
            self.cast.panic(Site::Output(self.actor));
        }
    }
}

/// The execute of an actor.
struct Execute {
    cast: Rc<Cast>,
    number: usize,
    interrupted: Option<Interrupted>,
    /// The group that it is, with its number.
    inner: Option<(usize, Played)>,
}

impl Execute {
    fn with(mut self, interrupted: Interrupted) -> Self {
        self.interrupted = Some(interrupted);
        self
    }

    /// Does what it does in one poll. Returns whether it returned.
    fn turn(&mut self, is_interrupted: bool, cx: &mut Context<'_>) -> bool {
        let (cast, number) = (self.cast.clone(), self.number);
        let mut players = cast.players.borrow_mut();
        players[number].polls += 1;
        let waiting = take(&mut players[number].waiting);
        let is_news = is_interrupted && !players[number].is_interrupted;
        players[number].is_interrupted |= is_interrupted;
        drop(players);
        waiting.into_iter().for_each(|actor| cast.wake(actor));
        if let Some((inner, group)) = &mut self.inner {
            if is_news {
                cast.add(*inner, group, &Actor::new(How::Called, &[Op::Return]));
            }
            let ready = |output: &Option<Output>| {
                Event::Ready(*inner, output.as_ref().map(|output| output.actor))
            };
            return match cast.poll(*inner, group, cx.waker().clone(), ready) {
                None => false,
                Some(Ok(())) => true,
                Some(Err(site)) => {
                    cast.log(Event::Panicked(site));
                    resume_unwind(Box::new(site))
                }
            };
        }
        loop {
            let mut players = cast.players.borrow_mut();
            let player = &mut players[number];
            let Some(op) = player.part.execute.get(player.done).cloned() else {
                return false;
            };
            player.done += 1;
            match op {
                Op::Do(act) => {
                    drop(players);
                    cast.act(&[act], Site::Execute(number));
                }
                Op::Pend => return false,
                Op::Spin(times) if player.spun < times => {
                    player.spun += 1;
                    player.done -= 1;
                    drop(players);
                    cast.wake(number);
                    return false;
                }
                Op::Spin(_) => player.spun = 0,
                Op::Return => return true,
                Op::AwaitInterrupt if !player.is_interrupted => {
                    player.listens = true;
                    player.done -= 1;
                    return false;
                }
                Op::AwaitInterrupt => {}
                Op::AwaitPolls(other, times) => match players.get_mut(other) {
                    Some(other) if other.polls < times => {
                        other.waiting.push(number);
                        players[number].done -= 1;
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
        let (cast, actor) = (this.cast.clone(), this.number);
        let is_interrupted = match &mut this.interrupted {
            Some(interrupted) => {
                let waker = cast.waker(Event::Signalled(actor), cx.waker().clone());
                let mut cx = Context::from_waker(&waker);
                Pin::new(interrupted).poll(&mut cx).is_ready()
            }
            None => cast.players.borrow()[actor].is_interrupted,
        };
        cast.log(Event::Polled(actor, is_interrupted));
        cast.players.borrow_mut()[actor].waker = Some(cx.waker().clone());
        if this.turn(is_interrupted, cx) {
            cast.log(Event::Returned(actor));
            Poll::Ready(Output { cast, actor })
        } else {
            cast.log(Event::Waits(actor));
            Poll::Pending
        }
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        let (cast, number) = (&self.cast, self.number);
        cast.log(Event::Dropped(number));
        if let Some((inner, group)) = self.inner.take() {
            if let Err(site) = cast.drop_group(inner, group) {
                return cast.panic(site);
            }
        }
        let acts = cast.players.borrow()[number].part.drop.clone();
        cast.act(&acts, Site::Drop(number));
        cast.log(Event::Released(number));
    }
}

/// The future of a grace period.
struct Timer {
    cast: Rc<Cast>,
    grace: usize,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (cast, grace) = (&self.cast, self.grace);
        let mut graces = cast.graces.borrow_mut();
        let timing = &mut graces[grace];
        timing.waker = Some(cx.waker().clone());
        let (is_up, acts) = (timing.is_up, timing.part.over.clone());
        drop(graces);
        cast.log(Event::GracePolled(grace, is_up));
        if !is_up {
            return Poll::Pending;
        }
        cast.act(&acts, Site::Over(grace));
        Poll::Ready(())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let (cast, grace) = (&self.cast, self.grace);
        cast.graces.borrow_mut()[grace].waker = None;
        cast.log(Event::GraceDropped(grace));
        let graces = cast.graces.borrow();
        let (is_replaced, acts) = (graces[grace].is_replaced, graces[grace].part.drop.clone());
        drop(graces);
        if !is_replaced {
            cast.act(&acts, Site::DropGrace(grace));
        }
    }
}

/// Writes an exit down.
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
            O::Panicked(payload) => Outcome::Panicked(*payload.downcast_ref().unwrap()),
            O::Aborted => Outcome::Aborted,
            O::Expired => Outcome::Expired,
            _ => panic!("an outcome that is new here"),
        },
    }
}
