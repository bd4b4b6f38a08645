//! What `check` finds wrong, and what it says to do.

use serde_json::{Value, json};

use super::credentials::{Connecting, free_port, get};
use super::world::{Project, Ran, World};

const QUICK: [&str; 3] = ["--no-index-lag", "--issues", "60"];

/// The row of one step of the Jira connection.
#[track_caller]
fn step(ran: &Ran, name: &str) -> Value {
    let rows: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let mut rows = rows.as_array().unwrap().iter();
    let found = rows.find(|row| row["step"] == name && row["connection"] == "support");
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

/// A step that failed, with words of its detail and help.
#[track_caller]
fn assert_wrong(ran: &Ran, name: &str, detail: &[&str], help: &[&str]) {
    let row = step(ran, name);
    assert_eq!((ran.code, &row["ok"]), (3, &json!(false)), "{row}");
    for (part, words) in [("detail", detail), ("help", help)] {
        let text = row[part].as_str().unwrap();
        for word in words {
            assert!(text.contains(word), "{name}: {part} lacks {word}: {row}");
        }
    }
}

#[track_caller]
fn assert_well(ran: &Ran, name: &str, detail: &[&str]) {
    let row = step(ran, name);
    assert_eq!(row["ok"], true, "{row}");
    for word in detail {
        assert!(row["detail"].as_str().unwrap().contains(word), "{row}");
    }
}

const CHECK: [&str; 4] = ["check", "support", "--format", "json"];

const ESCALATE: &str = "sources:
  - jira.issues: { jql: project = SUPPORT }
sinks:
  - jira.comment: { issue: $.key, body: looked at, backfill: 9000 days }
  - jira.issue: { project: OPS, type: Task, fields: { summary: $.fields.summary } }
";

#[test]
fn a_missing_scope_is_named_with_the_pipeline_that_needs_it_and_what_to_type() {
    let it = Connecting::new();
    it.connect();
    let ran = it.run(&CHECK);
    assert_well(&ran, "scopes", &["read:jira-work, read:jira-user"]);
    it.project.write("pipelines/escalate.yaml", ESCALATE);
    let ran = it.run(&CHECK);
    assert_well(&ran, "authenticate", &[]);
    assert_wrong(
        &ran,
        "scopes",
        &["the scope `write:jira-work`, needed by the pipeline escalate"],
        &["flowline connect support", "developer.atlassian.com"],
    );
    // What was refused, a call says too.
    let run = it.run(&[
        "run",
        "escalate",
        "--since",
        "2020-01-01T00:00:00Z",
        "--yes",
    ]);
    assert!(
        run.stderr
            .contains("the token lacks the scope `write:jira-work`"),
        "{}",
        run.stderr
    );
    it.connect();
    assert_well(&it.run(&CHECK), "scopes", &["write:jira-work"]);
}

#[test]
fn an_ended_token_is_renewed_keeps_its_scopes_and_is_told_from_a_missing_scope() {
    let it = Connecting::new();
    it.connect();
    it.consent(&json!({ "expire": true }));
    let ran = it.run(&CHECK);
    assert_well(&ran, "authenticate", &[]);
    assert_well(&ran, "scopes", &["read:jira-work"]);
    assert_eq!(it.exchanges(), 2, "the code, and one refresh");
    it.consent(&json!({ "expire": true }));
    it.consent(&json!({ "revoke": true }));
    let ran = it.run(&CHECK);
    assert_wrong(
        &ran,
        "authenticate",
        &["must be connected anew"],
        &["flowline connect support"],
    );
    assert_eq!(step(&ran, "scopes")["ok"], Value::Null);
}

#[test]
fn connect_warns_of_scopes_that_it_was_not_given() {
    let it = Connecting::new();
    it.consent(&json!({ "grant": ["read:jira-work", "read:jira-user", "offline_access"] }));
    let (child, url) = it.start(&[]);
    let (_, location, _) = get(&url);
    assert_eq!(get(&location).0, 200);
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("`manage:jira-webhook`, needed by the pipeline support-tickets"),
        "{}",
        ended.stderr
    );
    assert_wrong(
        &it.run(&CHECK),
        "scopes",
        &["`manage:jira-webhook`"],
        &["connect"],
    );
}

