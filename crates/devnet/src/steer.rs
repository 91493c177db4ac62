//! What a network does when it is asked through its control socket.

use std::fmt::Write as _;
use std::time::Duration;

use floe_env::BoxFuture;
use floe_fullnode::genesis::Span;
use serde_json::{Value, json};

use crate::control::{Controller, Request};
use crate::network::Network;

impl Controller for Network {
    fn carry_out(&self, request: Request) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async move {
            match request {
                Request::Status => self.status().await,
                Request::StopNode { node } => self.stop_node(node).await,
                Request::StartNode { node, new_store } => self.start_node(node, new_store).await,
                Request::Advance { millis } => self.advance(Duration::from_millis(millis)).await,
            }
        })
    }
}

impl Network {
    async fn status(&self) -> Result<Value, String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let state = self
            .contracts()
            .refresh()
            .await
            .map_err(|error| text(&error))?;
        let time = self
            .driver()
            .chain_time()
            .await
            .map_err(|error| text(&error))?;
        Ok(json!({
            "dir": self.dir().display().to_string(),
            "fullNode": format!("http://127.0.0.1:{}", self.record.full_node_port),
            "epoch": state.epoch.0,
            "chainTime": rfc3339(time.0),
            "chainTimeMs": time.0,
            "shards": state.n_shards.get(),
            "nodes": self.nodes().describe(&state).await,
        }))
    }

    async fn stop_node(&self, node: usize) -> Result<Value, String> {
        let name = self.nodes().stop(node).await?;
        Ok(json!({"message": format!("{name} is stopped"), "node": node}))
    }

    async fn start_node(&self, node: usize, new_store: bool) -> Result<Value, String> {
        let (name, put_aside) = self.nodes().start(node, new_store).await?;
        let mut message = format!("{name} is up again");
        if new_store {
            message.push_str(" with a new database, which it fills from the other nodes");
        }
        if let Some(dir) = put_aside {
            let _ = write!(message, "; the old one is in {}", dir.display());
        }
        Ok(json!({"message": message, "node": node}))
    }

    async fn advance(&self, duration: Duration) -> Result<Value, String> {
        let advanced = self.driver().advance(duration).await;
        let (time, epoch) = advanced.map_err(|error| error.to_string())?;
        Ok(json!({
            "message": format!(
                "{} have passed: it is {}, epoch {}",
                Span(duration), rfc3339(time.0), epoch.0
            ),
            "epoch": epoch.0,
            "chainTimeMs": time.0,
        }))
    }
}

/// A time in ms since the Unix epoch as people write it, in UTC.
pub(crate) fn rfc3339(millis: u64) -> String {
    let time = i64::try_from(millis).ok();
    let time = time.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| format!("{millis} ms"), |time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn times_are_written_as_people_do() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_767_225_599_999), "2025-12-31T23:59:59Z");
        assert_eq!(rfc3339(4_107_542_400_000), "2100-03-01T00:00:00Z");
    }
}
