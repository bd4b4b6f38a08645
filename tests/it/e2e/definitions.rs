//! Every exchange between the program and the sandbox is one of the official definitions: the path
//! is there, its query is known, and both bodies are as they are described. So neither asks or
//! answers what the real services would not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::credentials::Connecting;
use super::world::{Project, Ran, World};

/// Paths that the definitions leave out, and where they are described instead.
const ELSEWHERE: [(&str, &str); 6] = [
    ("/_edge/tenant_info", "the gateway's guide"),
    ("/rest/webhooks/1.0/webhook", "the guide to webhooks"),
    ("/rest/servicedeskapi/request/", "Jira Service Management"),
    ("/oauth/token", "the guide to OAuth 2.0"),
    ("/authorize", "the guide to OAuth 2.0"),
    ("/realms/partner/oauth/token", "Brevo's guide to OAuth"),
];

/// What the real services do and the definitions have otherwise: the end of a place in a body, and
/// a part of what is said of it.
const OTHERWISE: [(&str, &str); 8] = [
    // What is hidden or not there is null.
    ("/emailAddress", "null is not of type"),
    ("/from", "null is not of type"),
    ("/fromString", "null is not of type"),
    ("/to", "null is not of type"),
    ("/toString", "null is not of type"),
    // Shown as a text.
    ("/expirationDate", "is not of type \"integer\""),
    // Younger than the definition.
    ("/attributes/*/type", "\"multiple-choice\""),
    // Left out because that was asked for.
    ("/campaigns/*", "\"htmlContent\" is a required property"),
];

/// One of the definitions.
struct Definition {
    document: Value,
    /// By method and path: what describes it.
    operations: Vec<(String, Vec<String>, Value)>,
}

impl Definition {
    fn read(folder: &Path, name: &str) -> Self {
        let text = fs::read(folder.join(name)).unwrap();
        let mut document: Value = serde_json::from_slice(&text).unwrap();
        with_nulls(&mut document["components"]["schemas"]);
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let shared = item["parameters"].as_array().cloned().unwrap_or_default();
            for (method, operation) in item.as_object().unwrap() {
                let mut operation = operation.clone();
                if !operation.is_object() {
                    continue;
                }
                let own = operation["parameters"].as_array().cloned();
                let all = [own.unwrap_or_default(), shared.clone()].concat();
                operation["parameters"] = all.into();
                let segments = path.trim_matches('/').split('/').map(str::to_owned);
                operations.push((method.to_uppercase(), segments.collect(), operation));
            }
        }
        Self {
            document,
            operations,
        }
    }

    /// What describes a call; what has the fewest names in its path fits best.
    fn operation(&self, method: &str, path: &str) -> Option<(String, &Value)> {
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let fits = |segments: &[String]| {
            segments.len() == asked.len()
                && segments
                    .iter()
                    .zip(&asked)
                    .all(|(known, asked)| known.starts_with('{') || known == asked)
        };
        let names = |segments: &[String]| {
            let named = segments.iter().filter(|one| one.starts_with('{'));
            named.count()
        };
        self.operations
            .iter()
            .filter(|(known, segments, _)| known == method && fits(segments))
            .min_by_key(|(_, segments, _)| names(segments))
            .map(|(_, segments, operation)| {
                (format!("{method} /{}", segments.join("/")), operation)
            })
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = schema.clone();
        with_nulls(&mut schema);
        schema["components"] = self.document["components"].clone();
        jsonschema::validator_for(&schema).unwrap()
    }
}

/// Says `nullable`, and bounds, as JSON Schema does.
fn with_nulls(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(with_nulls);
            // Ways of naming contacts that do not exclude one another.
            if let Some(ways) = members.remove("oneOf") {
                members.insert("anyOf".to_owned(), ways);
            }
            // Written as a text by mistake.
            for bound in ["minimum", "maximum"] {
                let number = members.get(bound).and_then(Value::as_str);
                if let Some(number) = number.and_then(|text| text.parse::<f64>().ok()) {
                    members.insert(bound.to_owned(), json!(number));
                }
            }
            if members.get("nullable") == Some(&Value::Bool(true))
                && let Some(kind) = members.get_mut("type")
            {
                *kind = json!([kind, "null"]);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(with_nulls),
        _ => {}
    }
}

