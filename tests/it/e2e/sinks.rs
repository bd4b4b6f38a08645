//! Brevo's other sinks, end to end: notes, lists, campaigns, e-mails and objects.

use serde_json::{Value, json};

use super::world::{Project, Ran, World};

const QUICK: [&str; 4] = ["--no-limits", "--no-index-lag", "--issues", "5"];
const JANE: &str = "jane.porter@northwind.example";
const NINA: &str = "newsletter.reader@contoso.example";

/// A pipeline of a file with one sink.
fn project(world: &World, sink: &str) -> Project {
    let project = Project::of(world);
    let pipeline =
        format!("sources: [file: {{ path: in.jsonl, id: $.id, time: $.at }}]\nsinks:\n{sink}\n");
    project.write("pipelines/p.yaml", &pipeline);
    project
}

fn records(project: &Project, records: &[Value]) {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    project.write("in.jsonl", &(lines.join("\n") + "\n"));
}

#[track_caller]
fn run(project: &Project) -> Ran {
    let ran = project.run(&["run", "p", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.stderr, ran.stdout);
    ran
}

fn list(world: &World, what: &str) -> Vec<Value> {
    let found = world.get(&format!("brevo/{what}"));
    found[what].as_array().unwrap().clone()
}

const NOTES: &str = "  - brevo.notes:
      identify: { email: $.email }
      text: '<p>{{id}}</p>{{text}}'
      backfill: 10000 days";

fn comment(id: &str, email: &str, at: &str, text: &str) -> Value {
    json!({ "id": id, "email": email, "at": at, "text": text })
}

#[test]
fn a_comment_becomes_a_note_and_its_edit_edits_the_note() {
    let world = World::start(&QUICK);
    let project = project(&world, NOTES);
    let hers = comment("c1", JANE, "2026-11-20T10:00:00Z", "a <b> & \"c\"");
    let nobodys = comment("c2", "nobody@acme.example", "2026-11-20T10:00:00Z", "x");
    records(&project, &[hers.clone(), nobodys.clone()]);
    let first = run(&project).summary();
    assert_eq!(first["operations"]["brevo.notes"]["created"], 1, "{first}");
    assert_eq!(first["unmatched"], 1, "{first}");
    let notes = list(&world, "notes");
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["text"], "<p>c1</p>a &lt;b&gt; &amp; &quot;c&quot;");
    assert_eq!(list(&world, "contacts").len(), 3, "nobody is created");

    let second = run(&project).summary();
    assert_eq!(second["operations"]["brevo.notes"]["created"], 0);
    assert_eq!(second["operations"]["brevo.notes"]["updated"], 0);

    let edited = comment("c1", JANE, "2026-11-21T10:00:00Z", "b");
    records(&project, &[edited, nobodys]);
    let plan = project.run(&["plan", "p", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let actions: Vec<&Value> = plan["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["action"])
        .collect();
    assert_eq!(actions, ["update", "unmatched"], "{plan}");
    let third = run(&project).summary();
    assert_eq!(third["operations"]["brevo.notes"]["updated"], 1, "{third}");
    let after = list(&world, "notes");
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["id"], notes[0]["id"]);
    assert_eq!(after[0]["text"], "<p>c1</p>b");
}

#[test]
fn a_note_whose_answer_was_lost_is_found_by_contact_and_text() {
    let world = World::start(&QUICK);
    let project = project(&world, NOTES);
    records(
        &project,
        &[comment("c1", JANE, "2026-11-20T10:00:00Z", "once")],
    );
    world.ask(
        "PUT",
        "faults",
        &json!({ "rules": [
            { "kind": "lost_answer", "path": "/crm/notes", "method": "POST", "first": 1 }
        ] }),
    );
    run(&project);
    assert_eq!(list(&world, "notes").len(), 1);
    records(
        &project,
        &[comment("c1", JANE, "2026-11-21T10:00:00Z", "twice")],
    );
    run(&project);
    let notes = list(&world, "notes");
    assert_eq!(notes.len(), 1, "its id was learnt: {notes:?}");
    assert_eq!(notes[0]["text"], "<p>c1</p>twice");
}

/// A pipeline of notes whose text does not tell one from another.
fn alike(world: &World) -> (Project, [Value; 2]) {
    let project = project(world, &NOTES.replace("<p>{{id}}</p>{{text}}", "{{text}}"));
    let one = |id| comment(id, JANE, "2026-11-20T10:00:00Z", "Thanks!");
    (project, [one("c1"), one("c2")])
}

/// What the next request that makes a note meets.
fn fault(world: &World, kind: &str) {
    let rule = json!({ "kind": kind, "path": "/crm/notes", "method": "POST", "first": 1 });
    world.ask("PUT", "faults", &json!({ "rules": [rule] }));
}

fn note_texts(world: &World) -> Vec<String> {
    let notes = list(world, "notes");
    let texts = notes.iter().map(|note| note["text"].as_str().unwrap());
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    texts.sort();
    texts
}

#[test]
fn two_notes_of_equal_text_are_told_apart_after_a_lost_answer() {
    // The second one's answer is lost, once carried out and once not.
    for kind in ["lost_answer", "reset"] {
        let world = World::start(&QUICK);
        let (project, [first, second]) = alike(&world);
        records(&project, std::slice::from_ref(&first));
        run(&project);
        fault(&world, kind);
        records(&project, &[first.clone(), second]);
        run(&project);
        assert_eq!(note_texts(&world), ["Thanks!", "Thanks!"], "{kind}");
        let edited = comment("c2", JANE, "2026-11-21T10:00:00Z", "Thank you!");
        records(&project, &[first, edited]);
        run(&project);
        assert_eq!(note_texts(&world), ["Thank you!", "Thanks!"], "{kind}");
        records(
            &project,
            &[json!({ "id": "c1", "email": JANE, "at": "2026-11-22T10:00:00Z", "deleted": true })],
        );
        run(&project);
        assert_eq!(note_texts(&world), ["Thank you!"], "{kind}");
    }
    // Both at once, and one answer is lost.
    for kind in ["lost_answer", "reset"] {
        let world = World::start(&QUICK);
        let (project, both) = alike(&world);
        records(&project, &both);
        fault(&world, kind);
        run(&project);
        assert_eq!(note_texts(&world), ["Thanks!", "Thanks!"], "{kind}");
    }
}

#[test]
fn two_campaigns_of_one_name_are_told_apart_after_a_lost_answer() {
    for kind in ["lost_answer", "reset"] {
        for path in ["/emailCampaigns", "/sendNow"] {
            let world = World::start(&QUICK);
            let project = project(&world, &CAMPAIGN.replace("'{{name}} released'", "News"));
            records(&project, &[version("v1")]);
            run(&project);
            let rule = json!({ "kind": kind, "path": path, "method": "POST", "first": 1 });
            world.ask("PUT", "faults", &json!({ "rules": [rule] }));
            records(&project, &[version("v1"), version("v2")]);
            run(&project);
            let both = [("News".to_owned(), 1), ("News".to_owned(), 1)];
            assert_eq!(sends(&world), both, "{kind} {path}");
        }
    }
}

#[test]
fn a_note_that_somebody_deleted_at_brevo_is_made_anew_by_an_edit() {
    let world = World::start(&QUICK);
    let project = project(&world, NOTES);
    records(
        &project,
        &[comment("c1", JANE, "2026-11-20T10:00:00Z", "a")],
    );
    run(&project);
    let id = list(&world, "notes")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("brevo/v3/crm/notes/{id}");
    world.ask("DELETE", &path, &Value::Null);
    assert!(list(&world, "notes").is_empty());
    // What did not change is not sent again.
    run(&project);
    assert!(list(&world, "notes").is_empty());
    for (at, text) in [("2026-11-21", "b"), ("2026-11-22", "c")] {
        let edited = comment("c1", JANE, &format!("{at}T10:00:00Z"), text);
        records(&project, &[edited]);
        run(&project);
        assert_eq!(note_texts(&world), [format!("<p>c1</p>{text}")]);
    }
    // Gone at both ends: that is no trouble.
    let id = list(&world, "notes")[0]["id"].as_str().unwrap().to_owned();
    world.ask("DELETE", &format!("brevo/v3/crm/notes/{id}"), &Value::Null);
    let gone = json!({ "id": "c1", "email": JANE, "at": "2026-11-23T10:00:00Z", "deleted": true });
    records(&project, &[gone]);
    run(&project);
    assert!(list(&world, "notes").is_empty());
}

#[test]
fn a_deleted_comment_deletes_its_note_and_one_that_never_was_makes_none() {
    let world = World::start(&QUICK);
    let project = Project::of(&world);
    project.write(
        "pipelines/p.yaml",
        "sources: [jira.comments: { jql: key = SUPPORT-1, since: 1 hour ago }]
sinks:
  - brevo.notes:
      transforms: [adf_to_text: { paths: [$.body], format: html }]
      identify: { email: jane.porter@northwind.example }
      text: $.body
      backfill: 10000 days
",
    );
    let edit = |what: &str, edit: Value| world.ask("POST", "jira/edit", &json!({ what: edit }));
    let say = |text: &str, public: bool| {
        let said = json!({ "issue": "SUPPORT-1", "text": text, "public": public });
        edit("comment", said)["comment"].clone()
    };
    let kept = say("kept <b>", true);
    let (deleted, hidden) = (say("deleted", true), say("hidden", true));
    say("never shown", false);
    run(&project);
    let texts = ["<p>deleted</p>", "<p>hidden</p>", "<p>kept &lt;b&gt;</p>"];
    assert_eq!(note_texts(&world), texts);

    let of = |id: &Value, more: Value| {
        let mut members = json!({ "issue": "SUPPORT-1", "comment": id });
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        members
    };
    edit("delete_comment", of(&deleted, json!({})));
    edit("change_comment", of(&hidden, json!({ "public": false })));
    edit("change_comment", of(&kept, json!({ "text": "edited" })));
    run(&project);
    assert_eq!(note_texts(&world), ["<p>edited</p>"]);
    // It is shown again: a note again.
    edit("change_comment", of(&hidden, json!({ "public": true })));
    run(&project);
    assert_eq!(note_texts(&world), ["<p>edited</p>", "<p>hidden</p>"]);
    let again = run(&project).summary();
    assert_eq!(again["read"], 0, "{again}");
}

#[test]
fn notes_from_before_the_first_run_are_marked_as_known() {
    let world = World::start(&QUICK);
    let project = project(&world, &NOTES.replace("      backfill: 10000 days", ""));
    records(
        &project,
        &[comment("c1", JANE, "2020-11-20T10:00:00Z", "old")],
    );
    let plan = project.run(&["plan", "p"]);
    assert!(plan.stdout.contains("1 too old to send"), "{}", plan.stdout);
    run(&project);
    assert!(list(&world, "notes").is_empty());
}

#[test]
fn contacts_are_put_into_lists_and_taken_out() {
    let world = World::start(&QUICK);
    let project = project(
        &world,
        "  - brevo.lists:
      identify: { email: $.email }
      add: [Product, { path: $.list }]
      remove: [22]
      create_lists: true",
    );
    let of = |email: &str, list: &str| json!({ "id": email, "email": email, "list": list });
    records(
        &project,
        &[
            of(JANE, "Leads"),
            of(NINA, "Product"),
            of("nobody@acme.example", "Leads"),
        ],
    );
    let first = run(&project).summary();
    // Three for Jane; two for Nina, who is not in 22 anyway.
    assert_eq!(first["operations"]["brevo.lists"]["updated"], 5, "{first}");
    assert_eq!(first["unmatched"], 3, "{first}");
    let members: Vec<(String, usize)> = list(&world, "lists")
        .iter()
        .map(|list| {
            let members = list["contacts"].as_array().unwrap().len();
            (list["name"].as_str().unwrap().to_owned(), members)
        })
        .collect();
    for (name, count) in [("Support", 0), ("Product", 2), ("Leads", 1)] {
        assert!(members.contains(&(name.to_owned(), count)), "{members:?}");
    }
    let second = run(&project).summary();
    assert_eq!(second["operations"]["brevo.lists"]["updated"], 0);
}

const CAMPAIGN: &str = "  - brevo.campaigns:
      name: '{{name}} released'
      template: 12
      subject: '{{name}} is out'
      lists: [22]
      backfill: 10000 days";

fn version(id: &str) -> Value {
    json!({ "id": id, "name": id, "at": "2026-11-20T10:00:00Z" })
}

fn sends(world: &World) -> Vec<(String, u64)> {
    let campaigns = list(world, "campaigns");
    let of = |one: &Value| {
        let name = one["name"].as_str().unwrap().to_owned();
        (name, one["sends"].as_u64().unwrap())
    };
    campaigns.iter().map(of).collect()
}

#[test]
fn a_campaign_is_made_and_sent_once_whichever_answer_is_lost() {
    for path in ["/emailCampaigns", "/sendNow"] {
        let world = World::start(&QUICK);
        let project = project(&world, CAMPAIGN);
        records(&project, &[version("v1")]);
        for kind in ["lost_answer", "applied_server_error"] {
            world.ask(
                "PUT",
                "faults",
                &json!({ "rules": [
                    { "kind": kind, "path": path, "method": "POST", "first": 1 }
                ] }),
            );
            run(&project);
            assert_eq!(sends(&world), [("v1 released".to_owned(), 1)], "{path}");
        }
    }
}

#[test]
fn without_credits_the_run_ends_and_the_draft_is_sent_later() {
    let world = World::start(&QUICK);
    let project = project(&world, CAMPAIGN);
    records(&project, &[version("v1")]);
    world.ask("PUT", "brevo/settings", &json!({ "no_credits": true }));
    let ran = project.run(&["run", "p", "--format", "json"]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("credits"), "{}", ran.stderr);
    assert_eq!(sends(&world), [("v1 released".to_owned(), 0)]);
    world.ask("PUT", "brevo/settings", &json!({ "no_credits": false }));
    run(&project);
    assert_eq!(sends(&world), [("v1 released".to_owned(), 1)]);
}

#[test]
fn an_email_is_sent_once_also_where_its_answer_is_lost() {
    let world = World::start(&QUICK);
    let project = project(
        &world,
        "  - brevo.email:
      template: 7
      to: $.email
      params: { key: $.id }
      backfill: 10000 days",
    );
    records(
        &project,
        &[comment("c1", JANE, "2026-11-20T10:00:00Z", "x")],
    );
    world.ask(
        "PUT",
        "faults",
        &json!({ "rules": [{ "kind": "lost_answer", "path": "/smtp/email", "first": 1 }] }),
    );
    let first = run(&project).summary();
    assert_eq!(first["operations"]["brevo.email"]["sent"], 1, "{first}");
    let emails = list(&world, "emails");
    assert_eq!(emails.len(), 1);
    assert_eq!(emails[0]["params"], json!({ "key": "c1" }));
    let second = run(&project).summary();
    assert_eq!(second["operations"]["brevo.email"]["sent"], 0);
    assert_eq!(list(&world, "emails").len(), 1);
}

#[test]
fn a_template_that_the_account_lacks_ends_the_run_before_the_first_write() {
    let world = World::start(&QUICK);
    let project = project(
        &world,
        "  - brevo.email: { template: 8, to: $.email, backfill: 10000 days }",
    );
    records(
        &project,
        &[comment("c1", JANE, "2026-11-20T10:00:00Z", "x")],
    );
    let ran = project.run(&["run", "p"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("no template 8"), "{}", ran.stderr);
}

#[test]
fn objects_are_written_in_a_batch_with_their_contacts_and_unchanged_ones_are_not_sent() {
    let world = World::start(&QUICK);
    let project = project(
        &world,
        "  - brevo.objects:
      type: ticket
      ext_id: $.id
      attributes: { text: $.text }
      contacts: $.email",
    );
    records(
        &project,
        &[
            comment("c1", JANE, "2026-11-20T10:00:00Z", "one"),
            comment("c2", "nobody@acme.example", "2026-11-20T10:00:00Z", "x"),
        ],
    );
    let first = run(&project).summary();
    assert_eq!(
        first["operations"]["brevo.objects"]["updated"], 1,
        "{first}"
    );
    assert_eq!(first["unmatched"], 1, "{first}");
    let objects = list(&world, "objects");
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0]["attributes"], json!({ "text": "one" }));
    assert_eq!(objects[0]["contacts"], json!([1001]));
    let second = run(&project).summary();
    assert_eq!(second["operations"]["brevo.objects"]["updated"], 0);
}