#[test]
fn what_the_account_may_not_is_named_with_who_needs_it() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write("pipelines/escalate.yaml", ESCALATE);
    assert_well(
        &project.run(&CHECK),
        "scopes",
        &["ADD_COMMENTS, BROWSE_PROJECTS, CREATE_ISSUES"],
    );
    let lack = |what: &Value| {
        world.ask("PUT", "jira/consent", &json!({ "lack": what }));
    };
    lack(&json!(["CREATE_ISSUES"]));
    assert_wrong(
        &project.run(&CHECK),
        "scopes",
        &["CREATE_ISSUES (Create Issues) in the project OPS, needed by the pipeline escalate"],
        &["an administrator of the projects"],
    );
    lack(&json!(["BROWSE_PROJECTS", "USER_PICKER"]));
    let ran = project.run(&CHECK);
    assert_wrong(&ran, "scopes", &["BROWSE_PROJECTS"], &[]);
    assert_wrong(&ran, "projects", &["SUPPORT"], &["Browse Projects"]);
    assert_wrong(&ran, "search", &["no issue"], &["Browse Projects"]);
    assert_wrong(
        &ran,
        "users",
        &["finds nobody"],
        &["Browse users and groups"],
    );
    // A project that is not there.
    lack(&json!([]));
    project.edit("pipelines/escalate.yaml", "OPS", "NOPE");
    let ran = project.run(&CHECK);
    assert_wrong(&ran, "scopes", &["NOPE"], &["flowline fields"]);
}

/// A project that is live, and where it is reached.
fn live(world: &World) -> (Project, String) {
    let project = Project::of(world);
    let public = format!("http://127.0.0.1:{}", free_port());
    let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
    let text = text.replace(
        "      auth:",
        "      webhook_secret: \"${SECRET}\"\n      auth:",
    );
    project.write(
        "flowline.yaml",
        &format!(
            "{text}server: {{ public_url: \"{public}\", listen: \"{}\" }}\n",
            public.trim_start_matches("http://")
        ),
    );
    (project, public)
}

fn with_secret(project: &Project, secret: &str, arguments: &[&str]) -> Ran {
    let mut command = project.command(arguments);
    Ran::of(command.env("SECRET", secret).output().unwrap())
}

/// Answers each request with this status, until the test ends.
fn answers(public: &str, status: u16) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind(public.trim_start_matches("http://")).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 2048];
            if stream.read(&mut asked).is_ok() {
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).unwrap_or_default();
            }
        }
    });
}

#[test]
fn webhooks_are_missing_unreachable_outdated_or_well() {
    let world = World::start(&QUICK);
    let (project, public) = live(&world);
    let check = || with_secret(&project, "hush", &CHECK);
    assert_wrong(
        &check(),
        "webhooks",
        &["not registered", "does not answer"],
        &["flowline webhooks register support", "flowline serve"],
    );
    let register = ["webhooks", "register", "support", "--format", "json"];
    assert_eq!(with_secret(&project, "hush", &register).code, 0);
    assert_wrong(
        &check(),
        "webhooks",
        &["does not answer"],
        &["proxy, tunnel or firewall"],
    );
    answers(&public, 200);
    assert_well(&check(), "webhooks", &["registered", "answers"]);
    project.edit(
        "pipelines/support-tickets.yaml",
        "(SUPPORT, PRODUCT)",
        "(SUPPORT)",
    );
    assert_wrong(
        &check(),
        "webhooks",
        &["other events or issues"],
        &["flowline webhooks register support"],
    );
    // No secret.
    let ran = project.run(&CHECK);
    assert_wrong(&ran, "webhooks", &["`SECRET` is not set"], &["set it"]);
    // An account that administers nothing.
    world.ask("PUT", "jira/consent", &json!({ "lack": ["ADMINISTER"] }));
    let ran = check();
    assert_wrong(
        &ran,
        "scopes",
        &["ADMINISTER (Administer Jira), needed by the pipeline support-tickets"],
        &["an administrator of the site", "oauth2"],
    );
    assert_wrong(&ran, "webhooks", &["403"], &[]);
}

