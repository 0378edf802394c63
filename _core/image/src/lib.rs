//! Segments to typed configuration, or an error that carries its path.
#![forbid(unsafe_code)]
