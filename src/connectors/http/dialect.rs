//! What any API's answer means: by its status alone, since its words may be a person's.

use crate::http::{Class, Dialect, Failure, LimitSeen, Response, failure_of, is_html};

/// How APIs answer.
pub(super) struct AnyDialect {
    /// What is sent needs no answer but that it was taken: a receiver of webhooks may thank with
    /// a page.
    pub(super) sends: bool,
}

impl Dialect for AnyDialect {
    fn service(&self) -> &'static str {
        "http"
    }

    fn failure(&self, call: &str, response: &Response) -> Option<Failure> {
        let page = is_html(response);
        if response.is_success() && (self.sends || !page) {
            return None;
        }
        let mut failure = failure_of(self.service(), call, response, None);
        if !page {
            failure.message = format!("http: {call}: {}", response.status);
        }
        // Of one record, not of all: the next one may be another thing, or none is paid for.
        let conflict = matches!(response.status, 409 | 423);
        if conflict || matches!(failure.class, Class::Gone | Class::Payment) {
            failure.class = Class::Rejected;
        }
        let help = match failure.class {
            Class::Authentication => "check `auth` of the pipeline and the secret behind it",
            Class::Permission => "whoever the secret belongs to may not do this",
            Class::NotFound => "check `url` of the pipeline",
            Class::RateLimited => "the API limits the rate; run again later",
            Class::BrokenAnswer => "a page for browsers answered: check `url` of the pipeline",
            Class::Unavailable => "the API has trouble; run again later",
            _ if matches!(response.status, 300..400) => {
                "the API has moved: redirects are not followed, write its new address"
            }
            _ => "check `url`, `headers` and the query of the pipeline",
        };
        Some(failure.help(help))
    }

    fn limit(&self, _: &Response) -> Option<LimitSeen> {
        None
    }
}
