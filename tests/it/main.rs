//! Tests.

mod adding;
mod basic;
mod dropping;
mod echo;
mod grace_period;
#[cfg(feature = "std")]
mod panics;
mod play;
mod program;
mod release;
mod stages;
mod start;
mod stop;
#[cfg(not(feature = "std"))]
mod unwinding;
