//! Switches the included files to loom's atomics, without flags that every caller would have to know.

fn main() {
    println!("cargo::rustc-cfg=loom");
    println!("cargo::rerun-if-changed=build.rs");
}
