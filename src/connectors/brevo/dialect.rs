//! What Brevo's answers mean.

use std::time::Duration;

use serde::Deserialize;

use crate::http::{Class, Dialect, Failure, LimitSeen, Response, failure_of, is_html};

/// Brevo's way of answering.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrevoDialect;

/// The body of an error: `code` may be absent, or a sentence.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) metadata: Option<Metadata>,
}

/// What an error is about.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) duplicate_identifiers: Vec<String>,
}

impl ErrorBody {
    pub(super) fn of(response: &Response) -> Self {
        serde_json::from_slice(&response.body).unwrap_or_default()
    }
}

impl Dialect for BrevoDialect {
    fn service(&self) -> &'static str {
        "Brevo"
    }

    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        // A page for browsers under a 2xx came from something in between: nothing is done.
        if response.is_success() && !is_html(response) {
            return None;
        }
        let body = ErrorBody::of(response);
        let said = match (&body.code, &body.message) {
            (Some(code), Some(message)) => Some(format!("{message} ({code})")),
            (None, Some(only)) | (Some(only), None) => Some(only.clone()),
            (None, None) => None,
        };
        let mut failure = failure_of("Brevo", call, response, said.as_deref());
        if let Some(wait) = reset(response)
            && matches!(failure.class, Class::RateLimited | Class::Busy)
        {
            failure.retry_after = Some(failure.retry_after.map_or(wait, |asked| asked.max(wait)));
        }
        let text = said.unwrap_or_default().to_lowercase();
        let help = match failure.class {
            Class::Authentication if text.contains("ip") && text.contains("recogni") => {
                "Brevo refuses this machine's IP address: add it at https://app.brevo.com/security/authorised_ips, or switch the restriction off there"
            }
            Class::Authentication => {
                "check BREVO_API_KEY: make a new key at https://app.brevo.com/settings/keys/api"
            }
            Class::Payment => "the account has no credits left",
            Class::Permission if text.contains("validation") => {
                "the account is still being validated by Brevo"
            }
            Class::Permission => "the key or the account's plan does not allow this",
            Class::RateLimited => "Brevo limits the rate; run again later",
            Class::Unavailable | Class::Timeout => {
                "Brevo has trouble, see https://status.brevo.com; run again later"
            }
            Class::BrokenAnswer => {
                "something answered that is not Brevo's API: check `url` and a proxy in between"
            }
            _ => "check the record and the sink",
        };
        failure.help = Some(help.to_owned());
        Some(failure)
    }

    fn limit(&self, response: &Response) -> Option<LimitSeen> {
        let number = |name: &str| response.headers.get(name)?.trim().parse().ok();
        let seen = LimitSeen {
            limit: number("x-sib-ratelimit-limit"),
            remaining: number("x-sib-ratelimit-remaining"),
            reset: reset(response),
        };
        (seen != LimitSeen::default()).then_some(seen)
    }
}

/// When the next window begins: a number of seconds, which may be near an hour.
fn reset(response: &Response) -> Option<Duration> {
    let seconds: f64 = response
        .headers
        .get("x-sib-ratelimit-reset")?
        .trim()
        .parse()
        .ok()?;
    (0.0..=86_400.0)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}
