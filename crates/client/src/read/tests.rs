//! Reads from nodes of all kinds, over HTTP in memory, on virtual time.

use std::{sync::Arc, time::Duration};

use floe_core::{Axis, SliverIndex};
use floe_encoding::Check;
use tokio::time::Instant;

use super::{BlobStream, OpenBlob};
use crate::{
    ClientError, NoProgress,
    compute::MemoryBlob,
    testing::{Kind, Network},
};

fn blob(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i * 31 + i / 251).to_le_bytes()[0])
        .collect()
}

/// Nodes: some good ones, then `others`.
fn kinds(good: usize, others: &[Kind]) -> Vec<Kind> {
    [&vec![Kind::Good; good][..], others].concat()
}

struct Reading {
    network: Network,
    opened: OpenBlob,
    blob: Vec<u8>,
}

impl Reading {
    async fn new(kinds: &[Kind], length: usize) -> Result<Self, ClientError> {
        let blob = blob(length);
        let (network, metadata) = Network::new(kinds, Some(&blob));
        let metadata = metadata.unwrap();
        let client = network.client.clone();
        let id = *metadata.blob_id();
        let found = client
            .fetch_metadata(&network.shards, id, &network.codec)
            .await?;
        assert_eq!(found, metadata);
        let opened = network.opened(metadata);
        Ok(Self {
            network,
            opened,
            blob,
        })
    }

    async fn whole(&self, check: Check) -> Result<Vec<u8>, ClientError> {
        let output = Arc::new(MemoryBlob::new(self.blob.len()));
        let shards = &self.network.shards;
        self.opened
            .read_whole(shards, Arc::clone(&output) as _, check, &NoProgress)
            .await?;
        Ok(output.take())
    }

    async fn range(&self, start: u64, end: u64) -> Result<Vec<u8>, ClientError> {
        let shards = self.network.shards.clone();
        let mut stream = BlobStream::new(&self.opened, shards, start..end);
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

const LENGTHS: [usize; 5] = [0, 1, 777, 30_000, 500_000];

#[tokio::test(start_paused = true)]
async fn blobs_come_back_from_healthy_nodes() {
    for length in LENGTHS {
        let reading = Reading::new(&kinds(7, &[]), length).await.unwrap();
        for check in [Check::Default, Check::Strict, Check::Skip] {
            assert_eq!(reading.whole(check).await.unwrap(), reading.blob);
        }
        assert_eq!(reading.range(0, length as u64).await.unwrap(), reading.blob);
    }
}

#[tokio::test(start_paused = true)]
async fn a_third_of_the_nodes_may_be_silent_down_lying_or_empty() {
    for kind in [Kind::Silent, Kind::Down, Kind::Lying, Kind::Empty] {
        for length in LENGTHS {
            let started = Instant::now();
            let reading = Reading::new(&kinds(5, &[kind; 2]), length).await.unwrap();
            assert_eq!(
                reading.whole(Check::Strict).await.unwrap(),
                reading.blob,
                "{kind:?}"
            );
            let took = started.elapsed();
            assert!(took < Duration::from_secs(1), "{kind:?} {length}: {took:?}");
            let started = Instant::now();
            let range = reading.range(0, length as u64).await.unwrap();
            assert_eq!(range, reading.blob, "{kind:?}");
            let took = started.elapsed();
            assert!(took < Duration::from_secs(1), "{kind:?} {length}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ranges_are_exact() {
    let reading = Reading::new(&kinds(5, &[Kind::Silent, Kind::Lying]), 30_000)
        .await
        .unwrap();
    for (start, end) in [
        (0, 1),
        (29_999, 30_000),
        (5_000, 5_001),
        (100, 29_900),
        (7_000, 14_000),
    ] {
        let range = reading.range(start, end).await.unwrap();
        let (start, end) = (
            usize::try_from(start).unwrap(),
            usize::try_from(end).unwrap(),
        );
        assert_eq!(range, reading.blob[start..end]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_thirds_may_be_gone_once_every_node_has_its_slivers() {
    // n = 14, f = 4: ten shards are enough to be sure, six to decode.
    let gone = [Kind::Down, Kind::Silent, Kind::Down, Kind::Silent];
    let reading = Reading::new(&kinds(3, &gone), 30_000).await.unwrap();
    assert_eq!(reading.whole(Check::Strict).await.unwrap(), reading.blob);
    assert_eq!(reading.range(0, 30_000).await.unwrap(), reading.blob);
}

#[tokio::test(start_paused = true)]
async fn columns_of_quilts_are_recovered_from_symbols() {
    let reading = Reading::new(&kinds(5, &[Kind::Down; 2]), 30_000)
        .await
        .unwrap();
    let healthy = Reading::new(&kinds(7, &[]), 30_000).await.unwrap();
    let k2 = reading
        .opened
        .codec
        .params()
        .source_symbols(Axis::Secondary);
    let all: Vec<_> = (0..k2).map(SliverIndex).collect();
    let axis = Axis::Secondary;
    let columns = reading
        .opened
        .read_slivers_of(&reading.network.shards, axis, &all)
        .await;
    let expected = healthy
        .opened
        .read_slivers_of(&healthy.network.shards, axis, &all)
        .await;
    assert_eq!(columns.unwrap(), expected.unwrap());
}

#[tokio::test(start_paused = true)]
async fn too_many_failures_are_an_error_with_the_reasons() {
    let reading = Reading::new(&kinds(2, &[Kind::Down; 5]), 30_000)
        .await
        .unwrap();
    let error = reading.whole(Check::Default).await.unwrap_err();
    let ClientError::Unavailable { source, nodes, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(
        source.to_string(),
        "4 slivers of the blob were found, 6 needed: 2 missing"
    );
    assert!(!nodes.is_empty() && nodes.iter().all(|node| node.weight == 2));
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_nobody_has_is_not_found() {
    let missing = Reading::new(&kinds(0, &[Kind::Empty; 7]), 100)
        .await
        .err()
        .unwrap();
    assert!(matches!(missing, ClientError::NotFound { .. }), "{missing}");
    let silent = Reading::new(&kinds(0, &[Kind::Silent; 7]), 100)
        .await
        .err()
        .unwrap();
    assert!(
        matches!(silent, ClientError::Unavailable { .. }),
        "{silent}"
    );
}

#[tokio::test(start_paused = true)]
async fn only_lies_are_no_blob() {
    let reading = Reading::new(&kinds(1, &[Kind::Lying; 6]), 5_000)
        .await
        .unwrap();
    let error = reading.whole(Check::Skip).await.unwrap_err();
    assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    assert!(reading.range(0, 5_000).await.is_err());
}
