//! Tests.

mod adding;
mod basic;
mod costs;
mod dropping;
mod echo;
mod exits;
mod grace_period;
mod interrupted;
mod kinds;
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
