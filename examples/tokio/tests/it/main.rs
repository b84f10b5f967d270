//! The programs of this package, from outside: processes, sockets, signals, exit codes.

#[allow(dead_code)] // not every program needs all of it
#[path = "../../../../tests/it/examples/client.rs"]
mod client;
#[path = "../../../../tests/it/examples/header.rs"]
mod header;
#[allow(dead_code)]
#[path = "../../../../tests/it/examples/program.rs"]
mod program;

#[cfg(unix)]
mod axum;
mod force;
mod guide;
mod habits;
#[cfg(unix)]
mod service;
