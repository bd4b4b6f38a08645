//! `flowline.yaml` as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Connection, Keyed, Members, Written};
use crate::diagnostic::Spanned;

/// A project: connections, variables, state and server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The version of the language that the project is written in: 1.
    #[schemars(schema_with = "super::form::version")]
    pub flowline: Spanned<u64>,
    /// The services, by the name that pipelines use.
    #[serde(default)]
    pub connections: Members<Keyed<Connection>>,
    /// Variables, used as `${var:NAME}`: scalars, lists or maps.
    #[serde(default)]
    pub vars: Members<Written>,
    /// What `--env NAME` lays over the rest: maps member by member, all else whole.
    #[serde(default)]
    pub environments: Members<Environment>,
    /// Where cursors, the ledger and the outbox are kept.
    pub state: Option<Keyed<State>>,
    /// The server of `flowline serve`.
    pub server: Option<Server>,
}

/// What an environment lays over the rest of the project.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Members of connections that differ here.
    #[serde(default)]
    #[schemars(schema_with = "super::form::map")]
    pub connections: Option<Written>,
    /// Values of variables that differ here; each must be in the project's `vars`.
    #[serde(default)]
    pub vars: Members<Written>,
    /// Where the state is kept here.
    #[serde(default)]
    #[schemars(schema_with = "super::form::map")]
    pub state: Option<Written>,
    /// The server here.
    #[serde(default)]
    #[schemars(schema_with = "super::form::map")]
    pub server: Option<Written>,
}

/// Where the state is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum State {
    /// A file on this machine.
    Sqlite(Sqlite),
    /// A PostgreSQL database.
    Postgres(Postgres),
}

/// The state in a file on this machine.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sqlite {
    /// The file, relative to the project; default `.flowline/state.db`.
    pub path: Option<Spanned<String>>,
}

/// The state in a PostgreSQL database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub url: Spanned<String>,
}

/// The server of `flowline serve`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on; default `127.0.0.1:8080`.
    pub listen: Option<Spanned<String>>,
    /// The URL under which the services reach it.
    pub public_url: Option<Spanned<String>>,
    /// How long what is in flight may take to settle once it is told to stop; default `20 seconds`.
    pub grace: Option<Spanned<String>>,
}
