//! Having it attested, and recorded on chain, that a blob is inconsistent.

use std::sync::Arc;
use std::time::Duration;

use floe_core::certificate::CertificateBuilder;
use floe_core::messages::InvalidBlobId;
use floe_core::{RequiredWeight, TaggedInconsistencyProof, VerifiedMetadata};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::peers::{Peers, failure};

/// How long others have to attest.
const ATTEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Shows the proof to the committee until one correct node at least has signed, and brings the
/// certificate to the chain. Says what came of it; the event that follows does the rest.
pub(crate) async fn report(
    peers: &Arc<Peers>,
    metadata: &VerifiedMetadata,
    proof: Box<TaggedInconsistencyProof>,
) -> String {
    let shared = &peers.shared;
    let view = shared.view();
    // Those who sign are judged by the committee of now, whoever has the slivers.
    let Some(members) = &view.current else {
        return "there is no committee to attest that".into();
    };
    let blob_id = *metadata.blob_id();
    shared.metrics.inconsistent_blobs.inc();
    tracing::error!(%blob_id, "the blob is inconsistent: asking the committee to attest that");
    let committee = Arc::clone(&members.committee);
    let required = RequiredWeight::OneCorrectNode;
    let mut certificate = CertificateBuilder::new(committee, required, InvalidBlobId { blob_id });
    let key = shared.keys.protocol.public_key();
    let mut asked = FuturesUnordered::new();
    for (index, member) in members.committee.indexed_members() {
        if member.public_key == key {
            let signed = shared.cpu(move |shared| shared.sign_invalid(blob_id)).await;
            // Fails only if the epoch changed meanwhile; then others' signatures don't fit either.
            let _ = certificate.add(index, &signed);
            continue;
        }
        let client = peers.client(members, index);
        let proof = &proof;
        asked.push(async move {
            let axis = proof.target_axis();
            let answer = match client {
                Ok(client) => {
                    client
                        .attest_inconsistency(&blob_id, axis, proof.proof())
                        .await
                }
                Err(failure) => return (index, Err(failure)),
            };
            (index, answer.map_err(|error| failure(&error)))
        });
    }
    let collect = async {
        while !certificate.is_complete()
            && let Some((index, answer)) = asked.next().await
        {
            match answer {
                Ok(signed) => {
                    if let Err(error) = certificate.add(index, &signed) {
                        tracing::warn!(%error, "an attestation does not hold");
                    }
                }
                Err(failure) => {
                    tracing::debug!(%index, reason = failure.reason, "a node does not attest");
                }
            }
        }
    };
    // Late ones don't matter: what is there is looked at next.
    let _ = shared.env.clock.timeout(ATTEST_TIMEOUT, collect).await;
    let Some(built) = certificate.build() else {
        return format!(
            "{} shards attest that, which is too few",
            certificate.weight()
        );
    };
    match shared
        .chain
        .invalidate(&built, members.committee.members().len())
    {
        None => "attested; another node with a wallet has to bring that to the chain".into(),
        Some(transaction) => match transaction.await {
            Ok(()) => "brought to the chain".into(),
            Err(error) => format!("attested, and not brought to the chain: {error}"),
        },
    }
}
