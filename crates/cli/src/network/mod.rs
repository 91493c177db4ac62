//! What commands on a network need besides the world: configuration, wallet, client.

mod config;
mod failure;
mod progress;
mod session;
mod tuning;

pub use self::config::NetworkArgs;
pub(crate) use self::{
    progress::phases,
    session::{Session, aside, run},
};
