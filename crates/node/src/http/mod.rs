//! HTTP in front of the answers.

mod body;
mod docs;
mod handlers;
mod server;

pub(crate) use handlers::{metrics_routes, routes};
pub(crate) use server::Server;
