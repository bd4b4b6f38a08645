//! Secrets that are taken, and people as the services have them, through every command: looked for
//! wherever they may not stand.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::credentials::{Connecting, free_port, get};
use super::world::Ran;
use crate::cli::canary::{LOGS, assert_logs, assert_without, forms, kept};
use crate::serve::{SERVE, Served, listener};

const HOOK: &str = "canary+hook/5d11==";
const BEARER: &str = "canary+bearer/91c0==";
const STORED: &str = "canary+stored/77aa==";
const NOTIFY: &str = "canary-notify-40ef";
const SUMMARY: &str = "the canary sang of its bank account";
const NAME: &str = "canarina";
const MAIL: &str = "canarina.featherstone@customer.example";

/// A project in which everything that has a secret is used.
struct Marked {
    it: Connecting,
    secrets: Vec<String>,
    people: Vec<String>,
    notify: String,
    told: std::sync::Arc<std::sync::Mutex<Vec<Value>>>,
}

impl Marked {
    fn new() -> Self {
        let it = Connecting::new();
        let project = &it.project;
        std::fs::remove_file(project.path("pipelines/support-tickets.yaml")).unwrap();
        let (sink, _) = listener();
        project.write(
            "pipelines/hooked.yaml",
            &format!(
                "schedule: every 1 seconds
notify: {{ webhook: \"${{NOTIFY_URL}}\" }}
sources:
  - jira.issues: {{ jql: project = SUPPORT, live: true, since: 1 days ago }}
sinks:
  - brevo.contacts: {{ identify: {{ email: $.fields.reporter.emailAddress }}, attributes: {{ LAST_TICKET_KEY: $.key }} }}
  - brevo.events: {{ name: canary_seen, identify: {{ email: $.fields.reporter.emailAddress }}, properties: {{ summary: $.fields.summary }}, backfill: 9000 days }}
  - http: {{ method: POST, url: \"{sink}\", id: $.id, body: {{ text: $.fields.summary }}, auth: {{ bearer: \"${{BEARER}}\" }}, backfill: 9000 days }}
"
            ),
        );
        project.write(
            "pipelines/back.yaml",
            "sources:
  - brevo.webhook: { events: [unsubscribed] }
sinks:
  - brevo.contacts: { identify: { email: $.email } }
",
        );
        project.edit(
            "flowline.yaml",
            "visible_after",
            "webhook_secret: \"${SECRET}\", visible_after",
        );
        let port = free_port();
        let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
        project.write(
            "flowline.yaml",
            &format!(
                "{text}server: {{ listen: \"127.0.0.1:{port}\", public_url: \"http://127.0.0.1:{port}\" }}\n"
            ),
        );
        let (url, told) = listener();
        let mut secrets = Vec::new();
        for secret in [
            it.world.address("jira_client_secret"),
            it.world.address("brevo_key"),
            "sandbox-access-",
            "sandbox-refresh-",
            "sandbox-code-",
            HOOK,
            BEARER,
            STORED,
            NOTIFY,
        ] {
            secrets.extend(forms(secret));
        }
        let notify = format!("{url}?key={NOTIFY}");
        let people = vec![
            MAIL.to_owned(),
            MAIL.replace('@', "%40"),
            NAME.to_owned(),
            SUMMARY.to_owned(),
        ];
        Self {
            it,
            secrets,
            people,
            notify,
            told,
        }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.it.command(arguments);
        command
            .env("SECRET", HOOK)
            .env("BEARER", BEARER)
            .env("NOTIFY_URL", &self.notify);
        command
    }

    /// Runs with every log that there is; nothing of it may hold a secret, and what may show people
    /// shows them on stdout alone.
    #[track_caller]
    fn run(&self, arguments: &[&str], stdin: &str, shows_people: bool) -> Ran {
        let all = [arguments, &LOGS].concat();
        let mut child = self
            .command(&all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(stdin.as_bytes()).unwrap_or_default();
        drop(input);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_logs(&ran);
        let what = format!("{arguments:?}");
        for text in [&ran.stdout, &ran.stderr] {
            assert_without(&what, text.as_bytes(), &self.secrets);
        }
        assert_without(&what, ran.stderr.as_bytes(), &self.people);
        if !shows_people {
            assert_without(&what, ran.stdout.as_bytes(), &self.people);
        }
        ran
    }

    /// What the project keeps holds no secret, and nobody once all is settled.
    #[track_caller]
    fn assert_kept(&self, settled: bool) {
        for folder in [".flowline", "catalog"] {
            for (name, bytes) in kept(&self.it.project.path(folder)) {
                assert_without(&name, &bytes, &self.secrets);
                if settled {
                    assert_without(&name, &bytes, &self.people);
                }
            }
        }
    }

    /// A person agrees; what `connect` says meanwhile.
    fn connect(&self) {
        let (child, url) = self.it.start(&LOGS);
        let (_, location, _) = get(&url);
        assert_eq!(get(&location).0, 200);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_without("connect", ran.stderr.as_bytes(), &self.secrets);
        assert_without("connect", url.as_bytes(), &self.secrets);
    }

    fn issue(&self) {
        let made = json!({ "create": {
            "project": "SUPPORT", "issue_type": "Task", "summary": SUMMARY, "reporter": MAIL,
        } });
        self.it.world.ask("POST", "jira/edit", &made);
    }
}

#[test]
fn secrets_that_are_taken_stand_nowhere_and_people_on_no_stderr() {
    let marked = Marked::new();
    marked.issue();
    assert_eq!(marked.run(&["run", "hooked"], "", false).code, 3);
    marked.run(&["connect", "support", "--print-scopes"], "", false);
    marked.run(
        &["connect", "support", "--no-browser", "--code"],
        "http://x/?code=sandbox-code-1&state=no\n",
        false,
    );
    marked.connect();
    marked.assert_kept(true);
    for format in ["human", "json"] {
        for (arguments, people) in [
            (&["check"][..], false),
            (&["validate"], false),
            (&["fields"], false),
            (&["fields", "--save"], false),
            (&["plan", "hooked"], true),
            (&["run", "hooked"], false),
            (&["run", "back"], false),
            (&["run", "hooked", "-v", "--since", "2020-01-01"], false),
            (&["status"], false),
            (&["state", "show"], false),
            (&["dead-letters", "list"], true),
            (&["webhooks", "register"], false),
            (&["webhooks", "list"], false),
            (&["webhooks", "refresh"], false),
            (&["webhooks", "remove"], false),
            (&["test"], true),
        ] {
            let arguments = [arguments, &["--format", format]].concat();
            let ran = marked.run(&arguments, "", people);
            assert!(
                [0, 1, 3].contains(&ran.code),
                "{arguments:?}: {}",
                ran.stderr
            );
        }
        marked.assert_kept(true);
    }
    for format in ["table", "json", "csv"] {
        let query = ["query", "project = SUPPORT", "--reporter", MAIL];
        let more = ["--fields", "summary,reporter", "--format", format];
        let ran = marked.run(&[query, more].concat(), "", true);
        assert!(ran.stdout.contains(SUMMARY), "{}", ran.stdout);
    }
    for (arguments, stdin) in [
        (&["secrets", "set", "kept"][..], STORED),
        (&["secrets", "list"], ""),
        (&["secrets", "list", "--format", "json"], ""),
        (&["secrets", "rotate"], ""),
        (&["secrets", "remove", "keptt"], ""),
        (&["secrets", "remove", "kept"], ""),
        (&["disconnect", "support"], ""),
    ] {
        marked.run(arguments, stdin, false);
        marked.assert_kept(true);
    }
    assert_eq!(marked.run(&["run", "hooked"], "", false).code, 3);
}

#[test]
fn secrets_and_people_stand_in_no_failure() {
    let marked = Marked::new();
    marked.issue();
    marked.connect();
    let world = &marked.it.world;
    for (kind, service) in [
        ("unauthorized", "brevo"),
        ("unauthorized", "jira"),
        ("html", "jira"),
        ("server_error", "brevo"),
        ("truncated", "jira"),
        ("reset", "brevo"),
    ] {
        let rule = json!({ "kind": kind, "service": service, "first": 3, "skip": 4 });
        world.ask("PUT", "faults", &json!({ "rules": [rule] }));
        for arguments in [
            &["run", "hooked", "--since", "2020-01-01"][..],
            &["check"],
            &["webhooks", "register"],
            &["query", "project = SUPPORT"],
            &["fields"],
        ] {
            marked.run(arguments, "", arguments[0] == "query");
        }
        marked.assert_kept(false);
    }
    world.ask("DELETE", "faults", &Value::Null);
    // The app's secret has become another.
    let mut command =
        marked.command(&[&["connect", "support", "--no-browser"][..], &LOGS].concat());
    command.env("JIRA_CLIENT_SECRET", STORED);
    let ran = Ran::of(
        command
            .stdin(Stdio::null())
            .env("FLOWLINE_KEY", "none")
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_without("connect", ran.stderr.as_bytes(), &marked.secrets);
    marked.it.consent(&json!({ "expire": true }));
    let mut command = marked.command(&[&["run", "hooked"][..], &LOGS].concat());
    let ran = Ran::of(command.env("JIRA_CLIENT_SECRET", STORED).output().unwrap());
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    for text in [&ran.stdout, &ran.stderr] {
        assert_without("run", text.as_bytes(), &marked.secrets);
    }
}

#[test]
fn secrets_and_people_stand_in_nothing_that_serve_says_answers_or_tells() {
    let marked = Marked::new();
    marked.connect();
    let world = &marked.it.world;
    let more = ["--log-level", "trace", "--log-api-calls"];
    let served = Served::of(marked.command(&[&SERVE[..], &more].concat()));
    let registered = |name: &str| world.get("hooks")["registered"][name].as_u64();
    served.wait("the registrations", |_| {
        registered("dynamic") == Some(1) && registered("brevo") >= Some(1)
    });
    marked.issue();
    let seen = || {
        world
            .get("brevo/events")
            .to_string()
            .contains("canary_seen")
    };
    served.wait("the event", |_| seen());
    // One that nobody signed, with people and a secret in it.
    let body =
        json!({ "webhookEvent": "jira:issue_created", "issue": { "key": MAIL, "x": BEARER } });
    post(&marked, "/webhooks/support", &body.to_string());
    post(&marked, "/webhooks/nobody", SUMMARY);
    post(
        &marked,
        &format!("/webhooks/support?token={HOOK}&who={MAIL}"),
        SUMMARY,
    );
    // It fails, tells so, and recovers.
    let rule = json!({ "kind": "unauthorized", "service": "brevo" });
    world.ask("PUT", "faults", &json!({ "rules": [rule] }));
    marked.issue();
    served.wait("the notice", |_| !marked.told.lock().unwrap().is_empty());
    let mut answers = String::new();
    for accept in ["text/plain", "application/openmetrics-text"] {
        answers += &served.get("/metrics", accept).2;
    }
    for path in ["/healthz", "/readyz"] {
        answers += &served.get(path, "*/*").2;
    }
    assert!(answers.contains("flowline_webhooks_total"), "{answers}");
    world.ask("DELETE", "faults", &Value::Null);
    served.wait("it recovers", |_| marked.told.lock().unwrap().len() > 1);
    std::thread::sleep(Duration::from_secs(2));
    let told = serde_json::to_string(&*marked.told.lock().unwrap()).unwrap();
    let log = served.log();
    assert_eq!(served.stop(), 0);
    for (what, text) in [("answers", &answers), ("notices", &told), ("the log", &log)] {
        assert_without(what, text.as_bytes(), &marked.secrets);
        assert_without(what, text.as_bytes(), &marked.people);
    }
    marked.assert_kept(true);
}

/// Posts to the server; it is refused.
fn post(marked: &Marked, path: &str, body: &str) {
    use std::io::Read as _;
    let text = std::fs::read_to_string(marked.it.project.path("flowline.yaml")).unwrap();
    let address = text.split("listen: \"").nth(1).unwrap();
    let address = address.split('"').next().unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {BEARER}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_without("an answer", answer.as_bytes(), &marked.secrets);
    assert_without("an answer", answer.as_bytes(), &marked.people);
}
