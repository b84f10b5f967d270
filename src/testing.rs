//! Testing a shutdown: interrupt an actor, or a whole program, at every poll, or drop it there.
//!
//! Shutdown code is easily left untested. An actor can be interrupted before its first poll or after any poll. Whenever
//! that happens, it has to return. An abortable actor can be dropped at any `.await`. Whenever that happens, it must
//! leave the world in order. The functions of this module try all these points:
//!
//! - [`interrupt_at_every_poll`] is for an `add_with` actor that waits for channels, locks or other futures. Check what
//!   it did at the end of its future, or in its output.
//! - [`interrupt_at_every_poll_on`] is for one with [sockets](#with-sockets), timers, tasks or threads.
//! - [`abort_at_every_poll`] is for an `add_abortable` actor, and for what you give to `unless` or `select!`. It calls
//!   a check of yours after each drop. With sockets, timers, tasks or threads, use `interrupt_at_every_poll_on`
//!   [around it](#a-future-that-is-dropped).
//! - For a [whole program](#a-whole-program), use one of the first two, and check its reports with
//!   [`assert_no_failure`].
//!
//! Call them in a `#[test]`. If an actor does not return, they panic:
//!
//! ```text
//! interrupted after 3 polls, the actor did not return: it waits, and the interruption did not
//! wake it. Wherever an actor waits, it must await `interrupted` as well, for example with
//! `interrupted.unless(..)`, and then leave its loop. ...
//! ```
//!
//! A panic of the actor itself, or of a check of yours, passes through unchanged. With `std`, a line on standard error
//! then says which run it was:
//!
//! ```text
//! thread 'worker_loses_no_job' panicked at src/worker.rs:44:9:
//! assertion failed: jobs.is_empty()
//! this was the run that interrupts the actor after 3 polls
//! ```
//!
//! The module does not exist on targets without compare-and-swap. Test on your own machine.
//!
//! # One actor
//!
//! Make the actor a function that takes [`Interrupted`]. Then a program can add it with
//! [`add_with`](crate::Group::add_with), and a test can interrupt it. For each run, the closure makes what surrounds
//! the actor: here two channels. When the actor has returned, the future checks what the actor has done, or returns it:
//!
//! ```
//! use run_group::testing::interrupt_at_every_poll;
//! use run_group::Interrupted;
//! use smol::channel::{unbounded, Receiver, Sender};
//!
//! /// Copies lines until it is interrupted or there are no more, and then says that it is done.
//! async fn copy(mut interrupted: Interrupted, from: Receiver<&str>, to: Sender<String>) {
//!     while let Some(Ok(line)) = interrupted.unless(from.recv()).await {
//!         let _ = to.send(line.to_string()).await;
//!         smol::future::yield_now().await;
//!     }
//!     let _ = to.send("done".into()).await;
//! }
//!
//! let copies = interrupt_at_every_poll(|interrupted| {
//!     let (send, from) = unbounded();
//!     let (to, copied) = unbounded();
//!     send.try_send("a line").unwrap();
//!     async move {
//!         copy(interrupted, from, to).await;
//!         drop(send); // only now, so that `copy` waits for more lines
//!         let mut lines = Vec::new();
//!         while let Ok(line) = copied.try_recv() {
//!             lines.push(line);
//!         }
//!         lines
//!     }
//! });
//! // Interrupted before its first poll, after the line, and while it waits for another.
//! assert_eq!(copies.len(), 3);
//! assert!(copies.iter().all(|lines| lines.last().unwrap() == "done"));
//! ```
//!
//! There is one output for each run. If the actor returns before it is interrupted, that run is the last.
//!
//! If an actor does not return, the function panics. This actor awaits `interrupted` in one place, but not in the
//! other:
//!
//! ```should_panic
//! # use run_group::testing::interrupt_at_every_poll;
//! interrupt_at_every_poll(|mut interrupted| async move {
//!     let (_send, never) = smol::channel::bounded::<()>(1);
//!     interrupted.unless(smol::future::yield_now()).await;
//!     never.recv().await // panics: "interrupted before its first poll, the actor did not ..."
//! });
//! ```
//!
//! # A future that is dropped
//!
//! The group drops an actor that was added with [`add_abortable`](crate::Group::add_abortable). In the same way,
//! [`unless`](Interrupted::unless) and `select!` drop a future, and so does a grace period that ends. Such a future
//! must be safe to drop at every `.await`. This consumer is not: it takes a message from the queue, and may be dropped
//! before it has handled the message.
//!
//! ```should_panic
//! use run_group::testing::abort_at_every_poll;
//! use smol::channel::{unbounded, Receiver};
//! use std::cell::RefCell;
//! use std::rc::Rc;
//!
//! # async fn next_second() { smol::future::yield_now().await }
//! async fn consume(queue: Receiver<&'static str>, done: Rc<RefCell<Vec<&'static str>>>) {
//!     while let Ok(message) = queue.recv().await {
//!         next_second().await; // a drop here loses the message
//!         done.borrow_mut().push(message);
//!     }
//! }
//!
//! abort_at_every_poll(|| {
//!     let (send, queue) = unbounded();
//!     let done = Rc::new(RefCell::new(Vec::new()));
//!     send.try_send("a message").unwrap();
//!     let consumer = consume(queue.clone(), done.clone());
//!     let check = move || {
//!         let left = queue.try_recv().into_iter();
//!         assert_eq!(left.chain(done.take()).collect::<Vec<_>>(), ["a message"]); // panics
//!         drop(send); // only now, so that `consume` waits for more messages
//!     };
//!     (consumer, check)
//! });
//! ```
//!
//! The fix is to await nothing between taking a message and handling it:
//!
//! ```
//! # use run_group::testing::abort_at_every_poll;
//! # use smol::channel::{unbounded, Receiver};
//! # use std::cell::RefCell;
//! # use std::rc::Rc;
//! # async fn next_second() { smol::future::yield_now().await }
//! async fn consume(queue: Receiver<&'static str>, done: Rc<RefCell<Vec<&'static str>>>) {
//!     loop {
//!         next_second().await;
//!         let Ok(message) = queue.recv().await else { break };
//!         done.borrow_mut().push(message);
//!     }
//! }
//! # let runs = abort_at_every_poll(|| {
//! #     let (send, queue) = unbounded();
//! #     let done = Rc::new(RefCell::new(Vec::new()));
//! #     send.try_send("a message").unwrap();
//! #     let consumer = consume(queue.clone(), done.clone());
//! #     let check = move || {
//! #         let left = queue.try_recv().into_iter();
//! #         assert_eq!(left.chain(done.take()).collect::<Vec<_>>(), ["a message"]);
//! #         drop(send);
//! #     };
//! #     (consumer, check)
//! # });
//! # assert_eq!(runs, 4);
//! ```
//!
//! If handling a message takes awaits of its own, add the actor with [`add_with`](crate::Group::add_with), and give
//! only `queue.recv()` to `unless`.
//!
//! The future is polled by hand, so the series ends where the future first waits for a real timer or socket. What comes
//! after that is not tested. Let the actor take its timer as a parameter, and pass `yield_now` in the test. Or give the
//! whole future to `unless`, and drop it there on an executor:
//!
//! ```
//! # use run_group::testing::interrupt_at_every_poll_on;
//! # use smol::Timer;
//! # use std::time::Duration;
//! # async fn abortable() { Timer::after(Duration::from_millis(1)).await; }
//! # fn block_on<T>(run: impl std::future::Future<Output = T>) -> Option<T> { Some(smol::block_on(run)) }
//! interrupt_at_every_poll_on(block_on, |mut interrupted| async move {
//!     interrupted.unless(abortable()).await;
//!     // Check the world here.
//! });
//! ```
//!
//! [With sockets](self#with-sockets) has the function `block_on`.
//!
//! Whatever a future sets, and would clear at its end, stays set when the future is dropped. So a lock that it keeps by
//! hand stays held. Let a guard release it, as the guard of a mutex does:
//!
//! ```
//! use run_group::testing::abort_at_every_poll;
//! use smol::future::yield_now;
//! use std::cell::Cell;
//!
//! struct Held<'l>(&'l Cell<bool>);
//!
//! impl Drop for Held<'_> {
//!     fn drop(&mut self) {
//!         self.0.set(false);
//!     }
//! }
//!
//! async fn update(is_locked: &Cell<bool>) {
//!     is_locked.set(true);
//!     let _held = Held(is_locked); // without it, a drop would leave the lock held
//!     yield_now().await;
//! }
//!
//! let is_locked = Cell::new(false);
//! let runs = abort_at_every_poll(|| (update(&is_locked), || assert!(!is_locked.get())));
//! assert_eq!(runs, 3); // dropped unpolled, at its `.await`, and when it had returned
//! ```
//!
//! # A whole program
//!
//! You can test a group in the same way. Write the program as a function that takes an [`Interrupted`], and add an
//! actor that awaits it. In `main`, pass one that a signal resolves. In a test, the functions of this module pass one.
//!
//! ```
//! use run_group::testing::{assert_no_failure, interrupt_at_every_poll};
//! use run_group::{Group, Interrupted, Report};
//!
//! async fn program(interrupted: Interrupted) -> Report<Result<(), &'static str>> {
//!     let (send, jobs) = smol::channel::unbounded::<u32>();
//!     let mut front = Group::new();
//!     front.add_abortable(async {
//!         interrupted.await;
//!         Ok(())
//!     }).named("shutdown requested");
//!     front.add_with(|mut interrupted| async move {
//!         for job in 0..3 {
//!             let _ = send.send(job).await;
//!             interrupted.unless(smol::future::yield_now()).await;
//!         }
//!         interrupted.await;
//!         Ok(())
//!     }).named("listener");
//!
//!     let mut back = Group::new();
//!     back.add_with(|mut interrupted| async move {
//!         while let Some(Ok(_job)) = interrupted.unless(jobs.recv()).await {}
//!         while let Ok(_job) = jobs.try_recv() {} // finish the jobs that are left
//!         Ok(())
//!     }).named("worker");
//!     front.before(back).report().await
//! }
//!
//! let reports = interrupt_at_every_poll(program);
//! assert_no_failure(&reports);
//! for report in reports {
//!     assert_eq!(report.len(), 3);
//!     assert_eq!(report[2].name(), Some("worker")); // it shuts down last
//! }
//! ```
//!
//! If the program does not return, the message ends with the actors that were still running (with `std`):
//!
//! ```text
//! ... A group that was shutting down waited for: worker
//! ```
//!
//! A program returns even if its group drops an actor that is late, or if an actor fails during the shutdown.
//! [`assert_no_failure`] finds both in the reports.
//!
//! The program is interrupted between two polls of its outermost future. If it needs few polls, there are few such
//! points. Let what the test passes in, such as a mock of a socket, await `yield_now()` to add some.
//!
//! # A part that fails
//!
//! A program also has to shut down when one of its parts fails, whenever that happens. Give the `Interrupted` of the
//! test to that part, and let it fail when that resolves. It is dropped there, and its error is the cause:
//!
//! ```
//! # use run_group::testing::interrupt_at_every_poll;
//! # use run_group::{Group, Report};
//! # async fn storage() -> Result<(), &'static str> { smol::future::yield_now().await; std::future::pending().await }
//! # async fn program(storage: impl std::future::Future<Output = Result<(), &'static str>> + Send) -> Report<Result<(), &'static str>> {
//! #     let mut group = Group::new();
//! #     group.add_with(|interrupted| async move { interrupted.await; Ok(()) }).named("web");
//! #     group.add_abortable(storage).named("storage");
//! #     group.report().await
//! # }
//! let reports = interrupt_at_every_poll(|mut fault| {
//!     program(async move { fault.unless(storage()).await.unwrap_or(Err("disk full")) })
//! });
//! for report in reports {
//!     let failures: Vec<String> = report.failures().map(|exit| exit.to_string()).collect();
//!     assert_eq!(failures, [r#"storage returned Err("disk full")"#]); // and nothing else
//! }
//! ```
//!
//! Most of all, try the parts that shut down last. When they fail, the parts before them are still at work, and may
//! wait for an answer that never comes.
//!
//! # With sockets
//!
//! If an actor waits for a socket, a timer, a task or a thread, it needs an executor to wake it. Let your `block_on`
//! give up on a run that does not return, after more time than your slowest machine ever needs:
//!
//! ```
//! use run_group::testing::interrupt_at_every_poll_on;
//! use smol::net::{TcpListener, TcpStream};
//! use smol::{future, io::AsyncReadExt, Timer};
//! use std::{future::Future, time::Duration};
//!
//! fn block_on<T>(run: impl Future<Output = T>) -> Option<T> {
//!     smol::block_on(future::or(async { Some(run.await) }, async {
//!         Timer::after(Duration::from_secs(2)).await;
//!         None
//!     }))
//! }
//!
//! # if cfg!(target_family = "wasm") { return; }
//! let accepted = interrupt_at_every_poll_on(block_on, |mut interrupted| async move {
//!     let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
//!     let address = listener.local_addr().unwrap();
//!     let Some(client) = interrupted.unless(TcpStream::connect(address)).await else {
//!         return 0;
//!     };
//!     let _client = client.unwrap(); // connected, but silent
//!     let Some(connection) = interrupted.unless(listener.accept()).await else {
//!         return 1;
//!     };
//!     let (mut connection, _) = connection.unwrap();
//!     let request = interrupted.unless(connection.read(&mut [0])).await;
//!     assert!(request.is_none());
//!     2
//! });
//! assert_eq!(accepted[0], 0); // interrupted before its first poll
//! ```
//!
//! - **If the actor returns only when it is interrupted**, `block_on` gives up on the last run, so the series takes
//!   that time once. Don't end the actor in another way to save that time, for example by closing its queue a little
//!   later. Then an actor that ignores its interruption returns as well, and passes the test.
//! - **If the actor waits for a timer again and again**, it never waits for something that does not happen. Run *k*
//!   then takes *k* ticks, and the series has 1,000 runs: with a tick of 2 ms, a quarter of an hour. Let such an actor
//!   take its timer as a parameter, and pass `yield_now` in the test. Or let it return by itself after some ticks, as
//!   in the example of [`interrupt_at_every_poll_on`].
//!
//! How many polls an actor needs may differ between runs, because the system decides when a socket is ready. So don't
//! expect an exact list of outputs.
//!
//! # On Tokio
//!
//! Write a `#[test]`, not a `#[tokio::test]`, and let `block_on` be that of a runtime:
//!
//! ```text
//! #[test]
//! fn worker_returns() {
//!     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//!     interrupt_at_every_poll_on(
//!         |run| runtime.block_on(async {
//!             tokio::time::timeout(Duration::from_secs(2), run).await.ok()
//!         }),
//!         worker,
//!     );
//! }
//! ```
//!
//! Inside a task of Tokio, [`interrupt_at_every_poll`] and [`abort_at_every_poll`] do not work. Tokio delays some wakes
//! until the task returns to it: that of `yield_now`, and those after the budget of the task is used up. The functions
//! poll an actor many times before they return, so they mistake an actor that yields for one that waits. In a `#[test]`
//! without a runtime, Tokio delays no wake, and channels and locks of Tokio work with all functions.
//!
//! With `std`, the functions notice this in most cases, and panic. They look for Tokio in the backtrace, so they miss
//! it in a program without symbols.
//!
//! # What it does not find
//!
//! - **A blocking call.** The actor is interrupted between polls. A poll that does not return hangs the test, as it
//!   hangs a group.
//! - **What the actor lost.** The test fails if the actor does not return. To find out whether it lost a message, check
//!   its outputs.
//! - **An actor that ignores the interruption but returns anyway**, because its queue was closed or its work was done.
//!   What surrounds the actor must live longer than the actor: in the examples above, the sender lives as long as the
//!   run.
//! - **Other orders.** Each run makes the same things happen in the same order. If something can happen in another
//!   order, or only under load, write a test for that.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
#[cfg(feature = "std")]
use core::cell::RefCell;
use core::fmt;
use core::future::Future;
#[cfg(feature = "std")]
use core::mem;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
#[cfg(feature = "std")]
use std::{
    backtrace::Backtrace,
    sync::{Mutex, PoisonError},
};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

