//! Brevo's writers against the sandbox: each trap of the service has a test named after it.

use std::sync::Arc;

use flowline::config::IfMissing;
use flowline::connectors::brevo::spec::{Consent, Contacts, Identify, Mode};
use flowline::connectors::brevo::{
    AccountFacts, BrevoDialect, ContactWriter, EventWriter, Needs, Session, create_attributes,
    create_lists, refusal,
};
use flowline::connectors::{Applied, Found, Outcome, Writer as _};
use flowline::http::{
    Class, Clock, Dialect as _, HttpTransport, ManualClock, NoExchanges, Parts, Response, Secret,
    SeededRandom,
};
use flowline::operation::{Operation, Place, Policy, Version};
use flowline::record::Value;
use flowline::sandbox::{Fault, FaultKind, Faults, Options, Sandbox};
use futures::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

const NOW: &str = "2026-11-24T10:00:00Z";

/// Someone that the account is seeded with, who has opted out.
const OPTED_OUT: &str = "gone.away@hooli.example";

/// Real time, for what is about pace.
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: std::time::Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

struct World {
    sandbox: Sandbox,
    session: Arc<Session>,
}

impl World {
    /// Without limits, at a time that stands still but for waits.
    async fn start() -> Self {
        let at: Timestamp = NOW.parse().unwrap();
        let mut options = Options::new(Arc::new(move || at));
        options.limits = false;
        Self::of(options, Arc::new(ManualClock::at(at))).await
    }

    /// With limits, in real time.
    async fn limited() -> Self {
        Self::of(Options::new(Arc::new(Timestamp::now)), Arc::new(WallClock)).await
    }

    async fn of(options: Options, clock: Arc<dyn Clock>) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let sandbox = Sandbox::start(options).await.unwrap();
        let parts = Parts {
            transport: Arc::new(HttpTransport::new().unwrap()),
            clock,
            random: Arc::new(SeededRandom::new(7)),
            exchanges: Arc::new(NoExchanges),
            cancel: CancellationToken::new(),
            pace: None,
            share: None,
        };
        let url = sandbox.brevo_url().parse().unwrap();
        let key = Secret::new(sandbox.brevo_key());
        let session = Session::open(parts, &url, key).await.unwrap();
        Self {
            sandbox,
            session: Arc::new(session),
        }
    }

    async fn account(&self) -> AccountFacts {
        AccountFacts::read(&self.session).await.unwrap()
    }

    async fn contacts(&self) -> ContactWriter {
        let account = Arc::new(self.account().await);
        ContactWriter::new(Arc::clone(&self.session), account, &sink(), TimeZone::UTC)
    }

    async fn events(&self) -> EventWriter {
        let account = Arc::new(self.account().await);
        EventWriter::new(Arc::clone(&self.session), account, TimeZone::UTC)
    }

    async fn write(&self, operation: Operation) -> Outcome {
        self.contacts().await.deliver(&[operation]).await.remove(0)
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: &Json) -> Json {
        let url = format!("{}{path}", self.sandbox.control_url());
        let request = reqwest::Client::new().request(method, url).json(body);
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn see(&self, what: &str) -> Json {
        self.control(reqwest::Method::GET, what, &Json::Null).await
    }

    async fn fault(&self, kind: FaultKind, path: &str, first: u64) {
        let rule = Fault {
            path: Some(path.to_owned()),
            first: Some(first),
            retry_after: Some(0),
            ..Fault::new(kind)
        };
        let faults = serde_json::to_value(Faults { rules: vec![rule] }).unwrap();
        self.control(reqwest::Method::PUT, "/faults", &faults).await;
    }

    /// A contact as the account has it; null where it has none.
    async fn contact(&self, email: &str) -> Json {
        let contacts = self.see("/brevo/contacts").await;
        let all = contacts["contacts"].as_array().unwrap();
        let found = all.iter().find(|contact| contact["email"] == email);
        found.cloned().unwrap_or_default()
    }

    async fn writes(&self) -> u64 {
        self.see("/requests").await["writes"]["brevo"]
            .as_u64()
            .unwrap()
    }
}

