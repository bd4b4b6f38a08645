//! Webhooks, schedules, health and metrics.

mod listen;
pub mod webhooks;

pub use listen::serve_connections;
