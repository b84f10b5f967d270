//! Compares two subjects side by side.
//!
//! Timings are noisy, because the machine has other work. So the two subjects take turns, a millisecond or two each.
//! Each pair of turns gives the ratio of the CPU times of their thread. The result is the median of the ratios, and the
//! quartiles show how noisy they are.

use std::time::{Duration, Instant};

use rustix::time::{clock_gettime, ClockId};

use crate::subjects::Turn;

/// The shortest turn.
const TURN: Duration = Duration::from_millis(1);
/// The smallest number of pairs, however long they take.
const FEWEST: usize = 9;
/// How many times a comparison makes its subjects.
const TIMES: u32 = 6;

/// The result of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Compared {
    /// The ratio of the times of the first and the second: the first quartile, the median and the third quartile.
    pub ratio: [f64; 3],
    /// What one round takes, in seconds: the medians of the first and of the second.
    pub seconds: [f64; 2],
    /// The number of pairs.
    pub pairs: usize,
}

/// Returns a turn, which runs `round` a number of times and returns the CPU time of this thread.
///
/// Time in which the machine runs something else does not count.
pub fn rounds<R>(round: impl FnMut() -> R) -> impl FnMut(u32) -> Duration {
    rounds_by(|| worked(ClockId::ThreadCPUTime), round)
}

/// Returns a turn that measures wall-clock time, for a subject with several threads.
pub fn rounds_by_the_clock<R>(round: impl FnMut() -> R) -> impl FnMut(u32) -> Duration {
    let start = Instant::now();
    rounds_by(move || start.elapsed(), round)
}

/// Returns a turn that calls `run` with the number of rounds, and measures the CPU time of all threads of this process.
pub fn rounds_of_process(mut run: impl FnMut(u32)) -> impl FnMut(u32) -> Duration {
    move |rounds| {
        let start = worked(ClockId::ProcessCPUTime);
        run(rounds);
        worked(ClockId::ProcessCPUTime) - start
    }
}

fn rounds_by<R>(
    clock: impl Fn() -> Duration,
    mut round: impl FnMut() -> R,
) -> impl FnMut(u32) -> Duration {
    move |rounds| {
        let start = clock();
        for _ in 0..rounds {
            std::hint::black_box(round());
        }
        clock() - start
    }
}

/// Returns the CPU time of this thread, or of this process.
fn worked(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Compares two turns, for about `budget`.
pub fn compare(
    budget: Duration,
    mut first: impl FnMut(u32) -> Duration,
    mut second: impl FnMut(u32) -> Duration,
) -> Compared {
    Compared::of(take_turns(budget, &mut [&mut first, &mut second]))
}

/// Compares two subjects that outlive a round. Makes both several times, each one first in half of the cases, because
/// the cost of a large subject depends on where it is in memory.
pub fn compare_lasting(budget: Duration, make: [&dyn Fn() -> Turn; 2]) -> Compared {
    let mut turns = Vec::new();
    for i in 0..TIMES {
        let (mut first, mut second);
        if i % 2 == 0 {
            first = make[0]();
            second = make[1]();
        } else {
            second = make[1]();
            first = make[0]();
        }
        turns.extend(take_turns(budget / TIMES, &mut [&mut first, &mut second]));
    }
    Compared::of(turns)
}

impl Compared {
    fn of(turns: Vec<Vec<f64>>) -> Self {
        Self {
            ratio: quartiles(turns.iter().map(|turn| turn[0] / turn[1])),
            seconds: [0, 1].map(|i| quartiles(turns.iter().map(|turn| turn[i]))[1]),
            pairs: turns.len(),
        }
    }
}

/// Lets the subjects take turns. Returns how many seconds a round of each subject took, for each pair of turns.
pub fn take_turns(
    budget: Duration,
    subjects: &mut [&mut dyn FnMut(u32) -> Duration],
) -> Vec<Vec<f64>> {
    let start = Instant::now();
    let mut rounds = 1;
    while subjects.iter_mut().any(|subject| subject(rounds) < TURN) {
        rounds *= 2;
    }
    let mut turns = Vec::new();
    while turns.len() < FEWEST || start.elapsed() < budget {
        let mut turn = vec![0.0; subjects.len()];
        let mut take = |(seconds, subject): (&mut f64, &mut &mut dyn FnMut(u32) -> Duration)| {
            *seconds = subject(rounds).as_secs_f64() / f64::from(rounds);
        };
        // The order is reversed in every other turn.
        let order = turn.iter_mut().zip(subjects.iter_mut());
        if turns.len() % 2 == 0 {
            order.for_each(&mut take);
        } else {
            order.rev().for_each(&mut take);
        }
        turns.push(turn);
    }
    turns
}

/// Returns the first quartile, the median and the third quartile.
pub fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| {
        let place = (values.len() - 1) as f64 * f64::from(quarter) / 4.0;
        let (low, high) = (place.floor() as usize, place.ceil() as usize);
        values[low] + (values[high] - values[low]) * place.fract()
    })
}
