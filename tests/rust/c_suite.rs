//! The C programs of `tests/c`, the examples of `ffi/examples` and the one of the C quick start: each is compiled as C11
//! with every warning an error, linked with the static library, and run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crossinterp_tests::c_program::{compile, root, run, work_folder};

macro_rules! programs {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];
    };
}

programs! { channels domains fork readers values waits wrong_calls }

/// Runs one program, whose last line says how many checks it made.
fn check(name: &str) {
    let program = compile(&root().join("tests/c").join(name).with_extension("c"));
    let printed = run(&program);
    let last = printed.lines().last().unwrap_or_default();
    let checks = last
        .strip_prefix(&format!("{name}: "))
        .and_then(|rest| rest.strip_suffix(" checks, 0 failed"))
        .and_then(|count| count.parse::<u64>().ok());
    assert!(checks.is_some_and(|count| count > 0), "{name} says: {printed}");
    println!("{last}");
}

/// The names of the C files of a folder.
fn sources(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.expect("a folder can be listed").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.filter_map(|path| Some(path.file_stem()?.to_str()?.to_string())).collect()
}

#[test]
fn every_program_is_run() {
    let listed: BTreeSet<String> = PROGRAMS.iter().map(ToString::to_string).collect();
    assert_eq!(sources(&root().join("tests/c")), listed);
}

#[test]
fn examples_print_what_they_say() {
    let folder = root().join("ffi/examples");
    let names = sources(&folder);
    assert!(!names.is_empty());
    for name in names {
        let path = folder.join(&name).with_extension("c");
        let text = fs::read_to_string(&path).expect("an example can be read");
        let (_, promise) =
            text.split_once("Prints:\n").unwrap_or_else(|| panic!("{name}.c says what it prints"));
        let lines = promise.lines().map_while(|line| line.strip_prefix(" *   "));
        let promised: String = lines.map(|line| format!("{line}\n")).collect();
        assert!(!promised.is_empty(), "{name}.c says what it prints");
        assert_eq!(run(&compile(&path)), promised, "{name}.c");
    }
}

/// The text of the first code block of that language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) =
        page.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("no {language} block"));
    rest.split_once("```").unwrap_or_else(|| panic!("an open {language} block")).0
}

#[test]
fn the_quick_start_prints_what_it_says() {
    let page = fs::read_to_string(root().join("ffi/README.md")).expect("there is a quick start");
    let source = work_folder("quick_start").join("quick_start.c");
    fs::write(&source, block(&page, "c")).expect("the work folder can be written");
    assert_eq!(run(&compile(&source)), block(&page, "text"));
}

#[test]
fn the_example_of_the_first_page_prints_what_it_says() {
    let page = fs::read_to_string(root().join("README.md")).expect("there is a first page");
    let example = block(&page, "c");
    let (_, promise) = example.split_once("return 0; /* ").expect("it says what it prints");
    let (promise, _) = promise.split_once(" */").expect("the comment ends");
    let source = work_folder("first_page").join("first_page.c");
    fs::write(&source, example).expect("the work folder can be written");
    assert_eq!(run(&compile(&source)), format!("{promise}\n"));
}
