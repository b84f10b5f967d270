//! Testing a shutdown: interrupt an actor, or a whole program, at every poll.
//!
//! Shutdown code is easily left untested. An actor can be interrupted before its first poll or after any poll. Whenever
//! that happens, it has to return. The two functions of this module try all these points:
//!
//! - [`interrupt_at_every_poll`] polls an actor by hand, without an executor or a clock. Use it for actors that wait
//!   only for things in memory: channels, locks, other futures.
//! - [`interrupt_at_every_poll_on`] runs an actor on your executor. Use it for actors with sockets or timers.
//!
//! Both return the output of each run, so you can check what the actor did with the work that it had begun. In the last
//! run, the actor may have returned before it was interrupted. The output of that run is included.
//!
//! The module does not exist on targets without compare-and-swap. Test on your own machine.
//!
//! # One actor
//!
//! Make the actor a function that takes [`Interrupted`]. Then a program can add it with
//! [`add_with`](crate::Group::add_with), and a test can interrupt it.
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
//! If an actor does not return, the function panics. This actor awaits `interrupted` in one place, but not in the
//! other:
//!
//! ```should_panic
//! # use run_group::testing::interrupt_at_every_poll;
//! interrupt_at_every_poll(|mut interrupted| async move {
//!     let (_send, never) = smol::channel::bounded::<()>(1);
//!     interrupted.unless(smol::future::yield_now()).await;
//!     never.recv().await // panics: interrupted before its first poll, the actor did not return: it waits, ...
//! });
//! ```
//!
//! # A whole program
//!
//! You can test a group in the same way. Write the program as a function that takes an [`Interrupted`], and add an
//! actor that awaits it. In `main`, pass one that a signal resolves. In a test, the functions of this module pass one.
//!
//! ```
//! use run_group::testing::interrupt_at_every_poll;
//! use run_group::{Exit, Group, Interrupted, Report};
//!
//! async fn program(interrupted: Interrupted) -> Report<Result<(), &'static str>> {
//!     let (send, jobs) = smol::channel::unbounded::<u32>();
//!     let mut front = Group::new();
//!     front.add(async {
//!         interrupted.await;
//!         Ok(())
//!     }, |_| {}).named("shutdown requested");
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
//! for exits in interrupt_at_every_poll(program) {
//!     assert_eq!(exits.len(), 3);
//!     assert!(!exits.iter().any(|exit| exit.is_failure()), "{exits:?}");
//!     assert_eq!(exits[2].name(), Some("worker")); // it shuts down last
//! }
//! ```
//!
//! The program is interrupted between two polls of its outermost future. If it needs few polls, there are few such
//! points. Add some with a `yield_now().await` in an actor. If the test fails, set [`on_wait`](crate::Group::on_wait)
//! to see which actor does not return.
//!
//! # With sockets
//!
//! If an actor waits for a socket or a timer, it needs an executor to wake it. Let your `block_on` give up on a run
//! that does not return, after more time than your slowest machine ever needs. If the actor returns only when it is
//! interrupted, `block_on` gives up on the last run, so the series takes that time once. To avoid that, let the actor
//! return by itself at some point, for example when the client of the test disconnects.
//!
//! ```
//! use run_group::testing::interrupt_at_every_poll_on;
//! use smol::net::{TcpListener, TcpStream};
//! use smol::{future, io::AsyncReadExt, Timer};
//! use std::time::Duration;
//!
//! # if cfg!(target_family = "wasm") { return; }
//! let accepted = interrupt_at_every_poll_on(
//!     |run| {
//!         smol::block_on(future::or(async { Some(run.await) }, async {
//!             Timer::after(Duration::from_secs(2)).await;
//!             None
//!         }))
//!     },
//!     |mut interrupted| async move {
//!         let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
//!         let address = listener.local_addr().unwrap();
//!         let Some(client) = interrupted.unless(TcpStream::connect(address)).await else {
//!             return 0;
//!         };
//!         let _client = client.unwrap(); // connected, but silent
//!         let Some(connection) = interrupted.unless(listener.accept()).await else {
//!             return 1;
//!         };
//!         let (mut connection, _) = connection.unwrap();
//!         let request = interrupted.unless(connection.read(&mut [0])).await;
//!         assert!(request.is_none());
//!         2
//!     },
//! );
//! assert_eq!(accepted[0], 0); // interrupted before its first poll
//! ```
//!
//! How many polls an actor needs may differ between runs: the system decides when a socket is ready. So do not expect an
//! exact list of outputs.
//!
//! # What it does not find
//!
//! - **A blocking call.** The actor is interrupted between polls. A poll that does not return hangs the test, just as
//!   it hangs a group.
//! - **What the actor lost.** The test fails if the actor does not return. To find out whether it lost a message, check
//!   its outputs.
//! - **What a grace period hides.** If an actor of a program ignores its interrupt, it expires, and the program still
//!   returns. Assert that no actor expired, for example with [`is_failure`](crate::Exit::is_failure).
//! - **Other orders.** Each run makes the same things happen in the same order. If something can happen in another
//!   order, or only under load, write a test for that.
//! - **A drop at an `.await`.** An actor added with [`add_abortable`](crate::Group::add_abortable) is dropped, not
//!   interrupted.

