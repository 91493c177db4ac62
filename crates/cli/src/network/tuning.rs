//! `communication_config` of the client's configuration file (`docs/spec/client.md` §8): what of it
//! this client can be told, and what it does in its own way.

use std::time::Duration;

use floe_client::ClientConfig;
use floe_contracts::RpcOptions;
use serde::Deserialize;
use serde_yaml_ng::Value;

/// Keys of things that this client does in its own way, each with what it does instead.
const UNUSED: &[(&str, &str)] = &[
    (
        "max_concurrent_status_reads",
        "all nodes are asked for a status at once",
    ),
    (
        "max_concurrent_metadata_reads",
        "metadata is asked for until one node answers",
    ),
    ("disable_proxy", "proxies are never used"),
    (
        "disable_native_certs",
        "nodes are known by their keys on chain, not by certificates",
    ),
    (
        "data_in_flight_auto_tune",
        "the data in flight follows the speed of each node",
    ),
    (
        "pending_uploads_enabled",
        "uploads begin after the registration",
    ),
    (
        "pending_upload_grace_millis",
        "uploads begin after the registration",
    ),
    (
        "optimistic_upload_max_blob_bytes",
        "uploads begin after the registration",
    ),
    (
        "confirmation_long_poll_millis",
        "nodes confirm as soon as they have everything",
    ),
    (
        "registration_delay_millis",
        "nodes wait for the registration, the client need not",
    ),
    (
        "max_total_blob_size",
        "blobs of any size are stored in bounded memory",
    ),
    (
        "checkpoint_wait_timeout_millis",
        "a transaction has run when the full node says so",
    ),
];
/// Sections of the file that are all of that kind.
const UNUSED_SECTIONS: &[&str] = &[
    "refresh_config",
    "quilt_client_config",
    "byte_range_read_client_config",
    "streaming_config",
];