fn sink() -> Contacts {
    Contacts {
        identify: Identify::default(),
        attributes: Vec::new(),
        lists: None,
        unlink_lists: None,
        order_by: None,
        mode: Mode::Upsert,
        create_attributes: false,
        create_lists: false,
        folder: None,
        consent: Consent::default(),
        if_missing: IfMissing::Keep,
    }
}

fn operation(sink: &str, key: &str, payload: Json) -> Operation {
    Operation {
        sink: sink.into(),
        sink_index: 0,
        scope: sink.into(),
        key: key.into(),
        policy: Policy::Latest,
        version: Version::default(),
        payload: payload.into(),
        unites: Vec::new(),
        subject: Some(key.into()),
        happened_at: Some(NOW.parse::<Timestamp>().unwrap().as_millisecond()),
        record: "SUP-1".into(),
        receipt: None,
        at: Place {
            file: "pipelines/a.yaml".into(),
            line: 1,
            column: 1,
        },
    }
}

fn contact(identify: Json, attributes: Json) -> Operation {
    let payload = json!({ "identify": identify, "attributes": attributes });
    operation("brevo.contacts", "key", payload)
}

fn event(id: &str, email: &str) -> Operation {
    let payload = json!({
        "event_name": "moved", "event_date": "2026-11-24T10:00:00.000Z",
        "identify": { "email": email }, "properties": { "event_id": id }
    });
    Operation {
        policy: Policy::Once,
        ..operation("brevo.events", id, payload)
    }
}

fn is_created(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied(Applied::Created))
}

fn is_updated(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied(Applied::Updated))
}

#[tokio::test]
async fn an_upsert_creates_then_updates_who_is_there() {
    let world = World::start().await;
    let who = json!({ "email": "new@example.com" });
    let first = contact(
        who.clone(),
        json!({ "FIRSTNAME": "A", "LAST_TICKET_DATE": "2026-11-24T10:00:00Z" }),
    );
    assert!(is_created(&world.write(first).await));
    let second = contact(who, json!({ "LASTNAME": "B", "OPT_OUT": false }));
    assert!(is_updated(&world.write(second).await));
    let there = world.contact("new@example.com").await;
    assert_eq!(
        there["attributes"],
        json!({ "FIRSTNAME": "A", "LAST_TICKET_DATE": "2026-11-24", "LASTNAME": "B", "OPT_OUT": false })
    );
}

#[tokio::test]
async fn a_value_that_brevo_would_drop_with_2xx_is_a_dead_letter() {
    let world = World::start().await;
    for attributes in [
        json!({ "OPEN_TICKETS": "3" }),
        json!({ "OPT_OUT": "true" }),
        json!({ "LAST_TICKET_DATE": "24/11/2026" }),
        json!({ "CUSTOMER_TIER": "Gold" }),
        json!({ "CUSTOMER_TIER": 1 }),
        json!({ "INTERESTS": ["News", "Old"] }),
        json!({ "UNKNOWN": "x" }),
    ] {
        let bad = contact(json!({ "email": "new@example.com" }), attributes);
        assert!(matches!(world.write(bad).await, Outcome::Rejected { .. }));
    }
    assert_eq!(world.writes().await, 0);
    let good = json!({ "CUSTOMER_TIER": "Business", "INTERESTS": ["Beta"], "OPEN_TICKETS": 3 });
    world
        .write(contact(json!({ "email": "new@example.com" }), good.clone()))
        .await;
    assert_eq!(world.contact("new@example.com").await["attributes"], good);
}

#[tokio::test]
async fn clearing_empties_each_type() {
    let world = World::start().await;
    let who = json!({ "email": "new@example.com" });
    let full = json!({ "FIRSTNAME": "A", "OPEN_TICKETS": 3, "INTERESTS": ["Beta"], "LAST_TICKET_DATE": "2026-11-24" });
    world.write(contact(who.clone(), full)).await;
    let payload = json!({
        "identify": who, "attributes": {},
        "clear": ["FIRSTNAME", "OPEN_TICKETS", "INTERESTS", "LAST_TICKET_DATE"]
    });
    world
        .write(operation("brevo.contacts", "key", payload))
        .await;
    assert_eq!(
        world.contact("new@example.com").await["attributes"],
        json!({})
    );
}

