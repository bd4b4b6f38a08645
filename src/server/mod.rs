//! Webhooks, schedules, health and metrics.

pub mod webhooks;
