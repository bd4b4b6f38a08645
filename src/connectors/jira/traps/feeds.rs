//! Worklogs: feeds of ids, which leave out the last minute and are not there everywhere.

use super::super::WorklogSource;
use super::super::spec::Worklogs;
use super::*;

fn change(id: u64, at: i64) -> Json {
    json!({ "worklogId": id, "updatedTime": at, "properties": [] })
}

fn feed(changes: &[Json], last: bool, until: i64) -> Json {
    json!({ "values": changes, "since": 0, "until": until, "lastPage": last })
}

fn nothing() -> Json {
    feed(&[], true, 0)
}

fn worklog(id: u64) -> Json {
    json!({ "id": id.to_string(), "issueId": "1", "timeSpentSeconds": 60,
            "updated": "2026-11-24T10:00:00.000+0000" })
}

fn owner() -> Json {
    json!({ "issues": [issue(1)] })
}

async fn read(script: &Script, memory: &dyn Memory, start: &Start) -> Result<Vec<Page>, Failure> {
    let spec = Worklogs { issues: issues() };
    let session = script.session().await;
    let (reads, zone) = (reads(&["timeSpentSeconds"]), TimeZone::UTC);
    let source = WorklogSource::open(&session, &spec, &reads, &zone, start, memory);
    all(&mut source.await?).await
}

fn names(pages: &[Page]) -> Vec<&str> {
    keys(pages)
}

#[tokio::test]
async fn without_time_tracking_the_feed_of_worklogs_is_a_404() {
    let script = Script::default();
    script.response(refusal(404, "Time tracking is disabled"));
    let failure = read(&script, &Kept(&[]), &beginning()).await.unwrap_err();
    assert_eq!(failure.class, Class::Rejected);
    assert!(failure.message.contains("time tracking is switched off"));
}

#[tokio::test]
async fn a_page_with_404_is_no_switched_off_time_tracking() {
    let script = Script::default();
    for _ in 0..8 {
        script.response(page_of_404());
    }
    let failure = read(&script, &Kept(&[]), &beginning()).await.unwrap_err();
    assert_eq!(failure.class, Class::Unavailable);
}

#[tokio::test]
async fn a_feed_whose_page_comes_again_ends_with_an_error() {
    let script = Script::default();
    let again = feed(&[change(9, 50)], false, 50);
    script.answer(again.clone());
    script.answer(json!([worklog(9)]));
    script.answer(owner());
    script.answer(again);
    script.answer(json!([worklog(9)]));
    script.answer(owner());
    let failure = read(&script, &Kept(&[]), &beginning()).await.unwrap_err();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.message.contains("the same page comes again"));
}

#[tokio::test]
async fn a_feed_goes_on_until_its_last_page_however_that_is_told() {
    for first in [
        feed(&[change(8, 40)], false, 40),
        json!({ "values": [change(8, 40)], "until": 40, "nextPage": "https://x/next" }),
    ] {
        let script = Script::default();
        script.answer(first);
        script.answer(json!([worklog(8)]));
        script.answer(owner());
        // The last page says no more than that there is nothing.
        script.answer(json!({ "values": [change(9, 50)], "until": 50 }));
        script.answer(json!([worklog(9)]));
        script.answer(owner());
        script.answer(nothing());
        let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
        assert_eq!(names(&pages), ["worklog 8 of SUP-1", "worklog 9 of SUP-1"]);
        let calls = script.calls();
        assert_eq!(calls[3], "GET /rest/api/3/worklog/updated?since=40");
        assert_eq!(calls[6], "GET /rest/api/3/worklog/deleted?since=50");
    }
}

#[tokio::test]
async fn what_the_feeds_left_out_of_the_last_minute_is_asked_for_again() {
    let script = Script::default();
    script.answer(nothing());
    script.answer(nothing());
    let start = Start {
        cursor: Some(Cursor("1800000000000:1799999990000".to_owned())),
        ..beginning()
    };
    read(&script, &Kept(&[]), &start).await.unwrap();
    assert_eq!(
        script.calls(),
        [
            "GET /rest/api/3/worklog/updated?since=1799999940000",
            "GET /rest/api/3/worklog/deleted?since=1799999930000",
        ]
    );
}

#[tokio::test]
async fn what_a_feed_repeats_does_not_come_again() {
    let script = Script::default();
    script.answer(feed(&[change(8, 1_800_000_000_000)], true, 0));
    script.answer(nothing());
    let start = Start {
        cursor: Some(Cursor("1800000000000:1800000000000".to_owned())),
        ..beginning()
    };
    let known = Kept(&[("8", &["1:1800000000000"])]);
    let pages = read(&script, &known, &start).await.unwrap();
    assert_eq!(names(&pages), [""; 0]);
    assert_eq!(script.calls().len(), 2, "nothing is asked after");
}

#[tokio::test]
async fn worklogs_that_vanish_between_the_feed_and_the_list_are_no_error() {
    let script = Script::default();
    script.answer(feed(&[change(8, 40), change(9, 50)], true, 50));
    // One is gone, and one that nobody asked for has no id.
    script.answer(json!([worklog(9), { "issueId": "1" }]));
    script.answer(owner());
    script.answer(nothing());
    let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
    assert_eq!(names(&pages), ["worklog 9 of SUP-1"]);
    assert_eq!(&*pages[0].bad[0].reason, "the worklog has no id");
}

#[tokio::test]
async fn the_feed_of_what_is_gone_knows_ids_alone() {
    let script = Script::default();
    script.answer(nothing());
    script.answer(feed(&[change(8, 60), change(7, 70)], true, 70));
    script.answer(json!({ "issues": [] }));
    let start = Start {
        cursor: Some(Cursor("50:50".to_owned())),
        ..beginning()
    };
    // One was never told of: nobody needs to hear that it is gone.
    let known = Kept(&[("8", &["1:40"])]);
    let pages = read(&script, &known, &start).await.unwrap();
    let records: Vec<_> = pages.iter().flat_map(|page| &page.records).collect();
    assert_eq!(records.len(), 1);
    assert!(records[0].deleted);
    // Its issue is gone with it, and it says which one that was.
    let issue = records[0].value.at(&["issue", "id"]);
    assert_eq!(issue.and_then(Value::as_str), Some("1"));
}

#[tokio::test]
async fn worklogs_for_some_eyes_only_are_left_out() {
    let script = Script::default();
    let mut hidden = worklog(8);
    hidden["visibility"] = json!({ "type": "group", "value": "managers" });
    script.answer(feed(&[change(8, 40), change(9, 50)], true, 50));
    script.answer(json!([hidden, worklog(9)]));
    script.answer(owner());
    script.answer(nothing());
    let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
    assert_eq!(names(&pages), ["worklog 9 of SUP-1"]);
}
