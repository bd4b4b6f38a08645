//! `flowline dead-letters`: what could not be delivered.

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::telling::{agreed, look, no_pipeline, open, refuse, state_of, table, time};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::time::now;
use crate::state::{Admin as _, DeadLetter, SqliteStore, StateReader, View as _};

/// What could not be delivered, why, and again
///
/// A dead letter is a record or operation that could not be delivered, kept with the reason and
/// the line of the pipeline. Mend the cause, `retry` it, and the next run delivers it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  flowline dead-letters list
  flowline dead-letters show 7
  flowline dead-letters retry 7 8
  flowline dead-letters retry --all && flowline run support-tickets
  flowline dead-letters discard 9")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List them
    List {
        /// Only those of these pipelines
        #[arg(value_name = "PIPELINE")]
        pipelines: Vec<String>,
    },
    /// Show one whole
    Show {
        /// Its number, as `list` shows it
        #[arg(value_name = "ID")]
        id: i64,
    },
    /// Put them back: the next run delivers them again
    Retry {
        /// Their numbers
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Throw them away
    Discard {
        /// Their numbers
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Does what is asked.
pub async fn run(arguments: &Arguments, context: &Context) -> Exit {
    match act(&arguments.action, context).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn act(action: &Action, context: &Context) -> Result<Exit, Exit> {
    let output = &context.output;
    let (opened, file) = state_of(context)?;
    match action {
        Action::List { pipelines } => {
            let letters = letters(look(&file, output)?.as_ref(), pipelines, output).await?;
            let of = |name: &String| letters.iter().any(|letter| *name == *letter.pipeline);
            if let Some(name) = pipelines
                .iter()
                .find(|name| !opened.names.contains(*name) && !of(name))
            {
                return Err(no_pipeline(name, &opened, output));
            }
            Ok(list(&letters, pipelines, output))
        }
        Action::Show { id } => {
            let letters = letters(look(&file, output)?.as_ref(), &[], output).await?;
            let Some(letter) = letters.iter().find(|letter| letter.id == *id) else {
                output.error(&format!("there is no dead letter {id}"));
                output.help("`flowline dead-letters list` lists what there is");
                return Err(Exit::Wrong);
            };
            Ok(show(letter, output))
        }
        Action::Retry { ids, all } => {
            let Some((store, ids)) = chosen(ids, *all, &file, output).await? else {
                return Ok(nothing("retried", output));
            };
            let now = now().as_millisecond();
            let retried = store.retry_dead_letters(&ids, now).await;
            let retried = retried.map_err(|error| refuse(&error, output))?;
            if output.json() {
                return Ok(output.result_json(&json!({ "retried": retried, "asked": ids.len() })));
            }
            let left = ids.len() as u64 - retried.min(ids.len() as u64);
            output.result(&format!(
                "{} waiting for the next run",
                dead_letters(retried)
            ));
            if left > 0 {
                output.say(&format!(
                    "{} not retried: overtaken by something newer, or nothing is left to try again",
                    dead_letters(left)
                ));
            }
            Ok(Exit::Done)
        }
        Action::Discard { ids, all, yes } => {
            let Some((store, ids)) = chosen(ids, *all, &file, output).await? else {
                return Ok(nothing("discarded", output));
            };
            let question = format!(
                "Throw {} away? What they hold is not delivered.",
                dead_letters(ids.len() as u64)
            );
            if !agreed(*yes, &question, output) {
                output.say("nothing was discarded");
                return Ok(Exit::Done);
            }
            let discarded = store.discard_dead_letters(&ids).await;
            let discarded = discarded.map_err(|error| refuse(&error, output))?;
            if output.json() {
                return Ok(output.result_json(&json!({ "discarded": discarded })));
            }
            output.result(&format!("{} discarded", dead_letters(discarded)));
            Ok(Exit::Done)
        }
    }
}

/// The dead letters of these pipelines, or all, oldest first.
async fn letters(
    state: Option<&StateReader>,
    pipelines: &[String],
    output: &Output,
) -> Result<Vec<DeadLetter>, Exit> {
    let Some(state) = state else {
        return Ok(Vec::new());
    };
    let all = state.dead_letters(None).await;
    let all = all.map_err(|error| refuse(&error, output))?;
    let asked = |letter: &DeadLetter| {
        pipelines.is_empty() || pipelines.iter().any(|name| *name == *letter.pipeline)
    };
    Ok(all.into_iter().filter(asked).collect())
}

/// The state and the dead letters that are meant; none where `--all` means none.
async fn chosen(
    ids: &[i64],
    all: bool,
    file: &Path,
    output: &Output,
) -> Result<Option<(SqliteStore, Vec<i64>)>, Exit> {
    let known = letters(look(file, output)?.as_ref(), &[], output).await?;
    if let Some(id) = ids
        .iter()
        .find(|id| known.iter().all(|letter| letter.id != **id))
    {
        output.error(&format!(
            "there is no dead letter {id}; nothing was changed"
        ));
        output.help("`flowline dead-letters list` lists what there is");
        return Err(Exit::Wrong);
    }
    let mut ids = if all {
        known.iter().map(|letter| letter.id).collect()
    } else {
        ids.to_vec()
    };
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(None);
    }
    Ok(open(file, output)?.map(|store| (store, ids)))
}

fn nothing(what: &str, output: &Output) -> Exit {
    if output.json() {
        return output.result_json(&json!({ what: 0 }));
    }
    output.say("there are no dead letters");
    Exit::Done
}

fn dead_letters(count: u64) -> String {
    match count {
        1 => "1 dead letter".to_owned(),
        many => format!("{many} dead letters"),
    }
}

fn at(letter: &DeadLetter) -> String {
    letter
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!("{}:{}", at.file, at.line))
}

fn list(letters: &[DeadLetter], pipelines: &[String], output: &Output) -> Exit {
    if output.json() {
        let list: Vec<Json> = letters.iter().map(to_json).collect();
        return output.result_json(&list);
    }
    if letters.is_empty() {
        output.say(&match pipelines {
            [] => "there are no dead letters".to_owned(),
            named => format!("there are no dead letters of {}", named.join(", ")),
        });
        return Exit::Done;
    }
    let rows = letters.iter().map(|letter| {
        let retrying = if letter.retrying {
            " (waits for the next run)"
        } else {
            ""
        };
        vec![
            letter.id.to_string(),
            letter.pipeline.to_string(),
            letter.sink.as_deref().unwrap_or("–").to_owned(),
            letter.key.to_string(),
            time(letter.time),
            letter.attempts.to_string(),
            at(letter),
            format!("{}{retrying}", letter.reason),
        ]
    });
    let header = [
        "id", "pipeline", "sink", "key", "time", "tries", "line", "reason",
    ];
    output.result(&table(&header, rows));
    output.say(&format!(
        "{}; `flowline dead-letters show ID` shows one whole, `retry ID` tries it again",
        dead_letters(letters.len() as u64)
    ));
    Exit::Done
}

/// What `list` gives of one.
fn to_json(letter: &DeadLetter) -> Json {
    json!({
        "id": letter.id,
        "pipeline": &*letter.pipeline,
        "sink": letter.sink.as_deref(),
        "key": &*letter.key,
        "class": letter.class,
        "reason": letter.reason,
        "at": letter.at,
        "time": time(letter.time),
        "attempts": letter.attempts,
    })
}

fn show(letter: &DeadLetter, output: &Output) -> Exit {
    // JSON of any depth; what cannot be read as a tree stays text.
    let payload = letter.payload.to_json();
    let payload: Json = serde_json::from_str(&payload).unwrap_or(Json::String(payload));
    if output.json() {
        let mut members = to_json(letter);
        if let Json::Object(members) = &mut members {
            members.insert("record".into(), Json::from(&*letter.record));
            members.insert("retrying".into(), letter.retrying.into());
            members.insert("payload".into(), payload);
        }
        return output.result_json(&members);
    }
    let mut lines = vec![
        format!("dead letter {}", letter.id),
        format!("  pipeline  {}", letter.pipeline),
    ];
    if let Some(sink) = &letter.sink {
        lines.push(format!("  sink      {sink}"));
    }
    lines.push(format!("  key       {}", letter.key));
    lines.push(format!("  record    {}", letter.record));
    lines.push(format!("  class     {}", letter.class));
    lines.push(format!("  reason    {}", letter.reason));
    if letter.at.is_some() {
        lines.push(format!("  line      {}", at(letter)));
    }
    lines.push(format!("  time      {}", time(letter.time)));
    lines.push(format!("  tries     {}", letter.attempts));
    if letter.retrying {
        lines.push("  waits for the next run".to_owned());
    }
    let held = match &payload {
        Json::Null => "nothing: it could not be read".to_owned(),
        held => serde_json::to_string_pretty(held).unwrap_or_default(),
    };
    lines.push(format!(
        "  holds     {}",
        held.replace('\n', "\n            ")
    ));
    output.result(&lines.join("\n"));
    Exit::Done
}
