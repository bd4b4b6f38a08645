//! Answers that are none, and questions that Jira does not hear.

use super::super::spec::Users;
use super::*;

#[tokio::test]
async fn a_get_has_no_body_as_what_stands_before_jira_refuses_it() {
    // The script refuses one as CloudFront does.
    let script = Script::default();
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, Listed::Users(&Users { all: true })).await;
    assert!(pages.is_ok());
    assert!(script.calls().iter().all(|call| call.starts_with("GET ")));
}

#[tokio::test]
async fn a_list_that_is_none_is_no_empty_one() {
    for body in ["{}", "", "null", r#"{"values":{}}"#, r#"{"isLast":true}"#] {
        for what in [Listed::Projects, Listed::Users(&Users { all: true })] {
            let script = Script::default();
            script.response(Response::new(200, body));
            let failure = listed(&script, what).await.unwrap_err();
            assert_eq!(failure.class, Class::BrokenAnswer, "{body}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_was_removed_is_a_defect_and_not_tried_again() {
    let script = Script::default();
    let said =
        "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.";
    script.response(refusal(410, said));
    let read = script.read(&issues(), &reads(&["key"]), &beginning()).await;
    let failure = read.unwrap_err();
    assert_eq!(failure.class, Class::Gone);
    assert!(failure.help.unwrap().contains("newer flowline"));
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test]
async fn a_400_is_a_mistake_and_no_empty_answer() {
    let script = Script::default();
    script.response(Response::new(
        400,
        r#"{"errorMessages":["Unbounded JQL queries are not allowed here."],"errors":{"jql":"bad"}}"#,
    ));
    let read = script.read(&issues(), &reads(&["key"]), &beginning()).await;
    let failure = read.unwrap_err();
    assert_eq!(failure.class, Class::Rejected);
    assert!(failure.message.contains("Unbounded") && failure.message.contains("jql: bad"));
    assert_eq!(script.calls().len(), 1);
}

#[tokio::test]
async fn a_permission_that_is_unknown_is_a_400_for_all_of_them() {
    // So only those are asked for that Jira's definition has.
    let script = Script::default();
    script.answer(json!({ "permissions": { "ADMINISTER": { "havePermission": true } } }));
    let session = script.session().await;
    session.may_administer().await.unwrap();
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/mypermissions?permissions=ADMINISTER"]
    );
}
