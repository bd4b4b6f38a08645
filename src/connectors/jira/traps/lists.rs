//! Lists that are read whole: users, projects, versions, boards and sprints.

use super::super::spec::{Sprints, Users, Versions};
use super::*;

const USERS: Listed<'static> = Listed::Users(&Users { all: false });
const SPRINTS: Listed<'static> = Listed::Sprints(&Sprints {
    boards: Vec::new(),
    since: None,
});

fn user(id: usize) -> Json {
    json!({ "accountId": format!("557058:{id}"), "accountType": "atlassian", "active": true,
            "displayName": "Jane" })
}

fn sprint(id: u64) -> Json {
    json!({ "id": id, "state": "closed", "name": format!("Sprint {id}"), "originBoardId": 1 })
}

fn board(id: u64) -> Json {
    json!({ "id": id, "type": "scrum", "name": "Board" })
}

fn values(elements: &[Json]) -> Json {
    json!({ "maxResults": 50, "startAt": 0, "isLast": true, "values": elements })
}

#[tokio::test]
async fn users_that_take_longer_than_ten_seconds_are_asked_for_in_smaller_pages() {
    let script = Script::default();
    for _ in 0..8 {
        script.response(refusal(409, "The request took longer than 10 seconds"));
    }
    script.answer(json!([user(1)]));
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, USERS).await.unwrap();
    assert_eq!(keys(&pages), ["557058:1"]);
    let calls = script.calls();
    let asked = |size: usize| format!("GET /rest/api/3/users/search?startAt=0&maxResults={size}");
    assert_eq!((&calls[7], &calls[8]), (&asked(1000), &asked(100)));
}

#[tokio::test]
async fn users_that_the_account_may_not_browse_are_a_permission_that_is_named() {
    let script = Script::default();
    script.response(refusal(
        403,
        "You are not permitted to perform this action.",
    ));
    let failure = listed(&script, USERS).await.unwrap_err();
    assert_eq!(failure.class, Class::Permission);
    assert!(failure.help.unwrap().contains("Browse users and groups"));
}

#[tokio::test]
async fn a_user_search_without_the_permission_is_empty_and_not_403() {
    let script = Script::default();
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, USERS).await.unwrap();
    assert_eq!(keys(&pages), [""; 0]);
    let told = told(&pages);
    assert!(told.len() == 1 && told[0].contains("Browse users and groups"));
}

#[tokio::test]
async fn users_are_read_past_an_empty_page_in_the_middle() {
    let script = Script::default();
    script.answer(json!([user(1), user(2)]));
    script.answer(json!([]));
    script.answer(json!([user(3)]));
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, USERS).await.unwrap();
    assert_eq!(keys(&pages), ["557058:1", "557058:2", "557058:3"]);
    assert_eq!(told(&pages), [""; 0]);
    let starts: Vec<String> = script.calls();
    let starts: Vec<&str> = starts
        .iter()
        .map(|call| call.split(['=', '&']).nth(1).unwrap())
        .collect();
    assert_eq!(starts, ["0", "2", "1002", "1003", "2003"]);
}

#[tokio::test]
async fn a_page_that_begins_within_the_one_before_gives_nobody_twice() {
    let script = Script::default();
    script.answer(json!([user(1), user(2), user(3)]));
    script.answer(json!([user(2), user(3), user(4)]));
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, USERS).await.unwrap();
    assert_eq!(
        keys(&pages),
        ["557058:1", "557058:2", "557058:3", "557058:4"]
    );
}

#[tokio::test]
async fn users_include_inactive_and_deleted_accounts_apps_and_customers() {
    let with = |name: &str, value: Json| {
        let mut one = user(9);
        one[name] = value;
        one["accountId"] = name.into();
        one
    };
    let mut app = with("accountType", json!("app"));
    app["accountId"] = json!("app");
    let everybody = json!([
        user(1),
        with("active", json!(false)),
        app,
        with("accountType", json!("customer")),
    ]);
    for (all_of_them, found) in [(false, 1), (true, 4)] {
        let script = Script::default();
        script.answer(everybody.clone());
        script.answer(json!([]));
        script.answer(json!([]));
        let users = Users { all: all_of_them };
        let pages = listed(&script, Listed::Users(&users)).await.unwrap();
        assert_eq!(keys(&pages).len(), found);
    }
}

