//! Payloads with something in them changed at random: what the services may send tomorrow.

use flowline::connectors::jira::spec::Issues;
use flowline::connectors::jira::{JiraDialect, recorded};
use flowline::http::{Dialect as _, Random as _, Response, SeededRandom};
use flowline::record::Value;
use serde_json::{Value as Json, json};

use super::files;
use super::issues::bodies;
use super::kinds::{Kind, kind};
use super::transport::{Recorded, issues, reads};

pub(super) struct Mutator(SeededRandom);

impl Mutator {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn below(&self, most: usize) -> usize {
        usize::try_from(self.0.next_u64() % most as u64).unwrap()
    }

    /// One value somewhere inside, replaced or left out.
    pub(super) fn mutate(&self, value: &mut Json) {
        let inside = match value {
            Json::Array(elements) => elements.len(),
            Json::Object(members) => members.len(),
            _ => 0,
        };
        if inside == 0 || self.below(6) == 0 {
            let others = [
                Json::Null,
                json!(true),
                json!(-1),
                json!(1.5),
                json!(u64::MAX),
                json!(""),
                json!("0"),
                json!([]),
                json!([null]),
                json!({}),
                json!({ "id": {} }),
            ];
            *value = others[self.below(others.len())].clone();
            return;
        }
        let at = self.below(inside);
        match value {
            Json::Array(elements) => self.mutate(&mut elements[at]),
            Json::Object(members) => {
                let name = members.keys().nth(at).unwrap().clone();
                if self.below(8) == 0 {
                    members.remove(&name);
                } else {
                    self.mutate(&mut members[&name]);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn whatever_an_issue_holds_it_is_a_record_or_told_as_none() {
    let mutator = Mutator::seeded(11);
    let spec = Issues {
        custom_fields: vec![("one".into(), "customfield_10018".to_owned())],
        comments: true,
        worklogs: true,
        ..issues()
    };
    let paths = ["changes", "names", "custom", "fields.reporter.emailAddress"];
    for body in bodies() {
        let webhook = kind(&body.body) == Some(Kind::Webhook);
        for issue in body.issues.iter().take(2) {
            for _ in 0..4 {
                let mut mutated = issue.clone();
                mutator.mutate(&mut mutated);
                let site = Recorded::default();
                let fields = r#"[{"id":"customfield_10018","name":"One"}]"#;
                site.put("/rest/api/3/field", fields);
                site.page_of_issues(json!({ "issues": [mutated] }).to_string());
                let pages = site.read(&spec, &reads(&paths)).await;
                let pages = pages.unwrap_or_else(|failure| panic!("{failure}: {mutated}"));
                assert_eq!(pages[0].records.len() + pages[0].bad.len(), 1, "{mutated}");

                let mut case = if webhook { &body.body } else { issue }.clone();
                mutator.mutate(&mut case);
                let value = Value::from_json(&case.to_string()).unwrap();
                match recorded(&value, &spec) {
                    Ok(record) => assert!(record.identity.is_some(), "{case}"),
                    Err(bad) => assert!(!bad.reason.is_empty(), "{case}"),
                }
            }
        }
    }
}

#[test]
fn whatever_an_error_holds_it_has_a_message_and_a_help() {
    let mutator = Mutator::seeded(12);
    for file in files()
        .iter()
        .filter(|file| file.name.starts_with("errors/jira/"))
    {
        let json = serde_json::from_slice::<Json>(&file.bytes);
        for round in 0..60 {
            let body = match &json {
                Ok(json) => {
                    let mut json = json.clone();
                    mutator.mutate(&mut json);
                    json.to_string().into_bytes()
                }
                Err(_) => {
                    let most = file.bytes.len();
                    file.bytes
                        .iter()
                        .copied()
                        .take(mutator.below(most))
                        .collect()
                }
            };
            for status in [302, 400, 401, 403, 404, 409, 410, 429, 500 + round] {
                let failure = JiraDialect.failure("GET /x", &Response::new(status, body.clone()));
                let failure = failure.unwrap_or_else(|| panic!("{status} {}", file.name));
                assert!(
                    failure
                        .message
                        .starts_with(&format!("Jira: GET /x: {status}"))
                );
                assert!(failure.message.chars().count() < 340, "{failure}");
                assert!(failure.help.is_some_and(|help| !help.is_empty()));
            }
        }
    }
}
