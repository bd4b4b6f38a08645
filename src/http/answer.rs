//! What any service's answer means by its status and form.

use std::time::Duration;

use super::{Class, Failure, Response};

/// The class of a status that is no success.
#[must_use]
pub const fn class_of(status: u16) -> Class {
    match status {
        401 => Class::Authentication,
        402 => Class::Payment,
        403 => Class::Permission,
        404 => Class::NotFound,
        408 | 500..=599 => Class::Unavailable,
        409 | 423 | 425 => Class::Busy,
        410 => Class::Gone,
        429 => Class::RateLimited,
        _ => Class::Rejected,
    }
}

/// True for a page for browsers where data was expected: a login, a proxy, an outage.
#[must_use]
pub fn is_html(response: &Response) -> bool {
    let start = response
        .body
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace());
    let says = response
        .headers
        .get("content-type")
        .is_some_and(|kind| kind.contains("text/html"));
    (says && !response.body.is_empty() || start == Some(b'<'))
        && start != Some(b'{')
        && start != Some(b'[')
}

/// The failure of an answer: what the service said, where it said something short.
#[must_use]
pub fn failure_of(service: &str, call: &str, response: &Response, said: Option<&str>) -> Failure {
    let status = response.status;
    let class = if response.is_success() {
        Class::BrokenAnswer
    } else {
        class_of(status)
    };
    let what = match said {
        Some(said) => format!(": {}", shortened(&without_addresses(said))),
        None if is_html(response) => ": a page for browsers instead of data".to_owned(),
        None if matches!(status, 300..400) => ": a redirect, which is not followed".to_owned(),
        None if response.body.is_empty() => String::new(),
        None => ": an answer that is not understood".to_owned(),
    };
    let mut failure = Failure::new(class, format!("{service}: {call}: {status}{what}"));
    failure.status = Some(status);
    failure.retry_after = retry_after(response);
    failure
}

/// `Retry-After` in seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: f64 = response.headers.get("retry-after")?.trim().parse().ok()?;
    (0.0..=86_400.0)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}

/// What a person wrote is no part of a message: e-mail addresses go.
#[must_use]
pub fn without_addresses(text: &str) -> String {
    text.split(' ')
        .map(|word| if word.contains('@') { "[e-mail]" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}

/// One line of at most 300 characters.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 300 {
        return line;
    }
    let mut cut: String = line.chars().take(299).collect();
    cut.push('…');
    cut
}
