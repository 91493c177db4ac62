//! The beginning of a chain: what an operator writes down, the keys that are made for it, and the
//! first state that follows from both.

mod build;
mod file;
mod keys;
mod network;
mod span;

pub use self::{
    build::{Chain, start_chain},
    file::{AccountEntry, ExchangeEntry, GenesisFile, GenesisFileError, NodeEntry, NodeKeysEntry},
    keys::{ChainKeys, NodeKeys, Wallet},
    network::{Network, env_lines, write_env_file},
    span::{Span, SpanError},
};
