//! What a group may hold, and which auto traits it and its futures have.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::future::{pending, ready, Future};
use std::rc::Rc;

use futures::future::{FusedFuture, FutureExt};
use futures::task::noop_waker_ref;
#[cfg(feature = "std")]
use run_group::Handle;
use run_group::{
    Added, Adding, Exit, Group, Interrupt, Interrupted, LocalGroup, LocalHandle, Outcome, Panic,
    Report, Running, Waiting,
};
use smol::block_on;

#[test]
fn actors_may_borrow_what_outlives_the_group() {
    let name = String::from("borrowed");
    let mut seen = Vec::<&str>::new();
    let mut stopped = false;
    let mut group = Group::new();
    group.add(async { name.as_str() }, |_| stopped = true);
    group.on_exit(|exit| seen.extend(exit.output()));
    group.on_wait(|waiting| assert!(waiting.to_string().len() > name.len()));
    group.grace_period(|| async { name.len() });
    assert_eq!(block_on(group), Some("borrowed"));
    assert_eq!(seen, ["borrowed"]);
    assert!(stopped);
}

#[test]
fn local_group_takes_what_is_not_send() {
    let shared = Rc::new(Cell::new(0));
    let bump = |by: u32| shared.set(shared.get() + by);
    let mut front: LocalGroup<'_, Rc<Cell<u32>>> = Group::local();
    front.add(ready(shared.clone()), |exit| bump(exit.output().unwrap().get() + 1));
    let inner = shared.clone();
    front.add_with(|interrupted| async move {
        interrupted.await;
        inner
    });
    front.add_abortable({
        let shared = shared.clone();
        async move {
            let _held = shared;
            pending().await
        }
    });
    front.add(pending(), |_| bump(10)).named("stuck");
    front.on_exit(|_| bump(100));
    front.on_wait(|_| bump(100_000));
    front.grace_period(|| {
        bump(1000);
        async { bump(10_000) }
    });
    let output = block_on(front.before(Group::local()));
    assert_eq!(output.unwrap().get(), 11_511); // without `on_wait`, because the group never waits
}

/// The future asserts in each poll that it is still at the same address.
#[test]
fn execute_is_never_moved() {
    struct Fixed {
        address: Cell<Option<usize>>,
        polls: usize,
        _pinned: std::marker::PhantomPinned,
    }
    impl Future for Fixed {
        type Output = usize;

        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<usize> {
            let here = std::ptr::addr_of!(*self) as usize;
            assert_eq!(self.address.replace(Some(here)).unwrap_or(here), here);
            if self.polls == 0 {
                return std::task::Poll::Ready(0);
            }
            std::task::Poll::Pending
        }
    }
    let fixed =
        |polls| Fixed { address: Cell::new(None), polls, _pinned: std::marker::PhantomPinned };
    let mut groups: Vec<_> = (0..10).map(|_| Group::new()).collect();
    for group in &mut groups {
        group.add(fixed(1), |_| {});
        group.add_with(|interrupted| interrupted.then(|()| fixed(0)));
    }
    let mut cx = std::task::Context::from_waker(noop_waker_ref());
    for _ in 0..3 {
        for group in &mut groups {
            assert!(group.poll_unpin(&mut cx).is_pending());
        }
        groups.reverse(); // moves the groups, but not their actors
    }
}

macro_rules! assert_is {
    ($type:ty: $($bound:tt)+) => {{
        fn is<T: $($bound)+>() {}
        is::<$type>();
    }};
}

