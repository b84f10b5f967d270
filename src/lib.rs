//! Runs the long-lived parts of a program together. When one ends, shuts them all down, in stages if you like.
//!
//! A [`Group`] collects *actors*. An actor is a pair: a future that does the work (*execute*), and a function that asks
//! it to finish (*interrupt*). When any actor returns, `Ok` or `Err`, the group interrupts all of them, waits until
//! they have all returned, and yields the first error, the first output, or a report of every exit.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| async move {
//!     interrupted.await; // serve until interrupted, then finish open requests
//!     Ok(())
//! }).named("http");
//! group.add(async { Err("disk full") }, |_cause| {}).named("storage");
//! group.on_exit(|exit| println!("{exit}"));
//!
//! assert_eq!(smol::block_on(group.run()), Err("disk full"));
//! ```
//!
//! ```text
//! storage returned Err("disk full")
//! http returned Ok(()), interrupted
//! ```
//!
//! **A clean return stops the group exactly like an error.** If an actor should not stop the group when it is done, say
//! with [`stops_if`](Added::stops_if) which of its exits do. After any other exit, the actor [*leaves*](#leaving), and
//! the group continues:
//!
//! ```
//! use run_group::{Exit, Group};
//!
//! async fn warm_the_cache() -> std::io::Result<()> {
//!     // ... read files ...
//!     Ok(())
//! }
//!
//! let mut group = Group::new();
//! group.add_abortable(warm_the_cache()).stops_if(Exit::is_failure).named("cache");
//! # assert!(smol::block_on(group.run()).is_ok());
//! ```
//!
//! Clients come and go in the same way: a listener adds an actor for each client through a [`Handle`], with
//! `stops_if(|_| false)`.
//!
//! There are three ways to add an actor:
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//!
//! // Its interrupt completes a future that the actor awaits.
//! group.add_with(|interrupted| async move {
//!     interrupted.await;
//!     "interrupted"
//! });
//!
//! // Its interrupt is a closure of your own.
//! let (close, closed) = smol::channel::bounded::<()>(1);
//! group.add(
//!     async move {
//!         let _ = closed.recv().await;
//!         "closed"
//!     },
//!     move |_cause| { close.close(); },
//! );
//!
//! // It may be dropped at any `.await`, so it needs no interrupt.
//! group.add_abortable(async { "done" });
//!
//! let exits = smol::block_on(group.report());
//! let outputs: Vec<_> = exits.into_iter().filter_map(|exit| exit.into_output()).collect();
//! assert_eq!(outputs, ["done", "interrupted", "closed"]);
//! ```
//!
//! This crate is a Rust counterpart of Go's [oklog/run]. It adds what users of oklog/run have asked for: a limit on how
//! long the shutdown takes, stages, names, actors that come and go, a report of every exit, and caught panics.
//!
//! A group is itself a plain future. Its actors run on whichever task or thread polls it; it spawns nothing. It needs
//! no runtime, so it works with smol, async-std, Tokio, a bare `block_on`, an embedded executor, or inside another
//! future. Because it owns its actors, they may borrow and need not be `Send`, and it can drop one that does not stop
//! in time. When the group has finished, none of its actors is still running.
//!
//! [oklog/run]: https://github.com/oklog/run
//!
//! # Contents
//!
//! This page describes [the order of events](#the-order-of-events), [which exits stop a group](#leaving), why all
//! actors share [one task](#one-task), what is [not in scope](#not-in-scope), the [features](#crate-features), and
//! [what a group costs](#what-it-costs). The [guides](guide) go further:
//!
//! - [Recipes](guide::recipes): draining, threads, spawned tasks, signals, deadlines, restarts, ...
//! - [In production](guide::operations): systemd, containers, status pages, limits on clients, actors that block, ...
//! - [Testing a shutdown](testing)
//! - Coming from [oklog/run](guide::from_oklog_run), from [`JoinSet` and `CancellationToken`](guide::from_join_set), or
//!   from [`select!`](guide::from_select)
//! - [Runtimes](guide::runtimes) and [microcontrollers](guide::microcontrollers)
//! - [Comparison](guide::comparison) with other crates
//!
//! # The order of events
//!
//! 1. Nothing runs before the group is first polled. It then polls its actors in the order of adding. After that, it
//!    polls an actor only when the actor has been woken.
//! 2. The first actor that returns or panics without [leaving](#leaving) is the *cause*. If several are ready in one
//!    poll, the cause is the one that was woken first or, at the start, the one that was added first.
//! 3. In the same poll, before any actor is otherwise polled again, the group calls every interrupt once, in the order
//!    of adding, with the [`Exit`] of the cause. It interrupts even actors that have returned, and those not yet
//!    polled, which are polled afterwards. An [abortable](Group::add_abortable) actor has no interrupt: when its turn
//!    in this order comes, it is polled one last time and dropped.
//! 4. The remaining actors return in their own time. When the [grace period](Group::grace_period) ends, each is polled
//!    one last time, and any that are still running are dropped. Without a grace period, the group waits as long as it
//!    takes.
//! 5. If the group has [several stages](Group::before), steps 3 and 4 apply to the actors of the first stage alone.
//!    When all of them have exited, the next stage is interrupted, with the same cause. Each stage has its own grace
//!    period.
//! 6. When all actors have exited, the group is ready.
//!
//! In this picture, the stage `web` has three actors and shuts down before the stage `storage`. `chat` ignores its
//! interrupt, so it expires when the grace period of its stage ends:
//!
#![doc = include_str!("../docs/shutdown.svg")]
//!
//! An actor *returns* when its future does. It *exits* when it returns, panics, is aborted or expires. Its future is
//! dropped at that moment.
//!
//! You can also add an actor later, between two polls of the group or through a [handle](Group::handle). If its stage
//! is shutting down by then, it is interrupted before its first poll.
//!
//! An interrupt is called while the group is polled, so it must not block. Do slow cleanup in the actor's future:
//! there, actors clean up concurrently and the grace period limits them. In oklog/run an interrupt may block, and the
//! shutdown then takes as long as all interrupts combined.
//!
//! # Leaving
//!
//! Every exit of a running actor stops the group, unless you say otherwise with [`stops_if`](Added::stops_if). Then the
//! actor *leaves*: observers see its exit, its memory is freed, and the group continues. This is how *children* come
//! and go, such as the clients of a server.
//!
//! | exit | stops the group | where it shows up |
//! | --- | --- | --- |
//! | the first return, with `Ok` or an error, or panic | yes: it is the cause | everywhere |
//! | one for which `stops_if` returns `false` | no: the actor leaves | `on_exit` |
//! | a return or panic of an actor that was interrupted, whatever `stops_if` says | it has stopped already | `on_exit`, `report`; an error or a panic also in `run` |
//! | an actor aborted or expired | it has stopped already | `on_exit`, `report` |
//!
//! - [`on_exit`](Group::on_exit) shows every exit as it happens.
//! - [`report`](Group::report) returns every exit that belongs to the shutdown, the cause first.
//! - [`run`](Group::run) returns the first error. A panic takes precedence over all errors, and continues.
//! - `group.await` yields the output of the cause. A panic continues, as with `run`.
//! - [`on_wait`](Group::on_wait) shows what has *not* exited: the actors that the shutdown waits for, and the cause.
//!
//! When all actors have left, the group finishes, although nothing has stopped it: `await` yields `None`, `run` returns
//! `Ok(())`, and the report is empty. To stop one actor alone, use [`other_end`](Interrupted::other_end); with
//! `stops_if`, it then leaves. To stop the group from outside, call [`stop`](Handle::stop) on a handle. Dropping a
//! handle stops nothing.
//!
//! # One task
//!
//! A group is one future. Its actors take turns on the thread that polls the group, so they never run in parallel. An
//! actor that blocks its thread blocks the other actors, the grace period and the shutdown. If you need more than one
//! thread, let the actor await [a spawned task](guide::recipes#a-spawned-task) or [a
//! thread](guide::recipes#a-blocking-thread).
//!
//! A group is fair. An actor that wakes itself forever is polled again only after the others that have been woken. The
//! group also yields to its executor: once two actors have woken themselves in one poll, or once every actor has been
//! polled. When it yields, it wakes itself, so it may be polled more often than its actors are woken. A loop that
//! ignores its interruption [yields](Interrupted#after-the-interruption), too.
//!
//! A group cannot preempt an actor. So an actor that always has data should yield now and then. Tokio enforces this
//! with a budget for each task. To Tokio, a group is one task, so its actors share one budget. If an actor may use it
//! all up, give that actor a task of its own. The grace period is polled before the actors, so they cannot keep it from
//! ending.
//!
//! To await a handful of futures that end by themselves, use `join!` or `select!`. The [comparison](guide::comparison)
//! says when another crate is the better choice.
//!
//! # Not in scope
//!
//! - **Restart policies**: only your program knows what to retry; [write a loop](guide::recipes#a-group-in-a-loop).
//! - **Starting in order**: actors start together and [wait](guide::recipes#a-gate-between-actors) for what they need.
//! - **Spawning, an executor, timers, OS signals**: your program has these already, and a group works with any.
//! - **Dependency injection and flag parsing**.
//!
//! # Crate features
//!
//! - `std` (default) catches panics, and adds [`Handle`], [`running`](Handle::running), clones of [`Interrupted`], and
//!   a [`Report`] as the result of `main`. Without it, the crate is `no_std` with `alloc`, has [`LocalHandle`], and a
//!   panic unwinds through the group ([what holds then](Group#panics)).
//! - `portable-atomic` is for targets without compare-and-swap, such as Cortex-M0. The application then chooses how
//!   atomics are implemented, usually with the feature `critical-section` of `portable-atomic` itself.
//!
//! The dependency tree has seven crates with `std`, this one included, and six without. The crate contains no `unsafe`
//! code.
//!
//! # What it costs
//!
//! Adding an actor takes two allocations, three with [`add_with`](Group::add_with), and one more for a name that is not
//! a literal. Between the first poll and the first exit, the group allocates nothing, except for actors that are added
//! in that time. An actor that leaves frees its memory in the poll in which it exits. So a group that has had a million
//! clients is as large as one that has had none.
//!
//! Waking an actor takes the same time however many actors, stages and combined groups there are. In a group with
//! handles, each poll also looks at each combined group that has one.
//!
//! A server whose clients are actors keeps up with one that spawns a task for each client on the same thread: in our
//! measurements, an echo server makes at least 0.95 times as many round trips, and serves at least 0.95 times as many
//! connections. A client that comes alone takes one more poll of the group than a task.
//!
//! For each stage, a shutdown sorts the actors that run. It does so again when a grace period ends. While a group shuts
//! down, each poll and each exit also looks at the settings of the groups that were combined with
//! [`before`](Group::before). An actor that joins a shutdown costs a pass through the actors that run then. Listing the
//! actors takes such a pass, too, but [`Waiting::len`] does not.

