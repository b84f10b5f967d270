//! Tests.

mod basic;
mod echo;
mod program;
