"""Builds the extensions of the tests: they use crossinterp as any other C extension would."""

import crossinterp
from setuptools import Extension, setup

FLAGS = ["-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]
FLAGS += ["-Wno-unused-parameter", "-Wno-cast-function-type"]

setup(
    name="crossinterp-test-extensions",
    version="0",
    py_modules=[],
    ext_modules=[
        Extension(
            name,
            sources=[f"{name}.c"],
            include_dirs=[crossinterp.get_include()],
            extra_compile_args=FLAGS,
        )
        for name in ("native_peer", "other_abi")
    ],
)
