//! Docs.

#![no_std]
#![forbid(unsafe_code)]
#![warn(
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    unreachable_pub
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod actor;
mod actors;
mod exit;
mod group;
#[cfg(target_has_atomic = "ptr")]
mod interrupted;
mod kind;
mod panic;
mod stop;

pub use crate::exit::{Exit, Outcome};
pub use crate::group::{Added, Group, LocalGroup};
#[cfg(target_has_atomic = "ptr")]
pub use crate::interrupted::Interrupted;