/// Asserts that a type does not implement a trait. If it does, two implementations apply, and the call is ambiguous.
macro_rules! assert_is_not {
    ($type:ty: $bound:path) => {{
        trait Ambiguous<A> {
            fn ask() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        struct Other;
        impl<T: ?Sized + $bound> Ambiguous<Other> for T {}
        <$type as Ambiguous<_>>::ask();
    }};
}

type NotSend = Rc<()>;

#[test]
fn auto_traits() {
    assert_is!(Group<'static, ()>: Send + Unpin + Default + FusedFuture + Debug);
    assert_is_not!(Group<'static, ()>: Sync);
    assert_is_not!(Group<'static, NotSend>: Send);
    assert_is!(Group<'static, NotSend>: Unpin + Default + FusedFuture + Debug);
    assert_is!(Group<'static, std::marker::PhantomPinned>: Unpin);

    assert_is!(LocalGroup<'static, ()>: Unpin + Default + FusedFuture + Debug);
    assert_is_not!(LocalGroup<'static, ()>: Send);
    assert_is_not!(LocalGroup<'static, ()>: Sync);

    assert_is!(Interrupted: Send + Sync + Unpin + FusedFuture + Debug + Future<Output = ()> + 'static);
    #[cfg(feature = "std")]
    assert_is!(Interrupted: Clone);
    #[cfg(not(feature = "std"))]
    assert_is_not!(Interrupted: Clone);

    assert_is!(Exit<()>: Send + Sync + Unpin + Debug + Display);
    assert_is_not!(Exit<NotSend>: Send);
    assert_is_not!(Exit<Cell<u8>>: Sync);
    assert_is!(Outcome<()>: Send + Sync + Unpin + Debug);
    assert_is_not!(Outcome<NotSend>: Send);
    assert_is!(Panic: Send + Sync + Unpin + Debug + Display + 'static);
    assert_is!(Report<()>: Send + Sync + Unpin + Default + Debug + Display);
    assert_is_not!(Report<NotSend>: Send);

    assert_is!(Added<'static, *const ()>: Send + Sync + Unpin + Debug);

    assert_is!(Interrupt: Send + Sync + Unpin + Debug + 'static);
    assert_is_not!(Interrupt: Clone);

    assert_is!(Running: Clone + Send + Sync + Unpin + Debug + Display + 'static);
    assert_is!(Waiting<'static, ()>: Unpin + Debug + Display);
    assert_is_not!(Waiting<'static, ()>: Send); // it lists the actors when it is asked
}

/// A handle is `Send` and `Sync` whatever the actors return, because the actors are `Send`.
#[cfg(feature = "std")]
#[test]
fn auto_traits_of_handles() {
    assert_is!(Handle<'static, ()>: Send + Sync + Unpin + Clone + Debug);
    assert_is!(Handle<'static, Cell<u8>>: Send + Sync);
    assert_is!(Handle<'static, NotSend>: Send + Sync + Clone + Debug);
    assert_is!(Adding<'static, 'static, ()>: Send + Unpin + Debug);
    assert_is_not!(Adding<'static, 'static, ()>: Clone);
    assert_is!(Adding<'static, 'static, NotSend>: Debug);
}

#[test]
fn auto_traits_of_local_handles() {
    assert_is!(LocalHandle<'static, ()>: Unpin + Clone + Debug);
    assert_is!(LocalHandle<'static, NotSend>: Unpin + Clone + Debug);
    assert_is_not!(LocalHandle<'static, ()>: Send);
    assert_is_not!(LocalHandle<'static, ()>: Sync);
}

/// An exit is an error if what the actor returned can be shown, whether or not that is an error.
#[cfg(feature = "std")]
#[test]
fn exits_of_results_are_errors() {
    use std::error::Error;
    use std::process::Termination;

    assert_is!(Exit<Result<(), ()>>: Error + Send + Sync + 'static);
    assert_is_not!(Exit<Result<(), Bare>>: Error);
    assert_is_not!(Exit<()>: Error);
    assert_is!(Report<Result<(), ()>>: Termination);
    assert_is!(Report<Result<NotSend, std::io::Error>>: Termination);
    assert_is_not!(Report<Result<(), Bare>>: Termination);
    assert_is_not!(Report<()>: Termination);
}

/// A report is a list of exits, whatever the actors return.
#[test]
fn reports_are_lists() {
    assert_is!(Report<Bare>: std::ops::Deref<Target = [Exit<Bare>]> + Default);
    assert_is!(Report<Bare>: IntoIterator<Item = Exit<Bare>>);
    assert_is!(&'static Report<Bare>: IntoIterator<Item = &'static Exit<Bare>>);
    assert_is!(Vec<Exit<Bare>>: From<Report<Bare>>);
    assert_is_not!(Report<Bare>: Debug);
    assert_is_not!(Report<Bare>: Display);
}

/// An output that implements no trait.
struct Bare;

#[test]
fn debug_without_bounds_on_the_output() {
    assert_is!(Group<'static, Bare>: Debug + Default);
    assert_is!(LocalGroup<'static, Bare>: Debug + Default);
    assert_is!(Waiting<'static, Bare>: Debug + Display);
    assert_is!(LocalHandle<'static, Bare>: Clone + Debug);
    assert_is!(Adding<'static, 'static, Bare>: Debug);
    #[cfg(feature = "std")]
    assert_is!(Handle<'static, Bare>: Clone + Debug);
    assert_is_not!(Exit<Bare>: Debug); // it shows the output
    assert_is_not!(Exit<Bare>: Display);
}

/// `unless` returns a future that is `Send` if its argument is.
#[test]
fn unless_is_send_where_its_future_is() {
    fn is_send(_: impl Send) {}
    let (_interrupt, mut interrupted) = Interrupted::channel();
    is_send(interrupted.unless(ready(7)));
}

/// No actor can be added to a copy by mistake, and no group can run twice.
#[test]
fn group_is_not_clone_and_run_consumes_it() {
    assert_is_not!(Group<'static, ()>: Clone);
    assert_is_not!(LocalGroup<'static, ()>: Clone);
    fn uses_up<G, R>(_: impl FnOnce(G) -> R) {}
    uses_up::<Group<'static, Result<(), ()>>, _>(Group::run);
    uses_up::<Group<'static, ()>, _>(Group::report);
}

#[test]
fn interrupt_is_callable() {
    type Interrupt = fn(&Exit<()>);
    assert_is!(Interrupt: FnOnce(&Exit<()>));
    assert_is_not!(Option<Interrupt>: FnOnce(&Exit<()>));
}

#[test]
fn run_and_report_are_send_where_the_group_is() {
    fn is_send(_: impl Send) {}
    is_send(Group::<Result<(), ()>>::new().run());
    is_send(Group::<()>::new().report());
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn groups_can_be_spawned() {
    let mut group = Group::new();
    group.add_with(|interrupted| async {
        interrupted.await;
        1
    });
    group.add(async { 7 }, |_| {});
    assert_eq!(block_on(smol::spawn(group)), Some(7));
    assert_eq!(async_std::task::block_on(async_std::task::spawn(Group::<()>::new())), None);
}
