//! Comments: there is no feed of them, and not all of them are for everybody.

use super::super::CommentSource;
use super::super::spec::Comments;
use super::*;

fn comment(id: usize) -> Json {
    json!({ "id": id.to_string(), "body": "b", "updated": "2026-11-24T10:00:00.000+0000" })
}

/// An issue that embeds these of so many comments.
fn with(total: usize, comments: &[Json]) -> Json {
    let mut one = issue(1);
    one["fields"]["comment"] = json!({ "total": total, "comments": comments });
    json!({ "issues": [one] })
}

async fn read(script: &Script, memory: &dyn Memory, start: &Start) -> Result<Vec<Page>, Failure> {
    let spec = Comments {
        issues: issues(),
        internal: false,
    };
    let session = script.session().await;
    let (reads, zone) = (reads(&["body"]), TimeZone::UTC);
    let source = CommentSource::open(&session, &spec, &reads, &zone, start, memory);
    all(&mut source.await?).await
}

fn ids(pages: &[Page]) -> Vec<String> {
    let records = pages.iter().flat_map(|page| &page.records);
    records
        .map(|record| record.identity.as_ref().unwrap().to_string())
        .collect()
}

#[tokio::test]
async fn comments_are_asked_for_by_created_alone_a_hundred_a_page() {
    let script = Script::default();
    script.answer(with(130, &[]));
    let first: Vec<Json> = (0..100).map(comment).collect();
    let second: Vec<Json> = (100..130).map(comment).collect();
    script.answer(json!({ "startAt": 0, "total": 130, "comments": first }));
    script.answer(json!({ "startAt": 100, "total": 130, "comments": second }));
    let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
    assert_eq!(ids(&pages).len(), 130);
    assert_eq!(
        script.calls()[1..],
        [
            "GET /rest/api/3/issue/1/comment?orderBy=created&startAt=0&maxResults=100",
            "GET /rest/api/3/issue/1/comment?orderBy=created&startAt=100&maxResults=100",
        ]
    );
}

#[tokio::test]
async fn comments_whose_total_is_too_small_are_read_on_and_too_large_to_their_end() {
    let hundred: Vec<Json> = (0..100).map(comment).collect();
    for (total, rest, calls) in [(100, 30, 3), (130, 30, 3), (900, 30, 4), (100, 0, 3)] {
        let script = Script::default();
        script.answer(with(total, &[]));
        script.answer(json!({ "total": total, "comments": hundred }));
        let rest: Vec<Json> = (100..100 + rest).map(comment).collect();
        script.answer(json!({ "total": total, "comments": rest }));
        script.answer(json!({ "total": total, "comments": [] }));
        let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
        assert_eq!(ids(&pages).len(), 100 + rest.len(), "{total}");
        assert_eq!(script.calls().len(), calls, "{total}");
    }
}

#[tokio::test]
async fn comments_that_start_over_end_with_an_error() {
    let script = Script::default();
    script.answer(with(300, &[]));
    for _ in 0..2 {
        script.answer(json!({ "total": 300, "comments": [comment(1), comment(2)] }));
    }
    let failure = read(&script, &Kept(&[]), &beginning()).await.unwrap_err();
    assert!(failure.message.contains("the same page comes again"));
}

#[tokio::test]
async fn a_page_with_404_leaves_no_comments_behind() {
    let script = Script::default();
    script.answer(with(3, &[]));
    for _ in 0..8 {
        script.response(page_of_404());
    }
    let failure = read(&script, &Kept(&[]), &beginning()).await.unwrap_err();
    assert_eq!(failure.class, Class::Unavailable);
}

#[tokio::test]
async fn an_issue_that_the_search_still_shows_is_gone() {
    let script = Script::default();
    script.answer(with(3, &[]));
    script.response(refusal(
        404,
        "Issue does not exist or you do not have permission to see it.",
    ));
    // Its comments are not told as deleted: it is the issue that is gone.
    let pages = read(&script, &Kept(&[("1", &["7:1"])]), &beginning())
        .await
        .unwrap();
    assert_eq!(ids(&pages), [""; 0]);
    assert!(told(&pages)[0].contains("went away"));
}

#[tokio::test]
async fn internal_comments_never_come_whatever_says_that_they_are() {
    let script = Script::default();
    let mut desk = comment(1);
    desk["jsdPublic"] = json!(false);
    let mut role = comment(2);
    role["visibility"] = json!({ "type": "role", "value": "Administrators" });
    let mut open = comment(3);
    open["jsdPublic"] = json!(true);
    open["visibility"] = Json::Null;
    script.answer(with(4, &[desk, role, open, comment(4)]));
    let pages = read(&script, &Kept(&[]), &beginning()).await.unwrap();
    assert_eq!(ids(&pages), ["3", "4"]);
}

#[tokio::test]
async fn no_feed_tells_which_comments_changed_or_are_gone() {
    let script = Script::default();
    let mut edited = comment(2);
    edited["updated"] = json!("2026-11-24T11:00:00.000+0000");
    let mut hidden = comment(4);
    hidden["jsdPublic"] = json!(false);
    script.answer(with(3, &[comment(1), edited, hidden]));
    let start = from(1_795_514_000_000);
    let kept: &'static [&'static str] = &[
        "1:1795514400000",
        "2:1795514400000",
        "3:1795514400000",
        "4:1795514400000",
    ];
    let memory = Kept(Box::leak(Box::new([("1", kept)])));
    let pages = read(&script, &memory, &start).await.unwrap();
    let records: Vec<_> = pages.iter().flat_map(|page| &page.records).collect();
    let come: Vec<(String, bool)> = records
        .iter()
        .map(|record| {
            (
                record.identity.as_ref().unwrap().to_string(),
                record.deleted,
            )
        })
        .collect();
    // What is known as it is does not come again; one that became internal counts as deleted.
    let (yes, no) = (true, false);
    assert_eq!(
        come,
        [
            ("2".to_owned(), no),
            ("3".to_owned(), yes),
            ("4".to_owned(), yes)
        ]
    );
}
