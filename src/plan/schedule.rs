//! When a pipeline runs under `serve`, and what it says about quotas and notices: checked here,
//! used by the server.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use croner::Cron;
use jiff::tz::TimeZone;
use url::Url;

use super::compiler::Compiler;
use super::{Surroundings, Timing};
use crate::config::{Notify, Pipeline, Written};
use crate::diagnostic::{Code, Spanned, nearest};
use crate::expression::{parse_duration, parse_share};
use crate::syntax::Node;

const BAD_INTERVAL: Code = Code::new("schedule.bad_interval");
const BAD_CRON: Code = Code::new("schedule.bad_cron");
const UNKNOWN_ZONE: Code = Code::new("schedule.unknown_timezone");
const UNKNOWN_LIMITED: Code = Code::new("limits.unknown_connection");
const BAD_LIMIT: Code = Code::new("limits.bad_share");
const BAD_NOTIFY: Code = Code::new("notify.bad_address");

/// What only the server uses, as meant.
pub(super) struct Served {
    /// When the pipeline runs.
    pub(super) timing: Option<Timing>,
    /// The share of each connection's quota to stay under, above 0 and at most 1.
    pub(super) limits: BTreeMap<Arc<str>, f64>,
    /// Where failures are told.
    pub(super) notify: Option<Notified>,
}

/// Where failures are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notified {
    /// A URL that gets a POST.
    Webhook(Url),
    /// An e-mail address.
    Email(String),
}

/// Compiles what only the server uses.
pub(super) fn compile(
    pipeline: &Pipeline,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Served {
    let timing = pipeline
        .schedule
        .as_ref()
        .and_then(|schedule| schedule_of(schedule, compiler));
    let mut limits = BTreeMap::new();
    for (name, share) in pipeline.limits.iter() {
        let connections = surroundings.connections;
        if !connections.contains_key(&name.value) {
            let help = match nearest(&name.value, connections.keys().map(|name| &**name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a connection of flowline.yaml".to_owned(),
            };
            compiler.mistake(
                UNKNOWN_LIMITED,
                format!("there is no connection `{}`", name.value),
                name.span,
                "not in flowline.yaml",
                help,
            );
        }
        let parsed = parse_share(&share.value).filter(|share| *share > 0.0);
        if let Some(parsed) = parsed {
            limits.insert(Arc::clone(&name.value), parsed);
        } else if is_settled(&share.value) {
            compiler.mistake(
                BAD_LIMIT,
                "a limit is a share of the connection's quota",
                share.span,
                "expected e.g. `50%`",
                "write a number above 0, at most 100, and `%`",
            );
        }
    }
    let notify = pipeline
        .notify
        .as_ref()
        .and_then(|notify| notify_of(&notify.value, compiler));
    Served {
        timing,
        limits,
        notify,
    }
}

/// False where a name of the environment has no value yet.
fn is_settled(text: &str) -> bool {
    !text.contains("${")
}

/// When it runs; none where it is wrong, or a name that it needs is not set.
fn schedule_of(written: &Written, compiler: &mut Compiler<'_>) -> Option<Timing> {
    let Some(cron) = written.get("cron") else {
        let text = written
            .as_text()
            .map(|text| compiler.strings.expand(text).text)
            .unwrap_or_default();
        let interval = interval_of(&text);
        if is_settled(&text) && interval.is_none() {
            let five = text.split_whitespace().count() == 5 && text.contains('*');
            let help = if five {
                format!("a cron expression is written `{{ cron: \"{text}\" }}`")
            } else {
                "write e.g. `every 5 minutes`, or `{ cron: \"0 6 * * MON-FRI\", timezone: Europe/Berlin }`".to_owned()
            };
            compiler.mistake(
                BAD_INTERVAL,
                "not a schedule",
                written.span,
                "expected `every N seconds|minutes|hours|days`",
                help,
            );
        }
        return interval.map(Timing::Every);
    };
    let text = text_of(cron, compiler);
    let compiled = cron_of(&text);
    if is_settled(&text)
        && let Err((field, reason)) = &compiled
    {
        // A field is shown in the file where the text is all there.
        let scalar = cron.as_scalar().filter(|scalar| *scalar.text == *text);
        let span = match (field, scalar) {
            (Some(field), Some(scalar)) => scalar.locate(field.clone()),
            _ => cron.span,
        };
        compiler.mistake(
            BAD_CRON,
            "not a cron expression",
            span,
            reason.clone(),
            "the five fields are minute, hour, day of month, month and day of week: `30 6 * * MON-FRI`",
        );
    }
    let mut timezone = Some(TimeZone::UTC);
    if let Some(zone) = written.get("timezone") {
        let name = text_of(zone, compiler);
        timezone = TimeZone::get(&name).ok();
        if is_settled(&name) && timezone.is_none() {
            let known: Vec<String> = jiff::tz::db()
                .available()
                .map(|name| name.to_string())
                .collect();
            let help = match nearest(&name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write an IANA name, e.g. `Europe/Berlin`".to_owned(),
            };
            compiler.mistake(
                UNKNOWN_ZONE,
                "there is no such time zone",
                zone.span,
                "expected an IANA name",
                help,
            );
        }
    }
    Some(Timing::Cron {
        cron: Box::new(compiled.ok()?),
        zone: timezone?,
    })
}

fn text_of(node: &Node, compiler: &Compiler<'_>) -> String {
    node.as_text()
        .map(|text| compiler.strings.expand(text).text)
        .unwrap_or_default()
}

/// The length of an interval in milliseconds.
fn interval_of(text: &str) -> Option<i64> {
    let length = text.strip_prefix("every ")?;
    parse_duration(length).filter(|milliseconds| *milliseconds > 0 && !length.contains("week"))
}

/// What a field of a cron expression is, in order.
const FIELDS: [&str; 5] = [
    "a minute from 0 to 59",
    "an hour from 0 to 23",
    "a day of the month from 1 to 31",
    "a month from 1 to 12, or JAN to DEC",
    "a day of the week from 0 to 7, or MON to SUN",
];

/// The cron expression, else which field of it is wrong and what was expected; croner takes six
/// and seven fields too, where ours has five.
fn cron_of(text: &str) -> Result<Cron, (Option<std::ops::Range<usize>>, String)> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err((
            None,
            format!("expected five fields, found {}", fields.len()),
        ));
    }
    let mut from = 0;
    for (index, (field, expected)) in fields.iter().zip(FIELDS).enumerate() {
        let start = from
            + text
                .get(from..)
                .and_then(|rest| rest.find(field))
                .unwrap_or_default();
        from = start + field.len();
        let mut alone = ["*"; FIELDS.len()];
        if let Some(own) = alone.get_mut(index) {
            *own = field;
        }
        if Cron::from_str(&alone.join(" ")).is_err() {
            return Err((Some(start..from), format!("expected {expected}")));
        }
    }
    Cron::from_str(text).map_err(|error| (None, error.to_string()))
}

