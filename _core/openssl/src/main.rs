//! Compiles the pinned OpenSSL into a static library and prints the folder that holds it.
//!
//! `openssl-sys` must be told where OpenSSL lies before its build script runs, so this cannot be a build script of
//! ours. The result goes into a cache folder outside the tree, keyed by version, target and options; a second call
//! finds it there and ends at once. The source comes from the crate `openssl-src`, but we configure it ourselves,
//! because that crate's builder offers no way to say `no-atexit` or `no-autoload-config`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io, process};

/// Options for OpenSSL's `Configure`, each with the reason it is here.
const OPTIONS: &[(&str, &str)] = &[
    ("no-shared", "one static archive, hidden inside the extension module"),
    ("no-module", "nothing is ever loaded with dlopen"),
    ("no-atexit", "OpenSSL's exit handler must not race with threads that still run"),
    ("no-autoload-config", "an openssl.cnf of the machine must not change what we negotiate"),
    ("no-comp", "TLS compression leaks secrets (CRIME)"),
    ("no-zlib", "see no-comp"),
    ("no-legacy", "no provider for broken algorithms"),
    ("no-ssl3", "prohibited by RFC 7568"),
    ("no-weak-ssl-ciphers", "never negotiated"),
    ("no-dtls", "no listener speaks it"),
    ("no-psk", "external pre-shared keys are not a feature; resumption does not need it"),
    ("no-srp", "not a feature"),
    ("no-camellia", "not a feature"),
    ("no-idea", "not a feature"),
    ("no-seed", "not a feature"),
    ("no-tests", "built and run upstream"),
    ("no-apps", "only the libraries are needed"),
    ("no-docs", "only the libraries are needed"),
];

/// A folder that never exists: a second lock on configuration files and default trust stores of the machine.
const OPENSSLDIR: &str = "/nonexistent/sallygate/ssl";

fn configure_target() -> Result<&'static str, String> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux-x86_64"),
        ("linux", "aarch64") => Ok("linux-aarch64"),
        ("macos", "aarch64") => Ok("darwin64-arm64-cc"),
        ("macos", "x86_64") => Ok("darwin64-x86_64-cc"),
        (os, arch) => Err(format!(
            "no OpenSSL target is known for {os} on {arch}; set SALLYGATE_TLS=system to use an installed OpenSSL"
        )),
    }
}

/// FNV-1a: the key only has to change when an option does.
fn options_key() -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in OPTIONS.iter().flat_map(|(option, _)| option.bytes().chain([b' '])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

fn run(step: &str, command: &mut Command) -> Result<(), String> {
    // stdout is for the answer alone, so what the tools say goes to stderr.
    let status = command
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map_err(|error| format!("{step}: cannot start {:?}: {error}", command.get_program()))?;
    if status.success() { Ok(()) } else { Err(format!("{step} failed: {status}")) }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn build(root: &Path) -> Result<PathBuf, String> {
    let target = configure_target()?;
    let name = format!("{}-{target}-{}", openssl_src::version(), options_key());
    let done = root.join(&name);
    if done.join("lib/libssl.a").is_file() {
        return Ok(done);
    }
    // Built under a name of this process, then renamed: a second build at the same time, or one that was
    // interrupted, can never leave half a library under the final name.
    let work = root.join(format!("{name}.{}", process::id()));
    let (source, prefix) = (work.join("src"), work.join("out"));
    eprintln!("sallygate-openssl: compiling OpenSSL {} once into {}", openssl_src::version(), done.display());
    copy_tree(&openssl_src::source_dir(), &source).map_err(|error| format!("copying the source: {error}"))?;
    run(
        "Configure",
        Command::new("perl")
            .arg("./Configure")
            .arg(target)
            .arg(format!("--prefix={}", prefix.display()))
            .arg(format!("--openssldir={OPENSSLDIR}"))
            .arg("--libdir=lib")
            .args(OPTIONS.iter().map(|(option, _)| *option))
            .args(["-fPIC", "-fvisibility=hidden"])
            .current_dir(&source),
    )?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    for goal in ["build_libs", "install_dev"] {
        run(goal, Command::new("make").arg("-s").arg(format!("-j{jobs}")).arg(goal).current_dir(&source))?;
    }
    match fs::rename(&prefix, &done) {
        Ok(()) => {}
        Err(_) if done.join("lib/libssl.a").is_file() => {} // another build was first; its result is the same
        Err(error) => return Err(format!("{}: {error}", done.display())),
    }
    fs::remove_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    Ok(done)
}

fn main() -> ExitCode {
    let Some(root) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: sallygate-openssl CACHE_FOLDER");
        return ExitCode::from(2);
    };
    match build(&root) {
        Ok(folder) => {
            println!("{}", folder.display());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("sallygate-openssl: {problem}");
            ExitCode::FAILURE
        }
    }
}
