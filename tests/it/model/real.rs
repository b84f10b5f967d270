//! The group itself, with actors that do what the cast says.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::mem::take;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use run_group::{Exit, Group, Interrupted, LocalGroup};

use super::cast::{self, Cast, End, Event, Site, Turn, Whom};
use super::play::Subject;
use super::script::{Act, Actor, Grace, How, Stage};

/// A group of which all that happens to its actors is known.
#[derive(Default)]
pub struct Real {
    /// As new while there is a report.
    group: LocalGroup<'static, usize>,
    report: Option<Report>,
    hall: Rc<Hall>,
}

type Report = Pin<Box<dyn Future<Output = Vec<Exit<usize>>>>>;

/// What the actors have in common.
#[derive(Default)]
struct Hall {
    cast: RefCell<Cast>,
    /// Who polled an actor last.
    actors: RefCell<BTreeMap<usize, Waker>>,
    /// Who polled a grace period last, as long as it is there.
    graces: RefCell<BTreeMap<usize, Waker>>,
    /// Whether the group is to be polled.
    due: Arc<Due>,
    /// Whether the owner is setting a grace period.
    is_replacing: Cell<bool>,
}

#[derive(Default)]
struct Due(AtomicBool);

impl Wake for Due {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Subject for Real {
    fn poll(&mut self) -> bool {
        self.hall.due.0.store(false, SeqCst);
        let waker = Waker::from(self.hall.due.clone());
        let mut cx = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| match &mut self.report {
            None => Pin::new(&mut self.group).poll(&mut cx).map(Event::Ready),
            Some(report) => report.as_mut().poll(&mut cx).map(|exits| {
                let exits = exits.iter().map(end);
                Event::Reported(exits.collect())
            }),
        }));
        let event = match polled {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(event)) => event,
            Err(payload) => match payload.downcast() {
                Ok(site) => Event::Resumed(*site),
                Err(payload) => resume_unwind(payload),
            },
        };
        self.say(event);
        self.report = None;
        self.hall.due.0.store(false, SeqCst);
        true
    }

    fn is_due(&self) -> bool {
        self.hall.due.0.load(SeqCst)
    }

    fn add(&mut self, actor: &Actor) {
        let hall = self.hall.clone();
        self.change(|group| hall.add(actor, group));
    }

    fn bound(&mut self, grace: &Grace) {
        let hall = self.hall.clone();
        // What a panic in the drop of the old one does is between the owner and the old one, and left out here.
        self.hall.is_replacing.set(true);
        self.change(|group| hall.bound(grace, group));
        self.hall.is_replacing.set(false);
    }

    fn observe(&mut self, acts: &[Act]) {
        let hall = self.hall.clone();
        self.change(|group| hall.observe(acts, group));
    }

    fn before(&mut self, stage: &Stage) {
        let hall = self.hall.clone();
        self.change(|group| {
            let mut back = Group::local();
            for actor in &stage.actors {
                hall.add(actor, &mut back);
            }
            if let Some(grace) = &stage.grace {
                hall.bound(grace, &mut back);
            }
            if let Some(acts) = &stage.observer {
                hall.observe(acts, &mut back);
            }
            *group = take(group).before(back);
        });
    }

    fn report(&mut self) {
        self.report = Some(Box::pin(take(&mut self.group).report()));
        self.hall.due.0.store(true, SeqCst);
    }

    fn reports(&self) -> bool {
        self.report.is_some()
    }

    fn drop_it(&mut self) {
        let before = self.hall.cast.borrow().seen();
        let old = (take(&mut self.group), self.report.take());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(old)));
        self.hall.cast.borrow_mut().sort_since(before);
        if dropped.is_err() {
            self.say(Event::DropPanicked);
        }
        self.hall.due.0.store(false, SeqCst);
    }

    fn outside(&mut self, act: &Act) {
        self.hall.call(|cast| cast.outside(act));
    }

    fn len(&self) -> usize {
        self.group.len()
    }

    fn say(&mut self, event: Event) {
        self.hall.cast.borrow_mut().say(event);
    }

    fn trace(self) -> Vec<Event> {
        self.hall.cast.take().trace()
    }
}

