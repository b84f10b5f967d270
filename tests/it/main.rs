//! Tests.

mod basic;
mod echo;
mod graphs;
mod program;
