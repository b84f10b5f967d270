use run_group::Group;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Calls `report` after each poll of `execute` that takes longer than `limit`.
async fn timed<T>(
    execute: impl Future<Output = T>,
    limit: Duration,
    mut report: impl FnMut(Duration),
) -> T {
    let mut execute = pin!(execute);
    poll_fn(|cx| {
        let start = Instant::now();
        let poll = execute.as_mut().poll(cx);
        let took = start.elapsed();
        if took > limit {
            report(took);
        }
        poll
    })
    .await
}

async fn import() -> Result<(), String> {
    sleep(Duration::from_millis(20)); // should await a timer
    Ok(())
}

fn main() {
    let mut log = Vec::new();
    let limit = Duration::from_millis(10); // a second in production
    let mut group = Group::new();
    let execute = timed(import(), limit, |took| log.push(format!("import blocked for {took:?}")));
    group.add(execute, |_| {}).named("import");
    assert_eq!(smol::block_on(group.run()), Ok(()));
    assert!(log[0].starts_with("import blocked for"));
}
// The recipe ends here.

use run_group::testing::interrupt_at_every_poll;
use smol::future::yield_now;

use crate::recipes::assert_is_a_recipe;

const HOUR: Duration = Duration::from_secs(3600);
const LIMIT: Duration = Duration::from_millis(1);

/// Blocks the thread until a poll that has begun has taken too long.
fn block() {
    let start = Instant::now();
    while start.elapsed() <= LIMIT {
        sleep(LIMIT);
    }
}

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("blocked.rs"));
    main();
}

#[test]
fn each_poll_that_blocks_is_reported() {
    let mut reports = 0;
    let execute = async {
        block();
        yield_now().await;
        block();
        7
    };
    assert_eq!(smol::block_on(timed(execute, LIMIT, |took| reports += u32::from(took > LIMIT))), 7);
    assert_eq!(reports, 2);
}

#[test]
fn waiting_is_not_blocking() {
    let waits = smol::Timer::after(Duration::from_millis(2));
    smol::block_on(timed(waits, HOUR, |_| panic!("it does not block")));
}

#[test]
fn interrupted_at_every_poll_it_returns() {
    let results = interrupt_at_every_poll(|interrupted| timed(interrupted, HOUR, |_| {}));
    assert_eq!(results, [(), ()]);
}
