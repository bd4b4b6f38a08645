//! `metrics`.

use std::sync::Arc;

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::values::{takes, value, values};
use crate::config;
use crate::connectors::metrics::spec::{Metrics, is_gauge_name, is_label_name};
use crate::diagnostic::Code;
use crate::expression::Place;
use crate::record::Value;
use crate::shape::Kinds;

const BAD_GAUGE: Code = Code::new("metrics.bad_gauge");
const BAD_LABEL: Code = Code::new("metrics.bad_label");

/// What the names of flowline's own metrics begin with.
const OWN: &str = "flowline_";

pub(super) fn metrics(
    written: &config::Metrics,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Metrics> {
    let gauge = &written.gauge;
    // A name that is not set yet is refused by what connects.
    let known = !gauge.value.contains("${");
    if known && !is_gauge_name(&gauge.value) {
        compiler.mistake(
            BAD_GAUGE,
            format!("`{}` cannot name a gauge", gauge.value),
            gauge.span,
            "expected a-z A-Z 0-9 `_` `:`, and no digit first",
            "write it as Prometheus does, e.g. `jira_open_issues`",
        );
    } else if gauge.value.starts_with(OWN) {
        compiler.mistake(
            BAD_GAUGE,
            format!("`{}` is a name of flowline's own metrics", gauge.value),
            gauge.span,
            format!("begins with `{OWN}`"),
            "name it differently",
        );
    }
    for (name, _) in written.labels.iter() {
        if !is_label_name(&name.value) {
            compiler.mistake(
                BAD_LABEL,
                format!("`{}` cannot name a label", name.value),
                name.span,
                "expected a-z A-Z 0-9 `_`, no digit first and not `__`",
                "write it as Prometheus does, e.g. `assignee`",
            );
        }
    }
    let number = value(&written.value, Place::LeftOut, flow, compiler);
    if let Some(number) = &number {
        let fits = |value: &Value| matches!(value, Value::Number(_));
        takes(
            "value",
            "a number",
            Kinds::NUMBER,
            &fits,
            number,
            flow,
            compiler,
        );
    }
    let labels = values(&written.labels, Place::LeftOut, flow, compiler);
    for (name, label) in labels.iter().flatten() {
        let fits = |value: &Value| value.as_array().is_none() && value.as_object().is_none();
        let what = "text, a number or a boolean";
        takes(name, what, Kinds::SCALAR, &fits, label, flow, compiler);
    }
    let mut labels = labels?;
    labels.sort_by(|(one, _), (other, _)| one.cmp(other));
    Some(Metrics {
        gauge: Arc::from(gauge.value.as_str()),
        value: number?,
        labels,
    })
}
