//! Starts the long-running parts of a program together, and stops them all, in order, when one ends.
//!
//! A [`Group`] collects *actors*. An actor is a pair: *execute*, a future that works, and *interrupt*, a function that makes
//! it return. The first actor to return ends the group: every interrupt is called, the group finishes when all actors have
//! returned, and its output is the first output.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//!
//! // An actor with an interrupt of its own.
//! let (close, closed) = smol::channel::bounded::<()>(1);
//! group.add(
//!     async move {
//!         let _ = closed.recv().await;
//!         Ok(())
//!     },
//!     move |_cause| { close.close(); },
//! );
//! // One that waits for a signal from the group.
//! group.add_with(|interrupted| async { Ok(interrupted.await) });
//! // One that may be dropped wherever it is.
//! group.add_abortable(std::future::pending());
//! // And one that fails.
//! group.add(async { Err("disk full") }, |_| {}).named("storage");
//!
//! group.on_exit(|exit| println!("{exit}")); // storage returned Err("disk full"), ...
//! assert_eq!(smol::block_on(group.run()), Err("disk full"));
//! ```
//!
//! **A clean return stops the group exactly like an error.** An actor which should not stop it, though its work is done,
//! awaits `interrupted` [after its work](#a-sidecar-and-a-main-job).
//!
//! It is the take on Go's [oklog/run] for futures, with what its users have missed: a bound for the stop, stages, names, the
//! outcome of every actor, contained panics. A group is itself a plain future. It polls its actors where it is polled,
//! spawns nothing and needs no runtime, so it runs on smol, async-std, Tokio, a bare `block_on`, an embedded executor or
//! inside another future. Since it owns its actors, they may borrow and need not be `Send`, one that does not stop in time
//! can be dropped, and when the group has finished nothing of it is left running.
//!
//! [oklog/run]: https://github.com/oklog/run
//!
//! # Contents
//!
//! - [The order of events](#the-order-of-events): what happens when.
//! - [Recipes](#recipes): [draining](#draining), [leaving at once](#leaving-at-once),
//!   [a sidecar and a main job](#a-sidecar-and-a-main-job), [a stop from outside](#a-stop-from-outside),
//!   [a second signal](#a-second-signal), [a gate between actors](#a-gate-between-actors),
//!   [a blocking thread](#a-blocking-thread), [a spawned task](#a-spawned-task), [a group in a group](#a-group-in-a-group),
//!   [a group in a loop](#a-group-in-a-loop), [a failure of the stop](#a-failure-of-the-stop).
//! - [One task](#one-task): what a group cannot do for you.
//! - [Comparison](#comparison) with what else there is.
//! - [Not in scope](#not-in-scope), and why.
//! - [Crate features](#crate-features).
//!
//! # The order of events
//!
//! 1. Nothing runs before the first poll. In it, all actors are polled, in the order of adding. Later, an actor is polled
//!    when it was woken.
//! 2. The first actor to return or panic is the *cause*. If several are ready in one poll, it is the one that was woken
//!    first; at the start, the one that was added first.
//! 3. In the same poll, before any actor is polled again, every interrupt is called, once, in the order of adding, with the
//!    [`Exit`] of the cause. Also those of actors that have returned already, and of actors that have not been polled yet;
//!    these are still polled. An [abortable](Group::add_abortable) actor is dropped in its turn.
//! 4. The others return when they see fit. If there is a [grace period](Group::grace_period), whoever is still out when it
//!    is over is dropped.
//! 5. If the group has [several stages](Group::before), 3 and 4 are for the actors of the first. When all of these have
//!    exited, it is the turn of the next stage, with the same cause.
//! 6. When all actors have exited, the group is ready, with the output of the cause.
//!
//! An actor *returns*. It *exits* when it has returned, panicked, been aborted or expired, and its execute is dropped right
//! then. [`on_exit`](Group::on_exit) shows each exit when it happens, [`report`](Group::report) returns them all.
//!
//! An interrupt is called while the group is polled: it signals, and does not block. oklog/run calls interrupts that block,
//! one after the other, and so its stop takes as long as all of them together. What takes time belongs into execute, where
//! the actors take their time side by side, and where the grace period bounds it.
//!
//! # Recipes
//!
//! The [examples] are whole programs: servers, signals, threads, stages, nested groups.
//!
//! [examples]: https://docs.rs/crate/run-group/latest/source/examples/
//!
//! ## Draining
//!
//! An actor that has something to finish does it in execute, beside its work.
//!
//! ```
//! use run_group::Group;
//! use smol::future::zip;
//!
//! let (send, requests) = smol::channel::unbounded();
//! send.try_send("waiting").unwrap();
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| async move {
//!     let mut served = 0;
//!     let serve = async {
//!         while let Ok(_request) = requests.recv().await {
//!             served += 1;
//!         }
//!     };
//!     let drain = async {
//!         interrupted.await;
//!         requests.close(); // no new ones; `serve` returns after those that are waiting
//!     };
//!     zip(serve, drain).await;
//!     served
//! });
//! group.add(async { 0 }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&1));
//! ```
//!
//! ## Leaving at once
//!
//! An actor that has nothing to finish is added with [`add_abortable`](Group::add_abortable). To drop the work, but say so,
//! race it with the signal.
//!
//! ```
//! use run_group::Group;
//! use smol::future::{or, pending};
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| {
//!     or(pending(), async {
//!         interrupted.await;
//!         "left"
//!     })
//! });
//! group.add(async { "done" }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&"left"));
//! ```
//!
//! ## A sidecar and a main job
//!
//! The sidecar's clean return does not stop the group, its failure does. The main job stops the group either way.
//!
//! ```
//! use run_group::Group;
//!
//! async fn warm_the_cache() -> Result<(), &'static str> {
//!     Ok(())
//! }
//! async fn main_job() -> Result<(), &'static str> {
//!     Ok(())
//! }
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| async {
//!     warm_the_cache().await?;
//!     interrupted.await;
//!     Ok(())
//! });
//! group.add_abortable(main_job());
//!
//! assert_eq!(smol::block_on(group.run()), Ok(()));
//! ```
//!
//! ## A stop from outside
//!
//! An actor that waits for the request to stop. Whoever holds the other end makes it: another thread, the caller, before
//! the first poll or later. To ask twice does no harm.
//!
//! ```
//! use run_group::Group;
//!
//! let (stop, stopped) = smol::channel::bounded::<()>(1);
//! let mut group = Group::new();
//! group.add_abortable(async move {
//!     let _ = stopped.recv().await;
//!     "stopped"
//! });
//!
//! let elsewhere = std::thread::spawn(move || {
//!     stop.close();
//!     stop.close();
//! });
//! assert_eq!(smol::block_on(group), Some("stopped"));
//! # elsewhere.join().unwrap();
//! ```
//!
//! ## A second signal
//!
//! The first signal stops the group, the second ends its patience. `signals` is here a channel; with [`async-signal`] it is
//! a `Signals`, which is polled by reference as well.
//!
//! ```
//! use run_group::Group;
//! use smol::future::{or, pending};
//!
//! let (user, signals) = smol::channel::unbounded();
//! let wait = || async { drop(signals.recv().await) };
//! let time_is_up = || pending(); // a timer of the runtime's
//!
//! let mut group = Group::new();
//! group.add_abortable(wait()).named("signals");
//! group.add(pending(), |_| {}).named("stuck");
//! group.grace_period(|| or(wait(), time_is_up()));
//!
//! user.try_send("SIGTERM").unwrap();
//! user.try_send("SIGTERM").unwrap();
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].to_string(), "stuck expired");
//! ```
//!
//! [`async-signal`]: https://docs.rs/async-signal
//!
//! ## A gate between actors
//!
//! All actors start together. One that needs another waits for it, or for the stop: the other may fail before it opens.
//!
//! ```
//! use run_group::Group;
//! use smol::future::or;
//!
//! let (open, gate) = smol::channel::bounded::<()>(1);
//! let mut group = Group::new();
//! group.add_with(|interrupted| async {
//!     let ready = async {
//!         let _ = gate.recv().await;
//!         true
//!     };
//!     let told = async {
//!         interrupted.await;
//!         false
//!     };
//!     match or(ready, told).await {
//!         true => "served",
//!         false => "never started",
//!     }
//! });
//! group.add_with(|interrupted| async {
//!     // ... opens the data base ...
//!     open.close();
//!     interrupted.await;
//!     "closed"
//! });
//!
//! assert_eq!(smol::block_on(group), Some("served"));
//! ```
//!
//! ## A blocking thread
//!
//! Work that blocks belongs on a thread. The thread is told through [`Interrupted`], which it polls or waits for, and
//! execute awaits its end.
//!
//! ```
//! use run_group::Group;
//! use smol::future::{block_on, poll_once};
//!
//! let mut group = Group::new();
//! group.add_with(|mut interrupted| {
//!     smol::unblock(move || {
//!         while block_on(poll_once(&mut interrupted)).is_none() {
//!             std::thread::yield_now(); // ... one piece of the work ...
//!         }
//!         "told"
//!     })
//! });
//! group.add(async { "done" }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&"told"));
//! ```
//!
//! ## A spawned task
//!
//! Where the actors need more than one thread, execute is the handle of a task that the runtime runs. The group drops it
//! when it expires, so dropping it has to end the task. A `smol::Task` does.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| {
//!     smol::spawn(async {
//!         interrupted.await;
//!         "told"
//!     })
//! });
//! group.add(async { "done" }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&"told"));
//! ```
//!
//! A `JoinHandle` of Tokio or async-std lets go of its task when it is dropped. For Tokio, tokio-util has
//! `AbortOnDropHandle`, which ends it: `spawned` of the example `tokio` is the recipe. Elsewhere, `FutureExt::remote_handle` of the
//! `futures` crate makes such a handle.
//!
//! ## A group in a group
//!
//! A library makes a group of its own and returns a future, which is one actor to the program. What interrupts that actor
//! is an actor of the inner group. If the outer group has a grace period, the inner one gets a shorter one, so that it is
//! the inner one which tells who was late.
//!
//! ```
//! use run_group::{Group, Interrupted};
//!
//! async fn index(interrupted: Interrupted) -> Result<(), &'static str> {
//!     let mut group = Group::new();
//!     group.add_abortable(async {
//!         interrupted.await;
//!         Ok(())
//!     });
//!     group.add_abortable(std::future::pending()).named("reader");
//!     group.run().await
//! }
//!
//! let mut group = Group::new();
//! group.add_with(index).named("index");
//! group.add(async { Ok(()) }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].to_string(), "index returned Ok(()), interrupted");
//! ```
//!
//! ## A group in a loop
//!
//! A group restarts nobody. What starts again is the group: make it anew for each round, or fill the same one again, which
//! is as new when it has ended.
//!
//! ```
//! use run_group::Group;
//!
//! let mut attempts = 0;
//! let result = smol::block_on(async {
//!     loop {
//!         attempts += 1;
//!         let mut group = Group::new();
//!         let connect = async { if attempts < 3 { Err("refused") } else { Ok(()) } };
//!         group.add(connect, |_| {});
//!         match group.run().await {
//!             Err("refused") if attempts < 5 => {} // ... wait a while ...
//!             result => break result,
//!         }
//!     }
//! });
//! assert_eq!((result, attempts), (Ok(()), 3));
//! ```
//!
//! ## A failure of the stop
//!
//! The output is that of the cause. If an actor fails later, while it stops, that is in the report.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//! group.add(async { Ok(()) }, |_| {}).named("signals");
//! group.add_with(|interrupted| async {
//!     interrupted.await;
//!     Err("cannot flush")
//! }).named("storage");
//!
//! let exits = smol::block_on(group.report());
//! let failed = exits.iter().find(|exit| !matches!(exit.output(), Some(Ok(()))));
//! assert_eq!(failed.unwrap().to_string(), r#"storage returned Err("cannot flush"), interrupted"#);
//! ```
//!
//! # One task
//!
//! A group is one future. Its actors take turns on one thread, the one which polls the group. So there is no parallelism
//! between them, and an actor that blocks its thread blocks them all: the siblings, the grace period, the stop. Where that is
//! not enough, spawn inside the actor and make the handle its execute, as above. If there is nothing but such handles, each
//! as good as the other, a `JoinSet` may be all you need; and to await a handful of futures which end by themselves, `join!`
//! or `select!` will do.
//!
//! A group polls fairly. An actor that wakes itself for ever is polled again only after those that are waiting, and the
//! group returns to its executor regularly: as soon as two of its actors have woken themselves, or each had a turn. It
//! then wakes its executor itself, so it may be polled once more than there are wakes.
//!
//! What no group can do is take the turn from an actor whose poll does not return: one that always has data yields now
//! and then. Tokio sees to that with a budget for each task, and to Tokio a group is one task, whose actors share the
//! budget. An actor that may use it all up gets a task of its own, [as above](#a-spawned-task). The grace period is polled
//! before the actors, so it ends in any case.
//!
//! # Comparison
//!
#![doc = include_str!("comparison.md")]
//!
//! # Not in scope
//!
//! - **Restart policies**: which failure is worth another try is the program's knowledge; [a loop](#a-group-in-a-loop) says
//!   it.
//! - **Starting in order**: actors start together, and [wait](#a-gate-between-actors) for what they need.
//! - **Spawning, being an executor, timers, signals**: the program has these already, and a group takes any.
//! - **Dependency injection and flag parsing**.
//! - **Removing an actor**: an actor that is to end alone is told so by its own means; its return then stops the group, unless
//!   it [awaits the interruption](#a-sidecar-and-a-main-job).
//!
//! # Crate features
//!
//! - `std` (default) contains panics. Without it the crate is `no_std`, with `alloc`, and a panic unwinds through the group
//!   ([what holds then](Group#panics)).
//! - `portable-atomic` is for targets without compare-and-swap, such as Cortex-M0. The application has to choose an
//!   implementation, most often with `portable-atomic`'s own feature `critical-section`.
//!
//! The crate contains no `unsafe` code.
//!
//! # What it costs
//!
//! An actor is two allocations, three with [`add_with`](Group::add_with), and whatever its name is that is no literal.
//! Between the first poll and the stop there is none. A wake polls one actor, in the same time however many there are; a
//! stop goes through all of them once per stage.
//!
//! # On a microcontroller
//!
//! A group runs under embassy, under RTIC and under a loop of your own, with any allocator that interrupts may use. Two
//! things have to be known; the README has the rest:
//!
//! - Under embassy, an `embassy_time::Timer` in an actor panics with "Found waker not created by the Embassy executor",
//!   unless the application switches on a feature `generic-queue-*` of `embassy-time`. The [grace
//!   period](Group::grace_period) of a group that is no actor itself takes a `Timer` with and without it.
//! - An actor is to be woken from the priority at which the group is polled or from a higher one, or in a critical section. A
//!   plain wake from a lower one can be preempted half-way, and then a group that is polled for another reason asks to be
//!   polled again, for ever.

#![no_std]
#![forbid(unsafe_code)]
#![warn(
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    unreachable_pub
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(not(any(target_has_atomic = "ptr", feature = "portable-atomic")))]
compile_error!(
    "this target has no compare-and-swap: switch on the feature `portable-atomic` of run-group"
);

mod actor;
mod actors;
mod exit;
mod group;
#[cfg(feature = "std")]
mod handle;
mod history;
mod interrupted;
mod kind;
mod machine;
mod panic;
mod running;
mod settings;
#[cfg(target_has_atomic = "ptr")]
pub mod testing;

pub use crate::exit::{Exit, Outcome};
pub use crate::group::{Added, Group, LocalGroup};
#[cfg(feature = "std")]
pub use crate::handle::{Adding, Handle, LocalHandle};
pub use crate::interrupted::{Interrupt, Interrupted};
pub use crate::running::{Running, Waiting};

/// The code in README.md compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
