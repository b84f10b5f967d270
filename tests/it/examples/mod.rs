//! The examples, run as users run them. Their actors are also interrupted at every poll.

#![allow(clippy::duplicate_mod)] // each of them has the module `signals`

mod basic;
mod client;
mod echo;
mod header;
mod http_server;
mod lines;
mod local;
mod nested;
#[cfg(feature = "std")] // for its handles
mod outside;
pub mod program;
#[cfg(feature = "std")] // for its handle
mod reload;
mod shutdown;
mod sidecar;
mod stages;
mod stuck;
mod tcp_server;
mod threads;
mod timeline;
