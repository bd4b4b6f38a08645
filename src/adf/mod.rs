//! Atlassian Document Format to text, Markdown and HTML; pure, linear, any depth; knows nothing of Jira.
