//! Brevo.

pub mod spec;
