//! Webhooks, schedules, health and metrics.