impl Real {
    /// Changes the group, after which it is to be polled.
    fn change(&mut self, change: impl FnOnce(&mut LocalGroup<'static, usize>)) {
        change(&mut self.group);
        self.hall.due.0.store(true, SeqCst);
    }
}

impl Hall {
    /// Calls upon the cast, and wakes whom it has woken.
    fn call<R>(&self, f: impl FnOnce(&mut Cast) -> R) -> R {
        let result = f(&mut self.cast.borrow_mut());
        let woken = self.cast.borrow_mut().take_woken();
        for whom in woken {
            let waker = match whom {
                Whom::Actor(who) => self.actors.borrow().get(&who).cloned(),
                Whom::Grace(grace) => self.graces.borrow().get(&grace).cloned(),
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        result
    }

    fn add(self: &Rc<Self>, actor: &Actor, group: &mut LocalGroup<'static, usize>) {
        let who = self.cast.borrow_mut().enter(actor);
        let hall = self.clone();
        let execute = |told| Execute { hall, who, told };
        let added = match actor.how {
            How::Signalled => group.add_with(|interrupted| execute(Told::Signal(interrupted))),
            How::Abortable => group.add_abortable(execute(Told::Never)),
            How::Told => {
                let (told, hall) = (Rc::new(Cell::new(false)), self.clone());
                group.add(execute(Told::Word(told.clone())), move |cause| {
                    told.set(true);
                    raise(hall.call(|cast| cast.interrupt(who, end(cause))));
                })
            }
        };
        added.named(who.to_string());
    }

    fn bound(self: &Rc<Self>, grace: &Grace, group: &mut LocalGroup<'static, usize>) {
        let number = self.cast.borrow_mut().enter_grace(grace);
        let hall = self.clone();
        group.grace_period(move || {
            raise(hall.call(|cast| cast.begin(number)));
            Timer {
                hall,
                grace: number,
            }
        });
    }

    fn observe(self: &Rc<Self>, acts: &[Act], group: &mut LocalGroup<'static, usize>) {
        let observer = self.cast.borrow_mut().enter_observer(acts);
        let hall = self.clone();
        group.on_exit(move |exit| raise(hall.call(|cast| cast.observe(observer, end(exit)))));
    }
}

/// The execute of an actor.
struct Execute {
    hall: Rc<Hall>,
    who: usize,
    told: Told,
}

/// How it knows of the interruption.
enum Told {
    Word(Rc<Cell<bool>>),
    Signal(Interrupted),
    Never,
}

impl Future for Execute {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let who = self.who;
        let told = match &mut self.told {
            Told::Word(told) => told.get(),
            Told::Signal(interrupted) => Pin::new(interrupted).poll(cx).is_ready(),
            Told::Never => false,
        };
        let waker = cx.waker().clone();
        self.hall.actors.borrow_mut().insert(who, waker);
        match self.hall.call(|cast| cast.execute(who, told)) {
            Turn::Pending => Poll::Pending,
            Turn::Returned => Poll::Ready(who),
            Turn::Panicked(site) => resume_unwind(Box::new(site)),
        }
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        raise(self.hall.call(|cast| cast.drop_execute(self.who)));
    }
}

/// The future of a grace period.
struct Timer {
    hall: Rc<Hall>,
    grace: usize,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        self.hall.graces.borrow_mut().insert(self.grace, waker);
        let over = self.hall.call(|cast| cast.poll_grace(self.grace));
        if over.is_err() {
            raise(over.map(drop));
        }
        match over {
            Ok(true) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.hall.graces.borrow_mut().remove(&self.grace);
        let dropped = self.hall.call(|cast| cast.drop_grace(self.grace));
        if !self.hall.is_replacing.get() {
            raise(dropped);
        }
    }
}

/// Panics if the cast says so, without a word on the screen. Two panics at once would abort, so the first is left at that.
fn raise(result: Result<(), Site>) {
    if let (Err(site), false) = (result, std::thread::panicking()) {
        resume_unwind(Box::new(site));
    }
}

/// Writes an exit down.
fn end(exit: &Exit<usize>) -> End {
    use run_group::Outcome;
    End {
        who: exit.name().and_then(|name| name.parse().ok()).unwrap(),
        index: exit.index(),
        was_interrupted: exit.was_interrupted(),
        outcome: match exit.outcome() {
            Outcome::Returned(output) => cast::Outcome::Returned(*output),
            Outcome::Panicked(payload) => cast::Outcome::Panicked(*payload.downcast_ref().unwrap()),
            Outcome::Aborted => cast::Outcome::Aborted,
            Outcome::Expired => cast::Outcome::Expired,
            other => panic!("an outcome that is new here: {other:?}"),
        },
    }
}
