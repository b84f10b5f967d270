//! Random actors without a mistake.

use futures::future::{join, join_all, select_all, BoxFuture};
use futures::stream::FuturesUnordered;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use run_group::testing::abort_at_every_poll;

use super::*;
use crate::harness::test_runner;

/// What an actor does. It returns after it was interrupted, whatever it does.
#[derive(Clone, Debug)]
enum Work {
    /// Yields a few times. It does not look at its interruption, and need not.
    Yield(usize),
    /// Awaits its interruption.
    Wait,
    /// Takes items from a channel that stays open.
    Drain(u8),
    /// Takes items from a channel, and then finishes those that are left.
    DrainAll(u8),
    /// Does it in `unless`.
    Unless(Box<Work>),
    /// Awaits it twice.
    Shared(Box<Work>),
    Sequence(Vec<Work>),
    Join(Vec<Work>),
    Select(Vec<Work>),
    Set(Vec<Work>),
    /// A group that the interruption stops.
    Group(Vec<Work>),
    /// The same, with two stages. The work is in the first. All actors but the one that stops it are abortable.
    Stages(Vec<Work>),
}

fn work() -> impl Strategy<Value = Work> {
    let leaf = prop_oneof![
        (0..4_usize).prop_map(Work::Yield),
        Just(Work::Wait),
        (0..4_u8).prop_map(Work::Drain),
        (0..4_u8).prop_map(Work::DrainAll),
    ];
    leaf.prop_recursive(3, 12, 4, |work| {
        let one = work.clone().prop_map(Box::new);
        let some = vec(work, 1..4);
        prop_oneof![
            one.clone().prop_map(Work::Unless),
            one.prop_map(Work::Shared),
            some.clone().prop_map(Work::Sequence),
            some.clone().prop_map(Work::Join),
            some.clone().prop_map(Work::Select),
            some.clone().prop_map(Work::Set),
            some.clone().prop_map(Work::Group),
            some.prop_map(Work::Stages),
        ]
    })
}

impl Work {
    /// Does it, and holds `alive` meanwhile.
    fn execute(self, mut interrupted: Interrupted, alive: Arc<()>) -> BoxFuture<'static, ()> {
        async move {
            let parts = |works: Vec<Self>, interrupted: &Interrupted| {
                let execute = |work: Self| work.execute(interrupted.clone(), alive.clone());
                Vec::from_iter(works.into_iter().map(execute))
            };
            match self {
                Self::Yield(times) => {
                    for _ in 0..times {
                        yield_now().await;
                    }
                }
                Self::Wait => interrupted.await,
                Self::Drain(number) => {
                    let (_open, mut items) = items(number);
                    while interrupted.unless(items.next()).await.is_some() {
                        yield_now().await;
                    }
                }
                Self::DrainAll(number) => {
                    let (open, mut items) = items(number);
                    while interrupted.unless(items.next()).await.is_some() {}
                    drop(open);
                    while items.next().await.is_some() {
                        yield_now().await;
                    }
                }
                Self::Unless(work) => {
                    let work = work.execute(interrupted.clone(), alive.clone());
                    interrupted.unless(work).await;
                }
                Self::Shared(work) => {
                    let work = work.execute(interrupted, alive.clone()).shared();
                    join(work.clone(), work).await;
                }
                Self::Sequence(works) => {
                    for part in parts(works, &interrupted) {
                        part.await;
                    }
                }
                Self::Join(works) => _ = join_all(parts(works, &interrupted)).await,
                Self::Select(works) => _ = select_all(parts(works, &interrupted)).await,
                Self::Set(works) => {
                    let mut set = FuturesUnordered::from_iter(parts(works, &interrupted));
                    while set.next().await.is_some() {}
                }
                Self::Group(works) => {
                    let mut group = Group::new();
                    for work in works {
                        let alive = alive.clone();
                        group.add_with(|interrupted| work.execute(interrupted, alive));
                    }
                    group.add(interrupted, |_| {});
                    group.await;
                }
                Self::Stages(works) => {
                    let (mut front, mut back) = (Group::new(), Group::new());
                    for part in parts(works, &interrupted) {
                        front.add_abortable(part).stops_if(|_| false);
                    }
                    front.add(interrupted, |_| {});
                    back.add_with(|interrupted| interrupted);
                    front.before(back).await;
                }
            }
        }
        .boxed()
    }
}

/// Returns both ends of a channel with some items.
fn items(number: u8) -> (mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>) {
    let (send, items) = mpsc::unbounded();
    (0..number).for_each(|item| send.unbounded_send(item).unwrap());
    (send, items)
}

/// None of them is blamed, and all functions agree on how many points there are.
///
/// For more of them: `PROPTEST_CASES=200000 cargo test --test it right_actors`.
#[test]
fn right_actors_are_not_blamed() {
    let (mut runner, seed) = test_runner(2_000);
    let result = runner.run(&work(), |work| {
        let interrupt = |interrupted| work.clone().execute(interrupted, Arc::default());
        let runs = interrupt_at_every_poll(interrupt).len();
        let on_executor = interrupt_at_every_poll_on(poll_while_woken, interrupt).len();
        let aborts = abort_at_every_poll(|| {
            let (interrupt, interrupted) = Interrupted::channel();
            let alive = Arc::new(());
            let execute = work.clone().execute(interrupted, alive.clone());
            (execute, move || {
                assert_eq!(Arc::strong_count(&alive), 1, "all of it was dropped");
                drop(interrupt);
            })
        });
        match runs == on_executor && runs == aborts {
            true => Ok(()),
            false => Err(TestCaseError::fail(format!("{runs}, {on_executor}, {aborts} runs"))),
        }
    });
    if let Err(error) = result {
        panic!("with the seed {seed:?}: {error}");
    }
}
