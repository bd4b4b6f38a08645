//! Webhooks: bodies that lack what they should have, and registrations that end without a word.

use super::super::spec::{Thing, Webhook};
use super::super::{InboxSource, Wanted};
use super::*;
use crate::connectors::{Delivered, Deliveries};

/// Bodies in the order in which they came.
struct Inbox(Vec<String>);

impl Deliveries for Inbox {
    fn after(&self, number: i64) -> BoxFuture<'_, Result<Vec<Delivered>, Failure>> {
        let all = (1_i64..).zip(&self.0).map(|(number, body)| Delivered {
            number,
            identifier: format!("id:{number}").into(),
            accepted_at: 1_795_600_800_000,
            body: body.as_str().into(),
        });
        let later = all.filter(|one| one.number > number).collect();
        Box::pin(async move { Ok(later) })
    }
}

async fn read(script: &Script, thing: Thing, bodies: &[Json]) -> Vec<Page> {
    texts(script, thing, bodies.iter().map(Json::to_string).collect()).await
}

async fn texts(script: &Script, thing: Thing, bodies: Vec<String>) -> Vec<Page> {
    let webhook = Webhook {
        thing,
        events: super::super::spec::EVENTS
            .iter()
            .map(|(name, ..)| (*name).to_owned())
            .collect(),
        issues: issues(),
        also_polled: false,
    };
    let session = script.session().await;
    let inbox = Inbox(bodies);
    let wanted = Wanted::Events(&webhook);
    let (reads, start) = (reads(&["key"]), beginning());
    let source = InboxSource::open(&session, wanted, &inbox, &reads, (&start, true));
    all(&mut source.await.unwrap()).await.unwrap()
}

fn bulk(issues: &[Json]) -> Json {
    json!({ "issues": issues, "issueErrors": [] })
}

#[tokio::test]
async fn webhooks_with_missing_fields_are_told_and_what_comes_between_them_is_read() {
    let script = Script::default();
    script.answer(bulk(&[issue(1)]));
    let good = json!({ "webhookEvent": "jira:issue_updated", "issue": { "id": "1" } });
    let bodies = [
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        r#"{"webhookEvent":null}"#.to_owned(),
        r#"{"webhookEvent":7,"issue":{"id":"1"}}"#.to_owned(),
        r#"{"webhookEvent":"jira:issue_updated"}"#.to_owned(),
        r#"{"webhookEvent":"jira:issue_updated","issue":null}"#.to_owned(),
        r#"{"webhookEvent":"jira:issue_updated","issue":{"id":null,"key":"A-1"}}"#.to_owned(),
        good.to_string(),
        r#"{"webhookEvent":"attachment_created","attachment":{"id":"1"}}"#.to_owned(),
    ];
    let pages = texts(&script, Thing::Issue, bodies.into()).await;
    assert_eq!(keys(&pages), ["SUP-1"]);
    assert_eq!(pages[0].bad.len(), 3, "{:?}", pages[0].bad);
    assert_eq!(
        told(&pages),
        ["6 webhooks passed over: no event that a source yields"]
    );
    assert_eq!(
        pages
            .last()
            .unwrap()
            .cursor
            .as_ref()
            .unwrap()
            .0
            .split('@')
            .next(),
        Some("10")
    );
}

#[tokio::test]
async fn webhooks_lack_users_changelogs_and_times_and_have_members_that_nobody_knows() {
    let script = Script::default();
    script.answer(bulk(&[issue(1)]));
    let body = json!({ "webhookEvent": "jira:issue_updated", "issue": { "id": 1 }, "changelog": null,
        "user": null, "timestamp": null, "matchedWebhookIds": [3], "isFromIssueLimitTransformation": false });
    let pages = read(&script, Thing::Issue, &[body]).await;
    let record = &pages[0].records[0];
    assert_eq!(record.identity.as_ref().unwrap().to_string(), "1-id:1");
    assert!(record.time.is_some(), "the issue's own");
}

#[tokio::test]
async fn the_broken_self_of_an_issue_is_never_asked() {
    let script = Script::default();
    script.answer(bulk(&[issue(10021)]));
    let body = json!({ "webhookEvent": "jira:issue_updated", "timestamp": 1_795_600_800_000_i64,
        "issue": { "id": "10021", "self": "https://acme.atlassian.net/rest/api/2/10021" } });
    read(&script, Thing::Issue, &[body]).await;
    assert_eq!(script.calls(), ["POST /rest/api/3/issue/bulkfetch"]);
}

