//! Runs against a source, stages and a destination in memory, with time that stands still.

mod crashes;
mod ends;
mod fakes;
mod groups;
mod outcomes;

use fakes::{Destination, Rig, Trick, issue};
