//! What happened in all rounds, and that it was enough.

use super::tracked::Kind;
use super::PANICS;

/// What happened in all rounds.
pub struct Totals {
    /// How many values, by [`Kind`].
    pub tracked: [usize; 8],
    /// How many groups of one actor, of two, and so on.
    pub groups: Vec<usize>,
    /// How many groups were dropped while they were stopping.
    pub dropped_stopping: usize,
    /// How many actors expired.
    pub expired: usize,
    /// How many exits of actors that have left were observed.
    pub left: usize,
    /// How many groups resumed a panic.
    pub panics: usize,
}

impl Totals {
    pub fn new() -> Self {
        Self {
            tracked: [0; 8],
            groups: vec![0; 100],
            dropped_stopping: 0,
            expired: 0,
            left: 0,
            panics: 0,
        }
    }

    /// Asserts that everything happened often enough. Otherwise the test would show little.
    pub fn assert_enough(&self) {
        let with_panics = usize::from(PANICS);
        for (what, least) in [
            (Kind::Execute, 300_000),
            (Kind::Interrupt, 100_000),
            (Kind::Output, 100_000),
            (Kind::GracePeriod, 50_000),
            (Kind::Timer, 10_000),
            (Kind::Observer, 50_000),
            (Kind::Payload, 10_000 * with_panics),
            (Kind::Added, 30_000 * usize::from(cfg!(feature = "std"))),
        ] {
            let count = self.tracked[what as usize];
            assert!(count >= least, "{what:?}: {count}");
        }
        assert!(self.groups.iter().all(|groups| *groups > 0));
        assert!(self.dropped_stopping >= 3_000, "{}", self.dropped_stopping);
        assert!(self.expired >= 5_000, "{}", self.expired);
        assert!(self.left >= 10_000, "{}", self.left);
        assert!(self.panics >= 5_000 * with_panics, "{}", self.panics);
    }
}
