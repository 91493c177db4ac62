//! A blob whose slivers don't fit each other: found out by a node that recovers one, attested by others,
//! marked as invalid on chain, and forgotten.

use std::time::Duration;

use floe_api::BlobStatus;
use floe_client::{Check, ClientError};
use floe_contracts::calls::{BlobFacts, CertificateArgs};
use floe_contracts::{CertifyBlob, NewBlob, NodeInfo, StorageSource};
use floe_core::certificate::CertificateBuilder;
use floe_core::messages::{BlobPersistence, StorageConfirmation};
use floe_core::{
    Axis, BlobMetadata, MemberIndex, RequiredWeight, SliverData, SliverPairIndex, VerifiedMetadata,
};
use floe_encoding::{MemorySlivers, Options as EncodeOptions, RedStuff};
use floe_node_client::NodeClient;

use crate::world::{SHARDS, World};

const FOUND_TIME_MAX: Duration = Duration::from_secs(30);
/// The pair whose primary sliver is not what the metadata says.
const BAD: SliverPairIndex = SliverPairIndex(4);

/// A blob as no honest client makes it: one hash in its metadata is that of other bytes.
struct Blob {
    metadata: VerifiedMetadata,
    slivers: [Vec<SliverData>; 2],
}

impl Blob {
    fn new() -> Self {
        let codec = RedStuff::new(SHARDS).unwrap();
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i % 253) as u8).collect();
        let params = codec.params();
        let sink = MemorySlivers::new(params, params.symbol_size(20_000).unwrap());
        let honest = codec
            .encode(&bytes, &sink, &EncodeOptions::default())
            .unwrap();
        let mut hashes = honest.metadata().hashes().to_vec();
        let bad = BAD.as_usize();
        hashes[bad].primary_hash = hashes[bad].secondary_hash;
        let metadata = BlobMetadata::new(honest.unencoded_length(), hashes);
        Self {
            metadata: VerifiedMetadata::compute(metadata, params).unwrap(),
            slivers: sink.into_slivers(),
        }
    }

    fn sliver(&self, pair: SliverPairIndex, axis: Axis) -> &SliverData {
        let index = self.metadata.params().sliver_of_pair(axis, pair).unwrap();
        let [primary, secondary] = &self.slivers;
        match axis {
            Axis::Primary => &primary[index.as_usize()],
            Axis::Secondary => &secondary[index.as_usize()],
        }
    }

    fn facts(&self) -> BlobFacts {
        BlobFacts {
            blob_id: *self.metadata.blob_id(),
            root_hash: self.metadata.metadata().root_hash().bytes(),
            unencoded_length: self.metadata.unencoded_length(),
            encoding_type: self.metadata.metadata().encoding_type().number(),
            deletable: false,
        }
    }

    /// Brings a node its slivers.
    async fn upload(&self, client: &NodeClient, pairs: &[SliverPairIndex]) {
        let id = self.metadata.blob_id();
        let body = floe_core::wire::to_bcs(self.metadata.metadata()).into();
        client
            .put_metadata(id, body, Default::default())
            .await
            .unwrap();
        for pair in pairs {
            for axis in Axis::BOTH {
                let body = floe_core::wire::to_bcs(self.sliver(*pair, axis)).into();
                let put = client.put_sliver(id, *pair, axis, body, Default::default());
                put.await.unwrap();
            }
        }
    }
}

/// The members of the committee, each with the pairs that it stores of a blob.
async fn members(world: &World, blob: &Blob) -> Vec<(MemberIndex, NodeInfo, Vec<SliverPairIndex>)> {
    let state = world.state().await;
    let current = state.committees.current.as_ref().unwrap();
    let params = blob.metadata.params();
    let pair = |shard| {
        params
            .pair_of_shard(blob.metadata.blob_id(), shard)
            .unwrap()
    };
    let members = current.committee.indexed_members().zip(&*current.nodes);
    let members = members.map(|((index, member), node)| {
        let pairs = member.shards.iter().copied().map(pair).collect();
        (index, node.clone(), pairs)
    });
    members.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inconsistent_blob_is_found_out_and_marked_invalid() {
    let world = World::start().await;
    let blob = Blob::new();
    let id = *blob.metadata.blob_id();
    let new = NewBlob {
        facts: blob.facts(),
        storage: StorageSource::Buy { epochs: 3 },
        attributes: Vec::new(),
        owner: None,
    };
    let registered = world.wallet.register(&[new], None).await.unwrap();

    // The node that would notice at once is away while the others sign.
    let members = members(&world, &blob).await;
    let (victim, others): (Vec<_>, Vec<_>) = members
        .iter()
        .partition(|(_, _, pairs)| pairs.contains(&BAD));
    let victim = world.number(&victim[0].1);
    world.stop_node(victim).await;
    let state = world.state().await;
    let committee = &state.committees.current.as_ref().unwrap().committee;
    let body = StorageConfirmation {
        blob_id: id,
        persistence: BlobPersistence::Permanent,
    };
    let quorum = RequiredWeight::Quorum;
    let mut certificate = CertificateBuilder::new(committee.clone(), quorum, body.clone());
    for (index, node, pairs) in &others {
        let client = world.node(node);
        blob.upload(&client, pairs).await;
        let signed = client.confirmation(&id, &body.persistence, Default::default());
        certificate.add(*index, &signed.await.unwrap()).unwrap();
    }
    let certificate = certificate.build().unwrap();
    let certify = CertifyBlob {
        object: registered.blobs[0].id.0,
        certificate: CertificateArgs::new(&certificate, committee.members().len()).unwrap(),
    };
    world.wallet.certify(&[certify]).await.unwrap();
    let error = world.client.read(id, Check::Strict).await.unwrap_err();
    assert!(matches!(error, ClientError::Inconsistent { .. }), "{error}");

    world.start_node(victim).await;
    let clock = &world.env.clock;
    let give_up = clock.monotonic().after(FOUND_TIME_MAX);
    for (_, node, pairs) in &members {
        let client = world.node(node);
        while !matches!(
            client.blob_status(&id).await.unwrap(),
            BlobStatus::Invalid { .. }
        ) {
            assert!(
                clock.monotonic() < give_up,
                "{} knows of nothing",
                node.name
            );
            clock.sleep(Duration::from_millis(20)).await;
        }
        let error = client
            .metadata(&id, blob.metadata.params())
            .await
            .unwrap_err();
        assert!(error.is_not_found(), "{error}");
        let sliver = client
            .sliver(&blob.metadata, pairs[0], Axis::Secondary)
            .await;
        assert!(sliver.unwrap_err().is_not_found());
    }
    let error = world.client.read(id, Check::Default).await.unwrap_err();
    assert!(matches!(error, ClientError::Invalid { .. }), "{error}");
    world.network.stop().await;
}