fn notify_of(notify: &Notify, compiler: &mut Compiler<'_>) -> Option<Notified> {
    let (written, found, expected): (&Spanned<String>, Option<Notified>, &str) = match notify {
        Notify::Webhook(url) => {
            let parsed = Url::parse(&url.value).ok();
            let right = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
            (url, right.map(Notified::Webhook), "expected a URL")
        }
        Notify::Email(email) => {
            let right = email.value.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && host.contains('.') && !email.value.contains(char::is_whitespace)
            });
            let found = right.then(|| Notified::Email(email.value.clone()));
            (email, found, "expected an e-mail address")
        }
    };
    if !is_settled(&written.value) {
        return None;
    }
    if found.is_none() {
        compiler.mistake(
            BAD_NOTIFY,
            "nobody could be told there",
            written.span,
            expected,
            "write `{ webhook: https://… }` or `{ email: NAME@HOST }`",
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_cron_expressions() {
        for right in [
            "every 5 minutes",
            "every 1 day",
            "every 30 seconds",
            "every 2 hours",
        ] {
            assert!(interval_of(right).is_some(), "{right}");
        }
        for wrong in [
            "every 0 minutes",
            "5 minutes",
            "every minute",
            "every 2 weeks",
            "every -1 days",
            "",
        ] {
            assert!(interval_of(wrong).is_none(), "{wrong}");
        }
        for right in ["0 6 * * *", "*/5 9-17 * * MON-FRI", "0 0 1 1 *"] {
            assert!(cron_of(right).is_ok(), "{right}");
        }
        for (wrong, field) in [
            ("* * * * * *", None),
            ("0 6 * *", None),
            ("61 * * * *", Some("61")),
            ("0  6 * * NEVER", Some("NEVER")),
            ("0 6 6 13 *", Some("13")),
        ] {
            let (range, _) = cron_of(wrong).unwrap_err();
            assert_eq!(range.and_then(|range| wrong.get(range)), field, "{wrong}");
        }
    }
}
