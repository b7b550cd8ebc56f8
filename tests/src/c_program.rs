//! C programs: built against the library as a user would, and run under a time limit.
//!
//! The library is what `cargo build -p crossinterp-ffi` makes in the profile and target folder of the running test, so
//! that a run of the tests never meets an old one. `CROSSINTERP_C_SANITIZE=address` builds the library (with Rust's
//! sanitizer) and the programs (with gcc's) for AddressSanitizer; `CROSSINTERP_C_SANITIZE=valgrind` runs the programs
//! under valgrind.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

/// How long a program may take. None needs a tenth of it: one that reaches it hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// The compiler flags for C11 in which everything must compile.
pub const C11: [&str; 5] = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// What the C programs are checked with besides their own checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitize {
    /// Nothing.
    Off,
    /// AddressSanitizer with its search for leaks, in the library and in the programs.
    Address,
    /// valgrind's memcheck.
    Valgrind,
}

/// What `CROSSINTERP_C_SANITIZE` asks for.
pub fn sanitize() -> Sanitize {
    match env::var("CROSSINTERP_C_SANITIZE").as_deref() {
        Err(_) | Ok("") => Sanitize::Off,
        Ok("address") => Sanitize::Address,
        Ok("valgrind") => Sanitize::Valgrind,
        Ok(other) => panic!("CROSSINTERP_C_SANITIZE is address or valgrind, not {other}"),
    }
}

/// The files that a C user has.
#[derive(Debug)]
pub struct Library {
    /// The folder of `crossinterp.h`.
    pub include: PathBuf,
    /// `libcrossinterp.a`.
    pub archive: PathBuf,
    /// `libcrossinterp.so`.
    pub shared: PathBuf,
}

/// The top folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the top folder")
}

/// The folder of the profile that this test was built in, like `target/debug`.
fn profile_folder() -> PathBuf {
    let program = env::current_exe().expect("a running program has a path");
    let folder = program.parent().expect("a program lies in a folder");
    let folder =
        if folder.ends_with("deps") { folder.parent().expect("deps lies in a folder") } else { folder };
    folder.to_path_buf()
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The platform's name, like `x86_64-unknown-linux-gnu`.
fn host() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("-vV").output().expect("rustc can be run");
    let told = String::from_utf8_lossy(&told.stdout);
    told.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_string()
}

/// Builds the library, once in a test program.
pub fn library() -> &'static Library {
    static BUILT: OnceLock<Library> = OnceLock::new();
    BUILT.get_or_init(build_library)
}

fn build_library() -> Library {
    let profile = profile_folder();
    let parent = profile.parent().expect("a profile's folder lies in the target folder");
    let host = host();
    // With `--target`, cargo puts the platform's folder in between.
    let (target, for_host) = match parent.parent() {
        Some(target) if parent.ends_with(&host) => (target, true),
        _ => (parent, false),
    };
    let name =
        profile.file_name().and_then(|name| name.to_str()).expect("a profile's folder is named for it");
    let mut command = cargo();
    command.current_dir(root()).args(["build", "--quiet", "--package", "crossinterp-ffi"]);
    command.args(["--profile", if name == "debug" { "dev" } else { name }]);
    let folder = if sanitize() == Sanitize::Address {
        let target = target.join("c-address");
        command.env("RUSTC_BOOTSTRAP", "1");
        command.env("RUSTFLAGS", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer");
        command.env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.args(["--target", &host]).arg("--target-dir").arg(&target);
        target.join(host).join(name)
    } else {
        if for_host {
            command.args(["--target", &host]);
        }
        command.arg("--target-dir").arg(target);
        profile
    };
    let built = command.status().expect("cargo can be run");
    assert!(built.success(), "the library was not built: {command:?}");
    Library {
        include: root().join("ffi/include"),
        archive: folder.join("libcrossinterp.a"),
        shared: folder.join(format!("{}crossinterp{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX)),
    }
}

/// The folder for what the programs of a test are made of, made if need be.
pub fn work_folder(name: &str) -> PathBuf {
    let variant = match sanitize() {
        Sanitize::Off => "c-programs",
        Sanitize::Address => "c-programs-address",
        Sanitize::Valgrind => "c-programs-valgrind",
    };
    let folder = profile_folder().join(variant).join(name);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// Runs a compiler, which must succeed and say nothing.
pub fn compile_with(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{command:?}: {}\n{said}", output.status);
}

/// Compiles a C program and links it with the static library.
pub fn compile(source: &Path) -> PathBuf {
    let library = library();
    let name = source.file_stem().and_then(|stem| stem.to_str()).expect("a source file has a name");
    let program = work_folder(name).join(name);
    let mut command = Command::new("gcc");
    command.args(C11).args(["-g", "-O1", "-pthread", "-I"]).arg(&library.include);
    if sanitize() == Sanitize::Address {
        command.args(["-fsanitize=address", "-fno-omit-frame-pointer"]);
    }
    command.arg("-o").arg(&program).arg(source).arg(&library.archive).args(["-ldl", "-lm"]);
    compile_with(command);
    if sanitize() == Sanitize::Address {
        // Both halves have it: the program from gcc, and the library from rustc, which alone calls these by size.
        for (file, symbol) in [(&program, &b"__asan_init"[..]), (&library.archive, b"__asan_report_load8")] {
            let bytes = fs::read(file).expect("it was built just above");
            let found = bytes.windows(symbol.len()).any(|window| window == symbol);
            assert!(found, "{} was built without AddressSanitizer", file.display());
        }
    }
    program
}

/// Runs a program, which must succeed in time, and gives what it printed.
pub fn run(program: &Path) -> String {
    let mut command;
    if sanitize() == Sanitize::Valgrind {
        command = Command::new("valgrind");
        command.args(["--quiet", "--error-exitcode=99", "--fair-sched=yes", "--leak-check=full"]);
        command.args(["--errors-for-leak-kinds=definite,indirect", "--child-silent-after-fork=yes"]);
        command.arg(program);
    } else {
        command = Command::new(program);
        command.env("ASAN_OPTIONS", "detect_leaks=1:allocator_may_return_null=1:exitcode=99");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Read while it runs: a program that prints more than a pipe holds would wait for it.
    let outputs = [read_all(child.stdout.take()), read_all(child.stderr.take())];
    let limit = if sanitize() == Sanitize::Off { LIMIT } else { LIMIT * 5 };
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break Some(status);
        }
        if Instant::now() >= end {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
            break None;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let [printed, complaints] = outputs.map(|reader| reader.join().expect("reading does not panic"));
    let Some(status) = status else {
        panic!("{command:?} hangs: no end in {limit:?}\n{printed}{complaints}");
    };
    assert!(status.success(), "{command:?}: {status}\n{printed}{complaints}");
    printed
}

fn read_all(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
