"""Builds the extension crossinterp._core: cargo makes the static library, the C compiler makes the rest.

CROSSINTERP_STATICLIB names a libcrossinterp.a that exists already: one cargo run can serve several Pythons.
CROSSINTERP_CFLAGS and CROSSINTERP_LDFLAGS add flags, for sanitizers and the like.
"""

import json
import os
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
FFI = HERE.parent
WORKSPACE = FFI.parent
INCLUDE = FFI / "include"
HEADERS = ("crossinterp.h", "crossinterp_capi.h")

COMPILE_FLAGS = [
    "-std=c11",
    "-O2",
    "-g",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-missing-field-initializers",
    "-Wno-cast-function-type",
    "-Werror=implicit-function-declaration",
    "-Werror=incompatible-pointer-types",
    "-Werror=int-conversion",
    "-Werror=return-type",
    "-Werror=strict-prototypes",
    "-Werror=switch",
    "-Werror=uninitialized",
    "-Werror=unused-result",
    "-Werror=vla",
]
# Nothing but PyInit__core leaves the library: two copies of ours in one process must not meet by accident.
LINK_FLAGS = ["-Wl,--exclude-libs,ALL"]
# What Rust's standard library needs.
SYSTEM_LIBRARIES = ["pthread", "dl", "m"]


def version() -> str:
    """The version of the workspace: there is only one."""
    with open(WORKSPACE / "Cargo.toml", "rb") as file:
        return tomllib.load(file)["workspace"]["package"]["version"]


def static_library() -> Path:
    """The static library: the one that was given, or the one that cargo makes now."""
    given = os.environ.get("CROSSINTERP_STATICLIB")
    if given:
        library = Path(given).resolve()
        if not library.is_file():
            raise SystemExit(f"CROSSINTERP_STATICLIB names no file: {library}")
        return library
    cargo = shutil.which(os.environ.get("CARGO", "cargo"))
    if cargo is None:
        raise SystemExit(
            "building crossinterp needs cargo (https://rustup.rs), or CROSSINTERP_STATICLIB with the path of "
            "a libcrossinterp.a"
        )
    command = [
        cargo,
        "rustc",
        "--release",
        "--package",
        "crossinterp-ffi",
        "--lib",
        "--crate-type",
        "staticlib",
    ]
    command += ["--message-format", "json-render-diagnostics"]
    output = subprocess.run(command, cwd=WORKSPACE, check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact":
            for name in message["filenames"]:
                if name.endswith("libcrossinterp.a"):
                    return Path(name)
    raise SystemExit("cargo made no libcrossinterp.a")


class BuildExtension(build_ext):
    """Builds the static library first, and links it."""

    def run(self) -> None:
        library = str(static_library())
        for extension in self.extensions:
            extension.extra_objects.append(library)
            extension.depends.append(library)
        super().run()


class BuildPackage(build_py):
    """Puts the headers into the package, where crossinterp.get_include() finds them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "crossinterp" / "include"
            target.mkdir(parents=True, exist_ok=True)
            for name in HEADERS:
                shutil.copy2(INCLUDE / name, target / name)


CSRC = HERE / "csrc"
setup(
    version=version(),
    ext_modules=[
        Extension(
            "crossinterp._core",
            sources=sorted(str(path.relative_to(HERE)) for path in CSRC.glob("*.c")),
            depends=[os.path.relpath(path, HERE) for path in (*CSRC.glob("*.h"), *INCLUDE.glob("*.h"))],
            include_dirs=[str(INCLUDE)],
            libraries=SYSTEM_LIBRARIES,
            extra_compile_args=COMPILE_FLAGS + shlex.split(os.environ.get("CROSSINTERP_CFLAGS", "")),
            extra_link_args=LINK_FLAGS + shlex.split(os.environ.get("CROSSINTERP_LDFLAGS", "")),
        )
    ],
    cmdclass={"build_ext": BuildExtension, "build_py": BuildPackage},
)