use crate::interrupted::{Interrupt, Interrupted};
use crate::panic::{contain, resume, resume_in_drop, Contained};
use crate::report::Report;
#[cfg(feature = "std")]
use crate::running::{Labels, Running};

/// The maximum number of runs in a series.
const RUNS: usize = 1_000;
/// The maximum number of polls of an actor after it was interrupted.
const POLLS: usize = 10_000;

/// Interrupts an actor at every poll, by hand, and returns the output of each run.
///
/// `execute` is called for each run and makes a new actor, as the closure given to [`add_with`](crate::Group::add_with)
/// does. Run *k*, from 0, polls the actor *k* times, interrupts it, and polls it until it returns. As on an executor,
/// the actor is polled only when it has been woken. So whatever it waits for must be ready already, or be made ready by
/// another future beside it: for example, `execute` may return `zip(producer, actor)`.
///
/// The series ends with the first run in which the actor returns before it is interrupted, or with the first in which
/// the actor waits without having been woken. In the latter case, the actor is interrupted while it waits, because that
/// is how a program spends most of its time. If the actor wakes itself forever, the series ends after 1,000 runs.
///
/// Don't call it inside a task of Tokio, so not in a `#[tokio::test]`: [why, and what to do](self#on-tokio).
///
/// # Panics
///
/// Panics if the actor does not return after it was interrupted: it waits without having been woken, or it has woken
/// itself for 10,000 polls. The message says after how many polls it was interrupted. A panic of the actor passes
/// through unchanged.
///
/// With `std`, also panics if Tokio delays the wakes of the actor.
///
/// # Examples
///
/// ```
/// use run_group::testing::interrupt_at_every_poll;
/// use run_group::Interrupted;
///
/// async fn worker(mut interrupted: Interrupted, jobs: smol::channel::Receiver<u32>) -> u32 {
///     let mut sum = 0;
///     while let Some(Ok(job)) = interrupted.unless(jobs.recv()).await {
///         sum += job;
///         smol::future::yield_now().await;
///     }
///     sum
/// }
///
/// let sums = interrupt_at_every_poll(|interrupted| {
///     let (send, jobs) = smol::channel::unbounded();
///     send.try_send(1).unwrap();
///     send.try_send(2).unwrap();
///     async move {
///         let _open = send;
///         worker(interrupted, jobs).await
///     }
/// });
/// // Interrupted before the first poll, after each of two jobs, and while it waits for a third.
/// assert_eq!(sums, [0, 1, 3, 3]);
/// ```
#[doc(alias("graceful", "shutdown"))]
#[track_caller]
pub fn interrupt_at_every_poll<F: Future>(
    mut execute: impl FnMut(Interrupted) -> F,
) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    loop {
        let polls = outputs.len();
        let name = NameInPanic("interrupts the actor", polls);
        let (interrupt, interrupted) = Interrupted::channel();
        let mut actor = ByHand::new(execute(interrupted));
        let mut output = actor.poll(polls);
        let (polls, is_last) = (actor.polls, output.is_some() || !actor.woken.is_woken());
        if output.is_none() {
            interrupt.interrupt();
            output = actor.poll(POLLS);
        }
        let spins = actor.woken.is_woken();
        let ended = actor.end(is_last || output.is_none());
        let Some(output) = output else {
            drop(name);
            let why = if spins { SPINS } else { WAITS };
            let running = ended.unwrap_or_default();
            panic!("interrupted {}, the actor did not return: {why}{running}", After(polls));
        };
        ended.unwrap_or_else(|payload| resume(payload));
        outputs.push(output);
        if is_last || outputs.len() == RUNS {
            return outputs;
        }
    }
}

