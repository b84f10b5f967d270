//! The examples, run as a user runs them.

mod basic;
mod echo;
mod header;
mod local;
mod nested;
mod outside;
mod program;
mod sidecar;
mod stages;
mod threads;
