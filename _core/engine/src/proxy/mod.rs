//! One request, end to end. `serve` is the life of a client connection, `plan` decides, `exchange` carries.

pub mod account;
mod exchange;
mod plan;
mod reply;
pub mod serve;
mod tunnel;
pub mod worker;
