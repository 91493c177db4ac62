//! What the nodes know about a blob, as far as it can be believed (`docs/spec/client.md` §4.1).

use std::{sync::Arc, time::Duration};

use floe_api::BlobStatus;
use floe_contracts::{NetworkState, ShardMap, events::nth_event};
use floe_core::{BlobId, EventId, onchain::events::ContractEvent};
use floe_env::BoxFuture;
use floe_node_client::Moved;
use floe_protocol::{Fault, Survey, SurveyError, SurveyOptions};

use crate::{
    client::Client,
    drive::{Next, Requests},
    error::{ClientError, named},
    nodes::failure,
};

/// What the nodes know about a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// The latest status that can be believed.
    pub status: BlobStatus,
    /// Shards of the nodes that say so; few if an event on chain proves it.
    pub weight: u16,
    /// All shards.
    pub n_shards: u16,
}

impl Client {
    /// The status of a blob: what more than `f` shards stand behind, or an event on chain proves.
    /// Waits at most `limit` for a quorum; then it is enough that more than `f` say the same.
    ///
    /// # Errors
    /// [`ClientError::NodesDown`] if too few answer, [`ClientError::Blocked`] if they block it, others
    /// if the chain can't be read.
    pub fn blob_status(
        &self,
        blob_id: BlobId,
        limit: Duration,
    ) -> BoxFuture<'_, Result<StatusReport, ClientError>> {
        Box::pin(async move {
            let state = self.0.contracts.state().await?;
            let shards = state.committees.for_writes()?;
            let (survey, failed) = self
                .survey(shards, blob_id, state.params().quorum(), limit)
                .await;
            let Some(error) = failed else {
                return self.believed(&state, shards, blob_id, &survey).await;
            };
            // What so many agree on does not depend on those who are silent.
            let enough = state.params().validity();
            for (status, weight) in survey.answers() {
                if weight >= enough || self.is_proven(&state, &blob_id, &status).await? {
                    return Ok(StatusReport {
                        status,
                        weight,
                        n_shards: shards.committee.n_shards(),
                    });
                }
            }
            Err(refused(&state, shards, blob_id, &survey, error))
        })
    }

    /// Asks all nodes of a committee, until those of `needed` shards have answered.
    pub(crate) async fn survey_status(
        &self,
        state: &NetworkState,
        shards: &ShardMap,
        blob_id: BlobId,
        needed: u16,
        limit: Duration,
    ) -> Result<StatusReport, ClientError> {
        match self.survey(shards, blob_id, needed, limit).await {
            (survey, None) => self.believed(state, shards, blob_id, &survey).await,
            (survey, Some(error)) => Err(refused(state, shards, blob_id, &survey, error)),
        }
    }

    /// The latest status that can be believed, if enough nodes have answered.
    async fn believed(
        &self,
        state: &NetworkState,
        shards: &ShardMap,
        blob_id: BlobId,
        survey: &Survey<BlobStatus>,
    ) -> Result<StatusReport, ClientError> {
        let n_shards = shards.committee.n_shards();
        let enough = state.params().validity();
        for (status, weight) in survey.answers() {
            let nothing = status == BlobStatus::Nonexistent;
            let believed = weight >= enough || nothing;
            if believed || self.is_proven(state, &blob_id, &status).await? {
                return Ok(StatusReport {
                    status,
                    weight,
                    n_shards,
                });
            }
        }
        // No status is believed: whatever there is, nobody can count on it.
        Ok(StatusReport {
            status: BlobStatus::Nonexistent,
            weight: 0,
            n_shards,
        })
    }

    /// The answers, and what is wrong if they are too few.
    async fn survey(
        &self,
        shards: &ShardMap,
        blob_id: BlobId,
        needed: u16,
        limit: Duration,
    ) -> (Survey<BlobStatus>, Option<SurveyError>) {
        let clock = Arc::clone(&self.0.env.clock);
        let mut requests = Requests::new(clock);
        let options = SurveyOptions {
            deadline: limit,
            ..SurveyOptions::new(needed, self.0.env.rng.u64())
        };
        let committee = Arc::clone(&shards.committee);
        let mut survey = Survey::new(committee, options, requests.now());
        let members = self.members(shards);
        loop {
            while let Some((ticket, node)) = survey.poll(requests.now()) {
                match members.get(node) {
                    Err(failure) => survey.on_failure(requests.now(), ticket, failure),
                    Ok(client) => requests.start(ticket, Moved::default(), async move {
                        client.blob_status(&blob_id).await
                    }),
                }
            }
            if let Some(outcome) = survey.outcome(requests.now()) {
                return (survey, outcome.err());
            }
            match requests.next(survey.next_deadline()).await {
                Next::Done(ticket, Ok(status)) => survey.on_answer(ticket, status),
                Next::Done(ticket, Err(error)) => {
                    survey.on_failure(requests.now(), ticket, failure(&error));
                }
                Next::Deadline(_) => {}
            }
        }
    }

    /// Whether an event on chain proves a status.
    async fn is_proven(
        &self,
        state: &NetworkState,
        blob_id: &BlobId,
        status: &BlobStatus,
    ) -> Result<bool, ClientError> {
        let Some(id) = status.event() else {
            return Ok(false);
        };
        let event = self.event(state, id).await?;
        Ok(match (status, event) {
            (BlobStatus::Invalid { .. }, Some(ContractEvent::InvalidBlobID(event))) => {
                event.blob_id == *blob_id
            }
            (
                BlobStatus::Permanent {
                    is_certified: true,
                    end_epoch,
                    ..
                },
                Some(ContractEvent::BlobCertified(event)),
            ) => event.blob_id == *blob_id && event.end_epoch == *end_epoch && !event.deletable,
            (
                BlobStatus::Permanent {
                    is_certified: false,
                    end_epoch,
                    ..
                },
                Some(ContractEvent::BlobRegistered(event)),
            ) => event.blob_id == *blob_id && event.end_epoch == *end_epoch && !event.deletable,
            _ => false,
        })
    }

    async fn event(
        &self,
        state: &NetworkState,
        id: &EventId,
    ) -> Result<Option<ContractEvent>, ClientError> {
        let chain = self.0.contracts.chain();
        let digest = id.tx_digest.0.into();
        let found = chain
            .transaction(digest)
            .await
            .map_err(floe_contracts::ReadError::from)?;
        let packages = state.deployment.event_packages();
        Ok(found.and_then(|found| nth_event(&found.events.0, &packages, id.event_seq)))
    }
}

/// Why too few nodes answered.
fn refused(
    state: &NetworkState,
    shards: &ShardMap,
    blob_id: BlobId,
    survey: &Survey<BlobStatus>,
    source: SurveyError,
) -> ClientError {
    if survey.weight_failed(Fault::Blocked) >= state.params().validity() {
        return ClientError::Blocked { blob_id };
    }
    let nodes = named(shards, &source.failures);
    ClientError::NodesDown { source, nodes }
}
