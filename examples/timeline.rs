//! A picture of a shutdown: the program runs a group of two stages, records what happens and when, and draws it as SVG.
//!
//! ```text
//! cargo run --example timeline >docs/shutdown.svg
//! ```
//!
//! In the picture, `signals` returns after 3 seconds, and so the web is interrupted. `http` finishes its requests, but
//! `chat` ignores its interrupt, and expires when the grace period ends. Only then is the storage interrupted.
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

/// The colours follow the reader's theme.
const STYLE: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
.bold { font-weight: 600; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.page { fill: #ffffff; }
.stage { fill: #f0f2f5; }
.running { fill: #a8cfff; }
.interrupted { fill: #ffd686; }
.moment { stroke: #818b98; stroke-dasharray: 3 3; }
.grace-period { stroke: #c4202b; stroke-width: 2; fill: none; }
.limit { fill: #c4202b; }
.quiet { fill: #59636e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .stage { fill: #1a212a; }
  .running { fill: #1d4f8f; }
  .interrupted { fill: #7d5600; }
  .moment { stroke: #717985; }
  .grace-period { stroke: #ff8a82; }
  .limit { fill: #ff8a82; }
  .quiet { fill: #9198a1; }
}
";

/// Draws the events of a run. Lengths are in pixels.
fn draw(events: &Events) -> String {
    let x = |second: &u32| 110 + 44 * second;
    let at = |subject: &str, event: Event| {
        let found = events.iter().find(|it| it.1 == subject && it.2 == event);
        found.map(|(second, ..)| x(second))
    };

    let first = events.iter().find(|it| matches!(it.2, Event::Exits(_)));
    let cause = first.map(|(_, actor, _)| actor.as_str());

    // From back to front.
    let (mut stages, mut moments, mut bars) = (String::new(), Vec::new(), String::new());

    let mut y = 66;
    let mut reason = "first exit".to_owned();
    for (number, (stage, actors)) in (1..).zip(STAGES) {
        let top = y;
        bars += &text(28, y + 24, "bold", &format!("stage {number}: {stage}"));
        y += 36;
        for actor in actors {
            bars += &text(x(&0) - 12, y + 16, "end", actor);
            let mut begin = x(&0);
            let mut state = "running";
            for (second, _, event) in events.iter().filter(|it| it.1 == *actor) {
                let end = x(second);
                match event {
                    Event::IsInterrupted => {
                        bars += &bar(begin, end, y, state);
                        state = "interrupted";
                    }
                    Event::Exits(exit) => {
                        bars += &bar(begin, end, y, state);
                        let exit = exit.trim_start_matches(actor).trim_start();
                        let exit = match exit.trim_end_matches(", interrupted") {
                            exit if cause == Some(actor) => format!("{exit}: the cause"),
                            exit => exit.to_owned(),
                        };
                        let class = if exit == "expired" { "limit" } else { "exit" };
                        bars += &text(end + 10, y + 16, class, &exit);
                    }
                    _ => {}
                }
                begin = end;
            }
            y += 32;
        }
        let begin = at(stage, Event::GracePeriodBegins);
        if let (Some(begin), Some(end)) = (begin, at(stage, Event::GracePeriodEnds)) {
            let label = format!("grace period of the {stage}");
            bars += &text(begin + 8, y + 7, "limit", &label);
            let line = format!("M{begin} {}v10m0-5H{end}m0-5v10", y + 10);
            bars += &format!("<path d=\"{line}\" class=\"grace-period\"/>\n");
            y += 28;
        }
        let height = y - top;
        stages += &format!("<rect x=\"16\" y=\"{top}\" width=\"868\" height=\"{height}\" rx=\"6\" class=\"stage\"/>\n");
        y += 10;

        let mut interrupts = actors.iter().filter_map(|actor| at(actor, Event::IsInterrupted));
        if let Some(x) = interrupts.next() {
            moments.push((x, reason, format!("{stage} is interrupted")));
        }
        reason = format!("{stage} has exited");
    }
    if let Some(x) = at("group", Event::IsReady) {
        moments.push((x, reason, "the group is ready".to_owned()));
    }
    let moments = moments.iter();
    let moments = moments.map(|(x, reason, event)| moment(*x, y + 2, reason, event));
    let moments: String = moments.collect();
    for second in [0, 5, 10, 15] {
        bars += &text(x(&second), y + 12, "quiet middle", &format!("{second} s"));
    }

    let height = y + 28;
    format!("\
<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"{height}\" viewBox=\"0 0 900 {height}\" style=\"max-width: 100%; height: auto\">
<title>The shutdown of a group of two stages</title>
<style>
{STYLE}</style>
<rect width=\"900\" height=\"{height}\" rx=\"8\" class=\"page\"/>
{stages}{moments}{bars}</svg>
")
}

fn text(x: u32, y: u32, class: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>\n")
}

/// Draws how long an actor is in one state.
fn bar(begin: u32, end: u32, y: u32, state: &str) -> String {
    let width = end - begin;
    let bar = format!(
        "<rect x=\"{begin}\" y=\"{y}\" width=\"{width}\" height=\"22\" class=\"{state}\"/>\n"
    );
    bar + &text(begin + width / 2, y + 16, "middle", state)
}

/// Draws a vertical line down to `end`, through the stages, labelled with an event and the reason for it.
fn moment(x: u32, end: u32, reason: &str, event: &str) -> String {
    let line = format!("<path d=\"M{x} 52V{end}\" class=\"moment\"/>\n");
    line + &text(x, 28, "quiet middle", reason) + &text(x, 45, "bold middle", event)
}