use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::{pin, Pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

use crate::interrupted::{Interrupt, Interrupted};

/// The maximum number of runs in a series.
const RUNS: usize = 1_000;
/// The maximum number of polls of an actor after it was interrupted.
const POLLS: usize = 10_000;

/// Interrupts an actor at every poll, by hand, and returns the output of each run.
///
/// `execute` is called for each run and makes a new actor, as the closure given to [`add_with`](crate::Group::add_with)
/// does. Run *k*, from 0, polls the actor *k* times, interrupts it, and polls it until it returns. As on an executor,
/// the actor is polled only when it has been woken. So whatever it waits for must be ready already, or be made ready by
/// another future in the same actor.
///
/// The series ends with the first run in which the actor returns before it is interrupted, or with the first in which
/// the actor waits without having been woken. In the latter case, the actor is interrupted while it waits, because that
/// is how a program spends most of its time. If the actor wakes itself forever, the series ends after 1,000 runs.
///
/// # Panics
///
/// Panics if the actor does not return after it was interrupted: it waits without having been woken, or it has woken
/// itself for 10,000 polls. The message says after how many polls it was interrupted. A panic of the actor passes
/// through unchanged.
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
#[track_caller]
pub fn interrupt_at_every_poll<F: Future>(
    mut execute: impl FnMut(Interrupted) -> F,
) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    while outputs.len() < RUNS {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let (interrupt, interrupted) = Interrupted::channel();
        let mut execute = pin!(execute(interrupted));
        let mut poll = || execute.as_mut().poll(&mut Context::from_waker(&waker));

        let mut polls = 0;
        while polls < outputs.len() && woken.take() {
            polls += 1;
            if let Poll::Ready(output) = poll() {
                outputs.push(output);
                return outputs;
            }
        }
        let is_last = !woken.is_woken.load(Ordering::Acquire);
        interrupt.interrupt();
        let mut more = 0;
        let output = loop {
            assert!(woken.take(), "{}{WAITS}", NotReturned(polls));
            assert!(more < POLLS, "{}{SPINS}", NotReturned(polls));
            more += 1;
            if let Poll::Ready(output) = poll() {
                break output;
            }
        };
        outputs.push(output);
        if is_last {
            break;
        }
    }
    outputs
}

/// Interrupts an actor at every poll, on your executor, and returns the output of each run.
///
/// Like [`interrupt_at_every_poll`], for an actor with sockets or timers. `block_on` runs one [`Run`] on the executor
/// and returns its output, or `None` if the run takes too long: more than a second, say.
///
/// The series ends with the first run in which the actor returns before it is interrupted. It also ends when `block_on`
/// gives up on a run that has not been interrupted. Then the actor waits for something that does not happen, so there
/// are no more points at which to interrupt it. It ends after 1,000 runs at the latest.
///
/// # Panics
///
/// Panics if `block_on` gives up on a run that was interrupted, because the actor did not return. The message says
/// after how many polls it was interrupted. A panic of the actor passes through unchanged, if `block_on` does not catch
/// it.
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
    while outputs.len() < RUNS {
        let polls = outputs.len();
        let is_interrupted = Arc::new(AtomicBool::new(false));
        let (interrupt, interrupted) = Interrupted::channel();
        let output = block_on(Run {
            execute: execute(interrupted),
            woken: Arc::default(),
            polls,
            interrupt: Some(interrupt),
            is_interrupted: is_interrupted.clone(),
        });
        let is_last = !is_interrupted.load(Ordering::Acquire);
        assert!(
            output.is_some() || is_last,
            "{}{GIVEN_UP}",
            NotReturned(polls)
        );
        outputs.extend(output);
        if is_last {
            break;
        }
    }
    outputs
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
        #[pin]
        execute: F,
        // Wakes the task, and records that the actor was woken.
        woken: Arc<Woken>,
        // How many polls are left before the actor is interrupted.
        polls: usize,
        // `None` once the actor was interrupted.
        interrupt: Option<Interrupt>,
        // Shared with the function that made the run.
        is_interrupted: Arc<AtomicBool>,
    }
}

impl<F: Future> Future for Run<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let run = self.project();
        run.woken.task.register(cx.waker());
        if !run.woken.take() {
            return Poll::Pending; // another future of the task was woken, such as the timer of `block_on`
        }
        let mut interrupt = || {
            if let Some(interrupt) = run.interrupt.take() {
                run.is_interrupted.store(true, Ordering::Release);
                interrupt.interrupt();
            }
        };
        if *run.polls == 0 {
            interrupt();
        }
        let waker = Waker::from(run.woken.clone());
        let polled = run.execute.poll(&mut Context::from_waker(&waker));
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

/// Records that the actor was woken, and wakes its task.
struct Woken {
    /// Whether the actor was woken since it was last polled. At first it counts as woken.
    is_woken: AtomicBool,
    task: AtomicWaker,
}

impl Woken {
    /// Returns whether the actor was woken since the last call.
    fn take(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }
}

impl Default for Woken {
    fn default() -> Self {
        Self {
            is_woken: AtomicBool::new(true),
            task: AtomicWaker::new(),
        }
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

/// The beginning of a message: the actor was interrupted after this many polls, and did not return.
struct NotReturned(usize);

const WAITS: &str =
    "it waits, and the interruption did not wake it. Wherever an actor waits, it must await \
    `interrupted` as well, for example with `interrupted.unless(..)`. If it waits for a timer or a \
    socket, use `interrupt_at_every_poll_on`";
const SPINS: &str =
    "it has woken itself for 10,000 polls since. Each round of a loop must look at `interrupted`, \
    for example with `interrupted.is_interrupted()`";
const GIVEN_UP: &str =
    "`block_on` gave up waiting for it. Wherever an actor waits, it must await `interrupted` as \
    well, for example with `interrupted.unless(..)`";

impl fmt::Display for NotReturned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("interrupted before its first poll")?,
            1 => f.write_str("interrupted after 1 poll")?,
            polls => write!(f, "interrupted after {polls} polls")?,
        }
        f.write_str(", the actor did not return: ")
    }
}
