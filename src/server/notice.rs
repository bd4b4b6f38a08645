//! Who is told that a pipeline fails, recovers or leaves dead letters: once each, also after a
//! restart. What is told holds no record's value.

use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::http::{Clock, Method, Request, Transport};
use crate::state::Watched;

/// Waits before further tries, where nobody could be told.
const TRIES_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It started failing.
    Failed,
    /// It runs again.
    Recovered,
    /// A run left new dead letters.
    DeadLetters,
}

/// A notice, as a webhook gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The pipeline.
    pub pipeline: String,
    /// What happened.
    pub state: News,
    /// Why, in one sentence.
    pub reason: String,
    /// Runs that failed so far, or new dead letters.
    pub count: u64,
    /// Since when it fails or failed, or when the run began: RFC 3339, UTC.
    pub since: String,
    /// The project: its folder's name.
    pub project: String,
    /// The environment.
    pub env: Option<String>,
}

/// How a run ended, for those who are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why it failed; none where it did not.
    pub failure: Option<String>,
    /// New dead letters.
    pub dead_letters: u64,
    /// When it began, in epoch milliseconds.
    pub began_at: i64,
    /// When it ended, likewise.
    pub ended_at: i64,
}

/// What a run makes of how its pipeline fares, and the news: what, why, how many, since when.
#[must_use]
pub fn after(before: &Watched, ended: &Ended) -> (Watched, Vec<(News, String, u64, i64)>) {
    let mut news = Vec::new();
    let mut watched = before.clone();
    match (&ended.failure, before.failing_since) {
        (Some(reason), None) => {
            watched.failing_since = Some(ended.ended_at);
            watched.failures = 1;
            news.push((News::Failed, reason.clone(), 1, ended.ended_at));
        }
        (Some(_), Some(_)) => watched.failures = before.failures.saturating_add(1),
        (None, since) => {
            if let Some(since) = since {
                let reason = match before.failures {
                    1 => "runs again after a run that failed".to_owned(),
                    many => format!("runs again after {many} runs that failed"),
                };
                news.push((News::Recovered, reason, before.failures, since));
            }
            watched = Watched {
                last_success: Some(ended.ended_at),
                ..Watched::default()
            };
        }
    }
    if ended.dead_letters > 0 {
        let reason = match ended.dead_letters {
            1 => "a run left a new dead letter".to_owned(),
            many => format!("a run left {many} new dead letters"),
        };
        let count = ended.dead_letters;
        news.push((News::DeadLetters, reason, count, ended.began_at));
    }
    (watched, news)
}

impl Notice {
    /// The subject of an e-mail.
    #[must_use]
    pub fn subject(&self) -> String {
        let what = match self.state {
            News::Failed => "fails",
            News::Recovered => "runs again",
            News::DeadLetters => "has new dead letters",
        };
        format!("flowline: {} {what}", self.pipeline)
    }

    /// The text of an e-mail.
    #[must_use]
    pub fn text(&self) -> String {
        let env = self.env.as_deref();
        let env = env.map_or_else(String::new, |env| format!(" ({env})"));
        let help = match self.state {
            News::Failed => "See `flowline status` and the log.".to_owned(),
            News::Recovered => "Nothing is to be done.".to_owned(),
            News::DeadLetters => format!("See `flowline dead-letters list {}`.", self.pipeline),
        };
        format!(
            "{}\n\n{}\nCount: {}\nSince: {}\nProject: {}{env}\n\n{help}\n",
            self.subject(),
            self.reason,
            self.count,
            self.since,
            self.project
        )
    }
}

/// Posts a notice; tried again a few times.
///
/// # Errors
/// Why nobody could be told, in a few words that hold no address.
pub async fn post(
    transport: &dyn Transport,
    clock: &dyn Clock,
    url: &Url,
    notice: &Notice,
) -> Result<(), String> {
    let body = serde_json::to_vec(notice).map_err(|error| error.to_string())?;
    let mut waits = TRIES_AFTER.iter();
    loop {
        let request = Request::new(Method::Post, url.clone())
            .header("user-agent", "flowline")
            .json(body.clone());
        let trouble = match transport.send(request).await {
            Ok(answer) if answer.is_success() => return Ok(()),
            // Another try would be answered alike.
            Ok(answer) if answer.status < 500 && answer.status != 429 => {
                return Err(format!("answered with {}", answer.status));
            }
            Ok(answer) => format!("answered with {}", answer.status),
            Err(error) => error.to_string(),
        };
        match waits.next() {
            Some(wait) => clock.sleep(*wait).await,
            None => return Err(trouble),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(failure: Option<&str>, dead_letters: u64, at: i64) -> Ended {
        Ended {
            failure: failure.map(Into::into),
            dead_letters,
            began_at: at,
            ended_at: at + 10,
        }
    }

    #[test]
    fn failing_is_told_once_and_so_is_recovery() {
        let mut watched = Watched::default();
        let mut told = Vec::new();
        for (at, failure) in [
            (0, None),
            (100, Some("no answer")),
            (200, Some("no answer")),
            (300, Some("401")),
            (400, None),
            (500, None),
        ] {
            let (now, news) = after(&watched, &run(failure, 0, at));
            watched = now;
            told.extend(news);
        }
        let reason = "runs again after 3 runs that failed".to_owned();
        assert_eq!(
            told,
            [
                (News::Failed, "no answer".to_owned(), 1, 110),
                (News::Recovered, reason, 3, 110)
            ]
        );
        assert_eq!(watched.last_success, Some(510));
        assert_eq!((watched.failing_since, watched.failures), (None, 0));
    }

    #[test]
    fn a_failing_pipeline_remembers_its_last_success() {
        let (watched, _) = after(&Watched::default(), &run(None, 0, 0));
        let (watched, _) = after(&watched, &run(Some("x"), 0, 100));
        assert_eq!(watched.last_success, Some(10));
    }

    #[test]
    fn new_dead_letters_are_told_once_a_run() {
        let (watched, news) = after(&Watched::default(), &run(None, 12, 5));
        let reason = "a run left 12 new dead letters".to_owned();
        assert_eq!(news, [(News::DeadLetters, reason, 12, 5)]);
        assert!(after(&watched, &run(None, 0, 50)).1.is_empty());
        let kinds: Vec<News> = after(&watched, &run(Some("x"), 1, 60))
            .1
            .iter()
            .map(|news| news.0)
            .collect();
        assert_eq!(kinds, [News::Failed, News::DeadLetters]);
    }

    #[test]
    fn a_notice_is_what_the_page_says() {
        let notice = Notice {
            pipeline: "tickets".into(),
            state: News::DeadLetters,
            reason: "a run left a new dead letter".into(),
            count: 1,
            since: "2026-11-24T10:00:00.000Z".into(),
            project: "acme".into(),
            env: None,
        };
        let json = serde_json::to_value(&notice).unwrap();
        let members: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            [
                "pipeline", "state", "reason", "count", "since", "project", "env"
            ]
        );
        assert_eq!(json["state"], "dead_letters");
        assert!(notice.text().contains("dead-letters list tickets"));
    }
}
