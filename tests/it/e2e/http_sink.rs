//! `http` as a sink, against a real server: once per id, what may be repeated, what is held.

use serde_json::{Value, json};

use super::api::{Api, json as ok};
use super::world::Project;

fn pipeline(url: &str, rest: &str) -> String {
    format!(
        "sources: [file: {{ path: in.jsonl, id: $.id }}]
sinks:
  - http:
      url: '{url}/tickets/{{{{id}}}}'
      headers: {{ Authorization: \"${{WORD}}\", X-Who: $.who }}
      body: {{ key: $.id, who: $.who, none: $.none }}
{rest}"
    )
}

fn project(url: &str, rest: &str) -> Project {
    let project = Project::alone();
    project.write(".env", "WORD=s3cret\n");
    project.write("pipelines/send.yaml", &pipeline(url, rest));
    project.write(
        "in.jsonl",
        "{\"id\":\"1\",\"who\":\"jané@x.example\"}\n{\"id\":2,\"who\":null}\n",
    );
    project
}

#[test]
fn each_id_is_sent_once_with_its_key() {
    let api = Api::start(|_, _| ok(json!({})));
    let project = project(&api.url, "      method: POST\n");
    let planned = project.run(&["plan", "send"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(!planned.stdout.contains("s3cret") && api.asked().is_empty());
    let ran = project.run(&["run", "send", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.summary()["operations"]["http"]["sent"], 2);
    let asked = api.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!((&*asked[0].method, &*asked[0].path), ("POST", "/tickets/1"));
    assert_eq!(asked[0].headers["authorization"], "s3cret");
    assert_eq!(asked[0].headers["idempotency-key"], "1");
    assert_eq!(asked[0].headers["x-who"], "jan%C3%A9@x.example");
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(body, json!({ "key": "1", "who": "jané@x.example" }));
    assert!(!asked[1].headers.contains_key("x-who"));
    assert_eq!(project.run(&["run", "send"]).code, 0);
    assert_eq!(api.asked().len(), 2, "a second run sends nothing");
}

#[test]
fn an_unknown_outcome_is_held_unless_the_request_may_be_repeated() {
    for (rest, calls, dead) in [
        ("      method: POST\n", 2, 1),
        ("      method: PATCH\n", 2, 1),
        ("      method: POST\n      idempotent: true\n", 3, 0),
        ("      method: PUT\n", 3, 0),
    ] {
        // The first answer is lost.
        let api = Api::start(|_, before| match before {
            0 => (0, Vec::new(), String::new()),
            _ => ok(json!({})),
        });
        let project = project(&api.url, rest);
        let ran = project.run(&["run", "send", "--format", "json"]);
        assert_eq!(ran.code, dead, "{rest}: {}", ran.stderr);
        assert_eq!(ran.summary()["dead_letters"], dead, "{rest}");
        assert_eq!(api.asked().len(), calls, "{rest}");
        let letters = project.run(&["dead-letters", "list", "--format", "json"]);
        let letters: Value = serde_json::from_str(&letters.stdout).unwrap();
        let classes: Vec<&Value> = letters
            .as_array()
            .unwrap()
            .iter()
            .map(|letter| &letter["class"])
            .collect();
        assert_eq!(classes, vec!["unknown"; dead as usize], "{rest}");
        let again = project.run(&["run", "send"]);
        assert_eq!(again.code, 0, "{rest}: {}", again.stderr);
        assert_eq!(api.asked().len(), calls, "{rest}: never by itself");
    }
}

#[test]
fn a_refusal_is_of_one_record_a_credential_of_the_run_and_its_words_are_not_shown() {
    for (status, code, dead, said) in [
        (400, 1, 2, "http: POST /…: 400"),
        (404, 1, 2, "404"),
        (409, 1, 2, "409"),
        (410, 1, 2, "410"),
        (423, 1, 2, "423"),
        (401, 3, 0, "check `auth`"),
        (403, 3, 0, "403"),
    ] {
        let api = Api::start(move |_, _| (status, Vec::new(), "{\"about\":\"jane\"}".to_owned()));
        let project = project(&api.url, "      method: POST\n");
        let ran = project.run(&["run", "send", "--format", "json"]);
        assert_eq!(ran.code, code, "{status}: {}", ran.stderr);
        assert_eq!(ran.summary()["dead_letters"], dead, "{status}");
        let shown = format!("{}{}", ran.stderr, ran.stdout);
        assert!(shown.contains(said), "{status}: {shown}");
        assert!(!ran.stderr.contains("jan"), "{}", ran.stderr);
    }
    // 429 is tried again, after the time that it says.
    let api = Api::start(|_, before| match before {
        0 => (429, vec![("retry-after", "0".to_owned())], String::new()),
        _ => ok(json!({})),
    });
    let project = project(&api.url, "      method: POST\n");
    assert_eq!(project.run(&["run", "send"]).code, 0);
    assert_eq!(api.asked().len(), 3);
}

#[test]
fn what_was_taken_is_sent_whatever_the_answer_holds() {
    let page = || {
        let kind = ("content-type", "text/html".to_owned());
        (200, vec![kind], "<html>Thank you</html>".to_owned())
    };
    let api = Api::start(move |_, before| match before {
        0 => page(),
        _ => (204, Vec::new(), String::new()),
    });
    let project = project(&api.url, "      method: POST\n");
    let ran = project.run(&["run", "send", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.summary()["operations"]["http"]["sent"], 2);
}
