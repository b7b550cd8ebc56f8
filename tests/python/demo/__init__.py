"""The demo of crossinterp: interpreters with their own GILs share a job on real input.

Run it with `cargo xtask demo`, or, where crossinterp is installed, with `python -m demo`.
"""
