//! A pool of workers: it takes jobs from a queue, and hands each to an actor of its own, at most eight at a time.
//!
//! The pool takes a permit of a semaphore before each job, and the actor of the job gives it back when it is done. A
//! job that fails is reported and leaves. If three jobs in a row fail, the program stops with exit code 1. Ctrl-C
//! finishes the jobs that have begun, and drops the rest.
//!
//! ```text
//! cargo run --example jobs -- [MILLISECONDS|fail]...
//! ```
//!
//! Each argument is a job: how many milliseconds it takes, or `fail` for a job that fails. Without arguments, there are
//! twenty jobs of one and a half seconds. Press Ctrl-C after the second line about the progress:
//!
//! ```text
//! 20 jobs; press Ctrl-C to finish those that have begun
//! 0 of 20 jobs done, 8 running
//! 8 of 20 jobs done, 8 running
//! signals returned Ok(())
//! progress aborted
//! pool returned Ok(()), interrupted
//! waiting for job 9, job 10, job 11, job 12, job 13, job 14, job 15, job 16; press Ctrl-C again to drop them
//! 16 finished, 0 failed, 0 dropped, 4 not begun
//! ```
//!
//! While it waits, the line that begins with `waiting` may be printed again with fewer jobs. If you press Ctrl-C a
//! second time, the jobs that still run expire, and the exit code is 1.
//!
//! With the jobs `fail fail 100`, no three fail in a row, so the exit code is 0:
//!
//! ```text
//! 3 jobs; press Ctrl-C to finish those that have begun
//! job 1 returned Err(it was told to fail), left
//! job 2 returned Err(it was told to fail), left
//! pool returned Ok(())
//! signals aborted
//! progress aborted
//! 1 finished, 2 failed, 0 dropped, 0 not begun
//! ```
//!
//! With `fail fail fail 100`, the exit code is 1:
//!
//! ```text
//! 4 jobs; press Ctrl-C to finish those that have begun
//! job 1 returned Err(it was told to fail), left
//! job 2 returned Err(it was told to fail), left
//! job 3 returned Err(it was told to fail), left
//! failures returned Err(3 jobs in a row have failed)
//! signals aborted
//! progress aborted
//! pool returned Ok(()), interrupted
//! waiting for job 4; press Ctrl-C again to drop it
//! 1 finished, 3 failed, 0 dropped, 0 not begun
//! ```
//!
//! A job that fails after Ctrl-C belongs to the shutdown, so the exit code is 1 then.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use run_group::{Exit, Group, Interrupted, LocalHandle, Outcome, Report};
use smol::channel::{unbounded, Receiver};
use smol::lock::Semaphore;
use smol::Timer;

use signals::Signals;
use terminal::{println, Usage};

mod signals;
mod terminal;

/// What each actor returns.
type Output = anyhow::Result<()>;

/// How many jobs run at a time.
const WORKERS: usize = 8;

/// After how many failures in a row the program stops.
const FAILURES: u32 = 3;

#[derive(Clone, Copy)]
pub enum Job {
    Takes(Duration),
    Fails,
}

/// How many jobs have ended, and how.
#[derive(Default)]
struct Tally {
    finished: Cell<u32>,
    failed: Cell<u32>,
    dropped: Cell<u32>,
    failed_in_a_row: Cell<u32>,
}

impl Tally {
    fn count(&self, exit: &Exit<Output>) {
        let (count, failed_in_a_row) = match exit.outcome() {
            Outcome::Expired => (&self.dropped, 0),
            _ if exit.is_failure() => (&self.failed, self.failed_in_a_row.get() + 1),
            _ => (&self.finished, 0),
        };
        count.set(count.get() + 1);
        self.failed_in_a_row.set(failed_in_a_row);
    }

    fn done(&self) -> u32 {
        self.finished.get() + self.failed.get() + self.dropped.get()
    }
}

