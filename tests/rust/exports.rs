//! `ffi/symbols.txt` is the list of what the library exports: the shared library exports that and nothing else, and the
//! header declares that and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crossinterp_tests::c_program::{library, root};

fn listed() -> Vec<String> {
    let text = fs::read_to_string(root().join("ffi/symbols.txt")).expect("there is a list of symbols");
    text.lines().map(str::to_string).collect()
}

fn set(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

#[test]
fn the_list_is_sorted() {
    let listed = listed();
    assert!(!listed.is_empty());
    assert!(listed.is_sorted(), "ffi/symbols.txt is in order");
    assert_eq!(listed.len(), set(listed.clone()).len(), "ffi/symbols.txt names each symbol once");
}

#[test]
fn the_shared_library_exports_the_list() {
    let nm = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--format=posix"])
        .arg(&library().shared)
        .output()
        .expect("nm can be run");
    assert!(nm.status.success(), "{}", String::from_utf8_lossy(&nm.stderr));
    let symbols = String::from_utf8_lossy(&nm.stdout);
    let exported = symbols.lines().filter_map(|line| line.split_whitespace().next());
    assert_eq!(set(exported.map(str::to_string)), set(listed()));
}

#[test]
fn the_header_declares_the_list() {
    let header = fs::read_to_string(library().include.join("crossinterp.h")).expect("there is a header");
    let declared = header.lines().filter_map(|line| line.strip_prefix("XI_API ")).map(|declaration| {
        let (before, _) =
            declaration.split_once('(').expect("a declaration has its parameters on the same line");
        before.rsplit([' ', '*']).next().unwrap_or_default().to_string()
    });
    assert_eq!(set(declared), set(listed()));
}
