//! What an actor is made of: its execute and what that returns. And the future of a grace period.

use std::future::Future;
use std::mem::take;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use run_group::Interrupted;

use super::event::{Event, Outcome, Site};
use super::script::{Actor, How, Op};
use super::world::{output, RealGroup, Value, World};

/// The error that an actor returns.
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
        if self.world.actors.borrow()[self.actor].spec.output_drop_panics {
            self.world.panic(Site::Output(self.actor));
        }
    }
}

/// The execute of an actor.
pub struct Execute {
    world: Rc<World>,
    number: usize,
    interrupted: Option<Interrupted>,
    /// For [`How::ByClone`], what the last poll has polled.
    clone: Option<Interrupted>,
    /// If the actor is a group: that group, with its number.
    inner: Option<(usize, RealGroup)>,
}

impl Execute {
    pub fn new(world: Rc<World>, number: usize, inner: Option<(usize, RealGroup)>) -> Self {
        Self { world, number, interrupted: None, clone: None, inner }
    }

    pub fn with(mut self, interrupted: Interrupted) -> Self {
        let other_end = interrupted.other_end();
        self.world.actors.borrow_mut()[self.number].other_end = Some(other_end);
        self.interrupted = Some(interrupted);
        self
    }

    /// Returns whether the actor is interrupted. Once it has seen that, it does not poll its `Interrupted` again, which
    /// may yield then.
    fn is_interrupted(&mut self, cx: &mut Context<'_>) -> bool {
        let (world, number) = (&self.world, self.number);
        let is_interrupted = world.actors.borrow()[number].is_interrupted;
        let Some(interrupted) = self.interrupted.as_mut().filter(|_| !is_interrupted) else {
            return is_interrupted;
        };
        #[cfg(feature = "std")]
        if world.actors.borrow()[number].spec.how == How::ByClone {
            self.clone = Some(interrupted.clone());
        }
        let waker = world.waker(Event::Resolved(number), cx.waker().clone());
        let interrupted = Pin::new(self.clone.as_mut().unwrap_or(interrupted));
        interrupted.poll(&mut Context::from_waker(&waker)).is_ready()
    }

    fn keep_waker(&self, cx: &Context<'_>) {
        let state = &mut self.world.actors.borrow_mut()[self.number];
        let old = state.waker.replace(cx.waker().clone());
        if let Some(old) = old.filter(|old| !old.will_wake(cx.waker())) {
            state.stale_waker = Some(old);
        }
    }

    fn error(&self) -> Value {
        Err(Output { world: self.world.clone(), actor: self.number })
    }

    /// Runs the operations of one poll. Returns what the actor returns.
    fn run_ops(&mut self, is_interrupted: bool, cx: &mut Context<'_>) -> Option<Value> {
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
            let ready = |value: &Option<Value>| Event::Ready(*inner, value.as_ref().map(output));
            return match world.poll(*inner, group, cx.waker().clone(), ready) {
                None => None,
                Some(Ok(())) => Some(self.error()),
                Some(Err(site)) => {
                    world.log(Event::Panicked(site));
                    resume_unwind(Box::new(site.to_string()))
                }
            };
        }
        loop {
            let mut actors = world.actors.borrow_mut();
            let state = &mut actors[number];
            let op = state.spec.execute.get(state.done).cloned()?;
            state.done += 1;
            match op {
                Op::Do(action) => {
                    drop(actors);
                    world.perform(&[action], Site::Execute(number));
                }
                Op::Pend => return None,
                Op::Spin(times) if state.spins < times => {
                    state.spins += 1;
                    state.done -= 1;
                    drop(actors);
                    world.wake(number);
                    return None;
                }
                Op::Spin(_) => state.spins = 0,
                Op::Return => return Some(self.error()),
                Op::Succeed => return Some(Ok(())),
                #[cfg(feature = "std")]
                Op::Ask(handle) => {
                    let question = state.question.take();
                    drop(actors);
                    let asked = question.or_else(|| world.ask(handle));
                    let by = (number, cx.waker());
                    if let Some(question) =
                        asked.filter(|&asked| !world.poll_answer(asked, Some(by)))
                    {
                        let state = &mut world.actors.borrow_mut()[number];
                        state.question = Some(question);
                        state.done -= 1;
                        return None;
                    }
                }
                Op::AwaitInterrupt if !state.is_interrupted => {
                    state.awaits_interrupt = true;
                    state.done -= 1;
                    return None;
                }
                Op::AwaitInterrupt => {}
                Op::AwaitPolls(other, times) => match actors.get_mut(other) {
                    Some(other) if other.polls < times => {
                        other.waiting.push(number);
                        actors[number].done -= 1;
                        return None;
                    }
                    _ => {}
                },
            }
        }
    }
}

impl Future for Execute {
    type Output = Value;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Value> {
        let is_interrupted = self.is_interrupted(cx);
        let (world, actor) = (self.world.clone(), self.number);
        world.log(Event::Polled(actor, is_interrupted));
        self.keep_waker(cx);
        let Some(value) = self.run_ops(is_interrupted, cx) else {
            world.log(Event::Waits(actor));
            return Poll::Pending;
        };
        let outcome = match value {
            Ok(()) => Outcome::Succeeded,
            Err(_) => Outcome::Failed,
        };
        world.log(Event::Returned(actor, outcome));
        Poll::Ready(value)
    }
}

impl Drop for Execute {
    fn drop(&mut self) {
        let (world, number) = (&self.world, self.number);
        world.log(Event::Dropped(number));
        (self.interrupted, self.clone) = (None, None);
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
pub struct GraceFuture {
    pub world: Rc<World>,
    pub grace: usize,
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