#[test]
fn an_answer_that_is_an_error_is_told_and_not_taken_for_none() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    for (kind, told) in [
        ("unavailable", "503"),
        ("server_error", "500"),
        ("rate_limited", "429"),
        ("html", "Jira"),
        ("reset", "Jira"),
    ] {
        let rule = json!({ "kind": kind, "service": "jira", "path": "/mypermissions" });
        world.ask("PUT", "faults", &json!({ "rules": [rule] }));
        let ran = project.run(&CHECK);
        assert_wrong(&ran, "scopes", &["/mypermissions", told], &["status page"]);
        assert_well(&ran, "search", &[]);
    }
    let rule =
        json!({ "kind": "slow", "service": "jira", "path": "/mypermissions", "delay_ms": 5000 });
    world.ask("PUT", "faults", &json!({ "rules": [rule] }));
    assert_wrong(
        &project.run(&CHECK),
        "scopes",
        &["no answer within 2 s"],
        &["network"],
    );
}

#[test]
fn a_health_page_that_answers_with_an_error_is_told() {
    let world = World::start(&QUICK);
    let (project, public) = live(&world);
    answers(&public, 502);
    let register = ["webhooks", "register", "support"];
    assert_eq!(with_secret(&project, "hush", &register).code, 0);
    let ran = with_secret(&project, "hush", &CHECK);
    assert_wrong(
        &ran,
        "webhooks",
        &["/healthz answers 502"],
        &["flowline serve"],
    );
}

#[test]
fn a_changed_secret_is_registered_anew_and_the_same_one_is_not() {
    let world = World::start(&QUICK);
    let (project, _) = live(&world);
    let register = |secret: &str| {
        let arguments = ["webhooks", "register", "support", "--format", "json"];
        let ran = with_secret(&project, secret, &arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let rows: Value = serde_json::from_str(&ran.stdout).unwrap();
        rows[0]["done"].as_str().unwrap().to_owned()
    };
    assert_eq!(register("hush-1"), "registered");
    assert_eq!(register("hush-1"), "unchanged");
    assert_eq!(register("hush-2"), "corrected");
    assert_eq!(register("hush-2"), "unchanged");
    assert_eq!(register("hush-1"), "corrected");
    assert_eq!(world.get("hooks")["registered"]["admin"], 1);
    for file in std::fs::read_dir(project.path(".flowline")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("hush"));
    }
}

/// The project gets in with a token of scopes, as a person or a service account.
fn of_token(world: &World, project: &Project) {
    let jira = world.address("jira");
    let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
    let auth = text.lines().find(|line| line.contains("auth:")).unwrap();
    project.edit(
        "flowline.yaml",
        auth,
        &format!("      gateway: \"{jira}\"\n      auth: {{ token: \"${{TOKEN}}\" }}"),
    );
}