/// What the exchanges of a log came to.
#[derive(Default)]
struct Judged {
    wrong: BTreeSet<String>,
    /// How often each operation was seen, by its status.
    seen: BTreeMap<String, usize>,
    elsewhere: BTreeSet<&'static str>,
    validators: HashMap<String, Option<Validator>>,
}

impl Judged {
    fn log(&mut self, definitions: &BTreeMap<&str, Vec<Definition>>, log: &Path) {
        let text = fs::read_to_string(log).unwrap();
        for line in text.lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let service = exchange["service"].as_str().unwrap().to_lowercase();
            self.exchange(&definitions[service.as_str()], &exchange);
        }
    }

    fn exchange(&mut self, definitions: &[Definition], exchange: &Value) {
        let text = |name: &str| exchange[name].as_str().unwrap();
        let (method, path) = (text("method"), text("path"));
        // Through the gateway it is the same API.
        let path = match path.strip_prefix("/ex/jira/") {
            Some(rest) => rest.find('/').map_or(rest, |at| &rest[at..]),
            None => path.strip_prefix("/v3").unwrap_or(path),
        };
        if matches!(path, "" | "/") {
            // `check` sees whether anything answers there.
            return;
        }
        let known = ELSEWHERE.iter().find(|(known, _)| path.starts_with(known));
        if let Some((known, _)) = known {
            self.elsewhere.insert(known);
            return;
        }
        let found = definitions
            .iter()
            .find_map(|one| Some((one, one.operation(method, path)?)));
        let Some((definition, (name, operation))) = found else {
            self.wrong.insert(format!("{method} {path} is not defined"));
            return;
        };
        let status = exchange["status"].as_u64().unwrap();
        let key = format!("{name} {status}");
        let seen = self.seen.entry(key.clone()).or_default();
        *seen += 1;
        // So many of a kind tell as much as all.
        if *seen > 40 {
            return;
        }
        let parameters = operation["parameters"].as_array().unwrap();
        for pair in exchange["query"].as_array().unwrap() {
            let asked = pair[0].as_str().unwrap();
            let known = parameters.iter().any(|one| {
                let one = match one["$ref"].as_str() {
                    Some(place) => definition.document.pointer(&place[1..]).unwrap(),
                    None => one,
                };
                one["in"] == "query" && one["name"].as_str() == Some(asked)
            });
            if !known {
                self.wrong.insert(format!("{name}: no query `{asked}`"));
            }
        }
        let described = operation.pointer("/requestBody/content/application~1json/schema");
        self.body(
            definition,
            &name,
            "question",
            described,
            &exchange["request"],
        );
        if status < 400 && operation["responses"].get(status.to_string()).is_none() {
            self.wrong.insert(format!("{name}: no answer {status}"));
        }
        let described =
            operation["responses"][status.to_string()].pointer("/content/application~1json/schema");
        self.body(definition, &key, "answer", described, &exchange["response"]);
    }

    fn body(
        &mut self,
        definition: &Definition,
        name: &str,
        side: &str,
        described: Option<&Value>,
        body: &Value,
    ) {
        let cut = body.get("cut_at").is_some();
        // A page in the place of data is what the real services send as well.
        if body.is_null() || cut || body.is_string() {
            return;
        }
        let validator = self
            .validators
            .entry(format!("{name} {side}"))
            .or_insert_with(|| described.map(|schema| definition.validator(schema)));
        let Some(validator) = validator else { return };
        for error in validator.iter_errors(body) {
            let place = error.instance_path().to_string();
            let generic: Vec<&str> = place
                .split('/')
                .map(|part| match part.parse::<u64>() {
                    Ok(_) => "*",
                    Err(_) => part,
                })
                .collect();
            let generic = generic.join("/");
            let shown = error.to_string();
            let known =
                |(place, said): &(&str, &str)| generic.ends_with(place) && shown.contains(said);
            if OTHERWISE.iter().any(known) {
                continue;
            }
            let shown: String = shown.chars().take(200).collect();
            self.wrong
                .insert(format!("{name}: {side} {generic}: {shown}"));
        }
    }
}

