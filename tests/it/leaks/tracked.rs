//! Values that count their drops, and random numbers.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread::panicking;

/// What a tracked value stands for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Execute,
    Interrupt,
    Output,
    GracePeriod,
    Timer,
    Observer,
    Payload,
    /// Held by the execute of an actor that another actor adds.
    Added,
}

/// The tracked values of a round, and how often each was dropped.
#[derive(Clone, Default)]
pub struct Drops(pub Arc<Mutex<Vec<(Kind, usize)>>>);

/// A value that counts its drops.
pub struct Tracked {
    pub drops: Drops,
    number: usize,
    pub drop_panics: bool,
}

impl Drops {
    pub fn tracked(&self, what: Kind) -> Tracked {
        let mut counts = self.0.lock().unwrap();
        counts.push((what, 0));
        Tracked { drops: self.clone(), number: counts.len() - 1, drop_panics: false }
    }

    /// Panics with a tracked value, without printing a message.
    pub fn panic(&self) -> ! {
        resume_unwind(Box::new(self.tracked(Kind::Payload)))
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.drops.0.lock().unwrap()[self.number].1 += 1;
        if self.drop_panics && !panicking() {
            self.drops.panic();
        }
    }
}

/// A generator of random numbers, the same in each run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
