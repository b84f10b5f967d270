//! Runs a script with real groups.

use std::future::Future;
use std::mem::replace;
use std::panic::{self, catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::task::{Wake, Waker};

use run_group::{Group, Report};

use super::event::{Event, Site, Way};
use super::script::{Script, Step};
use super::world::{end, output, RealGroup, Value, World};

/// How often a group may be polled to settle.
const MAX_POLLS: usize = 2000;

/// Part of the message with which `before` refuses.
const REFUSED: &str = "has begun to stop";

/// Runs a script, then settles and drops every group. Returns the trace.
pub fn run(script: &Script) -> Vec<Event> {
    let mut owner = Owner::default();
    script.0.iter().for_each(|step| owner.step_and_show(step));
    loop {
        owner.step_and_show(&Step::Settle);
        owner.step_and_show(&Step::Drop);
        match owner.aside.pop() {
            Some(group) => owner.current = group,
            None => return owner.world.take_trace(),
        }
    }
}

/// Runs the beginning of a script. Returns the trace.
pub fn run_prefix(steps: &[Step]) -> Vec<Event> {
    let mut owner = Owner::default();
    steps.iter().for_each(|step| owner.step(step));
    owner.show();
    let trace = owner.world.take_trace();
    owner.step(&Step::Drop);
    trace
}

/// The owner of the groups.
struct Owner {
    world: Rc<World>,
    current: Owned,
    aside: Vec<Owned>,
}

/// A group, or the future of its result.
struct Owned {
    number: usize,
    group: Either,
    is_due: Arc<IsDue>,
}

enum Either {
    Group(RealGroup),
    Run(Pin<Box<dyn Future<Output = Value>>>),
    Report(Pin<Box<dyn Future<Output = Report<Value>>>>),
}

/// Whether a group is to be polled.
#[derive(Default)]
struct IsDue(AtomicBool);

impl Wake for IsDue {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Owner {
    /// Does a step, and shows what the owner can see after it.
    fn step_and_show(&mut self, step: &Step) {
        self.step(step);
        self.show();
    }

    fn show(&self) {
        if let Either::Group(group) = &self.current.group {
            self.world.show(self.current.number, group);
        }
        self.world.show_handles();
    }

    fn step(&mut self, step: &Step) {
        let world = self.world.clone();
        match step {
            Step::Poll => self.poll(),
            Step::Settle => {
                for polls in 0.. {
                    if !self.current.is_due.0.load(SeqCst) {
                        break;
                    }
                    assert!(polls < MAX_POLLS, "it never settles");
                    self.poll();
                }
            }
            Step::Outside(action) => match action {
                #[cfg(all(feature = "std", panic = "unwind"))]
                super::script::Action::Panic => {}
                action => world.perform(std::slice::from_ref(action), Site::Execute(0)),
            },
            Step::New => {
                let new = Owned::new(&world);
                self.aside.push(replace(&mut self.current, new));
            }
            Step::Drop => {
                let old = replace(&mut self.current, Owned::new(&world));
                let _ = match old.group {
                    Either::Group(group) => world.drop_group(old.number, group),
                    Either::Run(result) => world.drop_group(old.number, result),
                    Either::Report(report) => world.drop_group(old.number, report),
                };
            }
            Step::Before => self.before(),
            step => self.current.change(&world, step),
        }
    }

    fn poll(&mut self) {
        let (world, number) = (&self.world, self.current.number);
        self.current.is_due.0.store(false, SeqCst);
        let waker = Waker::from(self.current.is_due.clone());
        let ended = match &mut self.current.group {
            Either::Group(group) => {
                let ready =
                    |value: &Option<Value>| Event::Ready(number, value.as_ref().map(output));
                let ended = world.poll(number, group, waker, ready);
                if ended.is_some() {
                    self.current.is_due.0.store(false, SeqCst);
                }
                return;
            }
            Either::Run(result) => {
                let ready = |result: &Value| Event::Ran(number, output(result));
                world.poll(number, result, waker, ready)
            }
            Either::Report(report) => {
                let ready =
                    |report: &Report<_>| Event::Reported(number, report.iter().map(end).collect());
                world.poll(number, report, waker, ready)
            }
        };
        if ended.is_some() {
            // The result has consumed the group.
            self.current = Owned::new(world);
        }
    }

    fn before(&mut self) {
        let Some(Either::Group(_)) = self.aside.last().map(|aside| &aside.group) else {
            return;
        };
        let Either::Group(back) = &mut self.current.group else {
            return;
        };
        let back_number = self.current.number;
        let mut aside = self.aside.pop().expect("it was just there");
        let Either::Group(front) = &mut aside.group else {
            return;
        };
        if cfg!(not(panic = "unwind")) && (front.is_stopping() || back.is_stopping()) {
            self.aside.push(aside);
            return;
        }
        self.world.log(Event::Before(aside.number, back_number));
        hide_refusals();
        let groups = (replace(front, Group::local()), replace(back, Group::local()));
        let combined = catch_unwind(AssertUnwindSafe(|| groups.0.before(groups.1)));
        match combined {
            Ok(group) => {
                aside.group = Either::Group(group);
                aside.is_due.0.store(true, SeqCst);
                self.current = aside;
            }
            Err(payload) => {
                let message = payload.downcast::<String>().expect("a message");
                assert!(message.contains(REFUSED), "{message}");
                self.world.log(Event::Refused(aside.number, back_number));
                self.current = Owned::new(&self.world);
            }
        }
    }
}

impl Default for Owner {
    fn default() -> Self {
        let world = World::new();
        Self { current: Owned::new(&world), aside: Vec::new(), world }
    }
}

impl Owned {
    fn new(world: &Rc<World>) -> Self {
        Self {
            number: world.new_group(),
            group: Either::Group(Group::local()),
            is_due: Arc::default(),
        }
    }

    /// Adds to the group, or sets something. The group then has to be polled.
    fn change(&mut self, world: &Rc<World>, step: &Step) {
        let (number, Either::Group(group)) = (self.number, &mut self.group) else {
            return;
        };
        match step {
            Step::Add(actor) => world.add(number, group, actor),
            Step::GracePeriod(grace) => world.set_grace_period(number, group, grace),
            Step::OnExit(actions) => world.set_on_exit(number, group, actions),
            Step::OnWait(actions) => world.set_on_wait(number, group, actions),
            Step::Handle => world.make_handle(number, group),
            Step::Run => {
                world.log(Event::Consumed(number, Way::Run));
                let group = replace(group, Group::local());
                self.group = Either::Run(Box::pin(group.run()));
            }
            Step::Report => {
                world.log(Event::Consumed(number, Way::Report));
                let group = replace(group, Group::local());
                self.group = Either::Report(Box::pin(group.report()));
            }
            _ => unreachable!("{step:?} is no change"),
        }
        self.is_due.0.store(true, SeqCst);
    }
}

/// Hides the messages of refused calls of `before`, because there are thousands.
fn hide_refusals() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = info.payload().downcast_ref::<String>();
            if !message.is_some_and(|message| message.contains(REFUSED)) {
                before(info);
            }
        }));
    });
}
