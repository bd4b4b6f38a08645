//! The built binary against the sandbox in another process.

pub(crate) mod api;
mod canary;
mod checking;
mod connecting;
mod credentials;
mod definitions;
mod deletions;
mod enrich;
mod groups;
mod http_sink;
mod http_source;
mod inbox;
mod jira_sinks;
mod jira_sources;
mod kills;
mod metrics;
mod promises;
mod registering;
mod serve;
mod served;
mod shipped;
mod sinks;
pub(crate) mod world;

use std::process::Stdio;
use std::sync::Arc;

use flowline::state::{Claim, DatabaseTime, Lane, RunRecord, SqliteStore, Store as _};
use serde_json::json;
use world::{Project, Ran, World};

const RUN: [&str; 4] = ["run", "support-tickets", "--format", "json"];
const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "60"];

/// The end state of an undisturbed run.
fn undisturbed(arguments: &[&str]) -> world::End {
    let world = World::start(arguments);
    let project = Project::of(&world);
    let ran = project.run(&RUN);
    // 1: among many seeded reporters some have an e-mail that is none.
    assert!(matches!(ran.code, 0 | 1), "{}", ran.stderr);
    world.end_state()
}

/// Faults of every kind, each of them in some percent of the answers.
fn faults(percent_each: f64) -> serde_json::Value {
    let kinds = [
        "rate_limited",
        "server_error",
        "unavailable",
        "bad_gateway",
        "reset",
        "truncated",
        "html",
        "slow",
        "lost_answer",
        "applied_server_error",
    ];
    let rules: Vec<_> = kinds
        .iter()
        .map(|kind| json!({ "kind": kind, "share": percent_each / 100.0, "retry_after": 0, "delay_ms": 20 }))
        .collect();
    json!({ "rules": rules })
}

#[test]
fn a_second_run_sends_nothing_and_an_edit_is_one_more_event() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let first = project.run(&RUN);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let summary = first.summary();
    assert!(
        summary["operations"]["brevo.contacts"]["created"]
            .as_u64()
            .unwrap()
            > 5
    );
    assert!(
        summary["operations"]["brevo.events"]["sent"]
            .as_u64()
            .unwrap()
            > 5
    );
    let before = world.end_state();
    before.assert_none_twice();
    assert_eq!(
        before.events.len() as u64,
        summary["operations"]["brevo.events"]["sent"]
            .as_u64()
            .unwrap()
    );

    let second = project.run(&[&RUN[..], &["--full"]].concat());
    assert_eq!(second.code, 0, "{}", second.stderr);
    let operations = &second.summary()["operations"];
    for (sink, done) in [
        ("brevo.contacts", "created"),
        ("brevo.contacts", "updated"),
        ("brevo.events", "sent"),
    ] {
        assert_eq!(operations[sink][done], 0, "{}", second.summary());
    }
    assert_eq!(world.end_state(), before);

    // An issue of the pipeline whose reporter has an e-mail: one that an event is there for.
    let id = before
        .events
        .last()
        .unwrap()
        .split('-')
        .next()
        .unwrap()
        .to_owned();
    world.ask(
        "POST",
        "jira/edit",
        &json!({ "status": { "issue": id, "to": "In Review" } }),
    );
    let third = project.run(&RUN);
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert_eq!(
        third.summary()["operations"]["brevo.events"]["sent"],
        1,
        "{}",
        third.summary()
    );
    assert_eq!(world.end_state().events.len(), before.events.len() + 1);
}

