//! Tests.

mod basic;
mod echo;
mod header;
mod local;
mod nested;
mod program;
mod sidecar;
mod stages;
mod threads;