fn main() -> anyhow::Result<Report<Output>> {
    let usage = Usage("[MILLISECONDS|fail]...");
    let mut jobs: Vec<_> = usage.all().iter().map(|argument| job(argument, &usage)).collect();
    if jobs.is_empty() {
        jobs = vec![Job::Takes(Duration::from_millis(1500)); 20];
    }
    smol::block_on(run(jobs))
}

fn job(argument: &str, usage: &Usage) -> Job {
    if argument == "fail" {
        return Job::Fails;
    }
    match argument.parse() {
        Ok(milliseconds) => Job::Takes(Duration::from_millis(milliseconds)),
        Err(error) => usage.fail(format_args!("bad job `{argument}`: {error}")),
    }
}

/// Does the jobs until all are done, a signal arrives or too many fail.
async fn run(jobs: Vec<Job>) -> anyhow::Result<Report<Output>> {
    let signals = Signals::listen()?;
    let total = jobs.len();
    println!("{total} jobs; press Ctrl-C to finish those that have begun");
    let (send, queue) = unbounded();
    for job in jobs {
        send.try_send(job)?;
    }
    drop(send); // the queue ends with the last job

    let tally = &Tally::default();
    let mut front = Group::local();
    let mut jobs = Group::local();

    let job_handle = jobs.handle();
    front.add_with(|interrupted| pool(queue.clone(), job_handle, interrupted)).named("pool");
    front.add_abortable(signals.next()).named("signals");
    front.add_abortable(progress(&queue, total, tally)).named("progress");

    let handle = front.handle();
    front.on_exit(|exit| println!("{exit}"));
    jobs.on_exit(move |exit| {
        tally.count(exit);
        if exit.is_failure() {
            println!("{exit}");
        }
        if tally.failed_in_a_row.get() == FAILURES {
            let error = anyhow!("{FAILURES} jobs in a row have failed");
            handle.add(async { Err(error) }, |_| {}).named("failures");
        }
    });
    jobs.on_wait(|waiting| {
        let them = if waiting.len() == 1 { "it" } else { "them" };
        println!("waiting for {waiting}; press Ctrl-C again to drop {them}");
    });
    jobs.grace_period(|| signals.second());

    let report = front.before(jobs).report().await;
    println!(
        "{} finished, {} failed, {} dropped, {} not begun",
        tally.finished.get(),
        tally.failed.get(),
        tally.dropped.get(),
        queue.len()
    );
    Ok(report)
}

/// Hands out the jobs, and returns when the last one is done. Once interrupted, hands out no more.
pub async fn pool(
    queue: Receiver<Job>,
    jobs: LocalHandle<'_, Output>,
    mut interrupted: Interrupted,
) -> Output {
    let permits = Arc::new(Semaphore::new(WORKERS));
    let mut number = 0;
    while let Some(permit) = interrupted.unless(permits.acquire_arc()).await {
        let Some(Ok(job)) = interrupted.unless(queue.recv()).await else {
            break;
        };
        number += 1;
        jobs.add(
            async move {
                let result = work(job).await;
                drop(permit);
                result
            },
            |_| {}, // a job that has begun is finished
        )
        .stops_if(|_| false)
        .named(format!("job {number}"));
    }
    // When it has all permits, no job runs.
    let mut all = Vec::new();
    while all.len() < WORKERS {
        match interrupted.unless(permits.acquire_arc()).await {
            Some(permit) => all.push(permit),
            None => break,
        }
    }
    Ok(())
}

async fn work(job: Job) -> Output {
    match job {
        Job::Takes(time) => {
            Timer::after(time).await;
            Ok(())
        }
        Job::Fails => Err(anyhow!("it was told to fail")),
    }
}

/// Prints every second how far the program has come.
async fn progress(queue: &Receiver<Job>, total: usize, tally: &Tally) -> Output {
    loop {
        Timer::after(Duration::from_secs(1)).await;
        let done = tally.done();
        let running = total - queue.len() - done as usize;
        println!("{done} of {total} jobs done, {running} running");
    }
}
