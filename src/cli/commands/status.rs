//! `flowline status`: what the state knows.

use clap::Args;

/// Connections, last sync, cursors, counts, dead letters, quota left; no network.
#[derive(Debug, Args)]
pub struct Arguments {}
