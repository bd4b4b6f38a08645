//! `flowline sandbox`: the emulators as servers.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::args::Format;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::time::now;
use crate::sandbox::{Faults, Options, Sandbox};

/// Emulated Jira and Brevo on local ports, until stopped
///
/// Prints the addresses and the credentials that they take; with --format json as one line.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline sandbox
  flowline sandbox --issues 5000 --faults 10 --seed 7
  flowline sandbox --jira-port 0 --brevo-port 0 --format json --log exchanges.jsonl")]
pub struct Arguments {
    /// Jira's port; 0 takes a free one
    #[arg(long, default_value_t = 8081, value_name = "PORT")]
    pub jira_port: u16,
    /// Brevo's port; 0 takes a free one
    #[arg(long, default_value_t = 8082, value_name = "PORT")]
    pub brevo_port: u16,
    /// The same seed gives the same data and faults
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How many issues the site has
    #[arg(long, default_value_t = 120, value_name = "N")]
    pub issues: usize,
    /// About how large each issue is, in bytes
    #[arg(long, value_name = "BYTES")]
    pub issue_bytes: Option<usize>,
    /// The share of answers that fail, in percent: 429, 5xx, resets, cut answers, HTML, slowness,
    /// writes applied whose answer is lost
    #[arg(long, default_value_t = 0, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub faults: u8,
    /// Without rate limits
    #[arg(long)]
    pub no_limits: bool,
    /// Search sees changes at once
    #[arg(long)]
    pub no_index_lag: bool,
    /// Write every exchange to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Keep both services' state in this folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// What to write for the other ways in.
fn other_ways(sandbox: &Sandbox) -> Vec<String> {
    let jira = sandbox.jira_url();
    let (client, secret) = sandbox.jira_app();
    let (scoped, service) = sandbox.jira_gateway_tokens();
    let (brevo_client, brevo_secret) = sandbox.brevo_client();
    vec![
        "Other ways in, in flowline.yaml and the environment:".to_owned(),
        format!("  jira: {{ site: {jira}, gateway: {jira}, auth_server: {jira}, auth: … }}"),
        "    oauth2: { client_id: \"${JIRA_CLIENT_ID}\", client_secret: \"${JIRA_CLIENT_SECRET}\" }".to_owned(),
        format!("      JIRA_CLIENT_ID={client} JIRA_CLIENT_SECRET={secret}"),
        "    token: \"${JIRA_SERVICE_TOKEN}\"".to_owned(),
        format!("      JIRA_SERVICE_TOKEN={service}"),
        format!("      JIRA_SERVICE_TOKEN={}:{scoped}", sandbox.jira_email()),
        format!("  brevo: {{ url: {}, oauth2: … }}", sandbox.brevo_url()),
        "    { client_id: \"${BREVO_CLIENT_ID}\", client_secret: \"${BREVO_CLIENT_SECRET}\" }".to_owned(),
        format!("      BREVO_CLIENT_ID={brevo_client} BREVO_CLIENT_SECRET={brevo_secret}"),
    ]
}

/// Runs both emulators until a signal comes.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    let output = &context.output;
    let options = Options {
        seed: arguments.seed,
        issues: arguments.issues,
        jira_port: arguments.jira_port,
        brevo_port: arguments.brevo_port,
        faults: Faults::share(f64::from(arguments.faults) / 100.0, 1),
        limits: !arguments.no_limits,
        index_lag: !arguments.no_index_lag,
        log: arguments.log.clone(),
        state: arguments.state.clone(),
        issue_bytes: arguments.issue_bytes,
        ..Options::new(Arc::new(now))
    };
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            output.error(&error.to_string());
            output.help("name other ports: --jira-port 0 --brevo-port 0 takes free ones");
            return Exit::Wrong;
        }
    };
    let interrupt = interrupt::listen(output);
    if output.format == Format::Json {
        output.result_json(&serde_json::json!({
            "jira": sandbox.jira_url(), "jira_email": sandbox.jira_email(), "jira_token": sandbox.jira_token(),
            "jira_client_id": sandbox.jira_app().0, "jira_client_secret": sandbox.jira_app().1,
            "jira_scoped_token": sandbox.jira_gateway_tokens().0,
            "jira_service_token": sandbox.jira_gateway_tokens().1,
            "brevo_client_id": sandbox.brevo_client().0,
            "brevo_client_secret": sandbox.brevo_client().1,
            "brevo": sandbox.brevo_url(), "brevo_key": sandbox.brevo_key(), "control": sandbox.control_url(),
        }));
    } else {
        output.result(&format!(
            "Jira   {}   e-mail {}, token {}",
            sandbox.jira_url(),
            sandbox.jira_email(),
            sandbox.jira_token()
        ));
        output.result(&format!(
            "Brevo  {}   key {}",
            sandbox.brevo_url(),
            sandbox.brevo_key()
        ));
        for line in other_ways(&sandbox) {
            output.say(&line);
        }
        output.say(&format!(
            "Edits, faults and what Brevo got: curl {}. Ctrl-C stops.",
            sandbox.control_url()
        ));
    }
    interrupt.token.cancelled().await;
    sandbox.stop().await;
    Exit::Done
}
