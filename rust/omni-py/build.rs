//! Tells the crate which compiler builds it, and for which Python (`Py_GIL_DISABLED`).

use std::process::Command;

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let version: Vec<&str> = text.split_whitespace().take(2).collect();
    let version = if version.is_empty() { "unknown".to_owned() } else { version.join(" ") };
    println!("cargo::rustc-env=OMNI_RUST_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
}
