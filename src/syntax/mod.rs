//! YAML text to a tree with byte spans; the only user of the YAML crate.