#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_debug_implementations, missing_docs, rust_2018_idioms, unreachable_pub)]
// A sample that you copy compiles without these warnings. Without std, rustdoc leaves out parts of some samples.
#![cfg_attr(
    feature = "std",
    doc(test(attr(deny(unused_imports, unused_must_use, unused_mut, unused_variables))))
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(target_has_atomic = "ptr"))))] // `testing` says so in its text
#![cfg_attr(not(feature = "std"), allow(rustdoc::broken_intra_doc_links))] // to the guides, `Handle::running` and std

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
#[cfg(all(feature = "std", any(doc, doctest)))]
#[cfg_attr(docsrs, doc(auto_cfg = false))] // the guides are about all features
pub mod guide;
mod handle;
mod history;
mod interrupted;
mod kind;
mod machine;
mod panic;
mod report;
mod running;
mod settings;
mod stages;
#[cfg(target_has_atomic = "ptr")]
pub mod testing;

pub use crate::exit::{Exit, Outcome, Panic};
pub use crate::group::{Added, Group, LocalGroup};
pub use crate::handle::{Adding, Handle, LocalHandle};
pub use crate::interrupted::{Interrupt, Interrupted};
pub use crate::report::Report;
pub use crate::running::{Running, Waiting};

/// The code in README.md compiles and runs.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
