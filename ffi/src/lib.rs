//! The C interface of crossinterp; `include/crossinterp.h` is its manual.
