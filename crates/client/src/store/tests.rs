//! Uploads to nodes of all kinds, over HTTP in memory, on virtual time.

use std::{sync::Arc, time::Duration};

use floe_api::Route;
use floe_core::{
    Axis, RequiredWeight,
    certificate::Certificate,
    messages::{BlobPersistence, StorageConfirmation},
};
use floe_node_client::metadata_body;
use tokio::time::Instant;

use super::{BlobStoreResult, encode::Encoded};
use crate::{
    ClientError, NoProgress, Progress,
    testing::{EPOCH, Kind, Network, encoded},
};

struct Uploading {
    network: Network,
    encoded: Encoded,
}

impl Uploading {
    fn new(good: usize, others: &[Kind], length: usize) -> Self {
        let kinds = [&vec![Kind::Good; good][..], others].concat();
        let (network, _) = Network::new(&kinds, None);
        let blob: Vec<u8> = (0..length).map(|i| (i * 7).to_le_bytes()[0]).collect();
        let (metadata, slivers) = encoded(&network.codec, &blob);
        let encoded = Encoded {
            metadata_body: metadata_body(&metadata),
            metadata: Arc::new(metadata),
            slivers: Arc::new(slivers),
        };
        Self { network, encoded }
    }

    async fn upload(&self) -> Result<Certificate, ClientError> {
        let progress: Arc<dyn Progress> = Arc::new(NoProgress);
        let (client, shards) = (&self.network.client, &self.network.shards);
        let persistence = BlobPersistence::Permanent;
        client
            .upload(&self.encoded, shards, persistence, 0, &progress)
            .await
    }

    fn verify(&self, certificate: &Certificate) {
        let committee = &self.network.shards.committee;
        let required = RequiredWeight::Quorum;
        let message = certificate
            .verify::<StorageConfirmation>(committee, required)
            .unwrap();
        assert_eq!(message.epoch, EPOCH);
        assert_eq!(message.body.blob_id, *self.encoded.metadata.blob_id());
    }

    fn slivers_sent_bytes(&self) -> u64 {
        self.network.client.metrics().sent_bytes(Route::PutSliver)
    }
}

#[tokio::test(start_paused = true)]
async fn every_node_gets_its_slivers_as_they_were_encoded() {
    for length in [0, 1, 5_000, 200_000] {
        let uploading = Uploading::new(7, &[], length);
        uploading.verify(&uploading.upload().await.unwrap());
        uploading
            .network
            .client
            .finish(Duration::from_secs(60))
            .await;
        let params = uploading.network.codec.params();
        for (stored, member) in uploading
            .network
            .stored
            .iter()
            .zip(uploading.network.shards.committee.members())
        {
            let stored = stored.lock().unwrap();
            assert_eq!(stored.slivers.len(), 4);
            for shard in &member.shards {
                let id = uploading.encoded.metadata.blob_id();
                let pair = params.pair_of_shard(id, *shard).unwrap();
                for axis in Axis::BOTH {
                    let sliver = &stored.slivers[&(pair.get(), axis)];
                    let mut expected = vec![0; sliver.len()];
                    let index = params.sliver_of_pair(axis, pair).unwrap();
                    uploading
                        .encoded
                        .slivers
                        .read(axis, index, 0, &mut expected)
                        .unwrap();
                    assert_eq!(*sliver, expected);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_the_nodes_may_be_silent_or_down_at_no_cost() {
    for kind in [Kind::Silent, Kind::Down] {
        let uploading = Uploading::new(5, &[kind; 2], 200_000);
        let started = Instant::now();
        uploading.verify(&uploading.upload().await.unwrap());
        let took = started.elapsed();
        assert!(took < Duration::from_millis(200), "{kind:?} {took:?}");
        uploading
            .network
            .client
            .finish(Duration::from_secs(60))
            .await;
        let took = started.elapsed();
        assert!(took < Duration::from_secs(1), "{kind:?} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nodes_have_is_not_sent_again() {
    let uploading = Uploading::new(7, &[], 200_000);
    uploading.upload().await.unwrap();
    uploading
        .network
        .client
        .finish(Duration::from_secs(60))
        .await;
    let before = uploading.slivers_sent_bytes();
    let slivers = uploading
        .network
        .codec
        .params()
        .slivers_len(200_000)
        .unwrap();
    assert!(before >= slivers, "{before} of {slivers}");
    uploading.verify(&uploading.upload().await.unwrap());
    assert_eq!(uploading.slivers_sent_bytes(), before);
}

#[tokio::test(start_paused = true)]
async fn confirmations_of_another_epoch_do_not_count() {
    let uploading = Uploading::new(4, &[Kind::Lying; 3], 1000);
    let error = uploading.upload().await.unwrap_err();
    let ClientError::NotConfirmed { source, nodes } = &error else {
        panic!("{error}");
    };
    assert!(source.is_epoch_change());
    assert!(
        nodes.iter().any(|node| node.reason.contains("epoch 4")),
        "{nodes:?}"
    );
    assert!(error.may_be_epoch_change());
}

/// It took a minute, and the reasons were not told.
#[tokio::test(start_paused = true)]
async fn nodes_without_room_are_told_by_name_and_soon() {
    let uploading = Uploading::new(4, &[Kind::Full; 3], 1000);
    let started = Instant::now();
    let error = uploading.upload().await.unwrap_err();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
    let result = BlobStoreResult::failed(None, "uploading", &error);
    let BlobStoreResult::Error { error_msg, .. } = result else {
        panic!("{result:?}");
    };
    assert!(
        error_msg.contains("8 of 14 shards confirmed"),
        "{error_msg}"
    );
    for node in error.nodes() {
        assert!(error_msg.contains(&node.name), "{error_msg}");
    }
    let told = error_msg.matches("the node can't store more now").count();
    assert_eq!(told, 3, "{error_msg}");
}