/// Interrupts an actor at every poll, on your executor, and returns the output of each run.
///
/// Like [`interrupt_at_every_poll`], for an actor that waits for sockets, timers, spawned tasks or threads. `block_on`
/// runs one [`Run`] on the executor and returns its output, or `None` if the run takes too long: more than a second,
/// say.
///
/// The series ends with the first run in which the actor returns before it is interrupted. It also ends if `block_on`
/// gives up before the actor was interrupted, because the actor then waits for something that does not happen, and
/// there are no more points to try. It ends after 1,000 runs at the latest: [with timers](self#with-sockets), that can
/// take long.
///
/// # Panics
///
/// Panics if `block_on` gives up on a run that was interrupted, because the actor did not return. The message says
/// after how many polls it was interrupted. A panic of the actor passes through unchanged. If `block_on` catches it,
/// for example because it spawns the run, this function panics and says that the actor panicked.
///
/// # Examples
///
/// ```
/// use run_group::testing::interrupt_at_every_poll_on;
/// use smol::{future, Timer};
/// use std::time::Duration;
///
/// let ticks = interrupt_at_every_poll_on(
///     |run| {
///         smol::block_on(future::or(async { Some(run.await) }, async {
///             Timer::after(Duration::from_secs(10)).await;
///             None
///         }))
///     },
///     |mut interrupted| async move {
///         let mut ticks = 0;
///         while ticks < 3 {
///             let tick = Timer::after(Duration::from_millis(1));
///             if interrupted.unless(tick).await.is_none() {
///                 break;
///             }
///             ticks += 1;
///         }
///         ticks
///     },
/// );
/// assert_eq!(ticks.first(), Some(&0)); // interrupted before its first poll
/// assert_eq!(ticks.last(), Some(&3)); // returned before it was interrupted
/// ```
#[track_caller]
pub fn interrupt_at_every_poll_on<F: Future>(
    mut block_on: impl FnMut(Run<F>) -> Option<F::Output>,
    mut execute: impl FnMut(Interrupted) -> F,
) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    loop {
        let polls = outputs.len();
        let name = NameInPanic("interrupts the actor", polls);
        let seen = Arc::new(Seen::default());
        let (interrupt, interrupted) = Interrupted::channel();
        let output = block_on(Run {
            execute: Some(execute(interrupted)),
            woken: Arc::default(),
            polls,
            interrupt: Some(interrupt),
            seen: seen.clone(),
        });
        drop(name);
        let is_interrupted = seen.is_interrupted.load(Ordering::Acquire);
        let has_panicked = seen.has_panicked.load(Ordering::Acquire);
        assert!(
            !has_panicked,
            "the actor panicked in the run that interrupts it {}{CAUGHT}",
            After(polls)
        );
        if output.is_none() && is_interrupted {
            let spins = seen.polls_since.load(Ordering::Acquire) >= POLLS;
            let why = if spins { SPINS } else { GIVEN_UP };
            let running = seen.swap_running(String::new());
            panic!("interrupted {}, the actor did not return: {why}{running}", After(polls));
        }
        outputs.extend(output);
        if !is_interrupted || outputs.len() == RUNS {
            return outputs;
        }
    }
}