#[tokio::test]
async fn a_comment_tells_its_issue_by_its_own_address_and_only_in_part() {
    let script = Script::default();
    script.answer(
        json!({ "id": "5", "body": { "type": "doc" }, "updated": "2026-11-24T10:00:00.000+0000" }),
    );
    script.answer(bulk(&[issue(10040)]));
    // A server's body: no issue, and a text in the place of a document.
    let body = json!({ "webhookEvent": "comment_created", "timestamp": 1_795_600_800_000_i64,
        "comment": { "id": "5", "body": "*wiki*", "self": "https://x/rest/api/2/issue/10040/comment/5" } });
    let pages = read(&script, Thing::Comment, &[body]).await;
    assert_eq!(keys(&pages), ["comment 5 of SUP-10040"]);
    assert_eq!(script.calls()[0], "GET /rest/api/3/issue/10040/comment/5");
    let issue = pages[0].records[0].value.get("issue").unwrap();
    assert!(
        issue.at(&["fields", "updated"]).is_some(),
        "read again, whole"
    );
}

#[tokio::test]
async fn the_issue_of_a_worklog_is_not_to_be_relied_on() {
    let script = Script::default();
    script
        .answer(json!([{ "id": "5", "issueId": "1", "updated": "2026-11-24T10:00:00.000+0000" }]));
    script.answer(bulk(&[issue(1)]));
    let body = json!({ "webhookEvent": "jira:worklog_updated", "worklog": { "id": "5" } });
    let gone = json!({ "webhookEvent": "worklog_deleted",
        "worklog": { "id": "6", "issueId": "1", "comment": "" } });
    let pages = read(&script, Thing::Worklog, &[body, gone]).await;
    assert_eq!(keys(&pages), ["worklog 5 of SUP-1", "worklog 6 of SUP-1"]);
    assert!(pages[0].records[1].deleted);
}

#[tokio::test]
async fn a_sprint_is_asked_for_under_the_new_path_where_the_old_one_is_gone() {
    let script = Script::default();
    script.response(refusal(410, "The requested API has been removed."));
    script.answer(json!({ "id": 31, "state": "closed", "name": "Sprint 31" }));
    let body = json!({ "webhookEvent": "sprint_closed", "sprint": { "id": 31 } });
    let pages = read(&script, Thing::Sprint, &[body]).await;
    assert_eq!(keys(&pages), ["Sprint 31"]);
    assert_eq!(
        script.calls(),
        [
            "GET /rest/agile/1.0/sprint/31",
            "GET /rest/software/1.0/sprint/31"
        ]
    );
}

#[tokio::test]
async fn what_is_gone_by_now_is_told_and_no_error() {
    let script = Script::default();
    script.answer(bulk(&[]));
    let body = json!({ "webhookEvent": "jira:issue_updated", "issue": { "id": "1" } });
    let pages = read(&script, Thing::Issue, &[body]).await;
    assert_eq!(keys(&pages), [""; 0]);
    assert!(told(&pages)[0].contains("gone by now"));
}

#[tokio::test]
async fn an_expiry_is_typed_as_a_number_and_shown_as_a_text_or_a_date() {
    let script = Script::default();
    let one = |expires: Json| json!({ "id": 7, "events": ["jira:issue_updated"], "jqlFilter": "", "expirationDate": expires });
    script.answer(json!({ "values": [
        one(json!(1_800_000_000_000_i64)), one(json!("1800000000000")),
        one(json!("2027-01-15T08:00:00.000+0000")), one(json!("soon")), one(Json::Null)] }));
    let session = script.session().await;
    let found = session.dynamic_webhooks().await.unwrap();
    let expires: Vec<Option<i64>> = found.iter().map(|one| one.expires_at).collect();
    let at = Some(1_800_000_000_000);
    assert_eq!(expires, [at, at, at, None, None]);
}

#[tokio::test]
async fn a_refused_registration_is_inside_of_a_200() {
    let script = Script::default();
    for result in [
        json!([{ "errors": ["The clause watchCount is unsupported"] }]),
        json!([{ "createdWebhookId": 1000 }]),
        json!([{}]),
        Json::Null,
    ] {
        script.answer(json!({ "webhookRegistrationResult": result }));
    }
    let session = script.session().await;
    let mut came = Vec::new();
    for _ in 0..4 {
        let events = ["jira:issue_updated".to_owned()];
        let answer = session.add_dynamic_webhook("https://x.example", &events, "");
        came.push(answer.await.unwrap());
    }
    assert_eq!(
        came,
        [
            Err(vec!["The clause watchCount is unsupported".to_owned()]),
            Ok("1000".to_owned()),
            Err(Vec::new()),
            Err(Vec::new()),
        ]
    );
}