/// How the configuration file wants nodes and the chain to be spoken to.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Communication {
    upload_mode: Option<UploadMode>,
    max_concurrent_writes: Option<usize>,
    max_data_in_flight: Option<u64>,
    max_concurrent_sliver_reads: Option<usize>,
    reqwest_config: Option<Requests>,
    request_rate_config: Option<Rate>,
    sliver_write_extra_time: Option<ExtraTime>,
    sliver_status_check_threshold: Option<u64>,
    tail_handling: Option<Tail>,
    committee_change_backoff: Option<Backoff>,
    sui_client_request_timeout_millis: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UploadMode {
    Conservative,
    Balanced,
    Aggressive,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Requests {
    total_timeout_millis: Option<u64>,
    pool_idle_timeout_millis: Option<u64>,
    // Connections that die are noticed by the silence of the requests on them.
    #[serde(rename = "http2_keep_alive_timeout_millis")]
    _keep_alive_timeout: Option<u64>,
    #[serde(rename = "http2_keep_alive_interval_millis")]
    _keep_alive_interval: Option<u64>,
    #[serde(rename = "http2_keep_alive_while_idle")]
    _keep_alive_while_idle: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rate {
    max_node_connections: Option<usize>,
    backoff_config: Option<Backoff>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Backoff {
    #[serde(alias = "min_backoff_millis")]
    min_backoff: Option<u64>,
    #[serde(alias = "max_backoff_millis")]
    max_backoff: Option<u64>,
    max_retries: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExtraTime {
    factor: Option<f64>,
    base_millis: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tail {
    Blocking,
    Detached,
}

/// What a configuration file says about how to go about things.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tuning {
    wanted: Communication,
    /// What the file says that has no effect, in words.
    pub(super) remarks: Vec<String>,
}

impl Tuning {
    /// Reads what the section of a context says.
    ///
    /// # Errors
    /// A key that nobody knows, or a value that can't be.
    pub(super) fn of(section: &Value) -> Result<Self, String> {
        let mut remarks = Vec::new();
        for name in UNUSED_SECTIONS
            .iter()
            .filter(|name| section.get(**name).is_some())
        {
            remarks.push(format!("{name} has no effect"));
        }
        let mut wanted = section
            .get("communication_config")
            .cloned()
            .unwrap_or_default();
        if let Some(keys) = wanted.as_mapping_mut() {
            for (key, instead) in UNUSED {
                if keys.remove(*key).is_some() {
                    remarks.push(format!(
                        "communication_config.{key} has no effect: {instead}"
                    ));
                }
            }
        }
        let wanted = match wanted {
            Value::Null => Communication::default(),
            wanted => serde_yaml_ng::from_value(wanted)
                .map_err(|error| format!("communication_config: {error}"))?,
        };
        wanted.check()?;
        Ok(Self { wanted, remarks })
    }

    /// Whether slow nodes are left alone when a blob is stored, instead of being served to the end.
    pub(super) const fn leaves_slow_nodes(&self) -> bool {
        matches!(self.wanted.tail_handling, Some(Tail::Detached))
    }

    /// How the chain is spoken to.
    pub(super) fn rpc(&self) -> RpcOptions {
        let mut options = RpcOptions::default();
        set(
            &mut options.timeout,
            self.wanted.sui_client_request_timeout_millis.map(millis),
        );
        options
    }

    /// Changes how the client goes about things.
    pub(super) fn apply(&self, config: &mut ClientConfig) {
        let wanted = &self.wanted;
        let (requests, bytes) = wanted.upload_limits();
        set(&mut config.upload.requests_max, requests);
        config.in_flight_bytes_max = bytes;
        set(
            &mut config.fetch.requests_max,
            wanted.max_concurrent_sliver_reads,
        );
        set(
            &mut config.upload.status_check_bytes,
            wanted.sliver_status_check_threshold,
        );
        if let Some(requests) = &wanted.reqwest_config {
            set(
                &mut config.node_total_timeout,
                requests.total_timeout_millis.map(millis),
            );
            set(
                &mut config.node_idle_timeout,
                requests.pool_idle_timeout_millis.map(millis),
            );
        }
        if let Some(rate) = &wanted.request_rate_config {
            set(&mut config.node_requests_max, rate.max_node_connections);
            set(
                &mut config.upload.node_requests_max,
                rate.max_node_connections,
            );
            set(
                &mut config.fetch.node_requests_max,
                rate.max_node_connections,
            );
            if let Some(backoff) = &rate.backoff_config {
                set(
                    &mut config.upload.retry_pause,
                    backoff.min_backoff.map(millis),
                );
                set(
                    &mut config.upload.retry_pause_max,
                    backoff.max_backoff.map(millis),
                );
                set(
                    &mut config.fetch.retry_pause,
                    backoff.min_backoff.map(millis),
                );
                let attempts = backoff.max_retries.map(|retries| retries.saturating_add(1));
                set(&mut config.fetch.attempts_max, attempts);
            }
        }
        if let Some(extra) = &wanted.sliver_write_extra_time {
            set(&mut config.upload.tail, extra.base_millis.map(millis));
            set(&mut config.upload.tail_percent, extra.percent());
        }
        let again = wanted.committee_change_backoff.as_ref();
        set(
            &mut config.epoch_retries,
            again.and_then(|backoff| backoff.max_retries),
        );
    }
}

impl Communication {
    fn check(&self) -> Result<(), String> {
        let rate = self.request_rate_config.as_ref();
        for (name, value) in [
            ("max_concurrent_writes", self.max_concurrent_writes),
            (
                "max_concurrent_sliver_reads",
                self.max_concurrent_sliver_reads,
            ),
            (
                "request_rate_config.max_node_connections",
                rate.and_then(|r| r.max_node_connections),
            ),
        ] {
            if value == Some(0) {
                return Err(format!(
                    "communication_config.{name} is 0: nothing would ever be sent"
                ));
            }
        }
        let extra = self.sliver_write_extra_time.as_ref();
        match extra.and_then(|extra| extra.factor) {
            Some(factor) if !(0.0..=1000.0).contains(&factor) => Err(format!(
                "communication_config.sliver_write_extra_time.factor is {factor}, expected 0 to 1000"
            )),
            _ => Ok(()),
        }
    }

    /// Requests and bytes under way in uploads: what is said itself counts more than the mode.
    fn upload_limits(&self) -> (Option<usize>, Option<u64>) {
        let (requests, bytes) = match self.upload_mode {
            None => (None, None),
            Some(UploadMode::Conservative) => (Some(500), Some(12_500_000)),
            Some(UploadMode::Balanced) => (Some(1000), Some(512_000_000)),
            Some(UploadMode::Aggressive) => (Some(2000), Some(1_250_000_000)),
        };
        (
            self.max_concurrent_writes.or(requests),
            self.max_data_in_flight.or(bytes),
        )
    }
}

impl ExtraTime {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be between 0 and 1000"
    )]
    fn percent(&self) -> Option<u32> {
        self.factor.map(|factor| (factor * 100.0).round() as u32)
    }
}

fn set<T>(place: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *place = wanted;
    }
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning(text: &str) -> Result<Tuning, String> {
        Tuning::of(&serde_yaml_ng::from_str(text).unwrap())
    }

    #[test]
    fn what_the_file_says_is_done() {
        let tuning = tuning(
            "communication_config:\n  \
               upload_mode: conservative\n  \
               max_concurrent_writes: 7\n  \
               max_concurrent_sliver_reads: 9\n  \
               reqwest_config: {total_timeout_millis: 1000, http2_keep_alive_while_idle: true}\n  \
               request_rate_config:\n    \
                 max_node_connections: 3\n    \
                 backoff_config: {min_backoff_millis: 20, max_backoff_millis: 40, max_retries: 2}\n  \
               sliver_write_extra_time: {factor: 0.25, base_millis: 100}\n  \
               tail_handling: detached\n  \
               committee_change_backoff: {max_retries: 1}\n  \
               sui_client_request_timeout_millis: 2500\n",
        );
        let tuning = tuning.unwrap();
        assert!(tuning.remarks.is_empty() && tuning.leaves_slow_nodes());
        assert_eq!(tuning.rpc().timeout, millis(2500));
        let mut config = ClientConfig::default();
        tuning.apply(&mut config);
        assert_eq!(
            (config.upload.requests_max, config.in_flight_bytes_max),
            (7, Some(12_500_000))
        );
        assert_eq!(config.fetch.requests_max, 9);
        assert_eq!(config.node_total_timeout, millis(1000));
        assert_eq!(
            config.node_idle_timeout,
            ClientConfig::default().node_idle_timeout
        );
        assert_eq!(
            (config.node_requests_max, config.fetch.node_requests_max),
            (3, 3)
        );
        assert_eq!(
            (config.upload.retry_pause, config.upload.retry_pause_max),
            (millis(20), millis(40))
        );
        assert_eq!((config.fetch.attempts_max, config.epoch_retries), (3, 1));
        assert_eq!(
            (config.upload.tail, config.upload.tail_percent),
            (millis(100), 25)
        );
    }

    #[test]
    fn what_has_no_effect_is_said() {
        let tuning = tuning(
            "communication_config: {disable_proxy: true, registration_delay_millis: 200}\n\
             refresh_config: {refresh_grace_period_secs: 1}\n",
        );
        let remarks = tuning.unwrap().remarks;
        assert_eq!(remarks.len(), 3, "{remarks:?}");
        assert!(remarks[1].contains("proxies are never used"), "{remarks:?}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (text, word) in [
            (
                "communication_config: {max_concurrent_wirtes: 5}",
                "max_concurrent_wirtes",
            ),
            (
                "communication_config: {max_concurrent_writes: 0}",
                "nothing would",
            ),
            (
                "communication_config: {sliver_write_extra_time: {factor: -1.0}}",
                "-1",
            ),
            ("communication_config: {upload_mode: reckless}", "reckless"),
        ] {
            let refused = tuning(text).unwrap_err();
            assert!(refused.contains(word), "{refused}");
        }
        assert_eq!(tuning("n_shards: 5").unwrap(), Tuning::default());
    }
}