/// Runs what must end well, or with records that are dead letters.
#[track_caller]
fn run(project: &Project, arguments: &[&str]) -> Ran {
    let ran = project.run(arguments);
    assert!(
        matches!(ran.code, 0 | 1),
        "{arguments:?}: {}\n{}",
        ran.stderr,
        ran.stdout
    );
    ran
}

/// Every source to a file, with everything that a file asks for.
fn sources(world: &World) {
    let project = Project::of(world);
    for (name, source) in [
        (
            "issues",
            "jira.issues: { jql: project = SUPPORT, comments: true, worklogs: true }",
        ),
        ("comments", "jira.comments: { jql: project = SUPPORT }"),
        (
            "internal",
            "jira.comments: { jql: project = SUPPORT, internal: true }",
        ),
        ("worklogs", "jira.worklogs: { jql: project = SUPPORT }"),
        ("users", "jira.users: { all: true }"),
        ("projects", "jira.projects: {}"),
        ("versions", "jira.versions: {}"),
        ("named", "jira.versions: { projects: [PRODUCT] }"),
        ("sprints", "jira.sprints: {}"),
        ("boards", "jira.sprints: { boards: [4, 6] }"),
    ] {
        let sink = format!("sinks: [file: {{ path: {name}.jsonl }}]");
        let pipeline = format!("sources:\n  - {source}\n{sink}\n");
        project.write(&format!("pipelines/{name}.yaml"), &pipeline);
        run(&project, &["run", name]);
        // And what a second run asks, from a cursor on.
        run(&project, &["run", name]);
    }
    for delete in [
        json!({ "delete_comment": { "issue": "SUPPORT-1", "comment": first_comment(world) } }),
        json!({ "worklog": { "issue": "SUPPORT-1", "seconds": 60 } }),
    ] {
        world.ask("POST", "jira/edit", &delete);
    }
    run(&project, &["run", "comments"]);
    run(&project, &["run", "worklogs"]);
    run(&project, &["run", "support-tickets"]);
    for arguments in [
        &["check"][..],
        &["fields", "support", "--save"],
        &["fields", "marketing", "--save"],
        &["query", "project = SUPPORT", "--limit", "5"],
        &[
            "query",
            "project = SUPPORT",
            "--reporter",
            "desk@customer.example",
        ],
        &["plan", "support-tickets"],
    ] {
        let ran = project.run(arguments);
        assert!(ran.code < 70, "{arguments:?}: {}", ran.stderr);
    }
}

fn first_comment(world: &World) -> String {
    let path = "rest/api/3/issue/SUPPORT-1/comment";
    let comments = world.api("GET", path, &Value::Null);
    comments["comments"][0]["id"]
        .as_str()
        .unwrap_or("0")
        .to_owned()
}

const JANE: &str = "jane.porter@northwind.example";

const SINKS: &str = "sources: [file: { path: in.jsonl, id: $.id, time: $.at }]
transforms:
  - enrich:
      contact: { brevo.contact: { email: $.email } }
      issue: { jira.issue: $.key }
      request: { jira.request: $.key }
      user: { jira.user: $.user }
      tickets: { jira.search: 'reporter = {{email}}' }