/// Drops a future at every poll, and calls a check after each drop. Returns how many runs there were.
///
/// Use it for whatever may be dropped at an `.await`: an actor that is added with
/// [`add_abortable`](crate::Group::add_abortable), or a future that is given to [`unless`](Interrupted::unless) or
/// `select!`. It finds messages that are lost there, and locks and flags that stay set.
///
/// `execute` is called for each run. It returns a fresh future, and a closure that checks the world after the future
/// was dropped. Run *k*, from 0, polls the future *k* times, drops it, and calls the closure. The future is polled only
/// when it has been woken. Run 0 drops it unpolled.
///
/// The series ends with the first run in which the future returns, or waits without having been woken, or after 1,000
/// runs. The check is called in every run, the last included.
///
/// A group polls an abortable actor [one last time](crate::Group::add_abortable) before it drops it. This function does
/// not, because `unless`, `select!` and a group that is dropped do not either.
///
/// Don't call it inside a task of Tokio, so not in a `#[tokio::test]`: [why, and what to do](self#on-tokio).
///
/// # Panics
///
/// A panic of the future, of its drop, or of the check passes through unchanged.
///
/// With `std`, also panics if Tokio delays the wakes of the future.
///
/// # Examples
///
/// [The module](self#a-future-that-is-dropped) has an example with a mistake, and its fix.
///
/// ```
/// use run_group::testing::abort_at_every_poll;
/// use smol::channel::{unbounded, Receiver, Sender};
///
/// async fn copy(from: Receiver<u32>, to: Sender<u32>) {
///     while let Ok(item) = from.recv().await {
///         let _ = to.try_send(item); // without an `.await` in between: no item is lost
///         smol::future::yield_now().await;
///     }
/// }
///
/// let runs = abort_at_every_poll(|| {
///     let (send, from) = unbounded();
///     let (to, copied) = unbounded();
///     for item in [1, 2, 3] {
///         send.try_send(item).unwrap();
///     }
///     let copier = copy(from.clone(), to);
///     (copier, move || {
///         assert_eq!(copied.len() + from.len(), 3);
///         drop(send); // only now, so that `copy` waits for more items
///     })
/// });
/// // Dropped before the first poll, after each of three items, and while it waits for a fourth.
/// assert_eq!(runs, 5);
/// ```
#[doc(alias("cancel safety"))]
#[track_caller]
pub fn abort_at_every_poll<F: Future, C: FnOnce()>(mut execute: impl FnMut() -> (F, C)) -> usize {
    for polls in 0..RUNS {
        let _name = NameInPanic("drops the future", polls);
        let (execute, check) = execute();
        let mut future = ByHand::new(execute);
        let is_last = future.poll(polls).is_some() || !future.woken.is_woken();
        let ended = future.end(is_last);
        ended.unwrap_or_else(|payload| resume(payload));
        check();
        if is_last {
            return polls + 1;
        }
    }
    RUNS
}

