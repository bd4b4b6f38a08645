//! `comments`.

use serde_json::{Value, json};

use super::super::QUICK;
use super::super::served::{Served, events, first_run_is_over, serve_in, until};
use super::super::world::World;
use super::{JANE, assert_sends_nothing, brevo, edit, reported, run, shipped, text};

/// The texts of all notes.
fn notes(world: &World) -> Vec<String> {
    let text = |note: &Value| note["text"].as_str().unwrap().to_owned();
    brevo(world, "notes").iter().map(text).collect()
}

fn comment(world: &World, issue: &str, text: &str, public: bool) -> String {
    let said = json!({ "issue": issue, "text": text, "public": public });
    let made = edit(world, &json!({ "comment": said }));
    made["comment"].as_str().unwrap().to_owned()
}

#[test]
fn a_comment_is_a_note_and_an_event_an_edit_edits_the_note_and_a_deletion_deletes_it() {
    let (world, project) = shipped(&["comments"], &QUICK);
    let issue = reported(&world, "SUPPORT", JANE);
    run(&project, "comments");
    assert!(notes(&world).is_empty(), "what was there before is known");
    let id = comment(&world, &issue, "Any news?", true);
    comment(&world, &issue, "Let her wait.", false);
    run(&project, "comments");
    let first = notes(&world);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(
        first[0].starts_with(&format!("<p><b>{issue}</b> ")),
        "{first:?}"
    );
    assert!(first[0].contains("Any news?"), "{first:?}");
    let told = events(&world, "ticket_commented");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["event_id"], &told[0]["key"]),
        (&json!(id), &json!(issue))
    );
    assert_eq!(told[0]["text"], "Any news?");
    assert_sends_nothing(&project, "comments");

    let changed = json!({ "issue": issue, "comment": id, "text": "Solved." });
    edit(&world, &json!({ "change_comment": changed }));
    run(&project, "comments");
    let edited = notes(&world);
    assert!(
        edited.len() == 1 && edited[0].contains("Solved."),
        "{edited:?}"
    );
    assert_eq!(events(&world, "ticket_commented"), told);
    assert_sends_nothing(&project, "comments");

    edit(
        &world,
        &json!({ "delete_comment": { "issue": issue, "comment": id } }),
    );
    run(&project, "comments");
    assert!(notes(&world).is_empty(), "{:?}", notes(&world));
    assert_eq!(events(&world, "ticket_commented"), told);
    assert_sends_nothing(&project, "comments");
}

#[test]
fn with_webhooks_beside_the_poll_a_comment_is_the_same_note_and_event() {
    let (world, project) = shipped(&["comments"], &QUICK);
    let mixed = text("comments").replace(
        "\ntransforms:",
        "  - jira.webhook:
      events: [comment_created, comment_updated, comment_deleted]
      jql: project in (SUPPORT, PRODUCT)
\ntransforms:",
    );
    project.write("pipelines/comments.yaml", &mixed);
    let issue = reported(&world, "SUPPORT", JANE);
    let served = serve_in(&world, &project);
    first_run_is_over(&served);
    let id = comment(&world, &issue, "Any news?", true);
    until("the note", || (notes(&world).len() == 1).then_some(()));
    let changed = json!({ "issue": issue, "comment": id, "text": "Solved." });
    edit(&world, &json!({ "change_comment": changed }));
    until("the edit", || {
        let notes = notes(&world);
        (notes.len() == 1 && notes[0].contains("Solved.")).then_some(())
    });
    let port = served.stop();
    assert_sends_nothing(&project, "comments");
    let told = events(&world, "ticket_commented");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["event_id"], id.as_str());
    // What a poll saw as well is deleted by a webhook's word.
    let served = Served::start(project.command(&["serve"]), port);
    until("the server", || served.get("/healthz"));
    edit(
        &world,
        &json!({ "delete_comment": { "issue": issue, "comment": id } }),
    );
    until("the deletion", || notes(&world).is_empty().then_some(()));
    served.stop();
    assert_sends_nothing(&project, "comments");
    assert_eq!(events(&world, "ticket_commented"), told);
}
