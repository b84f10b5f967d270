//! Real programs that are built on Go's oklog/run, as groups: their actors under their names, in their order of adding.
//!
//! Each program is a struct. Its methods are its actors, its fields what they share, and `group` adds them up. Nothing
//! here sleeps: time goes on when everybody waits.

mod channel;
mod clock;
mod gate;
mod report;
mod server;
mod world;

mod dex;
mod kolide;
mod kube_state_metrics;
mod prometheus;
mod thanos_receive;
mod thanos_sidecar;
mod up;
mod upterm;

/// What these actors return: Go's `error`, with `Ok` for nil.
type Done = Result<(), &'static str>;
