//! `flowline serve` against the sandbox in another process: services that fail, kills, edits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::world::{Project, World};
use super::{QUICK, undisturbed};
use crate::serve::{SERVE, Served, listener};

const PIPELINE: &str = "pipelines/support-tickets.yaml";
const NAME: &str = "support-tickets";

/// A project of the world that is served on a free port, its pipeline run so often.
fn project(world: &World, schedule: &str) -> Project {
    let project = Project::of(world);
    project.edit(
        "flowline.yaml",
        "flowline: 1\n",
        "flowline: 1\nserver: { listen: \"127.0.0.1:0\", grace: 5 seconds }\n",
    );
    project.edit(PIPELINE, "every 5 minutes", schedule);
    project
}

fn serve(project: &Project) -> Served {
    Served::of(project.command(&SERVE))
}

fn down(world: &World) {
    let rule = json!({ "kind": "unauthorized", "service": "jira" });
    world.ask("PUT", "faults", &json!({ "rules": [rule] }));
}

fn up(world: &World) {
    world.ask("DELETE", "faults", &Value::Null);
}

/// How long it said that it waits after each run that failed, in seconds.
fn waits(served: &Served) -> Vec<f64> {
    let lines = served.lines();
    let waits = lines
        .iter()
        .filter_map(|line| line["fields"]["wait_s"].as_f64());
    waits.collect()
}

