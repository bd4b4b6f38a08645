//! `enrich`, against the sandbox in another process.

use std::fs;

use serde_json::{Value, json};

use super::api::{Api, json as ok};
use super::world::{Project, World};

/// What a run wrote into a file.
#[track_caller]
fn rows(project: &Project, arguments: &[&str], code: i32) -> Vec<Value> {
    let ran = project.run(arguments);
    assert_eq!(ran.code, code, "{}", ran.stderr);
    let text = fs::read_to_string(project.path("out.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// How often a route was asked.
fn asked(world: &World, part: &str) -> u64 {
    fn count(value: &Value, part: &str, under: bool) -> u64 {
        match value {
            Value::Number(number) if under => number.as_u64().unwrap_or_default(),
            Value::Array(elements) => elements
                .iter()
                .map(|one| {
                    let text = one["route"].as_str().or(one["path"].as_str());
                    count(one, part, text.is_some_and(|text| text.contains(part)))
                })
                .sum(),
            Value::Object(members) => match members.get("count") {
                Some(number) => count(number, part, under),
                None => members
                    .iter()
                    .map(|(name, one)| count(one, part, under || name.contains(part)))
                    .sum(),
            },
            _ => 0,
        }
    }
    count(&world.get("requests"), part, false)
}

#[test]
fn each_look_up_finds_what_is_there_and_asks_once() {
    let world = World::start(&super::QUICK);
    let project = Project::of(&world);
    let search = json!({ "jql": "project = SUPPORT", "fields": ["reporter"], "maxResults": 50 });
    let answer = jira(&world, &search);
    let issues = answer["issues"].as_array().unwrap();
    let with_mail = issues
        .iter()
        .find(|issue| {
            issue["fields"]["reporter"]["emailAddress"]
                .as_str()
                .is_some_and(|mail| !mail.is_empty())
        })
        .unwrap();
    let key = with_mail["key"].as_str().unwrap();
    let reporter = &with_mail["fields"]["reporter"];
    let lines: Vec<String> = [
        json!({ "id": "1", "key": key, "user": reporter["accountId"], "team": "blue" }),
        json!({ "id": "2", "key": key, "user": reporter["accountId"], "team": " blue " }),
        json!({ "id": "3", "key": "SUPPORT-999999", "user": "5b000000000000000000nobody", "team": "red" }),
        json!({ "id": "4", "key": null, "user": "", "team": null }),
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    project.write("in.jsonl", &lines.join("\n"));
    project.write("teams.csv", "team,lead\r\nblue,Ann\r\nblue,Bob\r\n");
    project.write(
        "pipelines/look.yaml",
        "sources: [file: { path: in.jsonl, id: $.id }]
transforms:
  - enrich:
      customer: { jira.request: $.key }
      user: { jira.user: $.user }
      issue: { jira.issue: $.key }
      team: { file: teams.csv, where: { team: $.team } }
  - enrich:
      siblings: { jira.search: 'reporter = {{user.accountId}} AND project = \"{{issue.fields.project.key}}\"' }
      contact: { brevo.contact: { email: $.customer.email } }
sinks:
  - file:
      path: out.jsonl
      transforms:
        - map:
            id: $.id
            email: $.customer.email
            name: $.user.displayName
            summary: $.issue.fields.summary
            lead: $.team.lead
            many: $.siblings[*].key
            contact: $.contact.email
",
    );
    let planned = project.run(&["plan", "look"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let once = asked(&world, "servicedeskapi");
    assert_eq!(once, 2, "{}", world.get("requests"));
    let rows = rows(&project, &["run", "look"], 0);
    assert_eq!(asked(&world, "servicedeskapi"), 2 * once);
    assert_eq!(asked(&world, "bulk") - asked(&world, "bulkfetch"), 2);
    for row in &rows[..2] {
        assert_eq!(row["email"], reporter["emailAddress"]);
        assert_eq!(row["name"], reporter["displayName"]);
        assert!(row["summary"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(row["lead"], "Ann", "of several rows the first");
        let many = row["many"].as_array().unwrap();
        assert!(many.contains(&json!(key)), "{many:?}");
    }
    let nothing = ["email", "name", "summary", "lead", "contact"];
    for row in &rows[2..] {
        for name in nothing {
            assert_eq!(row[name], Value::Null, "{row}");
        }
        assert_eq!(row["many"], json!([]), "{row}");
    }
    // What is needed and not there is a dead letter.
    project.edit(
        "pipelines/look.yaml",
        "user: { jira.user: $.user }",
        "user: { jira.user: $.user, on_miss: dead_letter }",
    );
    let ran = project.run(&["run", "look", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.summary()["dead_letters"], 2);
    assert!(
        ran.stderr.contains("`enrich` found no `user`") || ran.stdout.contains("found no `user`")
    );
}

#[test]
fn a_contact_that_brevo_has_is_found_with_its_attributes_and_lists() {
    let world = World::start(&super::QUICK);
    let project = Project::of(&world);
    let jane = "jane.porter@northwind.example";
    let path = format!("brevo/v3/contacts/{jane}");
    let more = json!({ "attributes": { "OPEN_TICKETS": 3 }, "emailBlacklisted": true });
    world.ask("PUT", &path, &more);
    let lines = [
        json!({ "id": "1", "email": jane }),
        json!({ "id": "2", "email": "Jane.Porter@Northwind.example" }),
        json!({ "id": "3", "email": "nobody@acme.example" }),
        json!({ "id": "4" }),
    ];
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    project.write("in.jsonl", &lines.join("\n"));
    project.write(
        "pipelines/look.yaml",
        "sources: [file: { path: in.jsonl, id: $.id }]
transforms:
  - enrich: { contact: { brevo.contact: { email: $.email } } }
sinks:
  - file:
      path: out.jsonl
      transforms:
        - map:
            id: $.contact.id
            email: $.contact.email
            open: $.contact.attributes.OPEN_TICKETS
            lists: $.contact.listIds
            out: $.contact.emailBlacklisted
",
    );
    let before = asked(&world, "contacts/");
    let rows = rows(&project, &["run", "look"], 0);
    let known = world.get("brevo/contacts");
    let known = known["contacts"].as_array().unwrap().iter();
    let known = known.clone().find(|one| one["email"] == jane).unwrap();
    for row in &rows[..2] {
        assert_eq!(row["id"], known["id"], "{row}");
        assert_eq!(row["email"], jane);
        assert_eq!(row["open"], 3);
        assert_eq!(row["lists"], known["listIds"]);
        assert_eq!(row["out"], true);
    }
    assert_eq!(
        rows[2..],
        [json!({}), json!({})],
        "a miss is null, and of it there is nothing"
    );
    // Two spellings of an address are one contact, and a missing one is not asked for.
    assert_eq!(
        asked(&world, "contacts/") - before,
        2,
        "{}",
        world.get("requests")
    );

    project.edit(
        "pipelines/look.yaml",
        "{ brevo.contact: { email: $.email } }",
        "{ brevo.contact: { email: $.email }, on_miss: dead_letter }",
    );
    let ran = project.run(&["run", "look", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(ran.summary()["dead_letters"], 2);
}

#[test]
fn a_contact_of_another_key_is_401_and_ends_the_run() {
    let world = World::start(&super::QUICK);
    let project = Project::of(&world).with_key("xkeysib-wrong");
    project.write(
        "in.jsonl",
        "{\"email\":\"jane.porter@northwind.example\"}\n",
    );
    project.write(
        "pipelines/look.yaml",
        "sources: [file: { path: in.jsonl }]
transforms:
  - enrich: { contact: { brevo.contact: { email: $.email } } }
sinks: [file: { path: out.jsonl }]
",
    );
    let ran = project.run(&["run", "look"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("401"), "{}", ran.stderr);
}

/// A search as the sandbox answers it.
fn jira(world: &World, body: &Value) -> Value {
    use std::io::{Read as _, Write as _};

    use base64::Engine as _;
    let host = world.address("jira").trim_start_matches("http://");
    let pair = format!(
        "{}:{}",
        world.address("jira_email"),
        world.address("jira_token")
    );
    let pair = base64::engine::general_purpose::STANDARD.encode(pair);
    let body = body.to_string();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /rest/api/3/search/jql HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Basic {pair}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn a_request_without_an_agent_licence_is_403_with_an_empty_body_and_said() {
    let api = Api::start(|asked, _| match asked.path.as_str() {
        "/rest/api/3/myself" => ok(json!({ "accountId": "a", "timeZone": "UTC" })),
        "/_edge/tenant_info" => ok(json!({ "cloudId": "c" })),
        _ => (403, Vec::new(), String::new()),
    });
    let project = Project::alone();
    project.write(
        "flowline.yaml",
        &format!(
            "flowline: 1\nconnections:\n  support:\n    jira:\n      site: {}\n      auth: {{ basic: {{ email: a@b.example, api_token: \"${{JIRA_API_TOKEN}}\" }} }}\n",
            api.url
        ),
    );
    project.write(
        "pipelines/look.yaml",
        "sources: [file: { path: in.jsonl, id: $.id }]
transforms:
  - enrich: { customer: { jira.request: $.key } }
sinks: [file: { path: out.jsonl }]
",
    );
    project.write("in.jsonl", "{\"id\":\"1\",\"key\":\"SUP-1\"}\n");
    let mut command = project.command(&["run", "look"]);
    let ran = command.env("JIRA_API_TOKEN", "word").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains("agent licence"), "{said}");
}

#[test]
fn a_case_holds_what_look_ups_found() {
    let project = Project::alone();
    project.write(
        "pipelines/look.yaml",
        "sources: [file: { path: in.jsonl, id: $.id }]
transforms:
  - enrich: { team: { file: teams.csv, where: { team: $.team } } }
  - aggregate: { by: { lead: $.team.lead }, values: { n: { count: $ } } }
  - enrich: { boss: { file: leads.csv, where: { lead: $.lead } } }
sinks:
  - file: { path: out.jsonl, transforms: [map: { lead: $.lead, n: $.n, of: $.boss.of }] }
",
    );
    fs::create_dir_all(project.path("tests/pipelines/look")).unwrap();
    let case = |lookups: Value| {
        let records = json!([{ "id": "1", "team": "blue" }, { "id": "2", "team": "red" }]);
        json!({ "clock": "2026-11-24T10:00:00Z", "records": records, "lookups": lookups })
            .to_string()
    };
    let blue =
        json!({ "lookup": "file", "argument": { "team": "blue" }, "found": { "lead": "Ann" } });
    let red = json!({ "lookup": "file", "argument": { "team": "red" }, "found": null });
    let ann = json!({ "lookup": "file", "argument": { "lead": "Ann" }, "found": { "of": "Zoe" } });
    project.write("tests/pipelines/look/one.json", &case(json!([blue])));
    let ran = project.run(&["test", "--accept"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains("does not say what `file` finds for {\"team\":\"red\"}"),
        "{said}"
    );
    project.write(
        "tests/pipelines/look/one.json",
        &case(json!([blue, red, ann])),
    );
    let ran = project.run(&["test", "--accept"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let snap = fs::read_to_string(project.path("tests/pipelines/look/one.snap")).unwrap();
    assert!(
        snap.contains("lead: Ann") && snap.contains("of: Zoe"),
        "{snap}"
    );
}