#[tokio::test]
async fn users_without_an_address_are_users() {
    let script = Script::default();
    let mut hidden = user(1);
    hidden["emailAddress"] = Json::Null;
    let mut blank = user(2);
    blank["emailAddress"] = json!("");
    script.answer(json!([hidden, blank, user(3)]));
    script.answer(json!([]));
    script.answer(json!([]));
    let pages = listed(&script, USERS).await.unwrap();
    assert_eq!(keys(&pages).len(), 3);
    assert!(pages[0].bad.is_empty());
}

#[tokio::test]
async fn projects_are_capped_at_a_hundred_a_page_without_a_word() {
    let project = |id: usize| json!({ "id": id.to_string(), "key": format!("P{id}") });
    let script = Script::default();
    let first: Vec<Json> = (0..100).map(project).collect();
    script.answer(json!({ "total": 150, "maxResults": 100, "isLast": false, "values": first }));
    let second: Vec<Json> = (100..150).map(project).collect();
    script.answer(json!({ "total": 150, "maxResults": 100, "isLast": true, "values": second }));
    let pages = listed(&script, Listed::Projects).await.unwrap();
    assert_eq!(keys(&pages).len(), 150);
    assert_eq!(
        script.calls(),
        [
            "GET /rest/api/3/project/search?startAt=0&maxResults=100",
            "GET /rest/api/3/project/search?startAt=100&maxResults=100",
        ]
    );
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends_with_an_error() {
    let script = Script::default();
    for id in [1, 2, 1] {
        script.answer(json!({ "isLast": false, "values": [{ "id": id.to_string(), "key": "P" }] }));
    }
    let failure = listed(&script, Listed::Projects).await.unwrap_err();
    assert_eq!(failure.class, Class::BrokenAnswer);
    assert!(failure.message.contains("the same page comes again"));
}

#[tokio::test]
async fn sprints_are_found_under_the_old_and_the_new_path() {
    // All under the old one, all under the new one, and only the boards under the old one.
    for (boards, sprints) in [(200, 200), (410, 410), (404, 410), (200, 404)] {
        let script = Script::default();
        let path = |status: u16, body: Json| {
            if status != 200 {
                script.response(refusal(status, "The requested API has been removed."));
            }
            script.answer(body);
        };
        path(boards, values(&[board(1)]));
        path(sprints, values(&[sprint(31)]));
        let pages = listed(&script, SPRINTS).await.unwrap();
        assert_eq!(keys(&pages), ["Sprint 31"], "{boards} {sprints}");
        let version = |status: u16| if status == 200 { "agile" } else { "software" };
        let calls = script.calls();
        let of = |suffix: &str| {
            let found = calls.iter().rev().find(|call| call.contains(suffix));
            found.unwrap().clone()
        };
        assert_eq!(
            of("/board?"),
            format!(
                "GET /rest/{}/1.0/board?startAt=0&maxResults=50",
                version(boards)
            )
        );
        assert_eq!(
            of("/sprint?"),
            format!(
                "GET /rest/{}/1.0/board/1/sprint?state=closed&startAt=0&maxResults=50",
                version(sprints)
            )
        );
    }
}

#[tokio::test]
async fn a_board_without_sprints_refuses_the_question() {
    let script = Script::default();
    let kanban = json!({ "id": 2, "type": "kanban" });
    script.answer(values(&[board(1), kanban, board(3)]));
    script.response(refusal(400, "The board does not support sprints"));
    script.answer(values(&[sprint(31)]));
    let pages = listed(&script, SPRINTS).await.unwrap();
    assert_eq!(keys(&pages), ["Sprint 31"]);
    assert_eq!(script.calls().len(), 3, "a kanban board is not asked");
}

#[tokio::test]
async fn a_sprint_that_several_boards_show_comes_once() {
    let script = Script::default();
    script.answer(values(&[board(1), board(3)]));
    script.answer(values(&[sprint(31), sprint(32)]));
    script.answer(values(&[sprint(32), sprint(33)]));
    let pages = listed(&script, SPRINTS).await.unwrap();
    assert_eq!(keys(&pages), ["Sprint 31", "Sprint 32", "Sprint 33"]);
}

#[tokio::test]
async fn sprints_lack_dates_and_states_differ_in_case() {
    let script = Script::default();
    let mut upper = sprint(31);
    upper["state"] = json!("CLOSED");
    let mut active = sprint(32);
    active["state"] = json!("active");
    let future = json!({ "id": 33, "state": "future", "name": "Sprint 33" });
    let stateless = json!({ "id": 34, "name": "Sprint 34" });
    script.answer(values(&[board(1)]));
    script.answer(values(&[upper, active, future, stateless]));
    let pages = listed(&script, SPRINTS).await.unwrap();
    assert_eq!(keys(&pages), ["Sprint 31"]);
    assert_eq!(pages[0].records[0].time, None);
}

#[tokio::test]
async fn a_page_with_404_is_no_word_of_a_board_or_project() {
    for named in [Vec::new(), vec![1]] {
        let script = Script::default();
        if named.is_empty() {
            script.answer(values(&[board(1)]));
        }
        for _ in 0..8 {
            script.response(page_of_404());
        }
        let sprints = Sprints {
            boards: named,
            since: None,
        };
        let failure = listed(&script, Listed::Sprints(&sprints)).await;
        assert_eq!(failure.unwrap_err().class, Class::Unavailable);
    }
}

#[tokio::test]
async fn what_went_away_since_it_was_listed_is_passed_over_and_what_is_named_is_not() {
    let script = Script::default();
    let projects = json!([{ "key": "OLD" }, { "key": "SUP" }]);
    script.answer(values(projects.as_array().unwrap()));
    script.response(refusal(404, "No project could be found with key 'OLD'."));
    script.answer(values(&[
        json!({ "id": "7", "name": "1.0", "released": true }),
    ]));
    let all_of_them = Versions {
        projects: Vec::new(),
        since: None,
    };
    let pages = listed(&script, Listed::Versions(&all_of_them))
        .await
        .unwrap();
    assert_eq!(keys(&pages), ["1.0"]);

    let script = Script::default();
    script.response(refusal(404, "No project could be found with key 'NO'."));
    let named = Versions {
        projects: vec!["NO".to_owned()],
        since: None,
    };
    let failure = listed(&script, Listed::Versions(&named)).await.unwrap_err();
    assert!(failure.message.contains("no project `NO`"), "{failure}");
}

#[tokio::test]
async fn a_versions_date_for_people_is_no_time_and_released_is_judged_here_too() {
    let script = Script::default();
    script.answer(values(&[
        json!({ "id": "7", "name": "1.0", "released": true, "userReleaseDate": "09/Sep/20" }),
        json!({ "id": "8", "name": "2.0", "released": false, "releaseDate": "2026-11-20" }),
        json!({ "id": "9", "name": "3.0", "released": true, "releaseDate": "2026-11-20" }),
    ]));
    let versions = Versions {
        projects: vec!["SUP".to_owned()],
        since: None,
    };
    let pages = listed(&script, Listed::Versions(&versions)).await.unwrap();
    assert_eq!(keys(&pages), ["1.0", "3.0"]);
    let times: Vec<Option<String>> = pages[0]
        .records
        .iter()
        .map(|record| record.time.map(|time| time.to_string()))
        .collect();
    assert_eq!(times, [None, Some("2026-11-20T00:00:00Z".to_owned())]);
}
