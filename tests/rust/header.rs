//! The header: alone in every C and C++ that a user may have, and against what the library really is.
//!
//! Against the library: cbindgen reads the prototypes out of the Rust sources, and one C unit declares each function
//! twice, as the header has it and as Rust has it: a difference is a compiler's error. Numbers and layouts are compared
//! in the same way, with static assertions.

use std::fmt::Write;
use std::fs;
use std::mem::{align_of, offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use crossinterp::channel::{ChannelInfo, ChannelOptions, XI_UNBOUNDED};
use crossinterp::domain::{XI_DOMAIN_CLOSED, XI_DOMAIN_ENDING, XI_DOMAIN_OPEN};
use crossinterp::value::LentText;
use crossinterp::{abi, status};
use crossinterp_core::{Kind, TextForm, Value};
use crossinterp_tests::c_program::{C11, compile_with, root, work_folder};

fn include() -> PathBuf {
    root().join("ffi/include")
}

/// Compiles to nothing, with every warning an error.
fn check(compiler: &str, flags: &[&str], source: &Path) {
    let mut command = Command::new(compiler);
    command
        .args(flags)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
        .arg(include());
    command.arg(source);
    compile_with(command);
}

/// A file in the work folder.
fn written(name: &str, text: &str) -> PathBuf {
    let path = work_folder("header").join(name);
    fs::write(&path, text).expect("the work folder can be written");
    path
}

#[test]
fn it_stands_alone_in_c_and_cpp() {
    // Twice: the guard is part of it.
    let text = "#include <crossinterp.h>\n#include <crossinterp.h>\ntypedef xi_value only_a_declaration;\n";
    let c = written("alone.c", text);
    for standard in ["-std=c99", "-std=c11", "-std=c17"] {
        check("gcc", &[standard, "-Wstrict-prototypes"], &c);
    }
    let cpp = written("alone.cpp", text);
    for standard in ["-std=c++11", "-std=c++17", "-std=c++20"] {
        check("g++", &[standard], &cpp);
    }
}

/// The prototypes that the Rust sources stand for, in the names of the header.
fn prototypes() -> String {
    let mut config = cbindgen::Config {
        language: cbindgen::Language::C,
        style: cbindgen::Style::Type,
        no_includes: true,
        usize_is_size_t: true,
        ..Default::default()
    };
    config.export.item_types = vec![cbindgen::ItemType::Functions];
    let names = [
        ("Status", "xi_status"),
        ("Value", "xi_value"),
        ("LentText", "xi_text"),
        ("SequenceBlock", "xi_sequence_builder"),
        ("MapHandle", "xi_map_builder"),
        ("DomainHandle", "xi_domain"),
        ("SenderHandle", "xi_sender"),
        ("ReceiverHandle", "xi_receiver"),
        ("WaitHandle", "xi_wait"),
        ("ChannelOptions", "xi_channel_options"),
        ("ChannelInfo", "xi_channel_info"),
    ];
    config.export.rename = names.map(|(rust, c)| (rust.to_string(), c.to_string())).into();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in fs::read_dir(root().join("ffi/src")).expect("the sources can be listed") {
        builder = builder.with_src(source.expect("the sources can be listed").path());
    }
    let mut text = Vec::new();
    builder.generate().expect("cbindgen reads the sources").write(&mut text);
    String::from_utf8(text).expect("C is ASCII")
}

#[test]
fn it_declares_what_rust_exports() {
    let prototypes = prototypes();
    let symbols = fs::read_to_string(root().join("ffi/symbols.txt")).expect("there is a list of symbols");
    for symbol in symbols.lines() {
        assert!(prototypes.contains(&format!("{symbol}(")), "cbindgen found no {symbol}:\n{prototypes}");
    }
    let source = written("prototypes.c", &format!("#include <crossinterp.h>\n{prototypes}"));
    check("gcc", &C11, &source);
}

#[test]
fn a_wrong_prototype_would_be_seen() {
    let wrong = "#include <crossinterp.h>\nxi_status xi_domain_open(xi_domain *out);\n";
    let source = written("wrong.c", wrong);
    let mut command = Command::new("gcc");
    command.args(C11).args(["-fsyntax-only", "-I"]).arg(include()).arg(&source);
    let output = command.output().expect("gcc can be run");
    assert!(String::from_utf8_lossy(&output.stderr).contains("conflicting types for"));
}

/// One line of C that fails to compile when the two differ.
fn same(text: &mut String, c: &str, rust: impl std::fmt::Display) {
    writeln!(text, "_Static_assert({c} == {rust}, \"{c}\");").expect("a string can be written");
}

#[test]
fn its_numbers_are_those_of_rust() {
    let mut text = String::from("#include <crossinterp.h>\n");
    same(&mut text, "XI_ABI_VERSION", abi::XI_ABI_VERSION);
    for (name, number) in status::ALL {
        same(&mut text, name, number);
    }
    let kinds = [
        ("MOVED", Kind::Moved),
        ("NONE", Kind::None),
        ("BOOL", Kind::Bool),
        ("ELLIPSIS", Kind::Ellipsis),
        ("INT", Kind::Int),
        ("FLOAT", Kind::Float),
        ("TEXT", Kind::Text),
        ("BYTES", Kind::Bytes),
        ("TUPLE", Kind::Tuple),
        ("LIST", Kind::List),
        ("MAP", Kind::Map),
        ("RECORD", Kind::Record),
        ("SENDER", Kind::Sender),
        ("RECEIVER", Kind::Receiver),
    ];
    for (name, kind) in kinds {
        same(&mut text, &format!("XI_KIND_{name}"), kind as u8);
    }
    let forms = [
        ("ASCII", TextForm::Ascii),
        ("UTF8", TextForm::Utf8),
        ("LATIN1", TextForm::Latin1),
        ("UCS2", TextForm::Ucs2),
        ("UCS4", TextForm::Ucs4),
    ];
    for (name, form) in forms {
        same(&mut text, &format!("XI_TEXT_{name}"), form as i32);
    }
    same(&mut text, "XI_DOMAIN_OPEN", XI_DOMAIN_OPEN);
    same(&mut text, "XI_DOMAIN_ENDING", XI_DOMAIN_ENDING);
    same(&mut text, "XI_DOMAIN_CLOSED", XI_DOMAIN_CLOSED);
    same(&mut text, "XI_UNBOUNDED", format!("{XI_UNBOUNDED}u"));
    check("gcc", &["-std=c11"], &written("numbers.c", &text));

    // And no constant of the header was forgotten above.
    let header = fs::read_to_string(include().join("crossinterp.h")).expect("there is a header");
    for line in header.lines() {
        let first = line.trim_start().split([' ', ',']).next().unwrap_or_default();
        if first.starts_with("XI_") && line.contains(" = ") {
            assert!(text.contains(&format!("({first} == ")), "{first} is not compared");
        }
    }
}

macro_rules! same_layout {
    ($text:ident, $c:literal, $rust:ty { $($field:ident),* }) => {
        same(&mut $text, concat!("sizeof(", $c, ")"), size_of::<$rust>());
        same(&mut $text, concat!("_Alignof(", $c, ")"), align_of::<$rust>());
        $(same(
            &mut $text,
            concat!("offsetof(", $c, ", ", stringify!($field), ")"),
            offset_of!($rust, $field),
        );)*
    };
}

#[test]
fn its_structs_are_laid_out_as_in_rust() {
    let mut text = String::from("#include <crossinterp.h>\n");
    same_layout!(text, "xi_value", Value {});
    same_layout!(text, "xi_text", LentText { units, len, form, max_point });
    same_layout!(text, "xi_channel_options", ChannelOptions { struct_size, capacity, domain });
    same_layout!(
        text,
        "xi_channel_info",
        ChannelInfo { struct_size, len, capacity, senders, receivers, id, closed }
    );
    check("gcc", &["-std=c11"], &written("layouts.c", &text));
}
