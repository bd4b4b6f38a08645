//! A day of five pipelines on a simulated clock: edits, an hour without Brevo, an hour in which Jira
//! stumbles. What Brevo has in the end is held against the issues themselves, read by other means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowline::engine::{self, End, Observer, RunEvent};
use flowline::http::{Clock as _, HttpTransport, ManualClock, NoExchanges, Parts, SeededRandom};
use flowline::plan::Plan;
use flowline::project::{self, Opened};
use flowline::runtime::{Ask, Connected, Kept, Keys, connect, endpoints, run_once};
use flowline::sandbox::{Fault, FaultKind, Faults, Options, Sandbox};
use flowline::state::{DatabaseTime, Seal, SqliteStore};
use flowline::transform::MaskKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const BEGIN: &str = "2026-11-24T00:00:00Z";
const PIPELINES: [&str; 5] = [
    "support-tickets",
    "issue-events",
    "status-changes",
    "team-capacity-open",
    "people-projects",
];

struct Quiet;

impl Observer for Quiet {
    fn told(&self, _: RunEvent) {}
}

/// The product, the services and the time.
struct World {
    clock: Arc<ManualClock>,
    sandbox: Sandbox,
    web: reqwest::Client,
    folder: TempDir,
}

impl World {
    async fn start() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let clock = Arc::new(ManualClock::at(BEGIN.parse().unwrap()));
        let time = Arc::clone(&clock);
        let mut options = Options::new(Arc::new(move || time.now()));
        options.limits = false;
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = TempDir::new().unwrap();
        project(folder.path(), &sandbox);
        Self {
            clock,
            sandbox,
            web: reqwest::Client::new(),
            folder,
        }
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: &Json) -> Json {
        let url = format!("{}{path}", self.sandbox.control_url());
        let request = self.web.request(method, url).json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path} {body}");
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn edit(&self, edit: &Json) {
        self.control(reqwest::Method::POST, "/jira/edit", edit)
            .await;
    }

    async fn fails(&self, rules: Vec<Fault>) {
        let faults = serde_json::to_value(Faults { rules }).unwrap();
        self.control(reqwest::Method::PUT, "/faults", &faults).await;
    }

    /// Every issue of the two projects, as Jira has it.
    async fn issues(&self) -> Vec<Json> {
        let mut issues = Vec::new();
        let mut token = Json::Null;
        loop {
            let mut body = json!({
                "jql": "project in (SUPPORT, PRODUCT)", "fields": ["*all"], "expand": "changelog",
                "maxResults": 50,
            });
            if !token.is_null() {
                body["nextPageToken"] = token;
            }
            let url = format!("{}/rest/api/3/search/jql", self.sandbox.jira_url());
            let request = self
                .web
                .post(url)
                .basic_auth(self.sandbox.jira_email(), Some(self.sandbox.jira_token()))
                .json(&body);
            let text = request.send().await.unwrap().text().await.unwrap();
            let page: Json = serde_json::from_str(&text).unwrap();
            issues.extend(page["issues"].as_array().unwrap().iter().cloned());
            token = page["nextPageToken"].clone();
            if token.is_null() {
                return issues;
            }
        }
    }
}

/// The pipelines that ship, joined to the sandbox.
fn project(folder: &Path, sandbox: &Sandbox) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("pipelines")).unwrap();
    for name in PIPELINES {
        let file = format!("pipelines/{name}.yaml");
        fs::copy(root.join(&file), folder.join(&file)).unwrap();
    }
    let text = format!(
        "flowline: 1\n\
         connections:\n\
         \x20 support: {{ jira: {{ site: '{}', auth: {{ basic: {{ email: '{}', api_token: '${{TOKEN}}' }} }} }} }}\n\
         \x20 marketing: {{ brevo: {{ url: '{}', api_key: '${{KEY}}' }} }}\n\
         vars: {{ support_list: 22 }}\n",
        sandbox.jira_url(),
        sandbox.jira_email(),
        sandbox.brevo_url(),
    );
    fs::write(folder.join("flowline.yaml"), text).unwrap();
}

/// What runs the pipelines when they are due.
struct Running<'w> {
    world: &'w World,
    opened: Opened,
    connected: Connected,
    store: SqliteStore,
    keys: Keys,
    last: BTreeMap<String, Timestamp>,
    ends: BTreeMap<&'static str, u64>,
}

