use run_group::{Group, Interrupted};
use smol::{future::or, Timer};
use std::future::{pending, Future};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

type Output = Result<(), &'static str>;

/// Adds a server. When the group shuts down, `is_ready` becomes false at once, but the server
/// is interrupted only after `delay`.
fn add_server<'a, F: Future<Output = Output> + Send + 'a>(
    group: &mut Group<'a, Output>,
    is_ready: &'a AtomicBool, // true from the start
    delay: Duration,
    serve: impl FnOnce(Interrupted) -> F,
) {
    let (interrupt, interrupted) = Interrupted::channel();
    let (late_interrupt, late_interrupted) = Interrupted::channel();
    let wait = async move {
        interrupted.await;
        Timer::after(delay).await; // clients still arrive
        late_interrupt.interrupt();
        pending().await
    };
    group
        .add(or(serve(late_interrupted), wait), move |_cause| {
            is_ready.store(false, Relaxed);
            interrupt.interrupt();
        })
        .named("web");
}

/// Accepts clients until interrupted, and then drains.
async fn serve(interrupted: Interrupted) -> Output {
    interrupted.await;
    Ok(())
}

/// Answers the probes of the load balancer until interrupted.
async fn answer_probes(interrupted: Interrupted, is_ready: &AtomicBool) -> Output {
    interrupted.await;
    match is_ready.load(Relaxed) {
        true => Err("still ready"),
        false => Ok(()),
    }
}

fn program<'a>(is_ready: &'a AtomicBool, delay: Duration) -> Group<'a, Output> {
    let mut front = Group::new();
    add_server(&mut front, is_ready, delay, serve);
    let mut back = Group::new();
    back.add_with(|interrupted| answer_probes(interrupted, is_ready)).named("probes");
    front.before(back)
}

fn main() {
    let is_ready = AtomicBool::new(true);
    let mut group = program(&is_ready, Duration::from_millis(10));
    group.add_abortable(async { Ok(()) }).named("signals");
    let report = smol::block_on(group.report());
    assert_eq!(
        report.to_string(),
        "signals returned Ok(())
web returned Ok(()), interrupted
probes returned Ok(()), interrupted"
    );
}
// The recipe ends here.

use smol::future::{poll_once, yield_now};

use super::assert_is_a_recipe;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("ready.rs"));
    main();
}

#[test]
fn serves_during_the_delay() {
    let is_ready = AtomicBool::new(true);
    let (connect, clients) = smol::channel::unbounded::<&str>();
    let mut group = Group::new();
    add_server(&mut group, &is_ready, HOUR, |mut interrupted| async move {
        while let Some(Ok(_)) = interrupted.unless(clients.recv()).await {}
        Ok(())
    });
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert!(is_ready.load(Relaxed));
    group.add_abortable(async { Ok(()) });
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert!(!is_ready.load(Relaxed));
    connect.try_send("late").unwrap();
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    assert!(connect.is_empty()); // it was accepted
}

#[test]
fn interrupted_before_the_first_poll_probes_stop_last() {
    let is_ready = AtomicBool::new(true);
    let mut group = Group::new();
    group.add_abortable(async { Ok(()) });
    let report = smol::block_on(group.before(program(&is_ready, Duration::ZERO)).report());
    assert_eq!(report[1].to_string(), "web returned Ok(()), interrupted");
    assert_eq!(report[2].to_string(), "probes returned Ok(()), interrupted");
}

/// A server that fails is not ready either, and there is no delay.
#[test]
fn server_that_fails_is_not_ready() {
    for panics in [false, true] {
        let is_ready = AtomicBool::new(true);
        let mut group = Group::new();
        add_server(&mut group, &is_ready, HOUR, |_| async move {
            yield_now().await;
            assert!(!panics, "no such index");
            Err("cannot serve")
        });
        let mut back = Group::new();
        back.add_with(|interrupted| answer_probes(interrupted, &is_ready)).named("probes");
        let report = smol::block_on(group.before(back).report());
        assert!(report[0].is_failure());
        assert_eq!(report[1].to_string(), "probes returned Ok(()), interrupted");
    }
}

#[test]
fn server_that_fails_ends_the_delay() {
    let is_ready = AtomicBool::new(true);
    let (fail, failing) = smol::channel::bounded::<()>(1);
    let mut group = Group::new();
    add_server(&mut group, &is_ready, HOUR, |_| async move {
        let _ = failing.recv().await;
        Err("cannot serve")
    });
    group.add_abortable(async { Ok(()) });
    assert!(smol::block_on(poll_once(&mut group)).is_none());
    fail.close();
    assert_eq!(smol::block_on(group.run()), Err("cannot serve"));
}
