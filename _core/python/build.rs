//! Notes which compiler builds the module, for `sallygate version`.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().and_then(|out| String::from_utf8(out.stdout).ok());
    println!("cargo:rustc-env=SALLYGATE_RUSTC={}", version.unwrap_or_default().trim());
    println!("cargo:rerun-if-changed=build.rs");
}
