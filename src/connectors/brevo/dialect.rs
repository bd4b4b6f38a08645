//! What Brevo's answers mean.

use std::time::Duration;

use serde_json::Value as Json;

use crate::http::{
    Class, Dialect, Failure, LimitSeen, Response, class_of, failure_of, is_html, without_addresses,
};

/// Where an account's allowed addresses are listed.
const AUTHORISED_IPS: &str = "https://app.brevo.com/security/authorised_ips";
/// Where keys are made.
const KEYS: &str = "https://app.brevo.com/settings/keys/api";

/// Brevo's way of answering.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrevoDialect;

/// The body of an answer, read as tolerantly as it is written: `code` may be absent or a sentence.
pub(super) struct Said {
    body: Json,
}

impl Said {
    pub(super) fn by(response: &Response) -> Self {
        Self {
            body: serde_json::from_slice(&response.body).unwrap_or_default(),
        }
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.body
            .get(member)
            .and_then(Json::as_str)
            .filter(|text| !text.trim().is_empty())
    }

    /// The identifiers that another contact has, where that is what the answer says.
    ///
    /// The code is no guide: the same refusal has come as `duplicate_parameter` and as
    /// `invalid_parameter`, the latter also without naming an identifier.
    pub(super) fn duplicates(&self) -> Option<Vec<String>> {
        let named: Vec<String> = self
            .body
            .pointer("/metadata/duplicate_identifiers")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let message = self.text("message").unwrap_or_default().to_lowercase();
        let says = ["contact already exist", "already associated with another"]
            .iter()
            .any(|words| message.contains(words));
        (!named.is_empty() || says).then_some(named)
    }

    /// True for a batch of events of which none was taken, which has no `code`.
    fn is_failed_batch(&self) -> bool {
        self.text("status") == Some("failed") && self.body.get("errors").is_some_and(Json::is_array)
    }

    /// In Brevo's words, without e-mail addresses.
    pub(super) fn words(&self) -> Option<String> {
        let words = match (self.text("code"), self.text("message")) {
            (Some(code), Some(message)) => format!("{message} ({code})"),
            (None, Some(only)) | (Some(only), None) => only.to_owned(),
            (None, None) => return None,
        };
        Some(without_addresses(&words))
    }
}

impl Dialect for BrevoDialect {
    fn service(&self) -> &'static str {
        "Brevo"
    }

    /// None also for two refusals that their callers read themselves: identifiers of another
    /// contact, and batches of events of which none was taken.
    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        let said = Said::by(response);
        if response.is_success() {
            return no_success(call, response, &said);
        }
        if response.status == 400 && (said.duplicates().is_some() || said.is_failed_batch()) {
            return None;
        }
        let words = said.words();
        let mut failure = failure_of("Brevo", call, response, words.as_deref());
        failure.class = class(response, &said);
        if let Some(wait) = reset(response)
            && matches!(failure.class, Class::RateLimited | Class::Busy)
        {
            failure.retry_after = Some(failure.retry_after.map_or(wait, |asked| asked.max(wait)));
        }
        failure.help = Some(help(&failure, words.as_deref().unwrap_or_default()));
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

/// A 2xx that is none: a proxy's page, or the `failure` of an API that is gone.
fn no_success(call: &str, response: &Response, said: &Said) -> Option<Failure> {
    if said.text("code") == Some("failure") {
        let mut failure = failure_of("Brevo", call, response, said.words().as_deref());
        failure.class = Class::Rejected;
        return Some(failure.help("check the record and the sink"));
    }
    let start = response
        .body
        .iter()
        .find(|byte| !byte.is_ascii_whitespace());
    let is_data = start.is_none_or(|byte| matches!(byte, b'{' | b'['));
    if is_data && !is_html(response) {
        return None;
    }
    let failure = failure_of("Brevo", call, response, None);
    Some(failure.help(NOT_BREVO))
}

const NOT_BREVO: &str =
    "something answered that is not Brevo's API: check `url` and a proxy in between";

/// The code says more than the status where it is one of these.
fn class(response: &Response, said: &Said) -> Class {
    match said.text("code") {
        Some("account_in_process") => return Class::Busy,
        Some("account_under_validation") => return Class::Permission,
        Some("not_enough_credits") => return Class::Payment,
        Some("unauthorized") => return Class::Authentication,
        _ => {}
    }
    match response.status {
        // An API does not redirect its writes; and what it lacks it says in JSON: another server
        // answers, and would answer every call alike.
        300..=399 => Class::Gone,
        404 if said.words().is_none() => Class::Gone,
        status => class_of(status),
    }
}

