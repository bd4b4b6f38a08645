//! A day of five pipelines on a simulated clock: edits, webhooks of which some are lost and some
//! come twice, an access token that ends in mid-run, a webhook whose 30 days are over, an hour
//! without Brevo, an hour in which Jira stumbles; and a quiet month after it. What Brevo has in
//! the end is held against the issues themselves, read by other means.

mod edits;
mod expected;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowline::engine::{self, End, Observer, RunEvent};
use flowline::http::{Clock as _, SeededRandom};
use flowline::plan::Plan;
use flowline::project::{self, Opened};
use flowline::runtime::registration::{self, Outcome, Verb, delivery_url};
use flowline::runtime::{
    Ask, Connected, Credential, Kept, Keys, connect, drop_worked_off, endpoints, inbox_sources,
    run_once, signing,
};
use flowline::sandbox::{Fault, FaultKind};
use flowline::server::serve_connections;
use flowline::server::webhooks::{self, Verification, Webhooks};
use flowline::state::{DatabaseTime, InboxView as _, Seal, SqliteStore, Vault};
use flowline::transform::MaskKey;
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use edits::Edits;
use expected::{State, address};
use world::{PIPELINES, World};

/// When the app's webhook was registered: 30 days before half past nine of the day.
const REGISTERED: &str = "2026-10-25T09:30:00Z";
/// How far the clock moves at once.
const STEP: Duration = Duration::from_secs(600);
/// The project's key.
const KEY: [u8; 32] = [7; 32];

struct Quiet;

impl Observer for Quiet {
    fn told(&self, _: RunEvent) {}
}

/// What serves: runs pipelines when they are due or woken, takes webhooks, registers them.
struct Running<'w> {
    world: &'w World,
    opened: Opened,
    store: Arc<SqliteStore>,
    vault: Vault,
    keys: Keys,
    webhooks: Arc<Webhooks>,
    /// Where webhooks are delivered.
    public_url: String,
    /// Opened by the run that finds none; dropped every hour and where a run fails.
    connected: Option<Connected>,
    last: BTreeMap<String, Timestamp>,
    /// How many runs ended how.
    ends: BTreeMap<&'static str, u64>,
    /// How often webhooks were found how.
    registrations: BTreeMap<&'static str, u64>,
}