#[test]
fn a_failing_pipeline_waits_twice_as_long_each_time_says_so_and_is_quick_again_after_a_success() {
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 seconds");
    let (url, told) = listener();
    project.edit(
        PIPELINE,
        "schedule:",
        &format!("notify: {{ webhook: \"{url}\" }}\nschedule:"),
    );
    let told = || told.lock().unwrap().clone();
    down(&world);
    let served = serve(&project);
    served.wait("it fails three times", |served| waits(served).len() >= 3);
    assert_eq!(waits(&served)[..3], [2.0, 4.0, 8.0]);
    assert_eq!(told().len(), 1, "{:?}", told());
    assert_eq!(told()[0]["state"], "failed");
    let (status, ready) = served.ready();
    assert_eq!(
        (status, &ready["warnings"][0]["code"]),
        (200, &json!("pipeline.failing"))
    );
    up(&world);
    served.wait("it recovers", |_| told().len() == 2);
    assert_eq!(
        (&told()[1]["state"], &told()[1]["count"]),
        (&json!("recovered"), &json!(3))
    );
    assert_eq!(
        served.ready().1["warnings"].as_array().unwrap().len(),
        1,
        "only `public_url`"
    );
    let (before, since) = (served.runs_of(NAME), Instant::now());
    served.wait("it is quick again", |served| {
        served.runs_of(NAME) >= before + 3.0
    });
    assert!(
        // The next wait after its failures would have been sixteen seconds, then thirty-two.
        since.elapsed() < Duration::from_secs(40),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(told().len(), 2, "{:?}", told());
    assert_eq!(served.stop(), 0);
}

#[test]
fn a_notice_by_e_mail_is_sent_from_the_accounts_address_and_holds_no_records_value() {
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 seconds");
    project.edit(
        PIPELINE,
        "schedule:",
        "notify: { email: ops@acme.example }\nschedule:",
    );
    // What is no date can never be applied.
    project.edit(
        PIPELINE,
        "{ path: $.fields.created, as: date }",
        "{ path: $.fields.summary, as: date }",
    );
    let served = serve(&project);
    let emails = || {
        world.get("brevo/emails")["emails"]
            .as_array()
            .unwrap()
            .clone()
    };
    served.wait("it is told", |_| !emails().is_empty());
    let before = served.runs_of(NAME);
    served.wait("it runs on", |served| served.runs_of(NAME) >= before + 2.0);
    let emails = emails();
    let [email] = emails.as_slice() else {
        panic!("at most once a run of new dead letters: {emails:?}");
    };
    assert_eq!(email["to"], json!([{ "email": "ops@acme.example" }]));
    assert_eq!(email["sender"]["email"], "marketing@acme.example");
    assert_eq!(
        email["subject"],
        "flowline: support-tickets has new dead letters"
    );
    let text = email["textContent"].as_str().unwrap();
    assert!(
        text.contains("new dead letters") && !text.contains('@'),
        "{text}"
    );
    let letters = served.metric("flowline_dead_letters{pipeline=\"support-tickets\"}");
    assert!(
        text.contains(&format!("Count: {}\n", letters.unwrap())),
        "{text}"
    );
    assert_eq!(served.stop(), 0);
}

#[test]
fn killed_in_the_middle_of_a_run_the_next_start_goes_on_and_nothing_is_sent_twice() {
    let expected = undisturbed(&QUICK);
    let world = World::start(&["--no-index-lag", "--issues", "60"]);
    let project = project(&world, "every 1 hours");
    let until = world.requests() + 8;
    let served = serve(&project);
    served.wait("it works", |_| world.requests() >= until);
    served.kill();
    world.ask("PUT", "limits", &json!({ "on": false }));
    let served = serve(&project);
    // It does not wait for its hour: what was begun is gone on with.
    served.wait("it ends", |served| served.runs_of(NAME) >= 1.0);
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
    let unsettled = "flowline_unsettled{pipeline=\"support-tickets\"}";
    assert_eq!(served.metric(unsettled), Some(0.0));
    assert_eq!(served.stop(), 0);
}

#[test]
fn what_does_not_settle_within_the_grace_is_left_to_the_next_start() {
    let expected = undisturbed(&QUICK);
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 hours");
    project.edit("flowline.yaml", "grace: 5 seconds", "grace: 1 seconds");
    let slow = json!({ "kind": "slow", "service": "brevo", "method": "POST", "delay_ms": 20_000 });
    world.ask("PUT", "faults", &json!({ "rules": [slow] }));
    let before = world.requests();
    let served = serve(&project);
    // The account, its attributes and lists, a page: then it writes.
    served.wait("it writes", |_| {
        world.get("requests").to_string().contains("POST /v3")
    });
    assert!(world.requests() > before);
    let since = Instant::now();
    let (code, log) = served.stop_and_log();
    assert_eq!(code, 0);
    assert!(
        // The answer that it waited for would have come after twenty.
        since.elapsed() < Duration::from_secs(18),
        "{:?}",
        since.elapsed()
    );
    let late = |line: &Value| line.to_string().contains("did not settle in time");
    assert!(log.iter().any(late), "{log:?}");
    up(&world);
    // Nobody waits for a lease of who has gone.
    let since = Instant::now();
    let served = serve(&project);
    served.wait("it ends", |served| served.runs_of(NAME) >= 1.0);
    assert!(
        since.elapsed() < Duration::from_secs(40),
        "{:?}",
        since.elapsed()
    );
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
    assert_eq!(served.stop(), 0);
}

#[test]
fn the_last_success_is_also_that_of_a_run_of_its_own() {
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 hours");
    down(&world);
    let served = serve(&project);
    let series = "flowline_last_success_timestamp_seconds{pipeline=\"support-tickets\"}";
    served.wait("it fails", |served| {
        served.runs_of(NAME) >= 1.0 || served.log().contains("ERROR")
    });
    assert_eq!(served.metric(series), Some(0.0));
    up(&world);
    assert_eq!(project.run(&["run", NAME, "-q"]).code, 0);
    let last = served.metric(series).unwrap();
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1_000.0;
    assert!((now - 60.0..=now).contains(&last), "{last}");
    assert_eq!(served.stop(), 0);
}

#[test]
fn of_two_that_serve_one_project_one_runs_a_pipeline_and_the_other_skips_it() {
    let expected = undisturbed(&QUICK);
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 seconds");
    let slow = json!({ "kind": "slow", "service": "jira", "delay_ms": 400 });
    world.ask("PUT", "faults", &json!({ "rules": [slow] }));
    let (one, other) = (serve(&project), serve(&project));
    let skipped = |served: &Served| served.log().contains("skipped: ");
    one.wait("one skips", |one| skipped(one) || skipped(&other));
    one.wait("one runs", |one| {
        one.runs_of(NAME) + other.runs_of(NAME) >= 3.0
    });
    for served in [&one, &other] {
        let failed = |line: &Value| line["level"] == "ERROR";
        assert!(!served.lines().iter().any(failed), "{}", served.log());
    }
    assert_eq!((one.stop(), other.stop()), (0, 0));
    let end = world.end_state();
    end.assert_none_twice();
    end.assert_is(&expected);
}

#[test]
fn every_series_is_there_from_the_start_at_0_and_none_appears_later() {
    let world = World::start(&QUICK);
    let project = project(&world, "every 1 hours");
    project.edit(PIPELINE, "schedule:", "enabled: false\nschedule:");
    let served = serve(&project);
    let first = served.series();
    for (series, value) in &first {
        assert_eq!(*value, 0.0, "{series}");
    }
    for series in [
        "flowline_records_total{pipeline=\"support-tickets\",outcome=\"unmatched\"}",
        "flowline_operations_total{pipeline=\"support-tickets\",sink=\"brevo.events\",result=\"sent\"}",
        "flowline_dead_letters{pipeline=\"support-tickets\"}",
        "flowline_unsettled{pipeline=\"support-tickets\"}",
        "flowline_lag_seconds{pipeline=\"support-tickets\"}",
        "flowline_run_duration_seconds_bucket{pipeline=\"support-tickets\",le=\"+Inf\"}",
        "flowline_run_duration_seconds_sum{pipeline=\"support-tickets\"}",
        "flowline_last_success_timestamp_seconds{pipeline=\"support-tickets\"}",
        "flowline_inbox_depth{connection=\"support\"}",
        "flowline_webhooks_total{connection=\"support\",result=\"unsigned\"}",
        "flowline_webhooks_total{connection=\"marketing\",result=\"stored\"}",
        "flowline_http_requests_total{connection=\"marketing\",family=\"contacts\",status=\"200\"}",
        "flowline_limit_remaining{connection=\"marketing\",family=\"events\"}",
    ] {
        assert!(first.contains_key(series), "{series}\n{first:#?}");
    }
    project.edit(PIPELINE, "enabled: false\n", "");
    served.signal("-HUP");
    served.wait("it runs", |served| served.runs_of(NAME) >= 1.0);
    let now = served.series();
    let known: Vec<String> = first.keys().map(|series| without_status(series)).collect();
    for series in now.keys() {
        assert!(known.contains(&without_status(series)), "{series} appeared");
    }
    assert!(first.keys().all(|series| now.contains_key(series)));
    let lag = now["flowline_lag_seconds{pipeline=\"support-tickets\"}"];
    let status = project.run(&["status", "--format", "json"]);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    let pipeline = &status["pipelines"][NAME];
    let told = pipeline["lag_s"].as_f64().unwrap();
    assert!(told >= lag.floor() && told <= lag + 30.0, "{told} {lag}");
    assert_eq!(pipeline["schedule"], "every 1 hours");
    let due: jiff::Timestamp = pipeline["next_run"].as_str().unwrap().parse().unwrap();
    let wait = due.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3_400..=3_600).contains(&wait), "{wait}");
    assert_eq!(served.stop(), 0);
}

/// A series whatever the status of its answers.
fn without_status(series: &str) -> String {
    series.split(",status=").next().unwrap().to_owned()
}
