//! What has been seen to go wrong with Brevo beside contacts and events: each trap has a test named
//! after it, by theme.

mod mail;
mod members;
mod notes;
mod objects;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::AccountFacts;
use super::testing::{Script, operation};
use crate::connectors::{Applied, Outcome, Writer as _};
use crate::http::{Class, Response};
use crate::operation::Operation;

/// A contact as Brevo gives it.
fn contact(id: u64, lists: &[u64]) -> Json {
    json!({ "id": id, "email": format!("c{id}@acme.example"), "listIds": lists, "attributes": {} })
}

/// An account with one list.
fn account() -> AccountFacts {
    AccountFacts {
        attributes: IndexMap::new(),
        computed: Vec::new(),
        lists: [(22, "Support".to_owned())].into_iter().collect(),
    }
}

fn identified(id: u64) -> Json {
    json!({ "email": format!("c{id}@acme.example") })
}

const UPDATED: Outcome = Outcome::Applied(Applied::Updated);
const SENT: Outcome = Outcome::Applied(Applied::Sent);

fn shown(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().map(|one| format!("{one:?}")).collect()
}

#[track_caller]
fn assert_all(outcomes: &[Outcome], wanted: &[Outcome]) {
    assert_eq!(shown(outcomes), shown(wanted));
}

#[tokio::test]
async fn an_account_without_webhooks_has_none_and_is_no_error() {
    let script = Script::default();
    script.answer(
        404,
        json!({ "code": "document_not_found", "message": "No webhooks" }),
    );
    script.answer(
        200,
        json!({ "webhooks": [{ "id": 5, "url": "https://x.example", "events": null }] }),
    );
    script.answer(
        200,
        json!({ "webhooks": [{ "id": 5, "url": "https://x.example" }] }),
    );
    let session = script.session().await;
    assert!(session.webhooks("marketing").await.unwrap().is_empty());
    // What is no list of events is no list of webhooks either.
    assert!(session.webhooks("marketing").await.is_err());
    assert_eq!(session.webhooks("marketing").await.unwrap().len(), 1);
}