impl<'w> Running<'w> {
    async fn start(world: &'w World) -> Self {
        let environment = BTreeMap::from([
            ("TOKEN".to_owned(), world.sandbox.jira_token().to_owned()),
            ("KEY".to_owned(), world.sandbox.brevo_key().to_owned()),
        ]);
        let root = world.folder.path();
        let opened = project::open(&project::Request {
            root,
            environment: &environment,
            env: None,
            env_file: None,
        });
        let plans: BTreeSet<&str> = opened.plans.keys().map(String::as_str).collect();
        assert_eq!(plans, BTreeSet::from(PIPELINES), "{:?}", opened.diagnostics);
        let loaded = opened.loaded.as_ref().unwrap();
        let used = ["support".into(), "marketing".into()];
        let endpoints = endpoints(loaded, &used, root, &Kept::default()).unwrap();
        let connected = connect(&endpoints, &|_, _| Parts {
            transport: Arc::new(HttpTransport::new().unwrap()),
            clock: Arc::clone(&world.clock) as Arc<_>,
            random: Arc::new(SeededRandom::new(7)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        })
        .await
        .unwrap();
        let store = SqliteStore::open(&root.join(".flowline/state.db"), DatabaseTime::Own).unwrap();
        Self {
            world,
            opened,
            connected,
            store,
            keys: Keys {
                mask: MaskKey::new([7; 32]),
                seal: Some(Seal::new(&[7; 32]).unwrap()),
            },
            last: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }

    /// Runs what is due now.
    async fn due(&mut self) {
        let plans: Vec<Arc<Plan>> = self.opened.plans.values().cloned().collect();
        for plan in plans {
            let now = self.world.clock.now();
            let last = self.last.get(&*plan.name).copied();
            let timing = plan.timing.as_ref().unwrap();
            if timing.next(last, now).unwrap() <= now {
                self.last.insert(plan.name.to_string(), now);
                self.run(&plan).await;
            }
        }
    }

    async fn run(&mut self, plan: &Arc<Plan>) {
        let context = engine::Context {
            clock: &*self.world.clock,
            random: &SeededRandom::new(3),
            observer: &Quiet,
            cancel: &CancellationToken::new(),
        };
        let ran = run_once(
            plan,
            &self.connected,
            self.world.folder.path(),
            &self.store,
            (&self.keys, Ask::default()),
            &|_| {},
            &context,
        )
        .await;
        let end = match ran {
            Ok(finished) => match finished.end {
                End::Done => "done",
                _ => "failed",
            },
            Err(_) => "not begun",
        };
        *self.ends.entry(end).or_default() += 1;
    }

    async fn all(&mut self) {
        let plans: Vec<Arc<Plan>> = self.opened.plans.values().cloned().collect();
        for plan in plans {
            self.run(&plan).await;
        }
    }
}

/// Draws the day's edits.
struct Edits {
    seed: u64,
    made: u64,
}

impl Edits {
    fn draw(&mut self, below: usize) -> usize {
        // A linear congruential generator: the same day each time.
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.seed >> 33).unwrap() % below
    }

    fn next(&mut self, issues: &[(String, String)]) -> Json {
        self.made += 1;
        let (key, _) = &issues[self.draw(issues.len())];
        let project = ["SUPPORT", "PRODUCT"][self.draw(2)];
        let reporter = &issues[self.draw(issues.len())].1;
        let status = ["To Do", "In Progress", "Done"][self.draw(3)];
        match self.draw(6) {
            0 => json!({ "create": {
                "project": project, "issue_type": "Bug",
                "summary": format!("Found on the day, {}", self.made),
                "reporter": reporter,
            } }),
            1 => {
                json!({ "fields": { "issue": key, "summary": format!("Said anew, {}", self.made) } })
            }
            2 => json!({ "comment": { "issue": key, "text": "Looking into it", "public": true } }),
            _ => json!({ "status": { "issue": key, "to": status } }),
        }
    }
}

fn time(text: &Json) -> Timestamp {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text.as_str().unwrap())
        .unwrap()
        .to_timestamp()
        .unwrap()
}

/// The reporter's address, where it is one.
fn address(issue: &Json) -> Option<String> {
    let email = issue["fields"]["reporter"]["emailAddress"].as_str()?;
    let is_one = email.contains('@') && !email.contains(' ');
    is_one.then(|| email.to_lowercase())
}

/// What Brevo must have, made of the issues alone.
struct Expected {
    /// The newest ticket of each reporter and its status.
    tickets: BTreeMap<String, (String, String)>,
    /// The ids of the events, by name.
    events: BTreeMap<String, BTreeSet<String>>,
}