#[test]
fn with_a_third_of_the_answers_failing_nothing_is_lost_and_nothing_twice() {
    let expected = undisturbed(&QUICK);
    let world = World::start(&QUICK);
    world.ask("PUT", "faults", &faults(3.5));
    let project = Project::of(&world);
    project.run_until_done(&RUN, 20);
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_twice() {
    // Enough work that no run of them gets to its end.
    let many = ["--no-limits", "--no-index-lag", "--issues", "1500"];
    let expected = undisturbed(&many);
    let world = World::start(&many);
    let project = Project::of(&world);
    // A few more requests are let through before each kill: the moments move through the run.
    let mut kills = 0;
    for round in 0_u64..40 {
        let until = world.requests() + 3 + (round * 7) % 23;
        let mut run = project
            .command(&RUN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = loop {
            if let Some(status) = run.try_wait().unwrap() {
                break Some(status);
            }
            if world.requests() >= until {
                break None;
            }
        };
        if ended.is_none() {
            run.kill().unwrap();
            run.wait().unwrap();
            kills += 1;
        }
        free_the_lease(&project, "support-tickets");
    }
    assert_eq!(kills, 40, "a run ended before its kill: it needs more work");
    project.run_until_done(&RUN, 5);
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
}

#[test]
fn two_processes_keep_a_credentials_limits_together() {
    // A machine that stands still for a moment brings together what was sent apart: a few tries,
    // of which one must go without a refusal.
    let mut last = serde_json::Value::Null;
    for _ in 0..4 {
        last = two_at_once();
        if last["brevo"] == 0 && last["jira"] == 0 {
            return;
        }
    }
    panic!("refused each time: {last}");
}

/// Runs two pipelines with one credential at once; answers how many calls each service refused.
fn two_at_once() -> serde_json::Value {
    let world = World::start(&["--no-index-lag", "--issues", "40"]);
    let project = Project::of(&world);
    let pipeline = std::fs::read_to_string(project.path("pipelines/support-tickets.yaml")).unwrap();
    // Other attributes of the same contacts.
    let others = pipeline.replace("        LAST_TICKET_KEY: $.key\n", "");
    assert_ne!(others, pipeline);
    project.write("pipelines/others.yaml", &others);
    let start = |name: &str| {
        project
            .command(&["run", name, "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start("support-tickets"), start("others")];
    for run in both {
        let ran = Ran::of(run.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let requests = world.get("requests");
    let upserts = &requests["requests"]["brevo"]["POST /v3/contacts"]["count"];
    assert!(upserts.as_u64().unwrap() > 20, "{requests}");
    requests["rate_limited"].clone()
}

/// A lease outlives its holder by a minute: this is what the next run would wait for, without the
/// wait.
fn free_the_lease(project: &Project, pipeline: &str) {
    let file = project.path(".flowline/state.db");
    if !file.exists() {
        return;
    }
    let later = || jiff::Timestamp::now().as_millisecond() + 61_000;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&file, DatabaseTime::Given(Arc::new(later))).unwrap();
        let claim = store
            .claim(&Lane::of(pipeline), "a test, a minute later")
            .await
            .unwrap();
        let Claim::Granted(lease) = claim else {
            panic!("the lease did not end")
        };
        let run = RunRecord {
            started_at: 0,
            ended_at: 0,
            result: "killed".to_owned(),
            read: 0,
            incremental: true,
            summary: "{}".to_owned(),
        };
        store.finish(&lease, &run).await.unwrap();
    });
}

#[test]
fn a_plan_writes_nothing_anywhere() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let before = world.end_state();
    let plan = project.run(&["plan", "support-tickets", "--format", "json", "--exit-code"]);
    assert_eq!(plan.code, 5, "{}", plan.stderr);
    assert!(plan.stdout.contains("\"action\":\"send\""));
    assert_eq!(world.end_state(), before);
    assert!(!project.path(".flowline").exists(), "a plan made files");
    assert_eq!(project.run(&RUN).code, 0);
    let again = project.run(&["plan", "support-tickets", "--exit-code"]);
    assert_eq!(again.code, 0, "{}", again.stdout);
}

#[test]
fn what_the_services_refuse_is_one_clear_error() {
    let world = World::start(&QUICK);
    let refused = Project::of(&world).with_key("xkeysib-wrong").run(&RUN);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("Brevo: GET /v3/account: 401"),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("help: check BREVO_API_KEY"),
        "{}",
        refused.stderr
    );

    let gone = Project::of(&world);
    gone.edit("flowline.yaml", world.address("jira"), "http://127.0.0.1:1");
    let ran = gone.run(&RUN);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Jira: GET /rest/api/3/myself: no connection"),
        "{}",
        ran.stderr
    );

    let lacking = Project::of(&world);
    lacking.edit(
        "pipelines/support-tickets.yaml",
        "LAST_TICKET_KEY:",
        "LAST_TICKET_KEI:",
    );
    let ran = lacking.run(&RUN);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no attribute `LAST_TICKET_KEI`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("did you mean `LAST_TICKET_KEY`?"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.end_state().events.len(), 0);
}

#[test]
fn a_bad_record_is_a_dead_letter_with_its_reason_and_line() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.edit(
        "pipelines/support-tickets.yaml",
        "{ path: $.fields.created, as: date }",
        "{ path: $.fields.summary, as: date }",
    );
    let ran = project.run(&RUN);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.summary()["dead_letters"].as_u64().unwrap() > 0);
    let listed = project.run(&["dead-letters", "list", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed[0]["at"]["file"], "pipelines/support-tickets.yaml");
    assert_eq!(listed[0]["sink"], "brevo.contacts");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_cleanly_and_the_next_run_goes_on() {
    let expected = undisturbed(&QUICK);
    let world = World::start(&["--no-index-lag", "--issues", "60"]);
    let project = Project::of(&world);
    let run = project
        .command(&RUN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = world.requests() + 12;
    while world.requests() < until {}
    let signalled = std::process::Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status()
        .unwrap();
    assert!(signalled.success());
    let ran = Ran::of(run.wait_with_output().unwrap());
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    world.ask("PUT", "limits", &json!({ "on": false }));
    project.run_until_done(&RUN, 3);
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
}
