//! `flowline fields`: what can be written in a pipeline.

use std::sync::Arc;

use clap::Args;

use super::telling::{state_of, table};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::services;
use crate::cli::time::now;
use crate::config::Catalog;
use crate::connectors::brevo::AccountFacts;
use crate::connectors::jira;
use crate::diagnostic::nearest;
use crate::http::Failure;
use crate::runtime::Connected;

/// What can be written in a pipeline: custom fields, statuses, lists, attributes
///
/// Reads custom fields, statuses, priorities and projects of Jira sites, and attributes and lists
/// of Brevo accounts. Saved to catalog/, `validate` checks every name against them, offline.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline fields
  flowline fields marketing
  flowline fields --save
  flowline fields support --format json | jq '.support.fields | keys'")]
pub struct Arguments {
    /// The connection [default: all]
    #[arg(value_name = "NAME")]
    pub connection: Option<String>,
    /// Write them to catalog/NAME.json, which `validate` checks against and which is committed
    #[arg(long)]
    pub save: bool,
}

/// Lists what the accounts have.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let (opened, _) = match state_of(context) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let Some(loaded) = &opened.loaded else {
        context.output.diagnostics(&opened.diagnostics);
        return Exit::Wrong;
    };
    let names: Vec<Arc<str>> = loaded
        .project
        .connections
        .iter()
        .map(|(name, _)| Arc::clone(&name.value))
        .collect();
    let wanted: Vec<Arc<str>> = match &arguments.connection {
        None => names,
        Some(one) => match names.iter().find(|name| ***name == **one) {
            Some(name) => vec![Arc::clone(name)],
            None => {
                context
                    .output
                    .error(&format!("there is no connection `{one}`"));
                let known: Vec<&str> = names.iter().map(|name| &**name).collect();
                context
                    .output
                    .help(&match nearest(one, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if known.is_empty() => "flowline.yaml has no connections".to_owned(),
                        None => format!("there is {}", known.join(", ")),
                    });
                return Exit::Wrong;
            }
        },
    };
    let interrupt = interrupt::listen(&context.output);
    let services = match services::open(context, &opened, &wanted, None, &interrupt.token).await {
        Ok(services) => services,
        Err(exit) => return exit,
    };
    let mut catalogs = Vec::new();
    let mut exit = Exit::Done;
    for name in &wanted {
        match catalog(name, &services.connected).await {
            Ok(Some(catalog)) => catalogs.push((Arc::clone(name), catalog)),
            Ok(None) => {}
            Err(failure) => exit = exit.worst(services::refused(context, &failure)),
        }
    }
    services.stop().await;
    if arguments.save {
        for (name, catalog) in &catalogs {
            exit = exit.worst(save(name, catalog, context, &opened.root));
        }
    }
    if context.output.json() {
        let all: serde_json::Map<String, serde_json::Value> = catalogs
            .iter()
            .map(|(name, catalog)| {
                (
                    name.to_string(),
                    serde_json::to_value(catalog).unwrap_or_default(),
                )
            })
            .collect();
        context.output.result_json(&all);
    } else if !arguments.save {
        for (name, catalog) in &catalogs {
            show(name, catalog, context);
        }
    }
    exit
}

async fn catalog(name: &str, connected: &Connected) -> Result<Option<Catalog>, Failure> {
    let taken = now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if let Some(session) = connected.brevo.get(name) {
        let facts = AccountFacts::read(session).await?;
        return Ok(Some(Catalog::Brevo(
            facts.to_catalog(&session.account, &taken),
        )));
    }
    match connected.jira.get(name) {
        Some(session) => Ok(Some(Catalog::Jira(jira::catalog(session, &taken).await?))),
        None => Ok(None),
    }
}

fn save(name: &str, catalog: &Catalog, context: &Context, root: &std::path::Path) -> Exit {
    let folder = root.join("catalog");
    let written = serde_json::to_string_pretty(catalog)
        .map_err(std::io::Error::other)
        .and_then(|json| {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(format!("{name}.json")), json + "\n")
        });
    match written {
        Ok(()) => {
            let of = if context.global.sandbox {
                " (of the sandbox, not of your account)"
            } else {
                ""
            };
            context
                .output
                .say(&format!("wrote catalog/{name}.json{of}"));
            Exit::Done
        }
        Err(error) => {
            context
                .output
                .error(&format!("catalog/{name}.json cannot be written: {error}"));
            Exit::Wrong
        }
    }
}

fn show(name: &str, catalog: &Catalog, context: &Context) {
    let output = &context.output;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |kind: &str, cells: [&str; 3]| {
        let cells = cells.iter().map(|cell| (*cell).to_owned());
        rows.push(std::iter::once(format!("  {kind}")).chain(cells).collect());
    };
    match catalog {
        Catalog::Brevo(catalog) => {
            output.result(&format!("{name}: Brevo account {}", catalog.account));
            for (attribute, facts) in &catalog.attributes {
                let labels = facts.values.as_ref().map(|labels| labels.join(", "));
                let labels = labels.unwrap_or_default();
                row("attribute", [attribute, facts.kind.describe(), &labels]);
            }
            for (id, list) in &catalog.lists {
                row("list", [id, list, ""]);
            }
        }
        Catalog::Jira(catalog) => {
            output.result(&format!("{name}: Jira site {}", catalog.cloud_id));
            for (key, project) in &catalog.projects {
                row("project", [key, project, ""]);
            }
            for status in &catalog.statuses {
                row("status", [status, "", ""]);
            }
            for priority in &catalog.priorities {
                row("priority", [priority, "", ""]);
            }
            for (id, field) in &catalog.fields {
                row("field", [id, &field.name, ""]);
            }
        }
    }
    output.result(&table(&[], rows));
}