#[tokio::test]
async fn an_upsert_resubscribes_nobody() {
    let world = World::start().await;
    // Under an address alone.
    world
        .write(contact(
            json!({ "email": OPTED_OUT }),
            json!({ "FIRSTNAME": "G" }),
        ))
        .await;
    assert_eq!(world.contact(OPTED_OUT).await["emailBlacklisted"], true);
    // A contact without the key but with the address gets the key.
    let both = contact(json!({ "ext_id": "17", "email": OPTED_OUT }), json!({}));
    assert!(is_updated(&world.write(both).await));
    let there = world.contact(OPTED_OUT).await;
    assert_eq!(
        (&there["ext_id"], &there["emailBlacklisted"]),
        (&json!("17"), &json!(true))
    );
    // The key with another address: the address is set on creation only, a new one resubscribes.
    let moved = json!({ "ext_id": "17", "email": "other@example.com" });
    assert!(is_updated(
        &world
            .write(contact(moved, json!({ "FIRSTNAME": "Gus" })))
            .await
    ));
    let there = world.contact(OPTED_OUT).await;
    assert_eq!(there["emailBlacklisted"], true);
    assert_eq!(there["attributes"]["FIRSTNAME"], "Gus");
    assert!(world.contact("other@example.com").await.is_null());
}

#[tokio::test]
async fn a_conflict_of_identities_merges_nobody() {
    let world = World::start().await;
    let jane = "jane.porter@northwind.example";
    world
        .write(contact(json!({ "ext_id": "1", "email": jane }), json!({})))
        .await;
    let before = world.see("/brevo/contacts").await;
    let conflict = contact(
        json!({ "ext_id": "2", "email": jane }),
        json!({ "FIRSTNAME": "X" }),
    );
    let Outcome::Rejected { failure } = world.write(conflict).await else {
        panic!("no conflict");
    };
    assert!(failure.message.contains("another ext_id"), "{failure}");
    assert!(!failure.message.contains("jane"), "{failure}");
    assert_eq!(world.see("/brevo/contacts").await, before);
}

#[tokio::test]
async fn a_numeric_external_id_is_no_contact_id() {
    let world = World::start().await;
    // The contact 1001 is seeded.
    let outcome = world
        .write(contact(
            json!({ "ext_id": "1001" }),
            json!({ "FIRSTNAME": "E" }),
        ))
        .await;
    assert!(is_created(&outcome));
    let outcome = world
        .write(contact(
            json!({ "ext_id": "1001" }),
            json!({ "LASTNAME": "E" }),
        ))
        .await;
    assert!(is_updated(&outcome));
    let outcome = world
        .write(contact(
            json!({ "contact_id": 1001 }),
            json!({ "COMPANY": "C" }),
        ))
        .await;
    assert!(is_updated(&outcome));
    let contacts = world.see("/brevo/contacts").await;
    let all = contacts["contacts"].as_array().unwrap();
    let numbered = all.iter().find(|one| one["id"] == 1001).unwrap();
    let external = all.iter().find(|one| one["ext_id"] == "1001").unwrap();
    assert_eq!(numbered["attributes"]["COMPANY"], "C");
    assert_eq!(external["attributes"]["LASTNAME"], "E");
    assert!(external["attributes"].get("COMPANY").is_none());
}

