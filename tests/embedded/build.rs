//! Copies the `memory.x` of the architecture to where the linker script of its runtime crate finds it.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by Cargo"));
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("set by Cargo");
    let memory = format!("memory-{arch}.x");
    fs::copy(&memory, out.join("memory.x")).expect("there is one for arm and one for riscv32");
    println!("cargo:rustc-link-search={}", out.display());
    if arch == "riscv32" {
        println!("cargo:rustc-link-arg-bins=-Tmemory.x"); // riscv-rt leaves this to the application
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed={memory}");
}