/// Asserts that no actor of these programs returned an error, panicked or expired.
///
/// Pass what [`interrupt_at_every_poll`] or [`interrupt_at_every_poll_on`] returns for a [whole
/// program](self#a-whole-program). A program returns even if an actor expired or failed in its shutdown. This function
/// looks for that in each report, and says which run it was.
///
/// # Panics
///
/// Panics if there is a [failure](Report::failures). The message has a line for each failure of the first report that
/// has any.
///
/// # Examples
///
/// ```should_panic
/// use run_group::testing::{assert_no_failure, interrupt_at_every_poll};
/// use run_group::Group;
///
/// let reports = interrupt_at_every_poll(|interrupted| async move {
///     let mut group: Group<'_, Result<(), String>> = Group::new();
///     group.add(async { Ok(interrupted.await) }, |_| {});
///     group.add(std::future::pending(), |_| {}).named("stuck");
///     group.grace_period(|| async {});
///     group.report().await
/// });
/// assert_no_failure(&reports); // panics: "the run that interrupts the program before its ..."
/// ```
#[track_caller]
pub fn assert_no_failure<V: fmt::Debug, E: fmt::Debug>(reports: &[Report<Result<V, E>>]) {
    for (polls, report) in reports.iter().enumerate() {
        let failures: Vec<String> = report.failures().map(|exit| format!("\n{exit}")).collect();
        assert!(
            failures.is_empty(),
            "the run that interrupts the program {} has failures:{}",
            After(polls),
            failures.concat()
        );
    }
}

