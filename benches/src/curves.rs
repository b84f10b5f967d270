//! Lives and wakes against the number of actors: the figures as CSV, and plots.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use plotters::prelude::*;

use crate::go::Go;
use crate::pairs::{quartiles, take_turns};
use crate::subjects;

/// How long the measurement for one number of actors takes.
const BUDGET: Duration = Duration::from_millis(1500);

/// The subjects, by name.
type Subjects<'a> = Vec<(&'static str, Box<dyn FnMut(u32) -> Duration + 'a>)>;

/// One point of a curve.
struct Point {
    actors: usize,
    subject: &'static str,
    /// The quartiles of the time of a round, in nanoseconds.
    nanoseconds: [f64; 3],
    turns: usize,
}

/// Measures, and writes `life.csv`, `life.svg`, `wake.csv` and `wake.svg` into `directory`.
pub fn all(directory: &Path) -> Result<(), String> {
    let write = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    // Wakes first, while the heap is not fragmented, because their cost depends on where the actors are.
    let wakes = wakes();
    write("wake.csv", csv(&wakes))?;
    let title = "One wake in a running group";
    write("wake.svg", plot(title, "time per wake", &wakes, |point| point.nanoseconds[1])?)?;
    let lives = lives();
    write("life.csv", csv(&lives))?;
    let title = "The life of a group, for each of its actors";
    write(
        "life.svg",
        plot(title, "time per actor", &lives, |point| point.nanoseconds[1] / point.actors as f64)?,
    )
}

fn lives() -> Vec<Point> {
    let mut go =
        Go::start().inspect_err(|missing| eprintln!("oklog/run in Go: skipped, {missing}")).ok();
    let mut points = Vec::new();
    for n in sizes(1_000_000) {
        let mut subjects: Subjects<'_> = vec![
            ("run-group by add", subjects::turns("add", n)),
            ("run-group by add_with", subjects::turns("add-with", n)),
            ("by hand", subjects::turns("by-hand", n)),
            ("Tokio", subjects::turns("tokio", n)),
            ("smol", subjects::turns("smol", n)),
        ];
        // With more actors, these take seconds and gigabytes.
        if n <= 100_000 {
            subjects.push(("FutureGroup", subjects::turns("future-group", n)));
        }
        if n <= 30_000 {
            let what = "tokio-graceful-shutdown";
            subjects.push((what, subjects::turns(what, n)));
        }
        if n <= 100_000 {
            if let Some(go) = &mut go {
                let life = Box::new(move |rounds| go.life(n, rounds));
                subjects.push(("oklog/run in Go", life));
            }
        }
        measure("life", n, subjects, &mut points);
    }
    points
}

fn wakes() -> Vec<Point> {
    let mut points = Vec::new();
    let sizes: Vec<_> = sizes(100_000).collect();
    for n in sizes.into_iter().rev() {
        let bare = "FuturesUnordered of boxes";
        let typed = "FuturesUnordered of one type";
        let mut subjects: Subjects<'_> = vec![
            ("run-group", subjects::turns("group-wake", n)),
            (bare, subjects::turns("bare-wake", n)),
            (typed, subjects::turns("typed-wake", n)),
        ];
        // Its wakes cost O(actors).
        if n <= 3000 {
            subjects.push(("FutureGroup", subjects::turns("future-group-wake", n)));
        }
        measure("wake", n, subjects, &mut points);
    }
    points.sort_by_key(|point| point.actors);
    points
}

/// Returns 1, 3, 10, 30 and so on, up to `most`.
fn sizes(most: usize) -> impl Iterator<Item = usize> {
    let tens = (0..).map(|power| 10_usize.pow(power));
    tens.flat_map(|ten| [ten, 3 * ten]).take_while(move |n| *n <= most)
}

