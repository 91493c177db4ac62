//! A whole Walrus network on one machine: a full node, storage nodes, and epochs that pass by
//! themselves, over real sockets and with the production codecs.
//!
//! A [`Network`] lives in a folder ([`layout`]) and can be started again there. While it runs, other
//! programs steer it through its [`control`] socket.

pub mod control;
mod driver;
pub mod layout;
pub mod logs;
mod network;
mod nodes;
mod steer;

pub use self::{
    driver::{AdvanceError, Driver},
    network::{DevnetError, Network, Options, network_config},
    nodes::NodeFailure,
};