pin_project! {
    /// One run of an actor: a future that interrupts the actor after a certain number of polls, and resolves to its
    /// output.
    ///
    /// [`interrupt_at_every_poll_on`] makes it, and has an example. It is `Send` or `'static` if the actor is, so you
    /// can spawn it.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the actor, because dropping one drops the other. A `block_on` that gives up does that.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Run<F> {
        // `None` while this is dropped.
        #[pin]
        execute: Option<F>,
        // Wakes the task, and records that the actor was woken.
        woken: Arc<Woken>,
        // How many polls are left before the actor is interrupted.
        polls: usize,
        // `None` once the actor was interrupted.
        interrupt: Option<Interrupt>,
        // Shared with the function that made the run.
        seen: Arc<Seen>,
    }

    impl<F> PinnedDrop for Run<F> {
        fn drop(this: Pin<&mut Self>) {
            let run = this.project();
            let mut execute = run.execute;
            match run.seen.note(unfinished(|| execute.set(None))) {
                Ok(running) => drop(run.seen.swap_running(running)),
                Err(payload) => resume_in_drop(payload),
            }
        }
    }
}

/// What the function that made a run sees of it.
#[derive(Default)]
struct Seen {
    is_interrupted: AtomicBool,
    has_panicked: AtomicBool,
    /// How often the actor was polled since it was interrupted.
    polls_since: AtomicUsize,
    /// Which actors its groups were running when it was dropped.
    #[cfg(feature = "std")]
    running: Mutex<String>,
}

