//! Aggregates from run to run, and the project's key: as a user sees them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::QUICK;
use super::world::{Project, Ran, World};

const COUNTS: &str = "sources:
  - file: { path: tickets.jsonl, id: $.id }
transforms:
  - aggregate:
      by: { email: $.email }
      values: { open: { count: $ }, hours: { sum: { path: $.seconds, as: hours } }, last: { last: $.key } }
sinks:
  - file: { path: counts.jsonl }
  - brevo.contacts:
      identify: { email: $.email }
      create_attributes: true
      attributes: { OPEN_TICKETS: $.open, HOURS: { path: $.hours, as: number }, LAST_KEY: { path: $.last, if_missing: clear } }
";

/// A line a ticket: who, seconds.
fn tickets(of: &[(&str, u64)]) -> String {
    let line = |(number, (email, seconds)): (usize, &(&str, u64))| {
        let id = number.to_string();
        json!({ "id": id, "key": format!("SUP-{id}"), "email": email, "seconds": seconds })
            .to_string()
    };
    of.iter()
        .enumerate()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

fn attributes(world: &World, email: &str) -> Value {
    let contacts = world.get("brevo/contacts");
    let list = contacts.get("contacts").unwrap_or(&contacts);
    let mut list = list.as_array().unwrap().iter();
    let contact = list.find(|contact| contact["email"] == email);
    let contact = contact.unwrap_or_else(|| panic!("no {email} in {contacts}"));
    let attributes = &contact["attributes"];
    json!([
        attributes["OPEN_TICKETS"],
        attributes["HOURS"],
        attributes["LAST_KEY"]
    ])
}

#[test]
fn a_group_that_is_gone_is_counted_as_nothing_where_it_was_sent() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write("pipelines/counts.yaml", COUNTS);
    project.write(
        "tickets.jsonl",
        &tickets(&[
            ("jane@x.example", 5400),
            ("joe@x.example", 1800),
            ("jane@x.example", 1800),
        ]),
    );
    let first = project.run(&["run", "counts"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let written = || fs::read_to_string(project.path("counts.jsonl")).unwrap();
    assert_eq!(
        written(),
        "{\"email\":\"jane@x.example\",\"open\":2,\"hours\":2.0,\"last\":\"SUP-2\"}\n\
         {\"email\":\"joe@x.example\",\"open\":1,\"hours\":0.5,\"last\":\"SUP-1\"}\n"
    );
    assert_eq!(
        attributes(&world, "joe@x.example"),
        json!([1, 0.5, "SUP-1"])
    );

    project.write("tickets.jsonl", &tickets(&[("jane@x.example", 3600)]));
    // What the plan shows is what the run does, and showing it twice changes nothing.
    for _ in 0..2 {
        let plan = project.run(&["plan", "counts", "--format", "json"]);
        assert_eq!(plan.code, 0, "{}", plan.stderr);
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        let joe = plan["operations"].as_array().unwrap().iter();
        let joe: Vec<&Value> = joe
            .filter(|one| one["key"].as_str().unwrap().ends_with("joe@x.example"))
            .collect();
        let [file, contact] = joe[..] else {
            panic!("{plan}")
        };
        assert_eq!(file["changes"]["open"]["new"], 0);
        assert_eq!(contact["action"], "update");
        assert_eq!(contact["changes"]["OPEN_TICKETS"]["new"], 0);
        assert_eq!(contact["changes"]["LAST_KEY"]["new"], Value::Null);
        let notes = plan["notes"].to_string();
        assert!(
            notes.contains("reads its sources whole at every run"),
            "{notes}"
        );
    }
    let second = project.run(&["run", "counts"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert_eq!(
        written(),
        "{\"email\":\"jane@x.example\",\"open\":1,\"hours\":1.0,\"last\":\"SUP-0\"}\n\
         {\"email\":\"joe@x.example\",\"open\":0,\"hours\":0,\"last\":null}\n"
    );
    assert_eq!(
        attributes(&world, "jane@x.example"),
        json!([1, 1.0, "SUP-0"])
    );
    let joe = attributes(&world, "joe@x.example");
    assert_eq!((&joe[0], &joe[1]), (&json!(0), &json!(0)));
    assert!(joe[2].is_null() || joe[2] == "", "{joe}");

    let third = project.run(&["run", "counts", "--format", "json"]);
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert_eq!(third.summary()["kept"], 1, "{}", third.summary());
    assert!(!written().contains("joe"), "once more, not for ever");

    // Who has only the state reads nobody's e-mail.
    for file in ["state.db", "state.db-wal"] {
        let bytes = fs::read(project.path(".flowline").join(file)).unwrap_or_default();
        let there = bytes.windows(14).any(|part| part == b"jane@x.example");
        assert!(!there, "{file}");
    }
}

#[test]
fn the_key_is_made_by_the_first_run_that_needs_it_and_a_plan_shows_no_hash_before() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    let pipeline = |transform: &str| {
        format!(
            "sources:\n  - file: {{ path: tickets.jsonl, id: $.id }}\ntransforms:\n  - {transform}\n\
             sinks:\n  - file: {{ path: out.jsonl }}\n"
        )
    };
    project.write("pipelines/plain.yaml", &pipeline("keep: $.email"));
    project.write("pipelines/masked.yaml", &pipeline("mask: [$.email]"));
    project.write(
        "tickets.jsonl",
        &tickets(&[
            ("jane@x.example", 1),
            ("joe@x.example", 2),
            ("jane@x.example", 3),
        ]),
    );
    let key = project.path(".flowline/key");
    let emails = |plan: &str| -> Vec<String> {
        let plan: Value = serde_json::from_str(plan).unwrap();
        let operations = plan["operations"].as_array().unwrap().iter();
        operations
            .map(|one| one["changes"]["email"]["new"].as_str().unwrap().to_owned())
            .collect()
    };

    let before = project.run(&["plan", "masked", "--format", "json"]);
    assert_eq!(before.code, 0, "{}", before.stderr);
    assert!(!project.path(".flowline").exists(), "a plan makes no file");
    assert!(
        before.stderr.contains("makes the key of `mask`"),
        "{}",
        before.stderr
    );
    let shown = emails(&before.stdout);
    assert!(shown[0].starts_with("masked-"), "{shown:?}");
    assert!(shown[0] == shown[2] && shown[0] != shown[1], "{shown:?}");

    assert_eq!(project.run(&["run", "plain"]).code, 0);
    assert!(!key.exists(), "nothing needed it");

    let ran = project.run(&["run", "masked"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let made = fs::read_dir(project.path(".flowline")).unwrap();
    let beside = made.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("key.")
    });
    assert_eq!(beside.count(), 0);
    let after = project.run(&["plan", "masked", "--format", "json"]);
    assert!(!after.stderr.contains("makes the key"), "{}", after.stderr);
    let written = fs::read_to_string(project.path("out.jsonl")).unwrap();
    for email in emails(&after.stdout) {
        assert!(
            !email.starts_with("masked-") && written.contains(&email),
            "{email}\n{written}"
        );
    }

    // A key that is none or that others can read is refused, by a plan too.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["plan", "run"] {
        let refused = project.run(&[command, "masked"]);
        assert_eq!(refused.code, 2, "{command}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("others can read .flowline/key"),
            "{}",
            refused.stderr
        );
    }
    let given = |key: &str, command: &str| {
        let mut command = project.command(&[command, "masked"]);
        command.env("FLOWLINE_KEY", key).output().unwrap()
    };
    assert_eq!(given("short", "plan").status.code(), Some(2));
    assert_eq!(given("short", "run").status.code(), Some(2));
    let good = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    assert_eq!(given(good, "run").status.code(), Some(0));
    assert_ne!(
        fs::read_to_string(project.path("out.jsonl")).unwrap(),
        written
    );
}

#[test]
fn another_key_than_the_one_that_groups_are_sealed_with_is_said() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write("pipelines/counts.yaml", COUNTS);
    project.write("tickets.jsonl", &tickets(&[("jane@x.example", 1)]));
    let ran = |key: &str, command: &str| {
        let mut command = project.command(&[command, "counts"]);
        Ran::of(command.env("FLOWLINE_KEY", key).output().unwrap())
    };
    let right = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let wrong = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";
    assert_eq!(ran(right, "run").code, 0);
    for command in ["run", "plan"] {
        let refused = ran(wrong, command);
        assert_eq!(refused.code, 2, "{command}: {}", refused.stderr);
        let said = &refused.stderr;
        assert!(said.contains("the key is not the one"), "{command}: {said}");
    }
    assert_eq!(ran(right, "run").code, 0);
}
