//! `http` as a source, against a real server: pages, ways in, the cursor.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::api::{Answer, Api, Asked, json as ok};
use super::world::{Project, World};

/// A pipeline that writes what it reads into a file.
fn pipeline(url: &str, rest: &str) -> String {
    format!(
        "sources:\n  - http:\n      url: {url}/customers\n      records: $.items[*]\n      id: $.id\n{rest}\
         sinks:\n  - file: {{ path: out.jsonl, transforms: [map: {{ id: $.id }}] }}\n"
    )
}

fn ids(project: &Project) -> Vec<String> {
    let text = fs::read_to_string(project.path("out.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string())
        .collect()
}

fn items(of: &[u64]) -> Value {
    let list: Vec<Value> = of
        .iter()
        .map(|id| json!({ "id": id, "not": "read" }))
        .collect();
    Value::from(list)
}

#[track_caller]
fn read(api: &Api, rest: &str) -> Project {
    let project = Project::alone();
    project.write("pipelines/list.yaml", &pipeline(&api.url, rest));
    let ran = project.run(&["run", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    project
}

#[test]
fn each_style_of_pages_is_read_to_its_end() {
    type Style = (&'static str, &'static str, fn(&Asked) -> Answer);
    let get = |asked: &Asked, name: &str| asked.query.get(name).cloned();
    assert_eq!(get(&Asked::default(), "x"), None);
    let styles: [Style; 5] = [
        (
            "token",
            "      pages: { token: { read: $.next, query: page_token } }\n",
            |asked| match asked.query.get("page_token").map(String::as_str) {
                None => ok(json!({ "items": items(&[1, 2]), "next": "b" })),
                Some("b") => ok(json!({ "items": [], "next": "c" })),
                Some(_) => ok(json!({ "items": items(&[3]), "next": "" })),
            },
        ),
        (
            "offset",
            "      pages: { offset: { query: skip, limit: { query: take, size: 2 } } }\n",
            |asked| {
                assert_eq!(asked.query["take"], "2");
                match asked.query["skip"].as_str() {
                    "0" => ok(json!({ "items": items(&[1, 2]) })),
                    _ => ok(json!({ "items": items(&[3]) })),
                }
            },
        ),
        (
            "page",
            "      pages: { page: { query: p } }\n",
            |asked| match asked.query["p"].as_str() {
                "1" => ok(json!({ "items": items(&[1, 2]) })),
                "2" => ok(json!({ "items": items(&[3]) })),
                _ => ok(json!({ "items": [] })),
            },
        ),
        ("link", "      pages: link\n", |asked| {
            let next = |to: &str| vec![("link", format!("</customers?at={to}>; rel=\"next\""))];
            match asked.query.get("at").map(String::as_str) {
                None => (
                    200,
                    next("2"),
                    json!({ "items": items(&[1, 2]) }).to_string(),
                ),
                _ => ok(json!({ "items": items(&[3]) })),
            }
        }),
        (
            "url",
            "      pages: { url: $.links.next }\n",
            |asked| match asked.query.get("at").map(String::as_str) {
                None => {
                    let next = format!("http://{}/customers?at=2", asked.headers["host"]);
                    ok(json!({ "items": items(&[1, 2]), "links": { "next": next } }))
                }
                _ => ok(json!({ "items": items(&[3]), "links": { "next": null } })),
            },
        ),
    ];
    for (name, pages, answer) in styles {
        let api = Api::start(move |asked, _| answer(asked));
        let project = read(&api, pages);
        assert_eq!(ids(&project), ["1", "2", "3"], "{name}");
    }
}

#[test]
fn each_way_in_is_sent_and_never_shown() {
    for (auth, header, value) in [
        (
            "auth: { bearer: \"${WORD}\" }",
            "authorization",
            "Bearer s3cret",
        ),
        (
            "auth: { basic: { user: me, password: \"${WORD}\" } }",
            "authorization",
            "Basic bWU6czNjcmV0",
        ),
        (
            "auth: { header: { name: X-Token, value: \"${WORD}\" } }",
            "x-token",
            "s3cret",
        ),
        (
            "headers: { X-Api-Key: \"${WORD}\", X-Team: blue }",
            "x-api-key",
            "s3cret",
        ),
    ] {
        let api = Api::start(|_, _| ok(json!({ "items": items(&[1]) })));
        let project = Project::alone();
        project.write(
            "pipelines/list.yaml",
            &pipeline(&api.url, &format!("      {auth}\n")),
        );
        let unset = project.run(&["run", "list"]);
        assert_eq!(unset.code, 2, "{}", unset.stderr);
        assert!(
            unset.stderr.contains("`WORD` is not set"),
            "{}",
            unset.stderr
        );
        let ran = project
            .command(&["-v", "--log-api-calls", "run", "list"])
            .env("WORD", "s3cret")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(0), "{said}");
        assert!(
            !said.contains("s3cret") && !said.contains("czNjcmV0"),
            "{said}"
        );
        let asked = api.asked();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].headers[header], value);
        if auth.starts_with("headers") {
            assert_eq!(asked[0].headers["x-team"], "blue");
        }
    }
}

#[test]
fn the_cursor_is_the_greatest_value_read_and_asks_inclusively() {
    let world = World::start(&super::QUICK);
    let api = Api::start(|asked, _| {
        let all = [
            ("2", "2026-11-24T11:00:00+01:00"),
            ("1", "2026-11-24T09:00:00Z"),
            ("3", "2026-11-24T10:30:00Z"),
        ];
        let since = asked.query.get("since").map_or("", String::as_str);
        let list = all.iter().filter(|(id, _)| since.is_empty() || *id == "3");
        let list: Vec<Value> = list
            .map(|(id, at)| json!({ "id": id, "email": format!("c{id}@x.example"), "updated_at": at }))
            .collect();
        ok(json!({ "items": list }))
    });
    let project = Project::of(&world);
    project.write(
        "pipelines/list.yaml",
        &format!(
            "sources:\n  - http:\n      url: {}/customers\n      records: $.items[*]\n      id: $.id\n      time: $.updated_at\n      \
             cursor: {{ read: $.updated_at, query: since }}\n\
             sinks:\n  - brevo.contacts: {{ identify: {{ email: $.email }} }}\n",
            api.url
        ),
    );
    let first = project.run(&["run", "list", "--format", "json"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let summary = first.summary();
    assert_eq!(summary["operations"]["brevo.contacts"]["created"], 3);
    assert_eq!(summary["matched"]["email"], 3);
    assert_eq!(summary["cursor"], "2026-11-24T10:30:00Z");
    let second = project.run(&["run", "list", "--format", "json"]).summary();
    assert_eq!(second["read"], 1);
    assert_eq!(second["operations"]["brevo.contacts"]["unchanged"], 1);
    let asked = api.asked();
    let first = (&*asked[0].method, &*asked[0].path, &*asked[0].body);
    assert_eq!(first, ("GET", "/customers", ""));
    assert!(!asked[0].query.contains_key("since"));
    assert_eq!(asked[1].query["since"], "2026-11-24T10:30:00Z");
    // A part of the list says nothing of the rest: the cursor stays.
    let project = Project::of(&world);
    project.write(
        "pipelines/list.yaml",
        &pipeline(
            &api.url,
            "      cursor: { read: $.updated_at, query: since }\n",
        ),
    );
    let part = project.run(&["run", "list", "--limit", "1", "--format", "json"]);
    assert_eq!(part.summary()["cursor"], Value::Null);
}

#[test]
fn a_list_that_goes_in_circles_or_elsewhere_is_refused() {
    type Case = (&'static str, fn(&Asked) -> Answer, i32, &'static str);
    let cases: [Case; 6] = [
        (
            "      pages: { token: { read: $.next, query: t } }\n",
            |_| ok(json!({ "items": items(&[1]), "next": "again" })),
            3,
            "the same page comes again",
        ),
        (
            "      pages: { page: { query: p } }\n",
            |_| ok(json!({ "items": items(&[1]) })),
            3,
            "the same page comes again",
        ),
        (
            "      pages: { url: $.next }\n",
            |_| ok(json!({ "items": items(&[1]), "next": "?" })),
            3,
            "the same page comes again",
        ),
        (
            "      pages: link\n",
            |_| {
                let link = vec![("link", "<http://127.0.0.1:1/x>; rel=next".to_owned())];
                (200, link, json!({ "items": items(&[1]) }).to_string())
            },
            2,
            "the next page is on another origin, http://127.0.0.1:1",
        ),
        (
            "",
            |_| (401, Vec::new(), "{\"jane\":1}".to_owned()),
            3,
            "401",
        ),
        ("", |_| (403, Vec::new(), String::new()), 3, "403"),
    ];
    for (rest, answer, code, said) in cases {
        let api = Api::start(move |asked, _| answer(asked));
        let project = Project::alone();
        project.write("pipelines/list.yaml", &pipeline(&api.url, rest));
        let ran = project.run(&["run", "list"]);
        assert_eq!(ran.code, code, "{rest}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{rest}: {}", ran.stderr);
        assert!(!ran.stderr.contains("jane"), "{}", ran.stderr);
    }
}

#[test]
fn in_the_sandbox_no_other_host_is_asked() {
    let project = Project::alone();
    project.write(
        "pipelines/list.yaml",
        &pipeline("https://api.acme.example", ""),
    );
    let ran = project.run(&["run", "list", "--sandbox"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("only addresses of this machine"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_an_api_tells_of_before_the_first_run_is_sent_as_far_back_as_backfill_says() {
    const DAY: i64 = 24 * 60 * 60;
    let days_ago = |days: i64| {
        let at = jiff::Timestamp::now().as_second() - days * DAY;
        jiff::Timestamp::from_second(at).unwrap().to_string()
    };
    for (backfill, sent) in [("", vec![]), ("      backfill: 7 days\n", vec!["2", "3"])] {
        let world = World::start(&super::QUICK);
        let list = |ids: &[(&str, i64)]| {
            let item = |(id, days): &(&str, i64)| json!({ "id": id, "email": "jane.porter@northwind.example", "at": days_ago(*days) });
            ids.iter().map(item).collect::<Vec<Value>>()
        };
        let first = list(&[("1", 30), ("2", 6), ("3", 1)]);
        // Later there is one more that is old, and one that just happened.
        let second = list(&[("1", 30), ("2", 6), ("3", 1), ("4", 20), ("5", -1)]);
        let calls = Arc::new(AtomicBool::new(false));
        let later = Arc::clone(&calls);
        let api = Api::start(move |_, _| {
            let items = if later.load(Ordering::SeqCst) {
                &second
            } else {
                &first
            };
            ok(json!({ "items": items }))
        });
        let project = Project::of(&world);
        project.write(
            "pipelines/list.yaml",
            &format!(
                "sources:\n  - http:\n      url: {}/customers\n      records: $.items[*]\n      id: $.id\n      time: $.at\n\
                 sinks:\n  - brevo.events:\n      name: seen\n      identify: {{ email: $.email }}\n{backfill}",
                api.url
            ),
        );
        let plan = project.run(&["plan", "list"]);
        let too_old = format!("{} too old to send", 3 - sent.len());
        assert!(plan.stdout.contains(&too_old), "{}", plan.stdout);
        let events = || world.end_state().events;
        for _ in 0..2 {
            let ran = project.run(&["run", "list", "--format", "json"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert_eq!(events(), sent);
        }
        calls.store(true, Ordering::SeqCst);
        let ran = project.run(&["run", "list", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(events(), [sent.clone(), vec!["5"]].concat());
    }
}
