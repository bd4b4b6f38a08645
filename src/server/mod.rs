//! Webhooks, schedules, health and metrics.

mod background;
pub mod health;
mod listen;
pub mod metrics;
pub mod notice;
pub mod timetable;
mod wakes;
pub mod webhooks;

pub use background::Listening;
pub use listen::serve_connections;
pub use wakes::Wakes;
