//! Real programs, rebuilt with groups: the same actors, names and order.
//!
//! Eight of them use Go's oklog/run. Four are written in Rust, and start and stop their parts by hand: an HTTP server
//! crate, a peer-to-peer node, a chain node and a desktop daemon. These have children that come and go. A table in each
//! of the four says which test injects which fault.
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

// They need handles of a `Group`, and clones of an `Interrupted`.
#[cfg(all(feature = "std", not(target_family = "wasm")))] // it has an executor
mod chain_node;
#[cfg(feature = "std")]
mod desktop;
#[cfg(feature = "std")]
mod http_crate;
#[cfg(feature = "std")]
mod peers;

/// The output of these actors: Go's `error`, with `Ok` for nil.
type Done = Result<(), &'static str>;
