//! A pipeline as meant: closed enums, everything compiled; does no I/O.