sinks:
  - brevo.contacts:
      identify: { email: $.email }
      attributes: { TICKET_KEY: $.key }
      create_attributes: true
      lists: [Customers]
      create_lists: true
  - brevo.events:
      name: told
      id: $.id
      identify: { email: $.email }
      at: $.at
      properties: { key: $.key }
      backfill: 10000 days
  - brevo.notes: { identify: { email: $.email }, text: '<p>{{id}}</p>{{text}}', backfill: 10000 days }
  - brevo.lists: { identify: { email: $.email }, add: [Product, Leads], remove: [22], create_lists: true }
  - brevo.campaigns: { name: '{{id}} is out', template: 12, subject: News, lists: [22], backfill: 10000 days }
  - brevo.email: { template: 7, to: $.email, params: { key: $.id }, backfill: 10000 days }
  - brevo.objects: { type: ticket, ext_id: $.id, attributes: { text: $.text }, contacts: $.email }
  - jira.comment: { issue: $.key, body: '{{email}} wrote', backfill: 10000 days }
  - jira.issue:
      project: SUPPORT
      type: Task
      fields: { summary: '{{id}}', description: '{{text}}', labels: [vip] }
      backfill: 10000 days
";

/// Every sink and look-up, with answers that are lost and notes that are edited and deleted.
fn sinks(world: &World) {
    let project = Project::of(world);
    project.write("pipelines/sinks.yaml", SINKS);
    let line = |id: &str, at: &str, text: &str| {
        json!({ "id": id, "email": JANE, "at": at, "text": text, "key": "SUPPORT-1",
                "user": "712020:00000000-0000-0000-0000-000000000000" })
    };
    let nobody = json!({ "id": "n", "email": "nobody@acme.example", "at": "2026-11-20T10:00:00Z",
        "text": "x", "key": "SUPPORT-999999" });
    let lines = [line("c1", "2026-11-20T10:00:00Z", "one"), nobody];
    let text = |lines: &[Value]| {
        lines
            .iter()
            .map(|one| format!("{one}\n"))
            .collect::<String>()
    };
    project.write("in.jsonl", &text(&lines));
    let lost = [
        "/crm/notes",
        "/emailCampaigns",
        "/comment",
        "/rest/api/3/issue",
        "/smtp/email",
    ];
    let rules = lost
        .map(|path| json!({ "kind": "lost_answer", "path": path, "method": "POST", "first": 1 }));
    world.ask("PUT", "faults", &json!({ "rules": rules }));
    run(&project, &["run", "sinks"]);
    world.ask("DELETE", "faults", &Value::Null);
    let lines = [
        line("c1", "2026-11-21T10:00:00Z", "edited"),
        line("c2", "2026-11-21T10:00:00Z", "two"),
    ];
    project.write("in.jsonl", &text(&lines));
    project.run(&["plan", "sinks"]);
    run(&project, &["run", "sinks"]);

    project.write("pipelines/gone.yaml", "sources: [file: { path: gone.jsonl, id: $.id, time: $.at }]
sinks:
  - brevo.notes: { identify: { email: $.email }, text: '<p>{{id}}</p>{{text}}', backfill: 10000 days }
");
    let mut deleted = line("c1", "2026-11-22T10:00:00Z", "");
    deleted["deleted"] = json!(true);
    project.write("gone.jsonl", &text(&[deleted]));
    run(&project, &["run", "gone"]);
}

/// What an OAuth app asks, through the gateway, and what it registers.
fn app(connecting: &Connecting) {
    let project = &connecting.project;
    fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
    project.write(
        "pipelines/hook.yaml",
        "sources:
  - jira.webhook: { events: [issue_updated], jql: project = SUPPORT }
sinks:
  - brevo.contacts: { identify: { email: desk@customer.example } }
",
    );
    let text = fs::read_to_string(project.path("flowline.yaml")).unwrap();
    let text = text + "server: { public_url: \"http://127.0.0.1:9\" }\n";
    project.write("flowline.yaml", &text);
    connecting.connect();
    for verb in ["register", "refresh", "list", "remove"] {
        let ran = connecting.run(&["webhooks", verb]);
        assert_eq!(ran.code, 0, "{verb}: {}", ran.stderr);
    }
}

#[test]
fn every_exchange_is_one_of_the_official_definitions() {
    let Some(folder) = std::env::var_os("FLOWLINE_SHARED_SPECS").map(PathBuf::from) else {
        println!("skipped: FLOWLINE_SHARED_SPECS is not set");
        return;
    };
    let logs = tempfile::TempDir::new().unwrap();
    let log = logs.path().join("exchanges.jsonl");
    let world = || {
        let log = log.to_str().unwrap();
        World::start(&[
            "--no-limits",
            "--no-index-lag",
            "--issues",
            "30",
            "--log",
            log,
        ])
    };
    sources(&world());
    sinks(&world());
    app(&Connecting::to(world()));

    let read = |name: &str| Definition::read(&folder, name);
    let definitions = BTreeMap::from([
        (
            "jira",
            vec![
                read("jira-platform-v3.openapi.json"),
                read("jira-software-2022.openapi.json"),
            ],
        ),
        ("brevo", vec![read("brevo-v3.openapi.json")]),
    ]);
    let mut judged = Judged::default();
    judged.log(&definitions, &log);
    let wrong: Vec<String> = judged.wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let elsewhere = judged.elsewhere;
    assert!(elsewhere.len() >= 4, "{elsewhere:?}");
    let seen: BTreeSet<&str> = judged
        .seen
        .keys()
        .filter_map(|key| key.rsplit_once(' '))
        .map(|(name, _)| name)
        .collect();
    // What no exchange came to is shown to nobody.
    for route in ROUTES {
        assert!(seen.contains(route), "{route} was not asked: {seen:#?}");
    }
}

/// What the program asks both services, by the paths of their definitions.
const ROUTES: [&str; 46] = [
    "GET /rest/api/3/myself",
    "GET /rest/api/3/serverInfo",
    "GET /rest/api/3/field",
    "GET /rest/api/3/status",
    "GET /rest/api/3/priority/search",
    "GET /rest/api/3/mypermissions",
    "POST /rest/api/3/jql/parse",
    "POST /rest/api/3/jql/match",
    "POST /rest/api/3/search/jql",
    "POST /rest/api/3/issue/bulkfetch",
    "GET /rest/api/3/issue/{issueIdOrKey}/comment",
    "POST /rest/api/3/issue/{issueIdOrKey}/comment",
    "POST /rest/api/3/comment/list",
    "POST /rest/api/3/issue",
    "GET /rest/api/3/worklog/updated",
    "GET /rest/api/3/worklog/deleted",
    "POST /rest/api/3/worklog/list",
    "GET /rest/api/3/users/search",
    "GET /rest/api/3/user/search",
    "GET /rest/api/3/user/bulk",
    "GET /rest/api/3/project/search",
    "GET /rest/api/3/project/{projectIdOrKey}/version",
    "GET /rest/agile/1.0/board",
    "GET /rest/agile/1.0/board/{boardId}/sprint",
    "GET /rest/api/3/webhook",
    "POST /rest/api/3/webhook",
    "PUT /rest/api/3/webhook/refresh",
    "DELETE /rest/api/3/webhook",
    "GET /account",
    "GET /contacts/attributes",
    "POST /contacts/attributes/{attributeCategory}/{attributeName}",
    "GET /contacts/{identifier}",
    "POST /contacts",
    "GET /contacts/lists",
    "POST /contacts/lists",
    "POST /contacts/lists/{listId}/contacts/add",
    "POST /contacts/lists/{listId}/contacts/remove",
    "POST /events",
    "POST /crm/notes",
    "PATCH /crm/notes/{id}",
    "GET /crm/notes",
    "POST /emailCampaigns",
    "GET /emailCampaigns",
    "POST /emailCampaigns/{campaignId}/sendNow",
    "POST /smtp/email",
    "POST /objects/{object_type}/batch/upsert",
];