impl<'w> Running<'w> {
    async fn start(world: &'w World) -> Self {
        let (client_id, client_secret) = world.sandbox.jira_app();
        let environment = BTreeMap::from([
            ("CLIENT_ID".to_owned(), client_id.to_owned()),
            ("CLIENT_SECRET".to_owned(), client_secret.to_owned()),
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
        let store = SqliteStore::open(&state_file(root), DatabaseTime::Own).unwrap();
        let store = Arc::new(store);
        let vault = Vault::open(&state_file(root), Seal::new(&KEY).unwrap()).unwrap();
        world.connect(&opened, &vault).await;
        let webhooks = Webhooks::new(
            Arc::clone(&store) as Arc<_>,
            Arc::clone(&world.clock) as Arc<_>,
            verifications(&opened, root),
        );
        let webhooks = Arc::new(webhooks);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let public_url = format!("http://{}", listener.local_addr().unwrap());
        let router = webhooks::router(Arc::clone(&webhooks));
        let stop = CancellationToken::new();
        tokio::spawn(serve_connections(
            listener,
            router,
            stop,
            Duration::from_secs(1),
        ));
        Self {
            world,
            opened,
            store,
            vault,
            keys: Keys {
                mask: MaskKey::new(KEY),
                seal: Some(Seal::new(&KEY).unwrap()),
            },
            webhooks,
            public_url,
            connected: None,
            last: BTreeMap::new(),
            ends: BTreeMap::new(),
            registrations: BTreeMap::new(),
        }
    }

    fn plans(&self) -> Vec<Arc<Plan>> {
        self.opened.plans.values().cloned().collect()
    }

    /// What a connection gets in with, as it is kept now.
    fn credential(&self) -> Credential {
        let kept = self.vault.credential("support").unwrap().unwrap();
        assert!(!kept.exchanging);
        Credential::parse(&kept.text).unwrap()
    }

    fn kept(&self) -> Kept {
        kept(self.world.folder.path())
    }

    /// Opens the sessions, where they are not open.
    async fn open(&mut self) -> Option<&Connected> {
        if self.connected.is_none() {
            let loaded = self.opened.loaded.as_ref().unwrap();
            let used = ["support".into(), "marketing".into()];
            let root = self.world.folder.path();
            let endpoints = endpoints(loaded, &used, root, &self.kept()).unwrap();
            let parts = |_: &Arc<str>, _: &_| self.world.parts();
            let mut connected = connect(&endpoints, &parts).await.ok()?;
            connected.inbox = Some(Arc::clone(&self.store) as Arc<_>);
            self.connected = Some(connected);
        }
        self.connected.as_ref()
    }

    /// What the server does at its start and every hour.
    async fn hour(&mut self) {
        self.connected = None;
        let now = self.world.clock.now().as_millisecond();
        let found = match self.settled(Verb::Register, now).await {
            Some(outcome) => {
                assert!(outcome.refused.is_empty(), "{:?}", outcome.refused);
                outcome.standing[0].done
            }
            None => "out of reach",
        };
        *self.registrations.entry(found).or_default() += 1;
    }

    /// Settles the one webhook that is wanted; none where Jira does not answer.
    async fn settled(&mut self, verb: Verb, now: i64) -> Option<Outcome> {
        let wanted = registration::wanted(&self.plans()).swap_remove(0);
        let loaded = self.opened.loaded.as_ref().unwrap();
        let root = self.world.folder.path();
        let way = registration::way(loaded, &wanted, root, &self.kept()).unwrap();
        let url = delivery_url(&self.public_url, &wanted.connection);
        let ask = registration::Ask {
            same_secret: true,
            verb,
            url: &url,
            now,
        };
        let mut outcome = Outcome::default();
        let connected = self.open().await?;
        let settled = registration::settle(connected, &way, &wanted, ask, &mut outcome);
        settled.await.ok()?;
        assert!(outcome.standing.len() < 2, "{outcome:?}");
        Some(outcome)
    }

    /// Runs what is due now.
    async fn due(&mut self) {
        for plan in self.plans() {
            let now = self.world.clock.now();
            let last = self.last.get(&*plan.name).copied();
            let timing = plan.timing.as_ref().unwrap();
            if timing.next(last, now).unwrap() <= now {
                self.last.insert(plan.name.to_string(), now);
                self.run(&plan).await;
            }
        }
    }

    /// Runs whom webhooks have woken; how many events Brevo has then that it had not before.
    async fn woken(&mut self) -> usize {
        self.world.hooks().await;
        let Some(connections) = self.webhooks.wakes().next().now_or_never() else {
            return 0;
        };
        assert_eq!(connections, BTreeSet::from(["support".into()]));
        let before = self.world.brevo("events").await.len();
        for plan in self.plans() {
            if !inbox_sources(&plan).is_empty() {
                self.run(&plan).await;
            }
        }
        self.world.brevo("events").await.len() - before
    }

    async fn run(&mut self, plan: &Arc<Plan>) {
        let end = self.ended(plan).await;
        if end != "done" {
            self.connected = None;
        }
        *self.ends.entry(end).or_default() += 1;
    }

    async fn ended(&mut self, plan: &Arc<Plan>) -> &'static str {
        if self.open().await.is_none() {
            return "not begun";
        }
        let context = engine::Context {
            clock: &*self.world.clock,
            random: &SeededRandom::new(3),
            observer: &Quiet,
            cancel: &CancellationToken::new(),
        };
        let ran = run_once(
            plan,
            self.connected.as_ref().unwrap(),
            self.world.folder.path(),
            &*self.store,
            (&self.keys, Ask::default()),
            &|_| {},
            &context,
        )
        .await;
        drop_worked_off(&*self.store, &self.plans()).await.unwrap();
        match ran {
            Ok(finished) => match finished.end {
                End::Done => "done",
                _ => "failed",
            },
            Err(_) => "not begun",
        }
    }

    /// What the search did not see yet, and what Brevo is waited for.
    async fn comes_to_rest(&mut self) {
        for _ in 0..3 {
            self.world.clock.advance(STEP);
            for plan in self.plans() {
                self.run(&plan).await;
            }
        }
    }

    fn ran(&self, how: &str) -> u64 {
        self.ends.get(how).copied().unwrap_or_default()
    }

    fn registered(&self, how: &str) -> u64 {
        self.registrations.get(how).copied().unwrap_or_default()
    }
}

fn state_file(root: &Path) -> std::path::PathBuf {
    root.join(".flowline/state.db")
}

fn kept(root: &Path) -> Kept {
    let vault = Vault::open(&state_file(root), Seal::new(&KEY).unwrap()).unwrap();
    Kept::of(Some(vault)).unwrap()
}

/// What deliveries must carry.
fn verifications(opened: &Opened, root: &Path) -> BTreeMap<Arc<str>, Verification> {
    let all = signing(opened.loaded.as_ref().unwrap(), root, &kept(root)).into_iter();
    all.map(|(name, signing)| (name, signing.into())).collect()
}

/// What Brevo has.
async fn found(world: &World) -> State {
    State::found(
        &world.brevo("contacts").await,
        &world.brevo("lists").await,
        &world.brevo("events").await,
    )
}

/// Brevo has what the issues say.
async fn assert_is_as_the_issues_say(world: &World, first_run: Timestamp, before: &State) {
    let found = found(world).await;
    let mut expected = State::expected(&world.issues().await, first_run, before.clone());
    // An assignee whom nothing else made a contact is none.
    let contacts = world.brevo("contacts").await;
    let contacts: BTreeSet<&str> = contacts
        .iter()
        .map(|contact| contact["email"].as_str().unwrap())
        .collect();
    expected.open.retain(|email, _| contacts.contains(&**email));
    let sizes = [
        found.tickets.len(),
        found.events.len(),
        found.lists.len(),
        found.open.len(),
    ];
    assert!(sizes.iter().all(|size| *size > 2), "{sizes:?}");
    assert_eq!(found.tickets, expected.tickets);
    assert_eq!(found.events, expected.events);
    assert_eq!(found.lists, expected.lists);
    assert_eq!(found.open, expected.open);
    assert_eq!(found.accounts, expected.accounts);
}

fn of(service: &str, kind: FaultKind) -> Fault {
    Fault {
        service: Some(serde_json::from_value(json!(service)).unwrap()),
        ..Fault::new(kind)
    }
}

/// What goes wrong in an hour of the day.
fn faults(hour: i64) -> Vec<Fault> {
    match hour {
        // Nobody can register webhooks, and the one that there is ends meanwhile.
        0..=11 => vec![Fault {
            path: Some("/rest/api/3/webhook".to_owned()),
            ..of("jira", FaultKind::Unavailable)
        }],
        13 => vec![of("brevo", FaultKind::Unavailable)],
        17 => vec![
            Fault {
                share: 0.2,
                ..of("jira", FaultKind::RateLimitedHtml)
            },
            Fault {
                share: 0.1,
                ..Fault::new(FaultKind::LostAnswer)
            },
        ],
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn after_a_day_of_edits_and_outages_brevo_has_what_the_issues_say() {
    let world = World::start().await;
    let first_run = world.clock.now();
    let before = found(&world).await;
    let issues = world.issues().await;
    let known: Vec<(String, String)> = issues
        .iter()
        .filter_map(|issue| {
            let key = issue["key"].as_str()?.to_owned();
            Some((key, address(&issue["fields"]["reporter"])?))
        })
        .collect();
    let mut running = Running::start(&world).await;
    let tokens = running.credential().tokens.unwrap();

    // Somebody registered the webhook in October, and the server was off since.
    let fixed = json!({ "fixed": REGISTERED });
    world.control(Method::POST, "/clock", &fixed).await;
    let long_ago = REGISTERED.parse::<Timestamp>().unwrap().as_millisecond();
    let outcome = running.settled(Verb::Register, long_ago).await.unwrap();
    assert_eq!(outcome.standing[0].done, "registered");
    let released = json!({ "released": true });
    world.control(Method::POST, "/clock", &released).await;
    let delivering = json!({ "lose": 0.25, "duplicate": 0.1 });
    world.control(Method::PUT, "/hooks", &delivering).await;

    let mut edits = Edits { seed: 11, made: 0 };
    let end = first_run + SignedDuration::from_hours(24);
    let (mut hour, mut by_webhook, mut in_silence) = (-1, 0, 0);
    while world.clock.now() < end {
        let minutes = (world.clock.now().as_second() - first_run.as_second()) / 60;
        if minutes / 60 != hour {
            hour = minutes / 60;
            world.fails(faults(hour)).await;
            running.hour().await;
        }
        let hooks = world.hooks().await;
        // The webhook's last hours are over, and the next one comes at noon.
        let silent = (570..720).contains(&minutes);
        assert_eq!(
            hooks["registered"]["dynamic"],
            u64::from(!silent),
            "{minutes}"
        );
        if minutes / 10 == 27 {
            let expired = json!({ "expire": true });
            world.control(Method::PUT, "/jira/consent", &expired).await;
            let renewed = world.answered("POST /oauth/token", "200").await;
            let refused = refusals(&world).await;
            running.due().await;
            assert_eq!(
                world.answered("POST /oauth/token", "200").await,
                renewed + 1
            );
            assert!(refusals(&world).await > refused, "a call found it ended");
        }
        running.due().await;
        for _ in 0..edits.draw(3) {
            world.edit(&edits.next(&known)).await;
            in_silence += u64::from(silent);
        }
        if silent {
            assert_eq!(posted(&world.hooks().await), posted(&hooks));
        }
        // The search does not see an edit yet: what is sent now came by webhook alone.
        by_webhook += running.woken().await;
        world.clock.advance(STEP);
    }
    assert!(
        edits.made > 100 && in_silence > 5,
        "{} {in_silence}",
        edits.made
    );
    let hooks = world.hooks().await;
    let (delivered, lost) = (&hooks["delivered"], &hooks["lost"]);
    assert!(
        lost.as_u64() > Some(15) && delivered.as_u64() > Some(40),
        "{hooks}"
    );
    assert_eq!(hooks["failed"], 0, "{hooks}");
    let counted = running.webhooks.counted();
    let duplicates = counted.iter().find(|(name, outcome, _)| {
        &**name == "support" && *outcome == webhooks::Outcome::Duplicate
    });
    assert!(duplicates.unwrap().2 > 3, "{counted:?}");
    assert!(by_webhook > 20, "{by_webhook}");
    assert!(running.ran("failed") + running.ran("not begun") > 0);
    assert!(running.ran("done") > 500, "{:?}", running.ends);
    // The webhook was found missing, and registered again, once.
    assert_eq!(
        running.registered("registered"),
        1,
        "{:?}",
        running.registrations
    );
    assert!(running.registered("out of reach") >= 12);
    assert!(running.registered("unchanged") >= 8);
    // Its access token ended every hour, and each refresh token was good for one use.
    assert!(world.answered("POST /oauth/token", "200").await > 20);
    assert_eq!(world.answered("POST /oauth/token", "403").await, 0);
    let now = running.credential().tokens.unwrap();
    assert!(now.refresh != tokens.refresh && now.access != tokens.access);

    running.comes_to_rest().await;
    let waiting = running.store.inbox_after("support", 0, 10).await.unwrap();
    assert!(waiting.is_empty(), "{} bodies are left", waiting.len());
    assert_is_as_the_issues_say(&world, first_run, &before).await;
    assert!(found(&world).await.events["status_changed"].len() > 20);

    // A quiet month: the webhook is renewed in time, and goes on after its 30 days.
    world.control(Method::PUT, "/hooks", &json!({})).await;
    for _ in 0..31 {
        world.clock.advance(Duration::from_secs(86_400));
        running.hour().await;
        assert_eq!(world.hooks().await["registered"]["dynamic"], 1);
    }
    assert_eq!(
        running.registered("refreshed"),
        1,
        "{:?}",
        running.registrations
    );
    assert_eq!(running.registered("registered"), 1);
    let moved = json!({ "status": { "issue": known[0].0, "to": "In Review" } });
    world.edit(&moved).await;
    assert!(running.woken().await > 0, "it came by webhook");
    running.comes_to_rest().await;
    assert_is_as_the_issues_say(&world, first_run, &before).await;
    world.sandbox.stop().await;
}

/// How many webhooks were tried to be posted.
fn posted(hooks: &Json) -> u64 {
    let count = |name: &str| hooks[name].as_u64().unwrap();
    count("delivered") + count("failed") + count("lost")
}

/// How many calls to Jira were refused for their token.
async fn refusals(world: &World) -> u64 {
    let requests = world.get("/requests").await;
    let routes = requests["requests"]["jira"].as_object().unwrap();
    let refused = routes.values().map(|route| &route["outcomes"]["401"]);
    refused.filter_map(Json::as_u64).sum()
}
