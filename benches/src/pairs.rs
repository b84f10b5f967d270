//! Compares two subjects side by side.
//!
//! A machine has other things to do, and what it does in one second it may not do in the next. So the two take turns in
//! one process, a millisecond or two each, and what counts is the ratio within each pair of turns: of all pairs, the median,
//! and the quartiles as a measure of how far it can be trusted.

use std::time::{Duration, Instant};

/// How long a turn takes at least.
const TURN: Duration = Duration::from_millis(1);
/// How many pairs there are at least, however long they take.
const FEWEST: usize = 9;

/// What a comparison came to.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// The ratio of the times of the first and the second: the first quartile, the median and the third quartile.
    pub ratio: [f64; 3],
    /// What one round takes, in seconds: the medians of the first and of the second.
    pub seconds: [f64; 2],
    /// How many pairs there were.
    pub pairs: usize,
}

/// Makes a turn of so many rounds of `round`, which says what it took.
pub fn rounds<R>(mut round: impl FnMut() -> R) -> impl FnMut(u32) -> Duration {
    move |rounds| {
        let start = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(round());
        }
        start.elapsed()
    }
}

/// Compares two turns, for about as long as `budget`.
pub fn compare(
    budget: Duration,
    mut first: impl FnMut(u32) -> Duration,
    mut second: impl FnMut(u32) -> Duration,
) -> Compared {
    let start = Instant::now();
    let mut rounds = 1;
    while first(rounds).min(second(rounds)) < TURN {
        rounds *= 2;
    }
    let mut times = Vec::new();
    while times.len() < FEWEST || start.elapsed() < budget {
        // Whoever is behind the other this time is before it the next time.
        times.push(if times.len() % 2 == 0 {
            let a = first(rounds);
            [a, second(rounds)]
        } else {
            let b = second(rounds);
            [first(rounds), b]
        });
    }
    let seconds = |time: Duration| time.as_secs_f64() / f64::from(rounds);
    Compared {
        ratio: quartiles(times.iter().map(|[a, b]| seconds(*a) / seconds(*b))),
        seconds: [0, 1].map(|i| quartiles(times.iter().map(|pair| seconds(pair[i])))[1]),
        pairs: times.len(),
    }
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| {
        let place = (values.len() - 1) as f64 * f64::from(quarter) / 4.0;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        values[low] + (values[high] - values[low]) * place.fract()
    })
}
