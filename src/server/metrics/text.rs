//! Series as text: Prometheus 0.0.4, and OpenMetrics 1.0 where it is asked for.

use std::fmt::Write as _;

/// How series are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` header asks for: OpenMetrics where it is named, and not after the other
    /// with a higher weight.
    #[must_use]
    pub fn asked_for(accept: &str) -> Self {
        let weight = |wanted: &str| {
            accept
                .split(',')
                .filter_map(|one| {
                    let mut parts = one.split(';').map(str::trim);
                    let kind = parts.next()?;
                    let weight = parts.find_map(|part| part.strip_prefix("q="));
                    let weight: f64 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
                    kind.eq_ignore_ascii_case(wanted).then_some(weight)
                })
                .fold(0.0, f64::max)
        };
        let open = weight("application/openmetrics-text");
        if open > 0.0 && open >= weight("text/plain") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The answer's `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What a family's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Grows; its samples end in `_total`.
    Counter,
    Gauge,
    Histogram,
}

/// Series of one name.
#[derive(Debug)]
pub(super) struct Family {
    /// Without `_total`.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) help: String,
    pub(super) samples: Vec<Sample>,
}

/// One series.
#[derive(Debug)]
pub(super) struct Sample {
    suffix: &'static str,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Sample {
    pub(super) fn new(suffix: &'static str, labels: &[(&str, &str)], value: f64) -> Self {
        Self {
            suffix,
            labels: labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            value,
        }
    }
}

/// A number as both formats read it.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

pub(super) fn write(families: &[Family], format: Format) -> String {
    let mut out = String::new();
    for family in families {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // The one names a counter's family with its ending, the other without.
        let total = if family.kind == Kind::Counter {
            "_total"
        } else {
            ""
        };
        let ending = match format {
            Format::Prometheus => total,
            Format::OpenMetrics => "",
        };
        let name = &family.name;
        let help = escaped(&family.help, false);
        let mut line = |text: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            out.write_fmt(text).unwrap_or_default();
            out.push('\n');
        };
        line(format_args!("# HELP {name}{ending} {help}"));
        line(format_args!("# TYPE {name}{ending} {kind}"));
        for sample in &family.samples {
            let labels: Vec<String> = sample
                .labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value, true)))
                .collect();
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", labels.join(","))
            };
            let (suffix, value) = (sample.suffix, number(sample.value));
            line(format_args!("{name}{total}{suffix}{labels} {value}"));
        }
    }
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn escaped(text: &str, quoted: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if quoted {
        text.replace('"', "\\\"")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_accept_asks_for() {
        for (accept, open) in [
            ("", false),
            ("*/*", false),
            ("text/plain", false),
            ("application/openmetrics-text", true),
            (
                "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            (
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                true,
            ),
            (
                "text/plain;version=0.0.4,application/openmetrics-text;q=0.4",
                false,
            ),
            ("application/openmetrics-text;q=0", false),
        ] {
            let found = Format::asked_for(accept) == Format::OpenMetrics;
            assert_eq!(found, open, "{accept}");
        }
    }

    #[test]
    fn a_counters_family_is_named_as_each_format_names_it() {
        let family = Family {
            name: "a".into(),
            kind: Kind::Counter,
            help: "B\\c\nd.".into(),
            samples: vec![Sample::new("", &[("x", "y")], 2.0)],
        };
        assert_eq!(
            write(std::slice::from_ref(&family), Format::Prometheus),
            "# HELP a_total B\\\\c\\nd.\n# TYPE a_total counter\na_total{x=\"y\"} 2\n"
        );
        assert_eq!(
            write(&[family], Format::OpenMetrics),
            "# HELP a B\\\\c\\nd.\n# TYPE a counter\na_total{x=\"y\"} 2\n# EOF\n"
        );
    }

    #[test]
    fn numbers_are_written_as_both_formats_read_them() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (1e21, "1000000000000000000000"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
