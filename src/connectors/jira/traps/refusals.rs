//! Refusals: their pages, their waits, whom they hold back.

use super::*;

#[tokio::test]
async fn a_429_that_is_a_page_is_waited_for_like_any_other() {
    let script = Script::default();
    let page = "<html><title>Oops - an error has occurred</title></html>";
    script.response(Response::new(429, page));
    let mut later = Response::new(
        429,
        r#"{"errorMessages":["The request has been rate-limited."],"errors":{},"status":429}"#,
    );
    later.headers = [("retry-after", "7")].into_iter().collect();
    script.response(later);
    let mut reset = Response::new(429, "");
    reset.headers = [
        ("Date", "Tue, 24 Nov 2026 10:00:10 GMT"),
        ("X-RateLimit-Reset", "2026-11-24T10:01Z"),
    ]
    .into_iter()
    .collect();
    script.response(reset);
    script.answer(json!({ "issues": [issue(1)] }));
    let pages = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    assert_eq!(keys(&pages), ["SUP-1"]);
    let waits: Vec<u64> = script
        .waits()
        .iter()
        .map(std::time::Duration::as_secs)
        .collect();
    assert!(waits.contains(&7) && waits.contains(&50), "{waits:?}");
}

#[tokio::test]
async fn a_login_page_with_200_is_no_answer() {
    let script = Script::default();
    for _ in 0..8 {
        script.response(Response::new(
            200,
            "<!DOCTYPE html><title>Log in with Atlassian account</title>",
        ));
    }
    let failure = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.help.unwrap().contains("not Jira's API"));
}

#[tokio::test]
async fn a_quota_that_asks_for_half_an_hour_ends_the_run_instead_of_sleeping() {
    let script = Script::default();
    let mut spent = Response::new(429, "");
    spent.headers = [
        ("Retry-After", "1847"),
        ("RateLimit-Reason", "jira-quota-global-based"),
    ]
    .into_iter()
    .collect();
    script.answer(json!({ "issues": [issue(1)], "nextPageToken": "t" }));
    script.response(spent);
    let failure = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap_err();
    assert_eq!(failure.class, Class::RateLimited);
    assert_eq!(script.calls().len(), 2);
    let longest = script.waits().into_iter().max().unwrap_or_default();
    assert!(longest.as_secs() < 60, "{longest:?}");
}

#[tokio::test]
async fn an_outage_is_waited_for_as_long_as_it_says() {
    let script = Script::default();
    let mut down = Response::new(503, "<html></html>");
    down.headers = [("Retry-After", "40")].into_iter().collect();
    script.response(down);
    script.answer(json!({ "issues": [issue(1)] }));
    let pages = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    assert_eq!(keys(&pages), ["SUP-1"]);
    assert!(script.waits().iter().any(|wait| wait.as_secs() >= 40));
}

#[tokio::test]
async fn limits_by_other_names_are_informational_and_their_absence_is_no_error() {
    let script = Script::default();
    let mut page = Response::new(
        200,
        json!({ "issues": [issue(1)], "nextPageToken": "t" }).to_string(),
    );
    page.headers = [
        ("X-Beta-RateLimit-Remaining", "0"),
        ("Beta-RateLimit-Policy", "\"new\";q=0"),
        ("X-Beta-RateLimit-Reset", "2026-11-24T16:00Z"),
    ]
    .into_iter()
    .collect();
    script.response(page);
    script.answer(json!({ "issues": [issue(2)] }));
    let pages = script
        .read(&issues(), &reads(&["key"]), &beginning())
        .await
        .unwrap();
    assert_eq!(keys(&pages), ["SUP-1", "SUP-2"]);
    let longest = script.waits().into_iter().max().unwrap_or_default();
    assert!(longest.as_secs() < 1, "{longest:?}");
}

#[tokio::test]
async fn xsrf_check_failed_is_not_blamed_on_the_account() {
    for status in [403, 404] {
        let script = Script::default();
        script.response(Response::new(status, "XSRF check failed"));
        let failure = script
            .read(&issues(), &reads(&["key"]), &beginning())
            .await
            .unwrap_err();
        assert_eq!(failure.class, Class::Permission);
        assert!(failure.help.unwrap().contains("User-Agent"));
        assert_eq!(script.calls().len(), 1);
    }
}
