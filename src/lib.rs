//! Runs the long-running parts of a program together, and shuts them all down, in order, when one of them exits.
//!
//! A [`Group`] collects *actors*. An actor is a pair: a future that does the work (*execute*), and a function that asks
//! it to finish (*interrupt*). When any actor returns, `Ok` or `Err`, the group interrupts all of them, waits until
//! they have all returned, and yields the first output.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//!
//! // An actor whose interrupt is a closure of your own.
//! let (close, closed) = smol::channel::bounded::<()>(1);
//! group.add(
//!     async move {
//!         let _ = closed.recv().await;
//!         Ok(())
//!     },
//!     move |_cause| { close.close(); },
//! );
//! // An actor that awaits its interruption.
//! group.add_with(|interrupted| async { Ok(interrupted.await) });
//! // An actor that may be dropped at any `.await`.
//! group.add_abortable(std::future::pending());
//! // An actor that fails.
//! group.add(async { Err("disk full") }, |_| {}).named("storage");
//!
//! group.on_exit(|exit| println!("{exit}")); // storage returned Err("disk full"), ...
//! assert_eq!(smol::block_on(group.run()), Err("disk full"));
//! ```
//!
//! **A clean return stops the group exactly like an error.** An actor that should not stop the group when it is done
//! awaits `interrupted` after its work. Add this one with `group.add_with(warm_the_cache)`:
//!
//! ```
//! use run_group::Interrupted;
//!
//! async fn warm_the_cache(interrupted: Interrupted) -> std::io::Result<()> {
//!     smol::fs::read("cache").await?; // an error stops the group
//!     interrupted.await; // success does not
//!     Ok(())
//! }
//! ```
//!
//! This crate is a Rust counterpart of Go's [oklog/run]. It adds what users of oklog/run have asked for: a limit on the
//! shutdown, stages, names, actors that are added later, the exit of every actor, and contained panics.
//!
//! A group is itself a plain future. It polls its actors wherever it is polled. It spawns nothing and needs no runtime,
//! so it runs on smol, async-std, Tokio, a bare `block_on`, an embedded executor, or inside another future. It owns its
//! actors, so they may borrow and need not be `Send`, and an actor that does not stop in time can be dropped. When the
//! group has finished, nothing of it is left running.
//!
//! [oklog/run]: https://github.com/oklog/run
//!
//! # Contents
//!
//! - [The order of events](#the-order-of-events)
//! - Recipes for the work of an actor: [draining](#draining), [leaving at once](#leaving-at-once),
//!   [a sidecar and a main job](#a-sidecar-and-a-main-job), [a gate between actors](#a-gate-between-actors),
//!   [a blocking thread](#a-blocking-thread), [a spawned task](#a-spawned-task)
//! - Recipes for the shutdown: [a shutdown from outside](#a-shutdown-from-outside), [a second
//!   signal](#a-second-signal), [one deadline](#one-deadline), [what a shutdown waits for](#what-a-shutdown-waits-for),
//!   [failures during a shutdown](#failures-during-a-shutdown)
//! - Recipes for groups: [adding actors while it runs](#adding-actors-while-it-runs),
//!   [a group in a group](#a-group-in-a-group), [a group in a loop](#a-group-in-a-loop)
//! - [Testing a shutdown](testing): interrupt an actor, or a whole program, at every poll
//! - [One task](#one-task): what a group cannot do for you
//! - [Comparison](#comparison) with other crates
//! - [Not in scope](#not-in-scope)
//! - [Crate features](#crate-features)
//! - [What it costs](#what-it-costs)
//! - [On a microcontroller](#on-a-microcontroller)
//!
//! # The order of events
//!
//! 1. Nothing runs before the first poll. First polls come in the order of adding. After that, an actor is polled only
//!    when it was woken.
//! 2. The first actor to return or panic is the *cause*. If several are ready in one poll, the cause is the one that
//!    was woken first. At the start, it is the one that was added first.
//! 3. In the same poll, before any actor is polled again, the group calls every interrupt once, in the order of adding,
//!    with the [`Exit`] of the cause. This includes actors that have already returned, and actors that have not been
//!    polled yet; the latter are then polled. An [abortable](Group::add_abortable) actor is dropped in its place in
//!    this order.
//! 4. The remaining actors return in their own time. Any that are still running when the [grace
//!    period](Group::grace_period) ends are dropped. Without a grace period, the group waits as long as it takes.
//! 5. If the group has [several stages](Group::before), steps 3 and 4 are for the actors of the first stage. When all
//!    of these have exited, the next stage is interrupted, with the same cause. Each stage has its own grace period.
//! 6. When all actors have exited, the group is ready with the output of the cause.
//!
//! An actor *returns* when its execute does. It *exits* when it has returned, panicked, been aborted or expired. Its
//! execute is dropped at that moment. [`on_exit`](Group::on_exit) shows you each exit as it happens, and
//! [`report`](Group::report) returns them all.
//!
//! An actor may also be added later, between two polls or through a [handle](Group::handle). If its stage is shutting
//! down by then, it is interrupted before its first poll.
//!
//! An interrupt is called while the group is polled, so it must not block. Do slow cleanup in execute: there, actors
//! clean up concurrently and the grace period limits them. In oklog/run an interrupt may block, and the shutdown then
//! takes as long as all interrupts together.
//!
//! # Recipes
//!
//! The [examples] are whole programs: servers, signals, threads, stages, nested groups.
//!
//! [examples]: https://docs.rs/crate/run-group/latest/source/examples/
//!
//! ## Draining
//!
//! If an actor has work left when it is interrupted, it finishes that in execute. This actor closes its queue and
//! serves the requests that are still in it. [`unless`](Interrupted::unless) drops only the `recv`, never a request. An
//! error ends the actor at once, before and during the shutdown.
//!
//! ```
//! use run_group::Group;
//!
//! async fn serve(request: &str) -> Result<(), String> {
//!     if request.is_empty() { Err("empty request".into()) } else { Ok(()) }
//! }
//!
//! let (send, requests) = smol::channel::unbounded();
//! send.try_send("first").unwrap();
//! send.try_send("second").unwrap();
//!
//! let mut group: Group<'_, Result<u32, String>> = Group::new();
//! group.add(async { Ok(0) }, |_| {});
//! group.add_with(|mut interrupted| async move {
//!     let mut served = 0;
//!     while let Some(Ok(request)) = interrupted.unless(requests.recv()).await {
//!         serve(request).await?;
//!         served += 1;
//!     }
//!     requests.close(); // accept no new ones
//!     while let Ok(request) = requests.recv().await {
//!         serve(request).await?;
//!         served += 1;
//!     }
//!     Ok(served)
//! });
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&Ok(2)));
//! ```
//!
//! ## Leaving at once
//!
//! If an actor has nothing to finish, add it with [`add_abortable`](Group::add_abortable). If only its output matters,
//! wrap its work in [`unless`](Interrupted::unless). Either way, the work must be safe to cancel at any `.await`.
//!
//! ```
//! use run_group::Group;
//!
//! async fn watch() -> Result<&'static str, String> {
//!     std::future::pending().await
//! }
//!
//! let mut group = Group::new();
//! group.add_with(|mut interrupted| async move {
//!     match interrupted.unless(watch()).await {
//!         Some(result) => result, // it ended by itself, or failed
//!         None => Ok("left"),
//!     }
//! });
//! group.add(async { Ok("done") }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&Ok("left")));
//! ```
//!
//! ## A sidecar and a main job
//!
//! A sidecar stops the group if it fails, but not when it is done. The main job stops the group either way. This
//! sidecar also abandons its work when it is interrupted.
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
//! group.add_with(|mut interrupted| async move {
//!     if let Some(Err(error)) = interrupted.unless(warm_the_cache()).await {
//!         return Err(error);
//!     }
//!     interrupted.await;
//!     Ok(())
//! }).named("sidecar");
//! group.add_abortable(main_job()).named("main job");
//!
//! let exits = smol::block_on(group.report());
//! assert!(!exits.iter().any(|exit| exit.is_failure()));
//! ```
//!
//! [`is_failure`](Exit::is_failure) is also true for an actor that failed during the shutdown. An actor that was
//! aborted, such as the main job if the sidecar fails, is no failure.
//!
//! ## A gate between actors
//!
//! All actors start together. An actor that depends on another must wait for it to be ready *or* for the interrupt,
//! since the other may never get ready. In this group, the database fails to open:
//!
//! ```
//! use futures::channel::oneshot;
//! use run_group::Group;
//!
//! async fn open_database() -> Result<(), &'static str> {
//!     Err("no such file")
//! }
//!
//! let (open, gate) = oneshot::channel();
//! let mut group: Group<'_, Result<(), &str>> = Group::new();
//! group.add_with(|mut interrupted| async move {
//!     if let Some(Ok(())) = interrupted.unless(gate).await {
//!         interrupted.await; // ... serve until interrupted ...
//!     }
//!     Ok(())
//! }).named("web");
//! group.add_with(|interrupted| async {
//!     open_database().await?;
//!     let _ = open.send(());
//!     interrupted.await;
//!     Ok(())
//! }).named("database");
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[0].to_string(), r#"database returned Err("no such file")"#);
//! assert_eq!(exits[1].to_string(), "web returned Ok(()), interrupted");
//! ```
//!
//! Open the gate with a value, not by dropping the sender: a database that fails drops its sender, too.
//!
//! ## A blocking thread
//!
//! Work that blocks belongs on a thread. The thread owns the [`Interrupted`] and looks at it between two pieces of
//! work. Execute awaits the end of the thread.
//!
//! ```
//! use run_group::Group;
//!
//! fn one_piece_of_work() -> Result<(), String> {
//!     std::thread::yield_now();
//!     Ok(())
//! }
//!
//! let mut group: Group<'_, Result<&str, String>> = Group::new();
//! group.add_with(|interrupted| {
//!     smol::unblock(move || {
//!         while !interrupted.is_interrupted() {
//!             one_piece_of_work()?;
//!         }
//!         Ok("interrupted")
//!     })
//! });
//! group.add(async { Ok("done") }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&Ok("interrupted")));
//! ```
//!
//! A thread cannot be dropped. If its actor expires, the thread keeps running until it next looks at `is_interrupted`.
//!
//! ## A spawned task
//!
//! Actors share one thread. To run an actor on another, spawn a task and let the actor await its handle. The handle
//! must cancel the task when it is dropped, because the group drops it when the actor expires. A `smol::Task` does.
//!
//! ```
//! use run_group::Group;
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| {
//!     smol::spawn(async {
//!         interrupted.await;
//!         "interrupted"
//!     })
//! });
//! group.add(async { "done" }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].output(), Some(&"interrupted"));
//! ```
//!
//! Dropping a Tokio or async-std `JoinHandle` leaves the task running. For Tokio, use `AbortOnDropHandle` of
//! tokio-util: `spawned` in the example `tokio` is the recipe. Elsewhere, use `FutureExt::remote_handle` of the
//! `futures` crate.
//!
//! ## A shutdown from outside
//!
//! To stop a group from anywhere, use a [handle](Group::handle) to add an actor that returns at once. If no actor has
//! exited before, its output is that of the group. You can do so from any thread, before the first poll or later, and
//! more than once.
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```text")]
//! use run_group::Group;
//!
//! let mut group = Group::new();
//! group.add_with(|interrupted| async {
//!     interrupted.await;
//!     "worker"
//! });
//!
//! let handle = group.handle();
//! let elsewhere = std::thread::spawn(move || {
//!     handle.add(async { "shutdown requested" }, |_| {});
//! });
//! assert_eq!(smol::block_on(group), Some("shutdown requested"));
//! # elsewhere.join().unwrap();
//! ```
//!
//! Once the group has finished, the handle is closed and the request is dropped.
//!
//! ## A second signal
//!
//! The first signal starts the shutdown, and a second one forces it. `signals` is a channel here; with [`async-signal`] it is
//! a `Signals`, which you can also poll by reference.
//!
//! ```
//! use futures::FutureExt;
//! use run_group::Group;
//! use smol::future::{or, pending};
//!
//! let (user, signals) = smol::channel::unbounded();
//! let signal = || async { drop(signals.recv().await) };
//! let timer = || pending(); // a timer of your runtime
//!
//! let mut group = Group::new();
//! group.add_abortable(signal()).named("signals");
//! group.add(pending(), |_| {}).named("stuck");
//! let second_signal = signal().shared();
//! group.grace_period(move || or(second_signal.clone(), timer()));
//!
//! user.try_send("SIGTERM").unwrap();
//! user.try_send("SIGTERM").unwrap();
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].to_string(), "stuck expired");
//! ```
//!
//! The closure is called once a stage. A shared future stays ready, so the second signal also forces the stages that follow.
//! With `signal()` instead, each stage would wait for another signal. If the group has several stages, put the actor that
//! waits for signals in the first one, so that it does not take the second signal.
//!
//! [`async-signal`]: https://docs.rs/async-signal
//!
//! ## One deadline
//!
//! Each stage has a grace period of its own, so a shutdown may take as long as all of them together. To limit the whole
//! shutdown, return a timer for the same deadline each time:
//!
//! ```
//! use run_group::Group;
//! use smol::future::pending;
//! use smol::Timer;
//! use std::time::{Duration, Instant};
//!
//! const LIMIT: Duration = Duration::from_millis(10);
//!
//! let mut web = Group::new();
//! web.add(async {}, |_| {}).named("web");
//! web.add(pending(), |_| {}).named("stuck");
//! let mut storage = Group::new();
//! storage.add_with(|interrupted| interrupted).named("storage");
//!
//! let mut group = web.before(storage);
//! let mut deadline = None;
//! group.grace_period(move || Timer::at(*deadline.get_or_insert_with(|| Instant::now() + LIMIT)));
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].to_string(), "stuck expired");
//! assert_eq!(exits[2].to_string(), "storage returned (), interrupted");
//! ```
//!
//! Or share one future. An `async` block makes its timer when it is first polled, at the start of the first grace period:
//!
//! ```
//! # use run_group::Group;
//! # use smol::Timer;
//! # use std::time::Duration;
//! use futures::FutureExt;
//!
//! # let mut group: Group<'_, ()> = Group::new();
//! let deadline = async { drop(Timer::after(Duration::from_secs(10)).await) }.shared();
//! group.grace_period(move || deadline.clone());
//! ```
//!
//! A stage that begins to shut down after the deadline is interrupted as usual. Its actors get one turn, and any that are
//! still running after that expire.
//!
//! ## What a shutdown waits for
//!
//! Set [`on_wait`](Group::on_wait) on every group whose shutdown may hang. The last line logged names the actors that hang.
//!
//! ```
//! use run_group::Group;
//! use smol::future::{pending, yield_now};
//!
//! let mut log = Vec::new();
//! let mut group = Group::new();
//! group.add(async {}, |_| {}).named("main job");
//! group.add(pending(), |_| { /* and so it never returns */ }).named("stuck");
//! group.grace_period(yield_now); // a timer of your runtime
//! group.on_wait(|waiting| log.push(format!("waiting for {waiting}")));
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[1].to_string(), "stuck expired");
//! assert_eq!(log, ["waiting for stuck"]);
//! ```
//!
//! ## Failures during a shutdown
//!
//! `run` returns the output of the cause, and nothing that happens later changes it. If a failure during the shutdown should
//! fail the program, look for it in the report:
//!
//! ```
//! use run_group::Group;
//! use smol::future::pending;
//!
//! let mut group = Group::new();
//! group.add(async { Ok(()) }, |_| {}).named("signals");
//! group.add_abortable(pending()).named("metrics");
//! group.add(pending(), |_| {}).named("web");
//! group.add_with(|interrupted| async {
//!     interrupted.await;
//!     Err("cannot flush")
//! }).named("storage");
//! group.grace_period(|| async {}); // a timer of your runtime
//!
//! let exits = smol::block_on(group.report());
//! let failures = exits.iter().filter(|exit| exit.is_failure());
//! let failures: Vec<_> = failures.map(|exit| exit.to_string()).collect();
//! assert_eq!(failures, [r#"storage returned Err("cannot flush"), interrupted"#, "web expired"]);
//! ```
//!
//! [`is_failure`](Exit::is_failure) is true for an actor that returned an error, panicked or expired. It is false for an
//! actor that returned `Ok` or was aborted. [`error`](Exit::error) returns only errors: an actor that expired has none.
//!
//! ## Adding actors while it runs
//!
//! A [`Handle`] adds actors from anywhere, even from inside an actor. This listener adds an actor for each peer:
//!
#![cfg_attr(feature = "std", doc = "```")]
#![cfg_attr(not(feature = "std"), doc = "```text")]
//! use run_group::Group;
//!
//! async fn talk_to(peer: &str) -> Result<(), String> {
//!     if peer == "c" { Err("connection reset".into()) } else { Ok(()) }
//! }
//!
//! let (connect, peers) = smol::channel::unbounded();
//! for peer in ["a", "b", "c"] {
//!     connect.try_send(peer).unwrap();
//! }
//!
//! let mut group = Group::new();
//! let handle = group.handle();
//! group.add_with(|mut interrupted| async move {
//!     while let Some(Ok(peer)) = interrupted.unless(peers.recv()).await {
//!         handle.add_with(|mut interrupted| async move {
//!             if let Some(Err(error)) = interrupted.unless(talk_to(peer)).await {
//!                 return Err(error); // stops the group
//!             }
//!             interrupted.await; // a peer that leaves does not
//!             Ok(())
//!         }).named(peer);
//!     }
//!     Ok(())
//! }).named("listener");
//!
//! let exits = smol::block_on(group.report());
//! assert_eq!(exits[0].to_string(), r#"c returned Err("connection reset")"#);
//! assert_eq!(exits.len(), 4);
//! ```
//!
//! An actor that awaits `interrupted` stays in the group until the shutdown. So this is for parts of the program that
//! are meant to stay: peers, workers, plugins. If clients come and go, serve them all in one actor, as the examples
//! `echo` and `http_server` do.
//!
//! ## A group in a group
//!
//! A library can run a group of its own behind a function that returns a future. To the program, that future is one
//! actor. When it is interrupted, an actor of the inner group returns. That stops the inner group.
//!
//! ```
//! use run_group::{Group, Interrupted};
//!
//! async fn index(interrupted: Interrupted) -> Result<(), String> {
//!     let mut group = Group::new();
//!     group.add_abortable(async {
//!         interrupted.await;
//!         Ok(())
//!     }).named("shutdown requested");
//!     group.add_with(|interrupted| async {
//!         interrupted.await;
//!         Err("cannot sync")
//!     }).named("writer");
//!
//!     let exits = group.report().await;
//!     match exits.iter().find(|exit| exit.is_failure()) {
//!         Some(exit) => Err(exit.to_string()),
//!         None => Ok(()),
//!     }
//! }
//!
//! let mut group = Group::new();
//! group.add_with(index).named("index");
//! group.add(async { Ok(()) }, |_| {});
//!
//! let exits = smol::block_on(group.report());
//! let error = r#"writer returned Err("cannot sync"), interrupted"#;
//! assert_eq!(exits[1].error().unwrap(), error);
//! ```
//!
//! If both groups have a grace period, make that of the inner group shorter, so that the inner group expires first and
//! reports which actor was late.
//!
//! ## A group in a loop
//!
//! A group never restarts an actor, because only your program knows what to retry: write a loop. Run a new group each
//! time, or reuse this one: once finished, it is empty, without settings or handles.
//!
//! ```
//! use run_group::Group;
//!
//! async fn connect(attempt: u32) -> Result<(), &'static str> {
//!     if attempt < 3 { Err("refused") } else { Ok(()) }
//! }
//!
//! let mut attempt = 0;
//! let result = smol::block_on(async {
//!     loop {
//!         attempt += 1;
//!         let mut group = Group::new();
//!         group.add(connect(attempt), |_| {});
//!         match group.run().await {
//!             Err("refused") if attempt < 5 => {} // ... wait a while ...
//!             result => break result,
//!         }
//!     }
//! });
//! assert_eq!((result, attempt), (Ok(()), 3));
//! ```
//!
//! # One task
//!
//! A group is one future. Its actors take turns on one thread, the one that polls the group. There is no parallelism
//! between them. An actor that blocks its thread blocks the other actors, the grace period and the shutdown. If you
//! need more than one thread, spawn a task and let the actor await its handle, [as above](#a-spawned-task). If all your
//! actors would be such handles, a `JoinSet` may be all you need. To await a handful of futures that end by themselves,
//! use `join!` or `select!`.
//!
//! A group is fair. An actor that wakes itself forever is polled again only after those that wait for their turn. The
//! group also yields to its executor: when two of its actors have woken themselves, or every actor was polled. It then
//! wakes itself, so it may be polled more often than its actors are woken.
//!
//! A group cannot preempt an actor. An actor that always has data should yield now and then. Tokio forces this with a
//! budget for each task. To Tokio, a group is one task, so its actors share one budget. If an actor may use it all up,
//! give that actor a task of its own. The grace period is polled before the actors, so it ends in any case.
//!
//! # Comparison
//!
#![doc = include_str!("comparison.md")]
//!
//! # Not in scope
//!
//! - **Restart policies**: only your program knows what to retry; [write a loop](#a-group-in-a-loop).
//! - **Starting in order**: actors start together and [wait](#a-gate-between-actors) for what they need.
//! - **Spawning, being an executor, timers, OS signals**: your program has these already, and a group works with any.
//! - **Dependency injection and flag parsing**.
//! - **Removing an actor**: to end one actor alone, use a channel or a flag of your own, and let it
//!   [await `interrupted`](#a-sidecar-and-a-main-job) when it is done. Otherwise its return stops the group.
//!
//! # Crate features
//!
//! - `std` (default) contains panics, and brings [`Handle`] through `futures-channel`. Without it the crate is `no_std`
//!   with `alloc`, and a panic unwinds through the group ([what holds then](Group#panics)).
//! - `portable-atomic` is for targets without compare-and-swap, such as Cortex-M0. The application has to choose an
//!   implementation, usually with the feature `critical-section` of `portable-atomic` itself.
//!
//! The dependency tree has seven crates, this one included, and six without default features. The crate contains no
//! `unsafe` code.
//!
//! # What it costs
//!
//! Adding an actor takes two allocations, three with [`add_with`](Group::add_with), and one more for a name that is not
//! a literal. Between the first poll and the first exit, the group allocates nothing, except for actors that are added
//! in that time. Waking an actor takes the same time however many actors and stages there are. A shutdown goes through
//! all actors once a stage.
//!
//! Two features add to that. Once a handle was made, each poll looks at the settings of each group that was combined
//! with [`before`](Group::before), and so does each poll during a shutdown. During a shutdown, each poll that takes in
//! actors or calls [`on_wait`](Group::on_wait) goes through all actors.
//!
//! # On a microcontroller
//!
//! A group runs under embassy, under RTIC and in a loop of your own, with any allocator that interrupt handlers may
//! use. There are two things to know; the README has the rest:
//!
//! - Under embassy, an `embassy_time::Timer` in an actor panics with "Found waker not created by the Embassy executor",
//!   unless the application enables one of the features `generic-queue-*` of `embassy-time`. A `Timer` as the
//!   [grace period](Group::grace_period) works without it, unless the group is itself an actor.
//! - Wake actors from the priority at which the group is polled, from a higher one, or in a critical section. A wake
//!   from a lower priority can be preempted halfway. If the group is then polled for another reason, it asks to be
//!   polled again, forever.

#![no_std]
#![forbid(unsafe_code)]
#![warn(
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    unreachable_pub
)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "std"), allow(rustdoc::broken_intra_doc_links))] // to handles, which need it

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