#[tokio::test]
async fn identifiers_are_percent_encoded() {
    let world = World::start().await;
    for (identify, shown) in [
        (json!({ "email": "a+b&c@example.com" }), "email"),
        (json!({ "ext_id": "557058:a/b?c#d%20é" }), "ext_id"),
    ] {
        for (attributes, created) in [(json!({}), true), (json!({ "FIRSTNAME": "A" }), false)] {
            let mut payload = json!({ "identify": identify, "attributes": attributes });
            payload["unlink_lists"] = json!([23]);
            let outcome = world
                .write(operation("brevo.contacts", "key", payload))
                .await;
            assert_eq!(is_created(&outcome), created, "{outcome:?}");
        }
        let contacts = world.see("/brevo/contacts").await;
        let all = contacts["contacts"].as_array().unwrap();
        let found: Vec<&Json> = all
            .iter()
            .filter(|one| one[shown] == identify[shown])
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["attributes"]["FIRSTNAME"], "A");
    }
}

#[tokio::test]
async fn lists_are_joined_by_name_and_left_by_an_update() {
    let world = World::start().await;
    let mut joins = contact(json!({ "email": "new@example.com" }), json!({}));
    joins.unites = vec![Value::from("Product"), Value::from(22_i64)];
    assert!(is_created(&world.write(joins).await));
    assert_eq!(
        world.contact("new@example.com").await["listIds"],
        json!([22, 23])
    );
    let payload = json!({ "identify": { "email": "new@example.com" }, "attributes": {}, "unlink_lists": ["Product"] });
    assert!(is_updated(
        &world
            .write(operation("brevo.contacts", "key", payload))
            .await
    ));
    assert_eq!(
        world.contact("new@example.com").await["listIds"],
        json!([22])
    );
    let mut lacking = contact(json!({ "email": "new@example.com" }), json!({}));
    lacking.unites = vec![Value::from("Leads")];
    assert!(matches!(
        world.write(lacking).await,
        Outcome::Rejected { .. }
    ));
}

#[tokio::test]
async fn lists_that_the_account_lacks_are_created_where_the_sink_says_so() {
    let world = World::start().await;
    let creating = Contacts {
        create_lists: true,
        ..sink()
    };
    let mut account = world.account().await;
    world
        .fault(FaultKind::AppliedServerError, "/contacts/lists", 1)
        .await;
    let told = create_lists(&world.session, &mut account, None, &["Leads".to_owned()]).await;
    assert_eq!(told.unwrap(), ["created the list `Leads`"]);
    let writer = ContactWriter::new(
        Arc::clone(&world.session),
        Arc::new(account),
        &creating,
        TimeZone::UTC,
    );
    let mut operations = Vec::new();
    for at in 0..5 {
        let mut one = contact(json!({ "email": format!("n{at}@example.com") }), json!({}));
        one.unites = vec![Value::from("Leads"), Value::from("Later")];
        operations.push(one);
    }
    assert!(writer.deliver(&operations).await.iter().all(is_created));
    let lists = world.see("/brevo/lists").await;
    for name in ["Leads", "Later"] {
        let named: Vec<&Json> = lists["lists"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|list| list["name"] == name)
            .collect();
        assert_eq!(named.len(), 1, "{name}");
        assert_eq!(named[0]["contacts"].as_array().unwrap().len(), 5);
    }
}

