//! One request, end to end. `serve` is the life of a client connection, `plan` decides, `exchange` carries.

pub mod account;
mod attempt;
pub mod bodies;
mod client;
mod exchange;
mod intake;
pub mod peer;
pub mod plan;
mod reply;
mod respond;
mod retry;
pub mod room;
pub mod serve;
mod tunnel;
mod upload;
pub mod worker;
