//! Gauges for dashboards: what they are. They are kept in the state, for `/metrics` to show.

pub mod spec;