#[tokio::test]
async fn faults_of_every_kind_leave_contacts_as_wished() {
    let world = World::start().await;
    for (at, kind) in [
        FaultKind::RateLimited,
        FaultKind::TooEarly,
        FaultKind::ServerError,
        FaultKind::BadGateway,
        FaultKind::Unavailable,
        FaultKind::Reset,
        FaultKind::Truncated,
        FaultKind::Html,
        FaultKind::LostAnswer,
        FaultKind::AppliedServerError,
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("f{at}@example.com");
        world.fault(kind, "/contacts/", 2).await;
        let both = json!({ "ext_id": format!("x{at}"), "email": email });
        let outcome = world
            .write(contact(both, json!({ "FIRSTNAME": "F" })))
            .await;
        assert!(
            matches!(outcome, Outcome::Applied(_)),
            "{kind:?}: {outcome:?}"
        );
        world.fault(kind, "/contacts", 2).await;
        let outcome = world
            .write(contact(
                json!({ "email": email }),
                json!({ "LASTNAME": "L" }),
            ))
            .await;
        assert!(
            matches!(outcome, Outcome::Applied(_)),
            "{kind:?}: {outcome:?}"
        );
        let there = world.contact(&email).await;
        assert_eq!(there["attributes"]["FIRSTNAME"], "F", "{kind:?}");
        assert_eq!(there["attributes"]["LASTNAME"], "L", "{kind:?}");
        assert_eq!(there["ext_id"], format!("x{at}"));
    }
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_no_conflict() {
    let world = World::start().await;
    let rule = Fault {
        method: Some("POST".to_owned()),
        path: Some("/contacts".to_owned()),
        first: Some(1),
        ..Fault::new(FaultKind::LostAnswer)
    };
    let faults = serde_json::to_value(Faults { rules: vec![rule] }).unwrap();
    world
        .control(reqwest::Method::PUT, "/faults", &faults)
        .await;
    let both = json!({ "ext_id": "17", "email": "new@example.com" });
    let outcome = world
        .write(contact(both, json!({ "FIRSTNAME": "F" })))
        .await;
    assert!(matches!(outcome, Outcome::Applied(_)), "{outcome:?}");
    let there = world.contact("new@example.com").await;
    assert_eq!(
        (&there["ext_id"], &there["attributes"]["FIRSTNAME"]),
        (&json!("17"), &json!("F"))
    );
}

#[tokio::test]
async fn a_refused_key_is_said_once_and_nothing_is_written() {
    let world = World::start().await;
    let writer = world.contacts().await;
    world
        .fault(FaultKind::Unauthorized, "/contacts", 1_000)
        .await;
    let operations: Vec<Operation> = (0..40)
        .map(|at| contact(json!({ "email": format!("n{at}@example.com") }), json!({})))
        .collect();
    for outcome in writer.deliver(&operations).await {
        let Outcome::NotApplied { failure } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(failure.class, Class::Authentication);
        assert!(failure.help.unwrap().contains("BREVO_API_KEY"));
    }
    assert_eq!(world.writes().await, 0);
}

#[tokio::test]
async fn lacking_attributes_are_found_before_the_first_write_and_all_at_once() {
    let world = World::start().await;
    let yaml = "LAST_TICKET_STATS: x\nUNHEARD_OF: x\nNEW_DAY: { path: $.at, as: date }\n";
    let attributes = compiled(yaml);
    let account = world.account().await;
    let mut needs = Needs::default();
    let creating = Contacts {
        attributes: compiled("FIRST_NEW: x\n"),
        create_attributes: true,
        ..sink()
    };
    account.check_contacts(&creating, &mut needs);
    let strict = Contacts {
        attributes,
        ..sink()
    };
    account.check_contacts(&strict, &mut needs);
    let failure = refusal(&needs).unwrap();
    for words in [
        "a.yaml:1: ",
        "`LAST_TICKET_STATS`",
        "a.yaml:2: ",
        "`UNHEARD_OF`",
        "nothing was written",
    ] {
        assert!(failure.message.contains(words), "{failure}");
    }
    assert!(
        failure
            .help
            .unwrap()
            .contains("did you mean `LAST_TICKET_STATUS`")
    );
    assert_eq!((failure.class, failure.status), (Class::Rejected, None));
    assert_eq!(world.writes().await, 0);
}

#[tokio::test]
async fn lacking_attributes_are_created_with_the_type_of_their_values_also_if_the_answer_is_lost() {
    let world = World::start().await;
    let creating = Contacts {
        attributes: compiled(
            "A_DAY: { path: $.at, as: date }\nA_NUMBER: { path: $.n, as: hours }\nA_FLAG: true\nA_TEXT: $.x\n",
        ),
        create_attributes: true,
        ..sink()
    };
    let mut account = world.account().await;
    let mut needs = Needs::default();
    account.check_contacts(&creating, &mut needs);
    assert!(refusal(&needs).is_none());
    world
        .fault(FaultKind::AppliedServerError, "/contacts/attributes", 1)
        .await;
    create_attributes(&mut account, &world.session, &needs.create)
        .await
        .unwrap();
    let there = world.see("/brevo/attributes").await;
    let kind = |name: &str| {
        let all = there["attributes"].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == name).unwrap();
        found["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        ["A_DAY", "A_NUMBER", "A_FLAG", "A_TEXT"].map(kind),
        ["date", "float", "boolean", "text"]
    );
    let mut again = Needs::default();
    account.check_contacts(&creating, &mut again);
    assert!(again.create.is_empty());
}

/// The members of a map of a file, compiled.
fn compiled(yaml: &str) -> Vec<(Arc<str>, flowline::expression::Expression)> {
    use flowline::diagnostic::{Diagnostics, Source};
    use flowline::expression::{Compiling, Expression, Place};
    let source = Source::new("a.yaml", yaml);
    let (node, _) = flowline::syntax::parse(&source);
    let mut diagnostics = Diagnostics::new();
    let mut compiling = Compiling {
        source: &source,
        strings: &flowline::config::Strings::default(),
        zone: TimeZone::UTC,
        place: Place::Destination,
        diagnostics: &mut diagnostics,
    };
    let node = node.unwrap();
    let members = node.as_map().unwrap().iter();
    members
        .map(|entry| {
            let name: Arc<str> = (&*entry.key.value).into();
            (
                name,
                Expression::compile(&entry.value, &mut compiling).unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_bad_event_of_a_batch_is_rejected_alone() {
    let world = World::start().await;
    let writer = world.events().await;
    let jane = "jane.porter@northwind.example";
    let mut bad = event("2", jane);
    let mut payload = serde_json::to_value(&bad.payload).unwrap();
    payload["event_name"] = json!("jira:issue_updated");
    bad.payload = payload.into();
    let outcomes = writer
        .deliver(&[event("1", jane), bad.clone(), event("3", jane)])
        .await;
    assert!(matches!(outcomes[0], Outcome::Applied(Applied::Sent)));
    let Outcome::Rejected { failure } = &outcomes[1] else {
        panic!("{outcomes:?}");
    };
    assert!(failure.message.contains("invalid event_name"), "{failure}");
    assert!(matches!(outcomes[2], Outcome::Applied(Applied::Sent)));
    // None taken: 400 without a code.
    let outcomes = writer.deliver(&[bad.clone(), bad]).await;
    assert!(
        outcomes
            .iter()
            .all(|one| matches!(one, Outcome::Rejected { .. }))
    );
    let events = world.see("/brevo/events").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_may_have_been_taken_is_settled_by_reading_back() {
    let world = World::start().await;
    let writer = world.events().await;
    let jane = "jane.porter@northwind.example";
    for (kind, there) in [
        (FaultKind::LostAnswer, true),
        (FaultKind::AppliedServerError, true),
        (FaultKind::Truncated, true),
        (FaultKind::ServerError, false),
        (FaultKind::Html, false),
        (FaultKind::Reset, false),
    ] {
        world.fault(kind, "/events", 1).await;
        let operations: Vec<Operation> = (0..3)
            .map(|at| event(&format!("{kind:?}-{at}"), jane))
            .collect();
        let outcomes = writer.deliver(&operations).await;
        assert!(
            outcomes
                .iter()
                .all(|one| matches!(one, Outcome::Unknown { .. })),
            "{kind:?}: {outcomes:?}"
        );
        let expected = if there { Found::There } else { Found::Absent };
        let found = writer.find(&operations).await;
        assert!(
            found.iter().all(|one| *one == Some(expected.clone())),
            "{kind:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn what_was_certainly_not_taken_is_sent_again() {
    let world = World::start().await;
    let writer = world.events().await;
    for kind in [
        FaultKind::RateLimited,
        FaultKind::RateLimitedHtml,
        FaultKind::TooEarly,
    ] {
        world.fault(kind, "/events", 2).await;
        let one = event(&format!("{kind:?}"), "jane.porter@northwind.example");
        let outcome = writer.deliver(&[one]).await.remove(0);
        assert!(
            matches!(outcome, Outcome::Applied(Applied::Sent)),
            "{kind:?}: {outcome:?}"
        );
    }
    let events = world.see("/brevo/events").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn events_change_attributes_only_as_these_are() {
    let world = World::start().await;
    let writer = world.events().await;
    let jane = "jane.porter@northwind.example";
    let of = |id: &str, attributes: Json| {
        let mut one = event(id, jane);
        let mut payload = serde_json::to_value(&one.payload).unwrap();
        payload["contact_attributes"] = attributes;
        one.payload = payload.into();
        one
    };
    let outcomes = writer
        .deliver(&[
            of("1", json!({ "OPEN_TICKETS": 3, "OPT_OUT": true })),
            of("2", json!({ "OPEN_TICKETS": "4" })),
        ])
        .await;
    assert!(matches!(outcomes[0], Outcome::Applied(Applied::Sent)));
    assert!(matches!(outcomes[1], Outcome::Rejected { .. }));
    let attributes = &world.contact(jane).await["attributes"];
    assert_eq!(
        (&attributes["OPEN_TICKETS"], &attributes["OPT_OUT"]),
        (&json!(3), &json!(true))
    );
}

/// A machine that stands still for a moment brings together what was sent apart: a few tries, of
/// which one must go without a refusal.
const TRIES: usize = 4;

#[tokio::test]
async fn the_limits_are_kept_to_without_a_refusal() {
    let mut last = Json::Null;
    for _ in 0..TRIES {
        last = paced().await;
        if last["rate_limited"]["brevo"] == 0 {
            return;
        }
    }
    panic!("refused each time: {last}");
}

/// Writes at the pace of the limits; answers what the account was asked.
async fn paced() -> Json {
    let world = World::limited().await;
    let writer = world.contacts().await;
    let operations: Vec<Operation> = (0..15)
        .map(|at| contact(json!({ "email": format!("n{at}@example.com") }), json!({})))
        .collect();
    assert!(writer.deliver(&operations).await.iter().all(is_created));
    // More batches than an hour's hundred would be spaced out over minutes: they are not.
    let writer = world.events().await;
    for batch in 0..5 {
        let operations: Vec<Operation> = (0..40)
            .map(|at| event(&format!("{batch}-{at}"), "n1@example.com"))
            .collect();
        for outcome in writer.deliver(&operations).await {
            assert!(
                matches!(outcome, Outcome::Applied(Applied::Sent)),
                "{outcome:?}"
            );
        }
    }
    let requests = world.see("/requests").await;
    assert_eq!(
        requests["requests"]["brevo"]["POST /v3/events/batch"]["outcomes"]["202"], 5,
        "{requests}"
    );
    requests
}

#[tokio::test]
async fn every_recorded_error_has_its_class() {
    let Some(data) = std::env::var_os("FLOWLINE_SHARED_DATA") else {
        println!("skipped: FLOWLINE_SHARED_DATA is not set");
        return;
    };
    let folder = std::path::Path::new(&data).join("payloads/errors/brevo");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let status: u16 = name.get(..3).unwrap().parse().unwrap();
        let response = Response::new(status, std::fs::read(&path).unwrap());
        let class = BrevoDialect
            .failure("POST /v3/contacts", &response)
            .map(|failure| {
                assert!(failure.help.is_some_and(|help| !help.is_empty()), "{name}");
                failure.class
            });
        let expected = match name.as_str() {
            "200-v2-failure.json" => Some(Class::Rejected),
            // Read by who asks: another contact has the identifier.
            "400-contact-already-exist.json" => None,
            "401-authentication-not-found.json" => Some(Class::Authentication),
            "524-origin-timeout.txt" => Some(Class::Unavailable),
            name if name.starts_with("400-") => Some(Class::Rejected),
            other => panic!("{other} is new: say what it means"),
        };
        assert_eq!(class, expected, "{name}");
        seen.push(name);
    }
    assert!(seen.len() >= 8, "{seen:?}");
}
