//! The examples, run as users run them. Their actors are also interrupted at every poll. Some need `std`, see
//! `Cargo.toml`.

#![allow(clippy::duplicate_mod)] // each of them has the module `signals`

mod basic;
pub mod client;
#[cfg(feature = "std")]
mod echo;
mod header;
#[cfg(feature = "std")]
mod http_server;
#[cfg(feature = "std")]
mod jobs;
mod lines;
mod local;
mod nested;
#[cfg(feature = "std")]
mod outside;
#[cfg_attr(not(feature = "std"), allow(dead_code))]
// some of its methods are for the examples that need it
pub mod program;
#[cfg(feature = "std")]
mod reload;
mod shutdown;
#[cfg(feature = "std")]
mod sidecar;
#[cfg(feature = "std")]
mod stages;
#[cfg(feature = "std")]
mod stuck;
mod tcp_server;
mod terminal;
mod threads;
mod timeline;
