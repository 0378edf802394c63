//! One request, end to end. `serve` is the life of a client connection, `plan` decides, `exchange` carries.

pub mod account;
mod ask;
mod attempt;
pub mod bodies;
pub(crate) mod choice;
mod client;
pub(crate) mod cover;
mod exchange;
pub mod inquire;
mod intake;
mod introduce;
mod judge;
mod keeping;
pub mod mirror;
pub mod order;
pub mod peer;
pub mod plan;
mod reply;
mod respond;
mod retry;
pub mod room;
pub mod serve;
pub mod shared;
mod trailing;
mod tunnel;
mod upload;
pub mod worker;
