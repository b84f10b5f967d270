//! Real programs that are built on Go's oklog/run, as groups: their actors with their names, in their order of adding.
//!
//! Each program is a struct. Its methods are its actors, its fields are what the actors share, and `group` adds the
//! actors to a group. No test here sleeps: the clock advances when every actor waits.

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

/// The output of these actors: Go's `error`, with `Ok` for nil.
type Done = Result<(), &'static str>;
