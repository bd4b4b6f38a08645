//! Pipelines of what is no issue: comments, worklogs, people.

use super::lines::Lines;
use super::old::Old;
use super::project::{Made, attributes, head, identify, issues, project_lists};

const COMMENTER: &str = "$.issue.fields.reporter";

/// Comments as notes and events.
pub(super) fn comments(old: &Old, lines: &Lines) -> Made {
    let description = "Customer-facing comments, as notes and events of the issue's reporter.";
    let mut page = head(old, lines, description, "comments");
    issues(old, "jira.comments", "30 days ago", &mut page);
    page.put(0, "")
        .put(0, "transforms:")
        .put(2, "- keep: $.issue.fields.reporter.emailAddress")
        .put(0, "")
        .put(0, "sinks:")
        .put(2, "- brevo.notes:")
        .put(6, "transforms:")
        .put(8, "- adf_to_text: { paths: [$.body], format: html }");
    identify(old, COMMENTER, &mut page, 6);
    page.put(6, "text: '<p><b>{{issue.key}}</b> {{first author.displayName \"Somebody\"}}, {{date created \"%Y-%m-%d %H:%M\"}} UTC</p>{{body}}'");
    page.put(2, "- brevo.events:")
        .put(6, "name: ticket_commented")
        .put(6, "at: $.created");
    identify(old, COMMENTER, &mut page, 6);
    page.put(6, "properties:");
    for property in [
        "key: $.issue.key",
        "summary: $.issue.fields.summary",
        "author: $.author.displayName",
        "text: { path: $.body, as: text, max_length: 1000 }",
        "link: '{{site.url}}/browse/{{issue.key}}?focusedCommentId={{id}}'",
    ] {
        page.put(8, property);
    }
    page.finish()
}

/// Hours a person, of worklogs.
pub(super) fn hours(old: &Old, lines: &Lines) -> Made {
    let description = "Hours logged by each person in the last seven days.";
    let mut page = head(old, lines, description, "worklogs");
    issues(old, "jira.worklogs", "7 days ago", &mut page);
    for line in [
        "",
        "transforms:",
        "  - aggregate:",
        "      by: { account_id: $.author.accountId, name: $.author.displayName, email: $.author.emailAddress }",
        "      values:",
        "        hours: { sum: { path: $.timeSpentSeconds, as: hours } }",
        "        worklogs: { count: $ }",
        "",
        "sinks:",
        "  - brevo.contacts:",
        "      when: $.email",
        "      identify: { email: $.email }",
        "      mode: update",
        "      create_attributes: true",
        "      attributes:",
        "        JIRA_HOURS_7_DAYS: $.hours",
        "  - metrics: { gauge: jira_hours_logged_7_days, value: $.hours, labels: { assignee: $.name } }",
        "  - file: { path: reports/team-capacity-hours.csv }",
    ] {
        page.put(0, line);
    }
    page.finish()
}

/// Jira's people as contacts.
pub(super) fn people(old: &Old, lines: &Lines) -> Made {
    let description = "Jira's people as contacts.";
    let mut page = head(old, lines, description, "users");
    page.put(0, "sources:")
        .put(2, "- jira.users: {}")
        .put(0, "")
        .put(0, "transforms:")
        .put(2, "- keep: $.emailAddress")
        .put(0, "")
        .put(0, "sinks:")
        .put(2, "- brevo.contacts:");
    identify(old, "$", &mut page, 6);
    attributes(old, "$", false, &mut page);
    page.finish()
}

/// A list a project, of the people who report its issues or work on them.
pub(super) fn people_of_projects(old: &Old, lines: &Lines) -> Made {
    let description =
        "A Brevo list a project, of the people who report its issues or work on them.";
    let mut page = head(old, lines, description, "projects");
    issues(old, "jira.issues", "90 days ago", &mut page);
    page.put(0, "")
        .put(0, "transforms:")
        .put(
            2,
            "- set: { people: [$.fields.reporter, $.fields.assignee] }",
        )
        .put(2, "- each: { person: '$.people[?@.emailAddress]' }")
        .put(0, "")
        .put(0, "sinks:")
        .put(2, "- brevo.contacts:");
    identify(old, "$.person", &mut page, 6);
    if old
        .projects
        .value
        .iter()
        .any(|one| !one.value.lists.is_empty())
    {
        project_lists(old, &mut page);
    } else {
        page.put(6, "create_lists: true")
            .put(6, "lists: ['Jira: {{fields.project.name}}']");
    }
    page.finish()
}
