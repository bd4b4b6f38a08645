//! What pipelines that read webhooks need of `flowline.yaml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Connection, Project};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Plan, SourceKind};

const NO_SECRET: Code = Code::new("webhook.no_secret");
const NO_PUBLIC_URL: Code = Code::new("webhook.no_public_url");

/// Checks what the plans need so that something can be delivered to them.
pub(super) fn check(project: &Project, plans: &BTreeMap<String, Arc<Plan>>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let reachable = project
        .server
        .as_ref()
        .is_some_and(|server| server.public_url.is_some());
    for plan in plans.values() {
        let mut found = Diagnostics::new();
        for source in &plan.sources {
            let connection = source
                .connection
                .as_ref()
                .and_then(|name| Some((name, &project.connections.get(name)?.value)));
            match (&source.kind, connection) {
                (SourceKind::BrevoWebhook(_), Some((name, Connection::Brevo(brevo))))
                    if brevo.webhook_secret.is_none() =>
                {
                    let message = format!(
                        "nobody could tell Brevo's webhooks from others': `{name}` has no `webhook_secret`"
                    );
                    found.push(
                        Diagnostic::error(NO_SECRET, message)
                            .label(source.span, "needs a secret that its webhooks carry")
                            .help(format!(
                                "add `webhook_secret: \"${{BREVO_WEBHOOK_SECRET}}\"` to `{name}` in flowline.yaml"
                            )),
                    );
                }
                (SourceKind::JiraIssues(issues), _) if issues.live && !reachable => {
                    found.push(unreachable(
                        "without `server.public_url` no webhook comes: `live: true` only polls",
                        source.span,
                    ));
                }
                _ => {}
            }
        }
        diagnostics.extend_in(found, &plan.file);
    }
    diagnostics
}

fn unreachable(message: &str, span: crate::diagnostic::Span) -> Diagnostic {
    Diagnostic::warning(NO_PUBLIC_URL, message)
        .label(span, "asks for webhooks")
        .help("add `server: { public_url: \"https://…\" }` to flowline.yaml: where the services reach `flowline serve`")
}
