//! Real programs that use Go's oklog/run, rebuilt with groups: the same actors, names and order of adding.
//!
//! Each program is a struct. Its fields are what its actors share, its methods are the actors, and `group` adds them to
//! a group. No test here sleeps: the clock advances when every actor waits.

mod channel;
mod clock;
mod gate;
mod report;
mod server;
#[cfg(feature = "std")]
mod shutdown;
mod world;

mod dex;
mod kolide;
mod kube_state_metrics;
mod prometheus;
mod thanos_receive;
mod thanos_sidecar;
mod up;
mod upterm;

// These have children, which a `Group` takes in through a handle.
#[cfg(feature = "std")]
mod http_crate;
#[cfg(feature = "std")]
mod peers;

/// The output of these actors: Go's `error`, with `Ok` for nil.
type Done = Result<(), &'static str>;
