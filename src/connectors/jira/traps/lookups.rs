//! Looking things up: who is nobody here, and what is silently left out.

use super::super::{customers, issues_of, search, users};
use super::*;

const LANGUAGE: &str = "x-force-accept-language";

fn parse(errors: &[&str]) -> Json {
    json!({ "queries": [{ "query": "q", "errors": errors }] })
}

async fn searched(script: &Script) -> Result<Value, Failure> {
    let session = script.session().await;
    search(&session, "reporter = \"a@b.example\"", &reads(&["key"])).await
}

#[tokio::test]
async fn a_customer_without_an_account_has_no_issues_in_whatever_language_jira_says_so() {
    for said in [
        "The value 'a@b.example' does not exist for the field 'reporter'.",
        "Значение 'a@b.example' не существует для поля 'reporter'.",
    ] {
        let script = Script::default();
        script.response(refusal(400, said));
        script.answer(parse(&[
            "The value 'a@b.example' does not exist for the field 'reporter'.",
        ]));
        assert_eq!(searched(&script).await.unwrap(), Value::from(Vec::new()));
        let calls = script.calls();
        assert_eq!(calls[1], "POST /rest/api/3/jql/parse?validation=strict");
        let headers = &script.headers()[1];
        let has = |name: &str, value: &str| {
            let mut all = headers.iter();
            all.any(|(known, given)| known == name && given == value)
        };
        assert!(has(LANGUAGE, "true") && has("accept-language", "en"));
        // Names in records stay in the account's language.
        assert!(script.headers()[0].iter().all(|(name, _)| name != LANGUAGE));
    }
}

#[tokio::test]
async fn a_mistake_in_a_query_is_no_empty_result() {
    let nobody = "The value 'a@b.example' does not exist for the field 'reporter'.";
    let field = "Field 'tier' does not exist or you do not have permission to view it.";
    for answer in [
        Response::new(200, parse(&[nobody, field]).to_string()),
        Response::new(200, parse(&[]).to_string()),
        Response::new(200, "{}"),
        refusal(403, "no"),
    ] {
        let script = Script::default();
        // In the words of the search alone the two could not be told apart.
        script.response(refusal(400, &format!("{nobody}; {field}")));
        script.response(answer.clone());
        let empty = answer.body.starts_with(b"{}");
        for _ in 0..7 {
            script.response(answer.clone());
        }
        let failure = searched(&script).await.unwrap_err();
        assert_eq!(failure.status, Some(400), "{empty}");
        assert!(failure.message.contains("tier"), "{failure}");
    }
}

#[tokio::test]
async fn issues_that_are_missing_or_forbidden_are_silently_absent_from_a_bulk() {
    let script = Script::default();
    // Jira answers in the order of ids, not of the question, and without what is not there.
    script.answer(json!({ "issues": [issue(1), issue(3)], "issueErrors": [] }));
    let session = script.session().await;
    let ids: Vec<Arc<str>> = ["SUP-3", "2", "1"].map(Arc::from).into();
    let found = issues_of(&session, &ids, &reads(&["key"])).await;
    let found: Vec<Option<String>> = found
        .unwrap()
        .iter()
        .map(|one| Some(one.as_ref()?.get("key")?.as_str()?.to_owned()))
        .collect();
    let some = |key: &str| Some(key.to_owned());
    assert_eq!(found, [some("SUP-3"), None, some("SUP-1")]);
}

#[tokio::test]
async fn a_bulk_takes_a_hundred_ids_and_its_expand_is_a_list() {
    let script = Script::default();
    script.answer(json!({ "issues": [] }));
    script.answer(json!({ "issues": [] }));
    let session = script.session().await;
    let ids: Vec<Arc<str>> = (0..150).map(|id| id.to_string().into()).collect();
    let reads = reads(&["renderedFields.description"]);
    let found = issues_of(&session, &ids, &reads).await.unwrap();
    assert!(found.len() == 150 && found.iter().all(Option::is_none));
    let bodies = script.bodies("POST /rest/api/3/issue/bulkfetch");
    let asked: Vec<usize> = bodies
        .iter()
        .map(|body| body["issueIdsOrKeys"].as_array().unwrap().len())
        .collect();
    assert_eq!(asked, [100, 50]);
    assert_eq!(bodies[0]["expand"], json!(["renderedFields"]));
}

#[tokio::test]
async fn users_in_bulk_are_ten_where_their_number_is_not_said() {
    let script = Script::default();
    script.answer(json!({ "values": [{ "accountId": "b", "emailAddress": null }, { "x": 1 }] }));
    let session = script.session().await;
    let ids: Vec<Arc<str>> = ["557058:a b", "b"].map(Arc::from).into();
    let found = users(&session, &ids).await.unwrap();
    assert!(found[0].is_none() && found[1].is_some());
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/user/bulk?maxResults=100&accountId=557058%3Aa%20b&accountId=b"]
    );
}

#[tokio::test]
async fn a_request_without_an_agents_licence_is_a_403_with_an_empty_body() {
    let script = Script::default();
    script.response(Response::new(403, ""));
    let session = script.session().await;
    let failure = customers(&session, &["SUP-1".into()]).await.unwrap_err();
    assert_eq!(failure.class, Class::Permission);
    assert!(failure.help.unwrap().contains("agent licence"));
}

#[tokio::test]
async fn the_address_of_a_requests_customer_is_filtered_too() {
    let script = Script::default();
    let session = script.session().await;
    let mut shown: Vec<Option<String>> = Vec::new();
    for answer in [
        Response::new(200, r#"{"reporter":{"accountId":"a","emailAddress":""}}"#),
        Response::new(200, r#"{"reporter":{"displayName":"Jane"}}"#),
        Response::new(200, r#"{"reporter":null}"#),
        refusal(404, "no such request"),
    ] {
        script.response(answer);
        let found = customers(&session, &["A-1".into()]).await.unwrap();
        shown.push(found[0].as_ref().map(Value::to_json));
    }
    assert_eq!(
        shown,
        [
            Some(r#"{"accountId":"a","email":null,"displayName":null}"#.to_owned()),
            Some(r#"{"accountId":null,"email":null,"displayName":"Jane"}"#.to_owned()),
            None,
            None,
        ]
    );
}

#[tokio::test]
async fn an_issue_that_could_not_be_given_is_not_one_that_is_missing() {
    let error = |id: &str| json!({ "id": id, "errorMessage": "The issue could not be loaded" });
    let ids: Vec<Arc<str>> = ["1", "2", "3"].map(Arc::from).into();
    let script = Script::default();
    script.answer(json!({ "issues": [issue(1)], "issueErrors": [error("2"), error("3")] }));
    script.answer(json!({ "issues": [issue(3)], "issueErrors": [error("2")] }));
    script.answer(json!({ "issues": [issue(2)], "issueErrors": null }));
    let session = script.session().await;
    let found = issues_of(&session, &ids, &reads(&["key"])).await.unwrap();
    assert!(found.iter().all(Option::is_some));
    let bodies = script.bodies("POST /rest/api/3/issue/bulkfetch");
    assert_eq!(bodies[1]["issueIdsOrKeys"], json!(["2", "3"]));
    assert_eq!(bodies[2]["issueIdsOrKeys"], json!(["2"]));

    let script = Script::default();
    for _ in 0..4 {
        script.answer(json!({ "issues": [], "issueErrors": [error("2")] }));
    }
    let session = script.session().await;
    let failure = issues_of(&session, &["2".into()], &reads(&["key"])).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.class, Class::Unavailable);
    assert!(
        failure
            .message
            .contains("1 of the issues could not be given")
    );
}