impl Expected {
    fn of(issues: &[Json], first_run: Timestamp) -> Self {
        let days = |count: i64| first_run - SignedDuration::from_hours(24 * count);
        let mut newest: BTreeMap<String, &Json> = BTreeMap::new();
        let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let types = ["Bug", "Story", "Task", "Support Request"];
        for issue in issues {
            let fields = &issue["fields"];
            let Some(email) = address(issue) else {
                continue;
            };
            if time(&fields["updated"]) < days(30) {
                continue;
            }
            let tracked = types.contains(&fields["issuetype"]["name"].as_str().unwrap());
            if tracked {
                let newer = newest.get(&email).is_none_or(|known| {
                    time(&known["fields"]["created"]) < time(&fields["created"])
                });
                if newer {
                    newest.insert(email, issue);
                }
            }
            let id = issue["id"].as_str().unwrap();
            let mut add = |name: &str, id: String| {
                assert!(events.entry(name.to_owned()).or_default().insert(id));
            };
            if time(&fields["created"]) >= first_run {
                add("issue_created", format!("{id}-created"));
            }
            for history in issue["changelog"]["histories"].as_array().unwrap() {
                let at = time(&history["created"]);
                for item in history["items"].as_array().unwrap() {
                    let name = item["fieldId"].as_str().unwrap_or_default();
                    let id = format!("{id}-{}-{name}", history["id"].as_str().unwrap());
                    match name {
                        "status" => {
                            if tracked && at >= days(7) {
                                add("ticket_status_changed", id.clone());
                            }
                            if at >= first_run {
                                add("status_changed", id);
                            }
                        }
                        "resolution" if at >= first_run && !item["toString"].is_null() => {
                            add("issue_resolved", id);
                        }
                        _ => {}
                    }
                }
            }
        }
        let ticket = |issue: &Json| {
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            (
                text(&issue["key"]),
                text(&issue["fields"]["status"]["name"]),
            )
        };
        Self {
            tickets: newest
                .iter()
                .map(|(email, issue)| (email.clone(), ticket(issue)))
                .collect(),
            events,
        }
    }
}

#[tokio::test]
async fn after_a_day_of_edits_and_outages_brevo_has_what_the_issues_say() {
    let world = World::start().await;
    let first_run = world.clock.now();
    let known: Vec<(String, String)> = world
        .issues()
        .await
        .iter()
        .filter_map(|issue| Some((issue["key"].as_str()?.to_owned(), address(issue)?)))
        .collect();
    let mut running = Running::start(&world).await;
    let mut edits = Edits { seed: 11, made: 0 };
    let end = first_run + SignedDuration::from_hours(24);
    let mut hour = 0;
    while world.clock.now() < end {
        let now_hour = (world.clock.now().as_second() - first_run.as_second()) / 3_600;
        if now_hour != hour {
            hour = now_hour;
            world
                .fails(match hour {
                    13 => vec![Fault {
                        service: Some(serde_json::from_value(json!("brevo")).unwrap()),
                        ..Fault::new(FaultKind::Unavailable)
                    }],
                    17 => vec![
                        Fault {
                            share: 0.2,
                            service: Some(serde_json::from_value(json!("jira")).unwrap()),
                            ..Fault::new(FaultKind::RateLimitedHtml)
                        },
                        Fault {
                            share: 0.1,
                            ..Fault::new(FaultKind::LostAnswer)
                        },
                    ],
                    _ => Vec::new(),
                })
                .await;
        }
        for _ in 0..edits.draw(3) {
            world.edit(&edits.next(&known)).await;
        }
        running.due().await;
        world.clock.advance(Duration::from_secs(600));
    }
    let ended = |how: &str| running.ends.get(how).copied().unwrap_or_default();
    assert!(ended("failed") + ended("not begun") > 0 && ended("done") > 500);
    // What the search did not see yet, and what Brevo is waited for.
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(600));
        running.all().await;
    }

    let expected = Expected::of(&world.issues().await, first_run);
    let contacts = world
        .control(reqwest::Method::GET, "/brevo/contacts", &Json::Null)
        .await;
    let contacts = contacts["contacts"].as_array().unwrap();
    let found: BTreeMap<String, (String, String)> = contacts
        .iter()
        .filter_map(|contact| {
            let text = |name: &str| contact["attributes"][name].as_str().map(str::to_owned);
            let email = contact["email"].as_str()?.to_lowercase();
            Some((
                email,
                (text("LAST_TICKET_KEY")?, text("LAST_TICKET_STATUS")?),
            ))
        })
        .collect();
    assert_eq!(found, expected.tickets);

    let sent = world
        .control(reqwest::Method::GET, "/brevo/events", &Json::Null)
        .await;
    let sent = sent["events"].as_array().unwrap();
    let mut events: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in sent {
        let name = event["event_name"].as_str().unwrap().to_owned();
        let id = event["event_properties"]["event_id"].as_str().unwrap();
        let news = events.entry(name).or_default().insert(id.to_owned());
        assert!(news, "{id} was sent twice");
    }
    // An edit of a summary has no entry in the changelog here: such events are none.
    for (name, ids) in &expected.events {
        assert_eq!(events.get(name), Some(ids), "{name}");
    }
    assert!(edits.made > 100 && events["status_changed"].len() > 20);
    world.sandbox.stop().await;
}