impl Seen {
    /// Records whether the actor has panicked.
    fn note<R>(&self, result: Contained<R>) -> Contained<R> {
        let has_panicked = result.is_err();
        self.has_panicked.fetch_or(has_panicked, Ordering::AcqRel);
        result
    }

    /// Records which actors were running. Returns those that were recorded before. There are none without `std`.
    fn swap_running(&self, running: String) -> String {
        #[cfg(feature = "std")]
        let mut before = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(feature = "std")]
        return mem::replace(&mut before, running);
        #[cfg(not(feature = "std"))]
        running
    }
}

impl<F: Future> Future for Run<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let run = self.project();
        run.woken.task.register(cx.waker());
        let Some(execute) = run.execute.as_pin_mut() else {
            return Poll::Pending;
        };
        if !run.woken.take() {
            return Poll::Pending; // another future of the task was woken, such as the timer of `block_on`
        }
        let mut interrupt = || {
            if let Some(interrupt) = run.interrupt.take() {
                run.seen.is_interrupted.store(true, Ordering::Release);
                interrupt.interrupt();
            }
        };
        if *run.polls == 0 {
            interrupt();
            run.seen.polls_since.fetch_add(1, Ordering::AcqRel);
        }
        let waker = Waker::from(run.woken.clone());
        let polled = contain(|| execute.poll(&mut Context::from_waker(&waker)));
        let polled = run.seen.note(polled).unwrap_or_else(|payload| resume(payload));
        *run.polls = run.polls.saturating_sub(1);
        // Interrupt the actor now, not at the next poll, which may never come: most actors are interrupted while they
        // wait.
        if *run.polls == 0 && polled.is_pending() {
            interrupt();
        }
        polled
    }
}

impl<F> fmt::Debug for Run<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("polls", &self.polls)
            .field("is_interrupted", &self.interrupt.is_none())
            .finish()
    }
}

/// A future that is polled by hand, and only when it has been woken.
struct ByHand<F> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
    /// How often it was polled.
    polls: usize,
}

impl<F: Future> ByHand<F> {
    fn new(future: F) -> Self {
        Self { future: Box::pin(future), woken: Arc::default(), polls: 0 }
    }

    /// Polls the future, at most `times`, until it returns or waits without having been woken.
    fn poll(&mut self, times: usize) -> Option<F::Output> {
        let waker = Waker::from(self.woken.clone());
        for _ in 0..times {
            if !self.woken.take() {
                break;
            }
            self.polls += 1;
            let polled = self.future.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(output) = polled {
                return Some(output);
            }
        }
        None
    }

    /// Drops the future. Returns which actors its groups were running.
    ///
    /// If a late wake would change the result, this also looks for Tokio, which keeps the wakers that it delays.
    #[track_caller]
    fn end(self, is_last: bool) -> Contained<String> {
        let Self { future, woken, .. } = self;
        let ended = unfinished(|| drop(future));
        let is_held = Arc::strong_count(&woken) > 1;
        assert!(!(is_last && is_held && is_in_tokio()), "{TOKIO}");
        ended
    }
}

