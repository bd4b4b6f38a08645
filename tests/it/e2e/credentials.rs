//! Ways in: OAuth through a real callback, tokens of the gateway, what is kept.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::{Project, Ran, World};
use super::{QUICK, RUN};

/// A project whose Jira connection needs `connect`, and the port that it listens on.
pub(super) struct Connecting {
    pub(super) world: World,
    pub(super) project: Project,
    port: u16,
}

/// Status, where to, and the body of a GET.
pub(super) fn get(url: &str) -> (u16, String, String) {
    let url: url::Url = url.parse().unwrap();
    let host = match url.host_str().unwrap() {
        "localhost" => "127.0.0.1",
        other => other,
    };
    let mut stream = TcpStream::connect(format!("{host}:{}", url.port().unwrap())).unwrap();
    let path = &url[url::Position::BeforePath..];
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap_or_default();
    (status, location.to_owned(), body.to_owned())
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Connecting {
    pub(super) fn new() -> Self {
        Self::to(World::start(&QUICK))
    }

    /// To this world.
    pub(super) fn to(world: World) -> Self {
        let project = Project::of(&world);
        let port = free_port();
        let text = std::fs::read_to_string(project.path("flowline.yaml")).unwrap();
        let auth = text.lines().find(|line| line.contains("auth:")).unwrap();
        let jira = world.address("jira");
        project.edit(
            "flowline.yaml",
            auth,
            &format!(
                "      gateway: \"{jira}\"\n      auth_server: \"{jira}\"\n      auth: {{ oauth2: {{ client_id: \"${{JIRA_CLIENT_ID}}\", client_secret: \"${{JIRA_CLIENT_SECRET}}\", redirect_uri: \"http://localhost:{port}/callback\" }} }}"
            ),
        );
        Self {
            world,
            project,
            port,
        }
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command
            .env("JIRA_CLIENT_ID", self.world.address("jira_client_id"))
            .env(
                "JIRA_CLIENT_SECRET",
                self.world.address("jira_client_secret"),
            );
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Starts `connect` and reads the URL that it prints.
    pub(super) fn start(&self, more: &[&str]) -> (Child, String) {
        let arguments = [&["connect", "support", "--no-browser"], more].concat();
        let mut child = self
            .command(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut url)
            .unwrap();
        (child, url.trim().to_owned())
    }

    /// Connects as a person does who agrees.
    pub(super) fn connect(&self) {
        let (child, url) = self.start(&[]);
        let (status, location, _) = get(&url);
        assert_eq!(status, 302, "{url}");
        assert_eq!(get(&location).0, 200);
        let ended = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }

    pub(super) fn exchanges(&self) -> u64 {
        let requests = self.world.get("requests");
        requests["requests"]["jira"]["POST /oauth/token"]["count"]
            .as_u64()
            .unwrap_or_default()
    }

    pub(super) fn consent(&self, what: &Value) {
        self.world.ask("PUT", "jira/consent", what);
    }
}

#[test]
fn a_connection_that_needs_connect_says_so_and_then_runs() {
    let it = Connecting::new();
    let before = it.run(&RUN);
    assert_eq!(before.code, 3, "{}", before.stderr);
    assert!(
        before.stderr.contains("flowline connect support"),
        "{}",
        before.stderr
    );

    it.connect();
    let ran = it.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.summary()["kept"].as_u64().unwrap() > 5);
    assert_eq!(it.exchanges(), 1, "only the code was exchanged");
    let status = it.run(&["status", "--format", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let connection = &status["connections"]["support"];
    assert_eq!(connection["connected"], true);
    assert!(connection["token_expires"].as_str().unwrap().ends_with('Z'));
    for file in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(it.project.path(".flowline").join(file)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("sandbox-access") && !text.contains("sandbox-refresh"));
    }

    let gone = it.run(&["disconnect", "support"]);
    assert_eq!(gone.code, 0, "{}", gone.stderr);
    assert_eq!(it.run(&RUN).code, 3);
}

#[test]
fn a_callback_with_another_state_or_none_is_400_and_waiting_goes_on() {
    let it = Connecting::new();
    let (child, url) = it.start(&[]);
    let (_, location, _) = get(&url);
    let base = format!("http://127.0.0.1:{}", it.port);
    for wrong in [
        "/callback?code=sandbox-code-1&state=wrong",
        "/callback?code=sandbox-code-1",
        "/callback",
        "/",
        "/favicon.ico",
    ] {
        assert_eq!(get(&format!("{base}{wrong}")).0, 400, "{wrong}");
    }
    assert_eq!(it.exchanges(), 0);
    assert_eq!(get(&location).0, 200);
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(it.exchanges(), 1);
}

#[test]
fn a_refusal_in_the_browser_is_exit_3() {
    let it = Connecting::new();
    it.consent(&json!({ "deny": true }));
    let (child, url) = it.start(&[]);
    let (_, location, _) = get(&url);
    assert_eq!(get(&location).0, 200);
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(it.exchanges(), 0);
}

#[test]
fn with_code_the_redirected_url_is_read_from_stdin() {
    let it = Connecting::new();
    for (wrong, code) in [(true, 3), (false, 0)] {
        let (mut child, url) = it.start(&["--code"]);
        let (_, location, _) = get(&url);
        let given = if wrong {
            location.replace("state=", "state=x")
        } else {
            location
        };
        writeln!(child.stdin.take().unwrap(), "{given}").unwrap();
        let ended = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, code, "{}", ended.stderr);
    }
}

#[test]
fn the_site_is_chosen_by_its_exact_address_among_several() {
    let it = Connecting::new();
    it.consent(&json!({ "sites": ["https://other.atlassian.net", "https://acme.atlassian.net"] }));
    it.connect();
    assert_eq!(it.run(&RUN).code, 0);
}

#[test]
fn scopes_are_those_that_the_pipelines_need() {
    let it = Connecting::new();
    let printed = it.run(&["connect", "support", "--print-scopes"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let live = "read:jira-work\nread:jira-user\nmanage:jira-webhook\noffline_access\n";
    assert_eq!(printed.stdout, live);
    it.project.edit(
        "pipelines/support-tickets.yaml",
        "live: true",
        "live: false",
    );
    let printed = it.run(&["connect", "support", "--print-scopes"]);
    assert_eq!(printed.stdout, live.replace("manage:jira-webhook\n", ""));
    let of_mail = |printed: Ran| printed.stdout.contains("transactional.email:write\n");
    let printed = it.run(&["connect", "marketing", "--print-scopes"]);
    assert!(
        printed.stdout.contains("events:write\n"),
        "{}",
        printed.stderr
    );
    assert!(!of_mail(printed));
    it.project.edit(
        "pipelines/support-tickets.yaml",
        "schedule: every 5 minutes",
        "schedule: every 5 minutes\nnotify: { email: ops@acme.example }",
    );
    assert!(of_mail(it.run(&["connect", "marketing", "--print-scopes"])));
    assert_eq!(it.world.requests(), 0);
}

#[test]
fn a_token_that_ended_in_mid_run_is_renewed_once_and_the_call_made_again() {
    let it = Connecting::new();
    it.connect();
    it.consent(&json!({ "expire": true }));
    let ran = it.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(it.exchanges(), 2);
}

#[test]
fn two_processes_that_find_the_token_ended_exchange_it_once() {
    let it = Connecting::new();
    it.connect();
    it.consent(&json!({ "expire": true }));
    it.world.ask(
        "PUT",
        "faults",
        &json!({ "rules": [{ "kind": "slow", "path": "/oauth/token", "delay_ms": 700 }] }),
    );
    let start = || {
        it.command(&["plan", "support-tickets", "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start(), start(), start()];
    for child in both {
        let ended = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
    }
    assert_eq!(it.exchanges(), 2, "the code, and one refresh");
}

#[test]
fn killed_between_the_exchange_and_its_answer_the_next_run_goes_on() {
    let it = Connecting::new();
    it.connect();
    it.consent(&json!({ "expire": true }));
    it.world.ask(
        "PUT",
        "faults",
        &json!({ "rules": [{ "kind": "slow", "path": "/oauth/token", "delay_ms": 5000, "first": 1 }] }),
    );
    let mut child = it
        .command(&RUN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while it.exchanges() < 2 {
        assert!(Instant::now() < until, "it never asked");
        sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The refresh token is used up, and whoever used it knows nothing of the new one.
    let ran = it.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(it.exchanges(), 3, "the same token was presented once more");
}

#[test]
fn a_refresh_token_that_is_refused_says_connect_and_is_not_presented_again() {
    let it = Connecting::new();
    it.connect();
    it.consent(&json!({ "expire": true }));
    it.consent(&json!({ "revoke": true }));
    for _ in 0..2 {
        let ran = it.run(&RUN);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains("invalid_grant"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("flowline connect support"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(it.exchanges(), 2);
}

#[test]
fn scoped_and_service_tokens_go_through_the_gateway() {
    let it = Connecting::new();
    let text = std::fs::read_to_string(it.project.path("flowline.yaml")).unwrap();
    let auth = text.lines().find(|line| line.contains("oauth2:")).unwrap();
    it.project.edit(
        "flowline.yaml",
        auth,
        "      auth: { token: \"${JIRA_SERVICE_TOKEN}\" }",
    );
    let service = it.world.address("jira_service_token");
    let scoped = format!(
        "{}:{}",
        it.world.address("jira_email"),
        it.world.address("jira_scoped_token")
    );
    for (token, code) in [(service, 0), (&scoped, 0), ("wrong", 3)] {
        let mut command = it.command(&["plan", "support-tickets", "--format", "json"]);
        let ran = Ran::of(command.env("JIRA_SERVICE_TOKEN", token).output().unwrap());
        assert_eq!(ran.code, code, "{}", ran.stderr);
    }
    let ran = it.run(&RUN);
    assert_eq!(ran.code, 2, "{}", ran.stderr);

    // Kept, with its account's e-mail beside it.
    let mut child = it
        .command(&[
            "connect",
            "support",
            "--email",
            it.world.address("jira_email"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let token = it.world.address("jira_scoped_token");
    writeln!(child.stdin.take().unwrap(), "{token}").unwrap();
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ran = it.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_token_for_the_site_is_kept_where_the_file_names_none() {
    let world = World::start(&QUICK);
    let project = Project::of(&world).without_variables();
    project.edit("flowline.yaml", ", api_token: \"${JIRA_API_TOKEN}\"", "");
    let give = |name: &str, secret: &str| {
        let mut child = project
            .command(&["connect", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
        Ran::of(child.wait_with_output().unwrap())
    };
    let refused = give("support", "wrong");
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert_eq!(project.run(&RUN).code, 2, "what was refused is not kept");
    assert_eq!(give("support", world.address("jira_token")).code, 0);
    assert_eq!(give("marketing", world.address("brevo_key")).code, 0);
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn brevo_lets_an_oauth_client_in_for_what_the_pipelines_need() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.edit(
        "flowline.yaml",
        "api_key: \"${BREVO_API_KEY}\"",
        "oauth2: { client_id: \"${BREVO_CLIENT_ID}\", client_secret: \"${BREVO_CLIENT_SECRET}\" }",
    );
    for (secret, code) in [("wrong", 3), (world.address("brevo_client_secret"), 0)] {
        let mut command = project.command(&RUN);
        command
            .env("BREVO_CLIENT_ID", world.address("brevo_client_id"))
            .env("BREVO_CLIENT_SECRET", secret);
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.code, code, "{}", ran.stderr);
    }
    let requests = world.get("requests");
    let route = &requests["requests"]["brevo"]["POST /realms/partner/oauth/token"];
    assert_eq!(
        route["outcomes"]["200"], 1,
        "one token for the whole run: {requests}"
    );
}

#[test]
fn a_missing_scope_is_told_apart_from_a_token_that_ended_and_renews_nothing() {
    let it = Connecting::new();
    // Connected while no pipeline reads issues yet.
    let pipeline = it.project.path("pipelines/support-tickets.yaml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::remove_file(&pipeline).unwrap();
    it.connect();
    std::fs::write(&pipeline, text).unwrap();
    for _ in 0..2 {
        let ran = it.run(&RUN);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("lacks the scope `read:jira-work`"), "{said}");
        assert!(said.contains("flowline connect support"), "{said}");
        assert!(!said.contains("invalid_grant"), "{said}");
    }
    assert_eq!(it.exchanges(), 1, "the code, and no refresh");
    it.connect();
    assert_eq!(it.run(&RUN).code, 0);
}

#[test]
fn a_browser_that_takes_localhost_for_ipv6_is_heard() {
    let Ok(free) = TcpListener::bind("[::1]:0") else {
        println!("skipped: this machine has no IPv6");
        return;
    };
    drop(free);
    let it = Connecting::new();
    let (child, url) = it.start(&[]);
    let (_, location, _) = get(&url);
    let path = location.split_once("/callback").unwrap().1;
    let mut stream = TcpStream::connect(format!("[::1]:{}", it.port)).unwrap();
    write!(
        stream,
        "GET /callback{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn an_address_that_brevo_does_not_know_is_explained() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    world.ask(
        "PUT",
        "brevo/settings",
        &json!({ "refuse_addresses": true }),
    );
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("https://app.brevo.com/security/authorised_ips"),
        "{said}"
    );
    assert!(
        !said.contains("check BREVO_API_KEY"),
        "the key is good: {said}"
    );
    world.ask("PUT", "brevo/settings", &json!({}));
    assert_eq!(project.run(&RUN).code, 0);
}
