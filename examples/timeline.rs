//! A picture of a shutdown: the program runs a group of two stages, records what happens and when, and draws it as SVG.
//!
//! ```text
//! cargo run --example timeline >docs/shutdown.svg
//! ```
//!
//! In the picture, `signals` returns after 3 seconds, so the stage `web` is interrupted. `http` finishes its requests.
//! `chat` ignores its interrupt, and expires when the grace period ends. Only then is the stage `storage` interrupted.
//!
//! The clock is simulated: a second passes whenever all actors wait. So a run takes no time, and every run draws the
//! same picture.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, Future};
use std::io::{stdout, Write};
use std::task::{Poll, Waker};

use run_group::{Group, Interrupted, LocalGroup};
use smol::LocalExecutor;

use terminal::no_arguments;

mod terminal;

/// The stages and their actors, in the order of the shutdown.
const STAGES: [(&str, &[&str]); 2] =
    [("web", &["signals", "http", "chat"]), ("storage", &["database"])];

fn main() -> anyhow::Result<()> {
    no_arguments();
    stdout().write_all(draw(&run()).as_bytes())?;
    Ok(())
}

/// What happens to an actor, a stage or the group.
#[derive(Debug, PartialEq)]
pub enum Event {
    Starts,
    IsInterrupted,
    /// Its exit, as displayed.
    Exits(String),
    GracePeriodBegins,
    GracePeriodEnds,
    IsReady,
}

/// What happens in a run. Each entry has the second, the name of the actor, stage or group, and the event.
pub type Events = Vec<(u32, String, Event)>;

/// Runs the group and returns the events.
pub fn run() -> Events {
    let clock = Clock::default();
    let events = RefCell::new(Vec::new());
    let record = |subject: &str, event| {
        let event = (clock.now.get(), subject.to_owned(), event);
        events.borrow_mut().push(event);
    };

    let mut web = Group::local();
    let signals = async {
        record("signals", Event::Starts);
        clock.sleep(3).await;
        Ok(())
    };
    web.add_abortable(signals).named("signals");
    add(&mut web, "http", clock.sleep(2), &record);
    add(&mut web, "chat", pending(), &record);
    web.grace_period(|| {
        record("web", Event::GracePeriodBegins);
        async {
            clock.sleep(8).await;
            record("web", Event::GracePeriodEnds);
        }
    });

    let mut storage = Group::local();
    add(&mut storage, "database", clock.sleep(4), &record);

    let mut group = web.before(storage);
    group.on_exit(|exit| record(exit.name().unwrap_or(""), Event::Exits(exit.to_string())));
    clock.run(async {
        let _ = group.run().await;
        record("group", Event::IsReady);
    });
    events.into_inner()
}

/// Adds an actor that runs until it is interrupted, and then does `cleanup`.
fn add<'a>(
    group: &mut LocalGroup<'a, anyhow::Result<()>>,
    name: &'static str,
    cleanup: impl Future<Output = ()> + 'a,
    record: &'a impl Fn(&str, Event),
) {
    let (interrupt, interrupted) = Interrupted::channel();
    let execute = async move {
        record(name, Event::Starts);
        interrupted.await;
        cleanup.await;
        Ok(())
    };
    let added = group.add(execute, move |_| {
        record(name, Event::IsInterrupted);
        interrupt.interrupt();
    });
    added.named(name);
}

/// A clock that advances when there is nothing else to do.
#[derive(Default)]
struct Clock {
    now: Cell<u32>,
    sleepers: RefCell<Vec<Waker>>,
}

impl Clock {
    /// Returns after some seconds.
    async fn sleep(&self, seconds: u32) {
        let end = self.now.get() + seconds;
        let sleep = poll_fn(|cx| {
            if self.now.get() >= end {
                return Poll::Ready(());
            }
            self.sleepers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        });
        sleep.await
    }

    /// Runs `future`. Whenever it waits, a second passes.
    fn run(&self, future: impl Future) {
        let executor = LocalExecutor::new();
        let task = executor.spawn(future);
        while !task.is_finished() {
            while executor.try_tick() {}
            self.now.set(self.now.get() + 1);
            self.sleepers.take().into_iter().for_each(Waker::wake);
        }
    }
}

const BACKGROUND: &str = "#1f2630";
const STAGE: &str = "#2d3744";
const RUNNING: &str = "#7db7f5";
const INTERRUPTED: &str = "#f0b94a";
const LIMIT: &str = "#ff8f87";
const TEXT: &str = "#e8edf3";
const QUIET: &str = "#b4bfcc";
const LINE: &str = "#76838f";

