//! One request, end to end. `serve` is the life of a client connection, `plan` decides, `exchange` carries.

pub mod account;
mod attempt;
mod client;
mod exchange;
pub mod plan;
mod reply;
mod respond;
pub mod serve;
mod tunnel;
pub mod worker;
