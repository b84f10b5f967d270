//! Tests.

mod basic;
mod client;
mod echo;
mod program;