/// Draws the events of a run. Lengths are in pixels.
///
/// The picture is narrow and its text is large, so that it can be read on a phone. It has a background of its own, and
/// so looks the same on a light page and on a dark one. It has no style sheet, which would apply to the page around it.
fn draw(events: &Events) -> String {
    let x = |second: &u32| 28 + 28 * second;
    let at = |subject: &str, event: Event| {
        let found = events.iter().find(|it| it.1 == subject && it.2 == event);
        found.map(|(second, ..)| x(second))
    };

    let first = events.iter().find(|it| matches!(it.2, Event::Exits(_)));
    let cause = first.map(|(_, actor, _)| actor.as_str());

    // From back to front.
    let (mut stages, mut moments, mut bars) = (String::new(), Vec::new(), String::new());

    let mut y = 40;
    let mut reason = "first exit".to_owned();
    for (number, (stage, actors)) in (1..).zip(STAGES) {
        let top = y;
        y += 26;
        bars += &text(x(&0), y, "bold", &format!("stage {number}: {stage}"));
        for actor in actors {
            y += 28;
            let mut begin = x(&0);
            let mut state = ("running", RUNNING);
            for (second, _, event) in events.iter().filter(|it| it.1 == *actor) {
                let end = x(second);
                match event {
                    Event::IsInterrupted => {
                        bars += &bar(begin, end, y + 7, state);
                        state = ("interrupted", INTERRUPTED);
                    }
                    Event::Exits(exit) => {
                        bars += &bar(begin, end, y + 7, state);
                        let role = if cause == Some(actor) { ": the cause" } else { "" };
                        bars += &text(x(&0), y, "normal", &format!("{exit}{role}"));
                    }
                    _ => {}
                }
                begin = end;
            }
            y += 29;
        }
        let begin = at(stage, Event::GracePeriodBegins);
        if let (Some(begin), Some(end)) = (begin, at(stage, Event::GracePeriodEnds)) {
            let line = format!("M{begin} {}v12m0-6H{end}m0-6v12", y + 6);
            bars += &format!(
                "<path d=\"{line}\" fill=\"none\" stroke=\"{LIMIT}\" stroke-width=\"2\"/>\n"
            );
            y += 36;
            bars += &text(begin + 6, y, "normal", &format!("grace period of the {stage}"));
        }
        y += 14;
        let place = format!("x=\"8\" y=\"{top}\" width=\"464\" height=\"{}\"", y - top);
        stages += &format!("<rect {place} rx=\"6\" fill=\"{STAGE}\"/>\n");
        y += 8;

        let mut interrupts = actors.iter().filter_map(|actor| at(actor, Event::IsInterrupted));
        if let Some(x) = interrupts.next() {
            moments.push((x, format!("{reason}: {stage} is interrupted")));
        }
        reason = format!("{stage} has exited");
    }
    if let Some(x) = at("group", Event::IsReady) {
        moments.push((x, format!("{reason}: the group is ready")));
    }

    for second in [0, 5, 10, 15] {
        let label = format!("{second} s");
        bars += &format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{QUIET}\">{label}</text>\n",
            x(&second),
            y + 14
        );
    }
    let end = y;
    y += 14;
    let mut lines = String::new();
    for (number, (x, moment)) in (1..).zip(&moments) {
        y += 30;
        lines +=
            &format!("<path d=\"M{x} 30V{end}\" stroke=\"{LINE}\" stroke-dasharray=\"3 3\"/>\n");
        bars += &circled(number, *x, 20);
        bars += &circled(number, 28, y - 5);
        bars += &text(48, y, "normal", moment);
    }

    let height = y + 18;
    format!("\
<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"480\" height=\"{height}\" viewBox=\"0 0 480 {height}\" style=\"max-width: 100%; height: auto\" font-family=\"system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"16\">
<title>The shutdown of a group of two stages</title>
<rect width=\"480\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>
{stages}{lines}{bars}</svg>
")
}

fn text(x: u32, y: u32, weight: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" fill=\"{TEXT}\" font-weight=\"{weight}\">{text}</text>\n")
}

/// Draws how long an actor is in one state. The name of the state only stands in a bar that is long enough.
fn bar(begin: u32, end: u32, y: u32, (state, color): (&str, &str)) -> String {
    let width = end - begin;
    let bar = format!(
        "<rect x=\"{begin}\" y=\"{y}\" width=\"{width}\" height=\"20\" fill=\"{color}\"/>\n"
    );
    if width < 80 {
        return bar;
    }
    let center = begin + width / 2;
    bar + &format!(
        "<text x=\"{center}\" y=\"{}\" text-anchor=\"middle\" fill=\"#10151c\">{state}</text>\n",
        y + 15
    )
}

/// Draws the number of a moment.
fn circled(number: u32, x: u32, y: u32) -> String {
    let circle = format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"11\" fill=\"{TEXT}\"/>\n");
    circle + &format!(
        "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"{BACKGROUND}\" font-weight=\"bold\">{number}</text>\n",
        y + 6
    )
}
