//! How nodes are.

use std::{sync::Arc, time::Duration};

use floe_api::{Health, query::HealthQuery};
use floe_contracts::NodeInfo;
use floe_env::BoxFuture;
use futures::{StreamExt as _, stream};

use crate::{client::Client, nodes::describe};

/// What a node said of its health, or why it said nothing.
pub type NodeHealthOutcome = Result<Health, String>;

/// The health of a node.
#[derive(Debug, Clone)]
pub struct NodeHealth {
    /// The node.
    pub node: NodeInfo,
    /// How it is.
    pub health: NodeHealthOutcome,
}

impl Client {
    /// Asks nodes how they are, `concurrent` at a time, each for at most `limit`. In the order given.
    pub fn health(
        &self,
        nodes: Vec<NodeInfo>,
        detailed: bool,
        concurrent: usize,
        limit: Duration,
    ) -> BoxFuture<'_, Vec<NodeHealth>> {
        Box::pin(async move {
            let query = HealthQuery { detailed };
            let asked = nodes.into_iter().map(|node| {
                let client = self.0.nodes.client(&node);
                let clock = Arc::clone(&self.0.env.clock);
                async move {
                    let health = match client {
                        Err(reason) => Err(reason),
                        Ok(client) => match clock.timeout(limit, client.health(query)).await {
                            Ok(outcome) => outcome.map_err(|error| describe(&error)),
                            Err(elapsed) => Err(format!("no answer after {:?}", elapsed.limit)),
                        },
                    };
                    NodeHealth { node, health }
                }
            });
            stream::iter(asked)
                .buffered(concurrent.max(1))
                .collect()
                .await
        })
    }
}
