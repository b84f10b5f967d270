use run_group::Group;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{process, thread};

/// The actor that is being polled, and since when.
type Polled = Option<(&'static str, Instant)>;

/// Shows what is being polled. When this is dropped, shows again what was polled before.
struct Showing<'a>(&'a Mutex<Polled>, Polled);

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = self.1;
    }
}

/// Runs `execute`, and shows in `polled` when it is being polled.
async fn shown<T>(
    polled: Arc<Mutex<Polled>>,
    name: &'static str,
    execute: impl Future<Output = T>,
) -> T {
    let mut execute = pin!(execute);
    poll_fn(|cx| {
        let before = polled.lock().unwrap().replace((name, Instant::now()));
        let _showing = Showing(&polled, before); // until the poll returns or panics
        execute.as_mut().poll(cx)
    })
    .await
}

/// Starts a thread that calls `give_up` if an actor is being polled for longer than `limit`. The
/// thread ends soon after the last of the actors.
fn watch(polled: Arc<Mutex<Polled>>, limit: Duration, give_up: impl FnOnce(&str) + Send + 'static) {
    let polled = Arc::downgrade(&polled);
    thread::spawn(move || {
        while let Some(polled) = polled.upgrade() {
            let actor = *polled.lock().unwrap();
            match actor {
                Some((name, since)) if since.elapsed() > limit => return give_up(name),
                _ => thread::sleep(limit / 4),
            }
        }
    });
}

fn main() {
    let polled = Arc::new(Mutex::new(None));
    let mut group = Group::new();
    group.add(shown(polled.clone(), "web", async { Ok(()) }), |_| {}).named("web");
    watch(polled, Duration::from_secs(10), |name| {
        eprintln!("{name} blocks its thread, so the program ends");
        process::abort();
    });
    assert_eq!(smol::block_on(group.run()), Ok::<_, String>(()));
}
// The recipe ends here.

use std::sync::mpsc::{channel, RecvTimeoutError};

use crate::recipes::assert_is_a_recipe;

const LIMIT: Duration = Duration::from_millis(4);

#[test]
fn is_the_recipe() {
    assert_is_a_recipe(include_str!("hung.rs"));
    main();
}

/// The thread starts while `web` is being polled, after `index` was.
#[test]
fn actor_that_blocks_is_named() {
    let polled = Arc::new(Mutex::new(None));
    let (send, names) = channel();
    let to_watch = polled.clone();
    let web = shown(polled.clone(), "web", async move {
        watch(to_watch, LIMIT, move |name| send.send(name.to_string()).unwrap());
        names.recv().unwrap() // blocks
    });
    let index = shown(polled, "index", std::future::pending());
    let mut group = Group::new();
    group.add_abortable(index).named("index");
    group.add(web, |_| {}).named("web");
    assert_eq!(smol::block_on(group), Some("web".to_string()));
}

#[test]
fn actor_that_waits_is_not_shown() {
    let polled = Arc::new(Mutex::new(None));
    let mut waiting = pin!(shown(polled.clone(), "web", std::future::pending::<()>()));
    assert!(smol::block_on(smol::future::poll_once(waiting.as_mut())).is_none());
    assert!(polled.lock().unwrap().is_none());
}

#[test]
fn thread_ends_after_the_actors() {
    let polled = Arc::new(Mutex::new(None));
    let (send, names) = channel::<()>();
    watch(polled.clone(), Duration::from_secs(1), move |_| send.send(()).unwrap());
    smol::block_on(shown(polled, "web", async {}));
    assert_eq!(names.recv_timeout(Duration::from_secs(60)), Err(RecvTimeoutError::Disconnected));
}

#[cfg(panic = "unwind")]
#[test]
fn panic_ends_the_poll() {
    let polled = Arc::new(Mutex::new(None));
    let mut group = Group::new();
    let execute = shown(polled.clone(), "web", async { panic!("no such page") });
    group.add(execute, |_| {}).named("web");
    let report: run_group::Report<()> = smol::block_on(group.report());
    assert_eq!(report[0].to_string(), "web panicked: no such page");
    assert!(polled.lock().unwrap().is_none());
}

/// After the poll of an inner group's actor, the outer one is still being polled.
#[test]
fn inner_poll_restores_the_outer_one() {
    let polled = Arc::new(Mutex::new(None));
    let name = |polled: &Mutex<Polled>| polled.lock().unwrap().map(|(name, _)| name);
    let inner = shown(polled.clone(), "inner", async {
        assert_eq!(name(&polled), Some("inner"));
    });
    smol::block_on(shown(polled.clone(), "outer", async {
        inner.await;
        assert_eq!(name(&polled), Some("outer"));
    }));
    assert_eq!(name(&polled), None);
}

#[cfg(unix)]
#[test]
fn program_ends_by_itself() {
    let Some(program) = super::as_program("hung::program_ends_by_itself", &[]) else {
        let polled = Arc::new(Mutex::new(None));
        watch(polled.clone(), LIMIT, |name| {
            eprintln!("{name} blocks its thread");
            process::abort();
        });
        let web = shown(polled, "web", async {
            loop {
                thread::park()
            }
        });
        return smol::block_on(web);
    };
    let ended = program.end();
    assert_eq!(ended.signal, Some(rustix::process::Signal::ABORT.as_raw()));
    assert_eq!(ended.stderr, "web blocks its thread\n");
}
