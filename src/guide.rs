//! Guides for users of this crate. This module exists only in the documentation.
//!
//! - [`recipes`]: what a program with a group needs, one piece at a time.
//! - [`operations`]: how to start, run and stop a program in production.
//! - [Testing a shutdown](crate::testing): interrupt an actor, or a whole program, at every poll, or drop it there.
//! - [`from_oklog_run`], [`from_join_set`] and [`from_select`]: the same program before and after.
//! - [`runtimes`] and [`microcontrollers`]: what to know about where a group runs.
//! - [`comparison`]: what other crates need, and what they offer.

#![allow(unused_imports)] // the links in the guides need them

pub mod recipes {
    #![doc = include_str!("../docs/recipes.md")]
    use crate::*;
}

pub mod operations {
    #![doc = include_str!("../docs/operations.md")]
    use crate::*;
}

pub mod from_oklog_run {
    #![doc = include_str!("../docs/from-oklog-run.md")]
    use crate::*;
}

pub mod from_join_set {
    #![doc = include_str!("../docs/from-join-set.md")]
    use crate::*;
}

pub mod from_select {
    #![doc = include_str!("../docs/from-select.md")]
    use crate::*;
}

pub mod runtimes {
    #![doc = include_str!("../docs/runtimes.md")]
    use crate::*;
}

pub mod microcontrollers {
    #![doc = include_str!("../docs/microcontrollers.md")]
    use crate::*;
}

pub mod comparison {
    #![doc = include_str!("../docs/comparison.md")]
    use crate::*;
}
