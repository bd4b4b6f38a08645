//! What no reader of a service takes, by reason. All of it that is JSON is still read by the
//! source `file`, see `lists`.

/// Reasons and files.
pub(super) const UNREAD: &[(&str, &[&str])] = &[
    (
        "a webhook of Brevo: there is no source of them yet",
        &[
            "brevo/webhooks/activepieces__contact_deleted.json",
            "brevo/webhooks/activepieces__contact_updated.json",
            "brevo/webhooks/activepieces__list_addition.json",
            "brevo/webhooks/activepieces__unsubscribe.json",
            "brevo/webhooks/anymail__blocked.json",
            "brevo/webhooks/anymail__deferred_event.json",
            "brevo/webhooks/anymail__error_email.json",
            "brevo/webhooks/anymail__inbound-inbound_basics.json",
            "brevo/webhooks/anymail__proxy_open_event.json",
            "brevo/webhooks/anymail__sent_event.json",
            "brevo/webhooks/anymail__soft_bounce_event.json",
            "brevo/webhooks/anymail__unique_proxy_open_event.json",
            "brevo/webhooks/php175__contact_updated-blacklist.json",
            "brevo/webhooks/symfony__click.json",
            "brevo/webhooks/symfony__defered.json",
            "brevo/webhooks/symfony__delivered.json",
            "brevo/webhooks/symfony__error.json",
            "brevo/webhooks/symfony__hard_bounce.json",
            "brevo/webhooks/symfony__opened.json",
            "brevo/webhooks/symfony__proxy_open.json",
            "brevo/webhooks/symfony__request.json",
            "brevo/webhooks/symfony__request_without_tags.json",
            "brevo/webhooks/symfony__soft_bounce.json",
            "brevo/webhooks/symfony__unique_opened.json",
        ],
    ),
    (
        "an answer to a write that is never made",
        &[
            "brevo/other/sender-created.json",
            "jira/other/defectdojo__POST-api-2-issue-1.json",
            "jira/other/defectdojo__POST-api-2-issue-2.json",
            "jira/other/jira-ruby__issue.post.json",
            "jira/other/jira-ruby__version-10000.put.json",
            "jira/other/jira-ruby__version.post.json",
        ],
    ),
    (
        "a webhook without an issue: there is no source of webhooks yet",
        &[
            "jira/other/skyhook__test-jira-jira-custom-no-event.json",
            "jira/webhooks/laravel-webhook__worklog_created.json",
            "jira/webhooks/laravel-webhook__worklog_deleted.json",
            "jira/webhooks/mattermost__server-comment-created.json",
            "jira/webhooks/mattermost__server-comment-deleted.json",
            "jira/webhooks/mattermost__server-comment-updated.json",
            "jira/webhooks/mobitel__webhooks-comment-created.json",
            "jira/webhooks/mobitel__webhooks-issuelink-created.json",
            "jira/webhooks/mobitel__webhooks-issuelink-created_relates.json",
            "jira/webhooks/mobitel__webhooks-issuelink-deleted.json",
            "jira/webhooks/mobitel__webhooks-project-created.json",
            "jira/webhooks/putit__version_released.json",
            "jira/webhooks/skyhook__test-jira-jira-comment-only.json",
            "jira/webhooks/zulip__anomalous.json",
        ],
    ),
    (
        "headers of a webhook's request: there is no source of webhooks yet",
        &["jira/webhooks/jirajs294__request-headers.txt"],
    ),
    (
        "a project, a version or a role of one: there is no source of them yet",
        &[
            "jira/other/airbyte__project_versions-1.json",
            "jira/other/airbyte__projects-1.json",
            "jira/other/devlake__board-48.json",
            "jira/other/devlake__board-52.json",
            "jira/other/go-jira__project.json",
            "jira/other/jira-ruby__project-SAMPLEPROJECT.json",
            "jira/other/mobitel__jira-api-requests-project-gens-admins-project.json",
            "jira/other/mobitel__jira-api-requests-project-gens-classic-correct.json",
            "jira/other/mojira__project-with-versions.json",
            "jira/other/port__jira-server-examples-raw_project.json",
        ],
    ),
    (
        "a board, its configuration or its sprints: there is no source of them yet",
        &[
            "jira/other/go-jira__board_configuration.json",
            "jira/other/jira-ruby__rapidview-SAMPLEPROJECT.json",
            "jira/other/jira-ruby__rapidview.json",
            "jira/other/jirametrics__complete_sample-sample_board_1_configuration.json",
            "jira/pages/jira-ruby__board-1.json",
        ],
    ),
    (
        "one of a site's types, statuses or options, which are read as lists or inside issues",
        &[
            "jira/other/airbyte__issue_custom_field_options-1.json",
            "jira/other/backstage__statuses.json",
            "jira/other/bitovi__bitovi-training-issue-types.json",
            "jira/other/devlake__issuetype-43.json",
            "jira/other/devlake__issuetype-56.json",
            "jira/other/devlake__status-452.json",
            "jira/other/devlake__status-473.json",
            "jira/other/go-jira__all_statuscategories.json",
            "jira/other/go-jira__metaissue-2.json",
            "jira/other/mcp-atlassian__mock_jira_issue_types.json",
            "jira/other/mobitel__jira-api-requests-status.json",
        ],
    ),
    (
        "an endpoint beside the issue that nothing asks: links, properties, watchers, development, transitions",
        &[
            "jira/other/airbyte__issue_properties-1.json",
            "jira/other/devlake__devpanel-594.json",
            "jira/other/devlake__devpanel-595.json",
            "jira/other/devlake__devpanel-599.json",
            "jira/other/devlake__remotelink-101051.json",
            "jira/other/go-jira__remote_links.json",
            "jira/other/mobitel__jira-api-requests-issuelink.json",
            "jira/other/mobitel__jira-api-requests-issuelinkRelates.json",
            "jira/other/mobitel__jira-api-requests-watchers.json",
            "jira/pages/technodelight__f50814693816ccdfd779bd7acd6030c1.json",
        ],
    ),
    (
        "a page of something else than issues: components, filters, organisations",
        &[
            "jira/pages/airbyte-unit__project_components.json",
            "jira/pages/go-jira__search_filters.json",
            "jira/pages/go-jira__servicedesk-1.json",
        ],
    ),
    (
        "a subscription to webhooks",
        &[
            "jira/other/jira-ruby__webhook-2.json",
            "jira/other/jira-ruby__webhook.json",
        ],
    ),
    (
        "not sent by Jira: what its origin wrote down, or made of an answer",
        &[
            "jira/other/go-atlassian__TestParseCascadingCustomFields.json",
            "jira/other/grid2print__SP-2.json",
            "jira/other/grid2print__SP-3.json",
            "jira/other/grid2print__SP-4.json",
            "jira/other/grid2print__SP-5.json",
            "jira/other/jirametrics__complete_sample-sample_meta.json",
            "jira/other/jirametrics__testdata-jira-config.json",
            "jira/other/jirametrics__testdata-sample_meta.json",
            "jira/other/php-jira__issueField.json",
        ],
    ),
];

/// Why a file is read by nothing.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    UNREAD
        .iter()
        .find(|(_, names)| names.contains(&name))
        .map(|(reason, _)| *reason)
}
