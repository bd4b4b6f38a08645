//! What no reader of a service takes, by reason. All of it that is JSON is still read by the
//! source `file`, see `lists`.

/// Reasons and files.
pub(super) const UNREAD: &[(&str, &[&str])] = &[
    (
        "an answer to a write that is never made",
        &[
            "brevo/other/sender-created.json",
            "jira/other/defectdojo__POST-api-2-issue-1.json",
            "jira/other/defectdojo__POST-api-2-issue-2.json",
            "jira/other/jira-ruby__issue.post.json",
        ],
    ),
    (
        "a webhook of an event that no source yields, or of none",
        &[
            "jira/other/skyhook__test-jira-jira-custom-no-event.json",
            "jira/webhooks/mobitel__webhooks-issuelink-created.json",
            "jira/webhooks/mobitel__webhooks-issuelink-created_relates.json",
            "jira/webhooks/mobitel__webhooks-issuelink-deleted.json",
            "jira/webhooks/zulip__anomalous.json",
        ],
    ),
    (
        "headers of a webhook's request, which the server reads",
        &["jira/webhooks/jirajs294__request-headers.txt"],
    ),
    (
        "a role of a project",
        &["jira/other/mobitel__jira-api-requests-project-gens-admins-project.json"],
    ),
    (
        "a board or its configuration",
        &[
            "jira/other/go-jira__board_configuration.json",
            "jira/other/jira-ruby__rapidview-SAMPLEPROJECT.json",
            "jira/other/jira-ruby__rapidview.json",
            "jira/other/jirametrics__complete_sample-sample_board_1_configuration.json",
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