fn help(failure: &Failure, words: &str) -> String {
    let words = words.to_lowercase();
    match (failure.class, failure.status) {
        (Class::Authentication, _) if words.contains("ip") && words.contains("recogni") => {
            format!(
                "Brevo refuses this machine's IP address: add it at {AUTHORISED_IPS}, or switch the restriction off there"
            )
        }
        (Class::Authentication, _) => format!("check BREVO_API_KEY: make a new key at {KEYS}"),
        (Class::Payment, _) => "the account lacks credits or the plan that this needs: see https://app.brevo.com/billing".to_owned(),
        (Class::Permission, _) if words.contains("validation") => {
            "the account is still being validated by Brevo: finish that at https://app.brevo.com"
                .to_owned()
        }
        (Class::Permission, _) => format!("the key or the account's plan does not allow this: see {KEYS}"),
        (Class::Gone, _) => NOT_BREVO.to_owned(),
        (Class::RateLimited, _) => match failure.retry_after {
            Some(wait) => format!(
                "Brevo limits the rate and asks to wait {} seconds; run again after that",
                wait.as_secs()
            ),
            None => "Brevo limits the rate; run again later".to_owned(),
        },
        (Class::Busy, _) => "Brevo is still at work on the last change; run again later".to_owned(),
        (Class::Unavailable | Class::Timeout | Class::BrokenAnswer, _) => {
            "Brevo has trouble, see https://status.brevo.com; run again later".to_owned()
        }
        (_, Some(405)) => "the account's plan may not allow this, or it is the account's own contact".to_owned(),
        (_, Some(413)) => "it is too large for Brevo: cut long texts with `max_length`".to_owned(),
        (_, Some(406 | 415)) => "Brevo does not take this form of request: check a proxy in between, and report it".to_owned(),
        _ => "check the record and the sink".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> Option<Failure> {
        BrevoDialect.failure("POST /v3/contacts", &Response::new(status, body.to_owned()))
    }

    #[test]
    fn every_status_has_one_class_and_says_what_to_do() {
        for (status, body, class) in [
            (
                401,
                r#"{"message":"Key not found","code":"unauthorized"}"#,
                Class::Authentication,
            ),
            (401, "<html>", Class::Authentication),
            (
                402,
                r#"{"code":"not_enough_credits","message":"No credits"}"#,
                Class::Payment,
            ),
            (
                403,
                r#"{"code":"permission_denied","message":"No"}"#,
                Class::Permission,
            ),
            (
                400,
                r#"{"code":"account_under_validation","message":"Wait"}"#,
                Class::Permission,
            ),
            (
                400,
                r#"{"code":"account_in_process","message":"Wait"}"#,
                Class::Busy,
            ),
            (
                400,
                r#"{"code":"invalid_parameter","message":"x"}"#,
                Class::Rejected,
            ),
            (400, r#"{"code":400,"message":"x"}"#, Class::Rejected),
            (
                404,
                r#"{"code":"document_not_found","message":"x"}"#,
                Class::NotFound,
            ),
            (
                405,
                r#"{"code":"method_not_allowed","message":"x"}"#,
                Class::Rejected,
            ),
            (406, "", Class::Rejected),
            (413, "", Class::Rejected),
            (415, "", Class::Rejected),
            (422, "", Class::Rejected),
            (425, "", Class::Busy),
            (429, "Too Many Requests", Class::RateLimited),
            (500, "", Class::Unavailable),
            (524, "<html>a timeout occurred</html>", Class::Unavailable),
        ] {
            let failure = failure(status, body).unwrap();
            assert_eq!(failure.class, class, "{status} {body}");
            assert_eq!(failure.status, Some(status));
            assert!(failure.help.is_some_and(|help| help.len() > 20), "{status}");
        }
    }

    #[test]
    fn a_401_for_an_unrecognised_ip_address_links_to_the_list() {
        let body = r#"{"message":"We have detected you are using an unrecognised IP address 203.0.113.7.","code":"unauthorized"}"#;
        let help = failure(401, body).unwrap().help.unwrap();
        assert!(help.contains(AUTHORISED_IPS), "{help}");
        let help = failure(401, r#"{"message":"Key not found"}"#)
            .unwrap()
            .help
            .unwrap();
        assert!(help.contains("BREVO_API_KEY"), "{help}");
    }

    #[test]
    fn a_page_with_200_is_no_success() {
        for body in ["<html><body>Sign in</body></html>", "<!doctype html>", "OK"] {
            assert_eq!(failure(200, body).unwrap().class, Class::BrokenAnswer);
        }
        for body in ["", "{}", r#" {"id":1}"#, "[]"] {
            assert!(failure(200, body).is_none(), "{body}");
        }
    }

    #[test]
    fn a_page_with_404_is_no_missing_contact_and_ends_the_run() {
        assert!(
            failure(404, "<html>Page Unavailable</html>")
                .unwrap()
                .ends_the_run()
        );
        assert!(failure(302, "").unwrap().ends_the_run());
    }

    #[test]
    fn duplicates_are_known_whatever_the_code() {
        for body in [
            r#"{"code":"duplicate_parameter","message":"Unable to create contact, email is already associated with another Contact","metadata":{"duplicate_identifiers":["email"]}}"#,
            r#"{"code":"invalid_parameter","message":"no","metadata":{"duplicate_identifiers":["email"]}}"#,
            r#"{"code":"invalid_parameter","message":"Contact already exist"}"#,
        ] {
            let response = Response::new(400, body.to_owned());
            assert!(Said::by(&response).duplicates().is_some(), "{body}");
            assert!(failure(400, body).is_none());
        }
        let other = r#"{"code":"invalid_parameter","message":"Contact already in list and/or does not exist"}"#;
        assert!(failure(400, other).is_some());
    }

    #[test]
    fn the_reset_header_is_a_number_of_seconds_from_now() {
        let mut response = Response::new(429, "");
        response.headers = [
            ("X-Sib-RateLimit-Reset", "3412"),
            ("x-sib-ratelimit-limit", "100"),
        ]
        .into_iter()
        .collect();
        let failure = BrevoDialect.failure("GET /v3/account", &response).unwrap();
        assert_eq!(failure.retry_after, Some(Duration::from_secs(3_412)));
        let limit = BrevoDialect.limit(&response).unwrap();
        assert_eq!((limit.limit, limit.remaining), (Some(100), None));
    }

    #[test]
    fn messages_name_no_address() {
        let body = r#"{"code":"invalid_parameter","message":"jane@example.com is blocked"}"#;
        let message = failure(400, body).unwrap().message;
        assert!(!message.contains("jane"), "{message}");
    }
}