fn measure(what: &str, actors: usize, mut subjects: Subjects<'_>, points: &mut Vec<Point>) {
    let mut turns: Vec<_> = subjects.iter_mut().map(|(_, turn)| &mut **turn as _).collect();
    let turns = take_turns(BUDGET, &mut turns);
    for (i, (subject, _)) in subjects.into_iter().enumerate() {
        let nanoseconds = quartiles(turns.iter().map(|turn| turn[i] * 1e9));
        let [low, median, high] = nanoseconds;
        println!("{what} of {actors:>7}: {subject:<28} {median:>14.1} ns  [{low:.1} {high:.1}]");
        points.push(Point { actors, subject, nanoseconds, turns: turns.len() });
    }
}

fn csv(points: &[Point]) -> String {
    let mut text =
        String::from("actors,subject,turns,first quartile ns,median ns,third quartile ns\n");
    for point in points {
        let Point { actors, subject, nanoseconds: [low, median, high], turns } = point;
        let row = writeln!(text, "{actors},{subject},{turns},{low:.1},{median:.1},{high:.1}");
        row.expect("writing to a string does not fail");
    }
    text
}

/// Draws a curve for each subject, both axes logarithmic.
fn plot(
    title: &str,
    what: &str,
    points: &[Point],
    height: impl Fn(&Point) -> f64,
) -> Result<String, String> {
    let mut subjects: Vec<&str> = Vec::new();
    for point in points {
        if !subjects.contains(&point.subject) {
            subjects.push(point.subject);
        }
    }
    let most = points.iter().map(|point| point.actors).max().unwrap_or(1);
    let heights = || points.iter().map(&height);
    let low = heights().fold(f64::INFINITY, f64::min).log10().floor();
    let high = heights().fold(1.0, f64::max).log10().ceil();
    let (low, high) = (10_f64.powf(low), 10_f64.powf(high));

    let mut svg = String::new();
    let mut draw = || -> Result<(), Box<dyn std::error::Error + '_>> {
        let area = SVGBackend::with_string(&mut svg, (1000, 560)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 22))
            .margin(16)
            .margin_right(LEGEND)
            .x_label_area_size(48)
            .y_label_area_size(80)
            .build_cartesian_2d((1.0..most as f64 * 1.2).log_scale(), (low..high).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("actors")
            .y_desc(what)
            .x_label_formatter(&|n| spaced(*n))
            .y_label_formatter(&|ns| time(*ns))
            .label_style(("sans-serif", 15))
            .axis_desc_style(("sans-serif", 17))
            .light_line_style(BLACK.mix(0.04))
            .draw()?;
        for (i, subject) in subjects.iter().enumerate() {
            let color = COLORS[i % COLORS.len()];
            let of_subject = || points.iter().filter(|point| point.subject == *subject);
            let curve = || of_subject().map(|point| (point.actors as f64, height(point)));
            let style = color.stroke_width(if i == 0 { 3 } else { 2 });
            chart.draw_series(LineSeries::new(curve(), style))?;
            chart.draw_series(curve().map(|at| Circle::new(at, 3, color.filled())))?;
            // The legend.
            let (x, y) = (1000 - LEGEND as i32 + 24, 64 + 24 * i as i32);
            area.draw(&PathElement::new([(x, y), (x + 24, y)], style))?;
            let font = ("sans-serif", 15).into_font();
            area.draw(&Text::new(*subject, (x + 32, y - 7), font))?;
        }
        area.present()?;
        Ok(())
    };
    draw().map_err(|error| format!("the plot of {what}: {error}"))?;
    Ok(svg)
}

/// The width of the legend, to the right of the plot.
const LEGEND: u32 = 250;

/// Okabe and Ito's palette, which is safe for colour-blind readers.
const COLORS: [RGBColor; 8] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(150, 150, 150),
    RGBColor(86, 180, 233),
];

fn spaced(n: f64) -> String {
    match n {
        n if n < 1e4 => format!("{n}"),
        n if n < 1e6 => format!("{} 000", n / 1e3),
        n => format!("{} 000 000", n / 1e6),
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.0} µs", ns / 1e3),
        ns => format!("{:.0} ms", ns / 1e6),
    }
}
