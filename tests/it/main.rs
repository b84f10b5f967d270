//! Tests.

mod basic;
mod echo;
mod header;
mod program;
mod stages;
mod threads;