#[test]
fn a_token_with_scopes_registers_no_webhooks_and_is_told_what_to_do() {
    let world = World::start(&QUICK);
    let (project, public) = live(&world);
    of_token(&world, &project);
    let run = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("SECRET", "hush")
            .env("TOKEN", world.address("jira_service_token"));
        Ran::of(command.output().unwrap())
    };
    for verb in ["register", "list", "refresh", "remove"] {
        let ran = run(&["webhooks", verb]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        for word in [
            "a service account's",
            "oauth2",
            "basic",
            "System → WebHooks",
            &format!("{public}/webhooks/support"),
            "webhook_secret",
            "jira:issue_updated",
        ] {
            assert!(ran.stderr.contains(word), "{verb}: {word}: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("401"), "{}", ran.stderr);
    }
    answers(&public, 200);
    let ran = run(&CHECK);
    assert_well(&ran, "webhooks", &["a person registers them"]);
    assert_well(
        &ran,
        "scopes",
        &["needed: read:jira-work, read:jira-user, manage:jira-webhook"],
    );
    project.edit("flowline.yaml", "      webhook_secret: \"${SECRET}\"\n", "");
    assert_wrong(
        &run(&CHECK),
        "webhooks",
        &["lets neither"],
        &["System → WebHooks"],
    );
}

/// The project's vault, as the program opens it.
fn vault(project: &Project) -> flowline::state::Vault {
    use base64::Engine as _;
    let key = std::fs::read_to_string(project.path(".flowline/key")).unwrap();
    let key = base64::engine::general_purpose::STANDARD
        .decode(key.trim())
        .unwrap();
    let seal = flowline::state::Seal::new(&key.try_into().unwrap()).unwrap();
    flowline::state::Vault::open(&project.path(".flowline/state.db"), seal).unwrap()
}

#[test]
fn status_warns_30_days_before_a_credential_ends() {
    use std::io::Write as _;
    let world = World::start(&QUICK);
    let project = Project::of(&world).without_variables();
    project.edit("flowline.yaml", ", api_token: \"${JIRA_API_TOKEN}\"", "");
    for (name, secret) in [
        ("support", world.address("jira_token")),
        ("marketing", world.address("brevo_key")),
    ] {
        let mut child = project
            .command(&["connect", name])
            .stdin(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
        let ended = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    let day = 86_400_000;
    let now = jiff::Timestamp::now().as_millisecond();
    let status = || {
        let json = project.run(&["status", "--format", "json"]);
        let human = project.run(&["status"]);
        assert_eq!((json.code, human.code), (0, 0), "{}", human.stderr);
        let value: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(
            json.stderr.contains("gets in with"),
            human.stderr.contains("what `support` gets in with")
        );
        (value["connections"].clone(), human)
    };
    // A token of Atlassian lasts a year at the most, a key of Brevo does not end by itself.
    let (connections, human) = status();
    let ends: jiff::Timestamp = connections["support"]["token_expires"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!((ends.as_millisecond() - now + day / 2) / day, 365);
    assert_eq!(connections["marketing"]["token_expires"], Value::Null);
    assert!(human.stdout.contains("at the latest"), "{}", human.stdout);
    assert!(
        !human.stderr.contains("gets in with what"),
        "{}",
        human.stderr
    );
    let vault = vault(&project);
    let text = vault.credential("support").unwrap().unwrap().text;
    for (left, told) in [
        (31, None),
        (29, Some("ends 20")),
        (1, Some("ends 20")),
        (-1, Some("ended 20")),
    ] {
        let at = now + left * day + day / 2;
        vault.set_credential("support", &text, Some(at)).unwrap();
        let (_, human) = status();
        match told {
            None => assert!(!human.stderr.contains("what `support`"), "{}", human.stderr),
            Some(told) => {
                let whole = format!("what `support` gets in with {told}");
                assert!(human.stderr.contains(&whole), "{left}: {}", human.stderr);
                assert!(
                    human.stderr.contains("flowline connect support"),
                    "{}",
                    human.stderr
                );
                if left > 0 {
                    let days = format!("in {left} days");
                    assert!(human.stderr.contains(&days), "{}", human.stderr);
                }
            }
        }
    }
}

#[test]
fn status_tells_what_there_is_in_words_and_asks_nobody() {
    let world = World::start(&["--no-index-lag", "--issues", "60"]);
    let project = Project::of(&world);
    let empty = project.run(&["status"]);
    assert_eq!(empty.code, 0);
    for word in ["no run yet", "never", "support-tickets", "marketing"] {
        assert!(empty.stdout.contains(word), "{word}: {}", empty.stdout);
    }
    // A value that is no date: dead letters.
    project.edit(
        "pipelines/support-tickets.yaml",
        "{ path: $.fields.created, as: date }",
        "{ path: $.fields.summary, as: date }",
    );
    assert_eq!(project.run(&["run", "support-tickets", "-q"]).code, 1);
    let requests = world.requests();
    let ran = project.run(&["status"]);
    let json = project.run(&["status", "--format", "json"]);
    assert_eq!(world.requests(), requests, "no network");
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let pipeline = &json["pipelines"]["support-tickets"];
    let dead = pipeline["dead_letters"].as_u64().unwrap();
    assert!(dead > 0);
    assert_eq!(pipeline["last_result"], "dead_letters");
    assert!(pipeline["lag_s"].is_u64() && pipeline["next_run"].is_string());
    let issues = json["issues_tracked"].as_u64().unwrap();
    let users = json["users_linked"].as_u64().unwrap();
    let limits = json["connections"]["marketing"]["limits"]
        .as_array()
        .unwrap();
    assert!(!limits.is_empty(), "{json}");
    for limit in limits {
        assert!(
            limit["family"].is_string() && limit["remaining"].is_u64(),
            "{limit}"
        );
    }
    for word in [
        format!("{issues} issues tracked"),
        "projects monitored".to_owned(),
        format!("{users} users linked"),
        "last sync: 20".to_owned(),
        "quota left: support: jira ".to_owned(),
        " ago".to_owned(),
        "(dead_letters)".to_owned(),
        format!(" {dead} "),
    ] {
        assert!(ran.stdout.contains(&word), "{word}: {}", ran.stdout);
    }
}
