//! Files of records: JSON, JSON Lines and CSV.

pub mod spec;
