//! Credentials that are dead and sites that are none.

use super::*;

#[tokio::test]
async fn a_dead_credential_that_is_answered_with_nothing_is_an_error() {
    let script = Script::default();
    let mut nothing = Response::new(200, r#"{"issues":[]}"#);
    nothing.headers = [("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")]
        .into_iter()
        .collect();
    script.response(nothing);
    let failure = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::Authentication);
    assert!(failure.help.unwrap().contains("JIRA_API_TOKEN"));
}

#[tokio::test]
async fn the_credential_is_tried_before_anything_is_searched() {
    let script = Script::default();
    script.response(Response::new(401, "Client must be authenticated"));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::Authentication);
    assert_eq!(script.calls(), ["GET /rest/api/3/myself"]);

    // Somebody else's page, or Jira's for nobody: 200 proves nothing without an account.
    let script = Script::default();
    script.answer(json!({ "displayName": "Anonymous" }));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.message.contains("accountId"), "{failure}");
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_site_is_no_part_of_any_address() {
    let script = Script::default();
    script.answer(json!({ "accountId": "a" }));
    script.answer(json!({ "cloudId": "c1" }));
    let session = script.open("https://acme.atlassian.net/").await.unwrap();
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/myself", "GET /_edge/tenant_info"]
    );
    let site = session.site(false).await.unwrap();
    assert_eq!(
        site.to_json(),
        r#"{"id":"c1","url":"https://acme.atlassian.net","host":"acme.atlassian.net","name":null}"#
    );
}

#[tokio::test]
async fn a_site_that_is_not_cloud_says_what_it_is() {
    // By e-mail and token: a Data Center site has no such API.
    let script = Script::default();
    let nothing = Response::new(404, r#"{"message":"null for uri","status-code":404}"#);
    script.response(nothing.clone());
    script.answer(json!({ "baseUrl": "https://jira.acme.example", "deploymentType": "Server" }));
    let failure = script
        .open("https://jira.acme.example")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::Rejected);
    assert!(failure.message.contains("not Jira Cloud"), "{failure}");
    assert!(failure.message.contains("Server"), "{failure}");
    assert_eq!(
        script.calls(),
        ["GET /rest/api/3/myself", "GET /rest/api/2/serverInfo"]
    );

    // Through the gateway: it has no cloud id either.
    let script = Script::default();
    script.response(nothing);
    script.answer(json!({ "deploymentType": "DataCenter" }));
    let entrance = Entrance {
        gateway: Some("https://api.atlassian.com".parse().unwrap()),
        ..Entrance::basic(
            &Site {
                url: "https://jira.acme.example".parse().unwrap(),
            },
            &Basic {
                email: "me@acme.example".to_owned(),
                token: Secret::new("token"),
            },
        )
    };
    let failure = Session::enter(script.parts(), entrance)
        .await
        .err()
        .unwrap();
    assert!(failure.message.contains("DataCenter"), "{failure}");
    assert_eq!(
        script.calls(),
        ["GET /_edge/tenant_info", "GET /rest/api/2/serverInfo"]
    );

    // Cloud that answers 404 keeps its own words.
    let script = Script::default();
    script.response(Response::new(
        404,
        r#"{"errorMessages":["Site temporarily gone"]}"#,
    ));
    script.answer(json!({ "deploymentType": "Cloud" }));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert!(failure.message.contains("temporarily gone"), "{failure}");
}

#[tokio::test]
async fn a_dead_credential_is_found_by_every_list_that_is_answered_with_nothing() {
    use super::super::spec::Users;
    let dead = |body: &str| {
        let mut nothing = Response::new(200, body.to_owned());
        nothing.headers = [("x-seraph-loginreason", "OUT, AUTHENTICATED_FAILED")]
            .into_iter()
            .collect();
        nothing
    };
    for (what, body) in [
        (Listed::Users(&Users { all: false }), "[]"),
        (Listed::Projects, r#"{"isLast":true,"values":[]}"#),
    ] {
        let script = Script::default();
        script.response(dead(body));
        let failure = listed(&script, what).await.unwrap_err();
        assert_eq!(failure.class, Class::Authentication);
        assert_eq!(script.calls().len(), 1, "it is not asked again");
    }
    // Said of one that is alive it is no refusal.
    let script = Script::default();
    let mut alive = Response::new(200, r#"{"isLast":true,"values":[]}"#);
    alive.headers = [("X-Seraph-LoginReason", "OK")].into_iter().collect();
    script.response(alive);
    assert!(listed(&script, Listed::Projects).await.is_ok());
}

#[tokio::test]
async fn a_scoped_token_is_401_at_the_site_and_that_is_said() {
    let script = Script::default();
    script.response(Response::new(
        401,
        r#"{"code":401,"message":"Unauthorized"}"#,
    ));
    let failure = script
        .open("https://acme.atlassian.net")
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, Class::Authentication);
    let help = failure.help.unwrap();
    assert!(help.contains("scopes, which a site refuses"), "{help}");
}

#[tokio::test]
async fn a_missing_scope_is_a_401_that_nothing_renews() {
    let script = Script::default();
    script.response(Response::new(
        401,
        r#"{"code":401,"message":"Unauthorized; scope does not match"}"#,
    ));
    let failure = listed(&script, Listed::Projects).await.unwrap_err();
    assert_eq!(failure.class, Class::Permission);
    assert!(failure.help.unwrap().contains("read:jira-work"));
    assert_eq!(script.calls().len(), 1);
}