/// Returns whether this is called by a runtime of Tokio, as far as the backtrace shows.
fn is_in_tokio() -> bool {
    #[cfg(feature = "std")]
    return format!("{}", Backtrace::force_capture()).contains("tokio::runtime");
    #[cfg(not(feature = "std"))]
    false
}

/// Records that the actor was woken, and wakes its task.
#[derive(Default)]
struct Woken {
    /// Whether the actor was polled since it was last woken. At first it counts as woken.
    is_polled: AtomicBool,
    task: AtomicWaker,
}

impl Woken {
    fn is_woken(&self) -> bool {
        !self.is_polled.load(Ordering::Acquire)
    }

    /// Returns whether the actor was woken since the last call.
    fn take(&self) -> bool {
        !self.is_polled.swap(true, Ordering::AcqRel)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_polled.store(false, Ordering::Release);
        self.task.wake();
    }
}

/// What a run does, and after how many polls. If a panic passes through the run, this prints it, because the panic does
/// not say it.
#[cfg_attr(not(feature = "std"), allow(dead_code))] // nothing can be printed
struct NameInPanic(&'static str, usize);

impl Drop for NameInPanic {
    fn drop(&mut self) {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            std::eprintln!("this was the run that {} {}", self.0, After(self.1));
        }
    }
}

/// After how many polls.
struct After(usize);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("before its first poll"),
            1 => f.write_str("after 1 poll"),
            polls => write!(f, "after {polls} polls"),
        }
    }
}

const WAITS: &str =
    "it waits, and the interruption did not wake it. Wherever an actor waits, it must await \
    `interrupted` as well, for example with `interrupted.unless(..)`, and then leave its loop. If it \
    waits for a timer, a socket, a spawned task or a thread, use `interrupt_at_every_poll_on`. Inside \
    a task of Tokio, use that as well, in a `#[test]` instead of a `#[tokio::test]`";
const SPINS: &str =
    "it has woken itself for 10,000 polls since. Each round of a loop must look at `interrupted`, \
    for example with `interrupted.is_interrupted()`. If it is a loop around a `select!`, does the \
    branch leave the loop? A `break` may be missing, or leave only the `select!`";
const GIVEN_UP: &str =
    "`block_on` gave up waiting for it. Wherever an actor waits, it must await `interrupted` as \
    well, for example with `interrupted.unless(..)`, and then leave its loop";
const CAUGHT: &str = ", and `block_on` caught the panic";
const TOKIO: &str =
    "this runs inside a task of Tokio, which delays wakes until the task returns to it. So an actor \
    that yields looks like one that waits. Write a `#[test]` instead of a `#[tokio::test]`. If the \
    actor needs the runtime, use `interrupt_at_every_poll_on` with the `block_on` of a `Runtime`";

#[cfg(feature = "std")]
std::thread_local! {
    /// The groups that [`unfinished`] has seen so far, while it runs on this thread.
    static UNFINISHED: RefCell<Option<Groups>> = const { RefCell::new(None) };
}

/// Whether each group was stopping, and which actors it was running. Only [`unfinished`] formats them, so that a
/// program without tests does not contain that.
#[cfg(feature = "std")]
type Groups = Vec<(bool, Vec<Running>)>;

/// Calls `drop`. Returns a sentence for each unfinished group that it drops: which actors the group was running. It is
/// empty without `std`, and if there is no such group. `Err`: `drop` panicked.
fn unfinished(drop: impl FnOnce()) -> Contained<String> {
    #[cfg(feature = "std")]
    let outer = UNFINISHED.with(|groups| groups.replace(Some(Vec::new())));
    let dropped = contain(drop);
    #[cfg(feature = "std")]
    let groups = UNFINISHED.with(|groups| groups.replace(outer)).unwrap_or_default();
    #[cfg(not(feature = "std"))]
    let groups = Vec::<(bool, String)>::new();
    let sentences = groups.into_iter().map(|(is_stopping, running)| {
        #[cfg(feature = "std")]
        let running = Labels(running);
        match is_stopping {
            true => format!(". A group that was shutting down waited for: {running}"),
            false => format!(". A group that was not shutting down ran: {running}"),
        }
    });
    dropped.map(|()| sentences.collect())
}

/// Lets [`unfinished`] know which actors a group was running when it was dropped.
#[cfg(feature = "std")]
pub(crate) fn drop_unfinished(is_stopping: bool, running: impl FnOnce() -> Vec<Running>) {
    let add = |groups: &RefCell<Option<Groups>>| {
        if let Some(groups) = &mut *groups.borrow_mut() {
            groups.push((is_stopping, running()));
            groups.retain(|(_, running)| !running.is_empty());
        }
    };
    let _ = UNFINISHED.try_with(add); // the thread may be ending
}
