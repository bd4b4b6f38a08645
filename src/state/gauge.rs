//! Gauges that pipelines have set.

use std::sync::Arc;

/// A gauge as a pipeline's last run set it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels, in the order of their names.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Its value.
    pub value: f64,
}

/// The pipeline that set a gauge, and the gauge.
pub type GaugeOf = (Arc<str>, Gauge);
