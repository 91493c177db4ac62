//! A blob is uploaded, confirmed, read, recovered, and goes, over HTTP.

mod network;

use floe_api::query::{ConfirmationQuery, RecoverySymbolsQuery, SymbolSelection, UploadQuery};
use floe_api::{BlobStatus, Reason, Stored, UploadOutcome};
use floe_core::messages::{BlobPersistence, Message, StorageConfirmation};
use floe_core::{Axis, Epoch, ObjectId, SliverPairIndex};
use floe_node::{Options, Transport};
use network::{EPOCH, Network, SHARDS};

fn reason(error: &floe_node_client::NodeError) -> (Option<Reason>, Option<u16>) {
    (error.reason(), error.status())
}

#[tokio::test]
async fn what_is_uploaded_is_confirmed_and_read() {
    let network = Network::start(4).await;
    let blob = network.blob(3_000, 1);
    network.register(&blob, 7, false);
    let client = &network.node(0).client;
    let id = blob.id();
    let persistence = BlobPersistence::Permanent;
    // Right after the transaction: the node waits for the event.
    let query = UploadQuery::default();
    let outcome = client.put_metadata(&id, blob.metadata_body(), query).await;
    assert_eq!(outcome.unwrap(), UploadOutcome::Stored);
    let outcome = client.put_metadata(&id, blob.metadata_body(), query).await;
    assert_eq!(outcome.unwrap(), UploadOutcome::AlreadyStored);
    assert_eq!(client.metadata_status(&id).await.unwrap(), Stored::Stored);
    let confirm = || client.confirmation(&id, &persistence, ConfirmationQuery::default());
    let error = confirm().await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MissingSlivers), Some(400)));
    network.upload(0, &blob).await;
    let signed = confirm().await.unwrap();
    let message = Message::new(
        EPOCH,
        StorageConfirmation {
            blob_id: id,
            persistence,
        },
    );
    let key = network.committee.members()[0].public_key;
    signed.verify_expected(&key, &message).unwrap();

    assert_eq!(
        client.metadata(&id, network.codec.params()).await.unwrap(),
        blob.metadata
    );
    for pair in network.pairs(0, &blob) {
        for axis in Axis::BOTH {
            let sliver = client.sliver(&blob.metadata, pair, axis).await.unwrap();
            assert_eq!(&sliver, blob.sliver(pair, axis));
            let status = client.sliver_status(&id, pair, axis).await.unwrap();
            assert_eq!(status, Stored::Stored);
        }
    }
    let status = client.blob_status(&id).await.unwrap();
    assert!(matches!(
        status,
        BlobStatus::Permanent {
            is_certified: false,
            ..
        }
    ));
    network.certify(&blob, 7, false);
    network.caught_up().await;
    let status = client.blob_status(&id).await.unwrap();
    assert!(matches!(
        status,
        BlobStatus::Permanent {
            is_certified: true,
            ..
        }
    ));
    network.end().await;
}

#[tokio::test]
async fn wrong_uploads_are_refused_as_specified() {
    let network = Network::start(4).await;
    let (blob, other) = (network.blob(3_000, 1), network.blob(3_000, 2));
    let client = &network.node(0).client;
    let id = blob.id();
    let put = |body, pending| client.put_metadata(&id, body, UploadQuery { pending });
    let error = put(blob.metadata_body(), false).await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::NotRegistered), Some(400)));
    let error = put(blob.metadata_body(), true).await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::CacheSaturated), Some(400)));
    network.register(&blob, 7, true);
    let error = put(other.metadata_body(), false).await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::InvalidMetadata), Some(400)));
    let error = put(b"nonsense".to_vec().into(), false).await.unwrap_err();
    assert_eq!(
        reason(&error),
        (Some(Reason::InvalidContentType), Some(400))
    );

    let mine = network.pairs(0, &blob);
    let pair = mine[0];
    let sliver =
        |pair, body| client.put_sliver(&id, pair, Axis::Primary, body, UploadQuery::default());
    let error = sliver(pair, blob.sliver_body(pair, Axis::Primary))
        .await
        .unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MetadataNotFound), Some(400)));
    put(blob.metadata_body(), false).await.unwrap();
    let foreign = (0..SHARDS)
        .map(SliverPairIndex)
        .find(|pair| !mine.contains(pair))
        .unwrap();
    let expect = [
        (
            pair,
            blob.sliver_body(foreign, Axis::Primary),
            Reason::SliverIndexMismatch,
        ),
        (
            pair,
            other.sliver_body(pair, Axis::Primary),
            Reason::InvalidSliver,
        ),
        (
            foreign,
            blob.sliver_body(foreign, Axis::Primary),
            Reason::ShardNotAssigned,
        ),
        (
            SliverPairIndex(SHARDS),
            blob.sliver_body(pair, Axis::Primary),
            Reason::IndexOutOfRange,
        ),
        (pair, b"x".to_vec().into(), Reason::InvalidContentType),
    ];
    for (pair, body, expected) in expect {
        let error = sliver(pair, body).await.unwrap_err();
        assert_eq!(reason(&error), (Some(expected), Some(400)));
    }
    let error = client
        .sliver(&blob.metadata, pair, Axis::Primary)
        .await
        .unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::SliverNotFound), Some(404)));
    let error = client
        .sliver(&blob.metadata, foreign, Axis::Primary)
        .await
        .unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::ShardNotAssigned), Some(400)));
    let error = client
        .metadata(&other.id(), network.codec.params())
        .await
        .unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MetadataNotFound), Some(404)));
    assert_eq!(
        client.blob_status(&other.id()).await.unwrap(),
        BlobStatus::Nonexistent
    );
    network.end().await;
}

#[tokio::test]
async fn a_deletable_confirmation_names_an_object_of_that_blob() {
    let network = Network::start(4).await;
    let (blob, other) = (network.blob(500, 1), network.blob(500, 2));
    network.register(&blob, 7, true);
    network.register(&other, 8, true);
    network.upload(0, &blob).await;
    let client = &network.node(0).client;
    let confirm = |object: u8| {
        let persistence = BlobPersistence::Deletable {
            object_id: ObjectId::from_suffix(object),
        };
        let id = blob.id();
        async move {
            client
                .confirmation(&id, &persistence, ConfirmationQuery::default())
                .await
        }
    };
    confirm(7).await.unwrap();
    for wrong in [8, 9] {
        let error = confirm(wrong).await.unwrap_err();
        assert_eq!(reason(&error), (Some(Reason::NotRegistered), Some(400)));
    }
    network.delete(&blob, 7);
    network.caught_up().await;
    let error = confirm(7).await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::NotRegistered), Some(400)));
    network.end().await;
}

#[tokio::test]
async fn a_node_that_missed_an_upload_recovers_it_from_symbols() {
    let mut network = Network::start(5).await;
    let blob = network.blob(60_000, 3);
    network.stop(4).await;
    network.register(&blob, 7, false);
    for node in 0..4 {
        network.upload(node, &blob).await;
    }
    network.certify(&blob, 7, false);
    network.restart(4).await;
    network
        .until("recovery", |network| network.is_complete(4, &blob))
        .await;
    let running = network.node(4);
    for pair in network.pairs(4, &blob) {
        for axis in Axis::BOTH {
            let sliver = running
                .client
                .sliver(&blob.metadata, pair, axis)
                .await
                .unwrap();
            assert_eq!(&sliver, blob.sliver(pair, axis));
        }
    }
    network
        .until("the note to go", |network| {
            network.node(4).handle.store().recoveries_len().unwrap() == 0
        })
        .await;
    // About (k1 + k2) · (s + 33 · ⌈log2 n⌉) bytes per pair: symbols, and never the blob.
    let params = network.codec.params();
    let symbols = u64::from(params.primary_source_symbols() + params.secondary_source_symbols());
    let symbol = blob.metadata.symbol_size().as_usize() as u64 + 33 * 4;
    let pairs = network.pairs(4, &blob).len() as u64;
    let expected = pairs * symbols * symbol;
    let moved = running.handle.metrics().recovery_bytes();
    assert!(
        moved <= expected + expected / 20 && moved >= expected / 2,
        "{moved} of {expected}"
    );
    assert_eq!(running.handle.metrics().slivers_recovered.get(), 2 * pairs);
    network.end().await;
}

#[tokio::test]
async fn what_was_confirmed_survives_a_power_cut() {
    let mut network = Network::start(4).await;
    let blob = network.blob(5_000, 4);
    network.register(&blob, 7, false);
    for seed in 0..4 {
        network.upload(0, &blob).await;
        let client = &network.node(0).client;
        let id = blob.id();
        let confirmed = client.confirmation(
            &id,
            &BlobPersistence::Permanent,
            ConfirmationQuery::default(),
        );
        confirmed.await.unwrap();
        network.cut_power(0, seed).await;
        network.restart(0).await;
        network.caught_up().await;
        assert!(network.is_complete(0, &blob));
        let confirmed = network.node(0).client.confirmation(
            &id,
            &BlobPersistence::Permanent,
            ConfirmationQuery::default(),
        );
        confirmed.await.unwrap();
    }
    network.end().await;
}

#[tokio::test]
async fn what_a_shortened_segment_has_lost_is_not_confirmed() {
    let mut network = Network::start(4).await;
    let blob = network.blob(5_000, 4);
    network.register(&blob, 7, false);
    network.upload(0, &blob).await;
    network.stop(0).await;
    // Metadata and a few slivers are left.
    network.cut_segment(0, 4_000);
    network.restart(0).await;
    let running = network.node(0);
    assert!(running.handle.opened().lost > 0);
    let id = blob.id();
    let confirmed = running.client.confirmation(
        &id,
        &BlobPersistence::Permanent,
        ConfirmationQuery::default(),
    );
    let error = confirmed.await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MissingSlivers), Some(400)));
    for pair in network.pairs(0, &blob) {
        for axis in Axis::BOTH {
            let status = running.client.sliver_status(&id, pair, axis).await.unwrap();
            let sliver = running.client.sliver(&blob.metadata, pair, axis).await;
            assert_eq!(status == Stored::Stored, sliver.is_ok());
        }
    }
    network.end().await;
}

#[tokio::test]
async fn what_a_shortened_segment_has_lost_is_recovered_without_being_asked_for() {
    let mut network = Network::start(4).await;
    let blob = network.blob(5_000, 4);
    network.register(&blob, 7, false);
    for node in 0..4 {
        network.upload(node, &blob).await;
    }
    network.certify(&blob, 7, false);
    network.caught_up().await;
    network.stop(0).await;
    network.cut_segment(0, 4_000);
    network.restart(0).await;
    network
        .until("recovery", |network| network.is_complete(0, &blob))
        .await;
    let id = blob.id();
    let confirmed = network.node(0).client.confirmation(
        &id,
        &BlobPersistence::Permanent,
        ConfirmationQuery::default(),
    );
    confirmed.await.unwrap();
    network.end().await;
}

#[tokio::test]
async fn what_is_lost_while_the_node_runs_is_not_confirmed_and_recovered() {
    let network = Network::start(4).await;
    let blob = network.blob(5_000, 4);
    network.register(&blob, 7, false);
    for node in 0..4 {
        network.upload(node, &blob).await;
    }
    network.certify(&blob, 7, false);
    network.caught_up().await;
    network.cut_segment(0, 4_000);
    let running = network.node(0);
    let id = blob.id();
    let confirm = || {
        running.client.confirmation(
            &id,
            &BlobPersistence::Permanent,
            ConfirmationQuery::default(),
        )
    };
    let error = confirm().await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MissingSlivers), Some(400)));
    network
        .until("recovery", |network| network.is_complete(0, &blob))
        .await;
    confirm().await.unwrap();
    network.end().await;
}

/// Both used to be answered with status 500, for ever, and a recovery that met such a record ended the node.
#[tokio::test]
async fn what_the_disk_cannot_read_is_not_confirmed_and_recovered() {
    let network = Network::start(4).await;
    let blob = network.blob(5_000, 4);
    network.register(&blob, 7, false);
    for node in 0..4 {
        network.upload(node, &blob).await;
    }
    network.certify(&blob, 7, false);
    network.caught_up().await;
    network.spoil_segment(0, 4_000);
    let running = network.node(0);
    let id = blob.id();
    let confirm = || {
        running.client.confirmation(
            &id,
            &BlobPersistence::Permanent,
            ConfirmationQuery::default(),
        )
    };
    let error = confirm().await.unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::MissingSlivers), Some(400)));
    let metrics = running.handle.metrics();
    network
        .until("recovery", |_| metrics.blobs_recovered.get() == 1)
        .await;
    confirm().await.unwrap();
    for pair in network.pairs(0, &blob) {
        for axis in Axis::BOTH {
            let sliver = running.client.sliver(&blob.metadata, pair, axis).await;
            assert_eq!(&sliver.unwrap(), blob.sliver(pair, axis));
        }
    }
    network.end().await;
}

#[tokio::test]
async fn expired_and_deleted_blobs_go() {
    let network = Network::start(4).await;
    let (permanent, deletable) = (network.blob(500, 1), network.blob(500, 2));
    network.register(&permanent, 7, false);
    network.register(&deletable, 8, true);
    network.upload(0, &permanent).await;
    network.upload(0, &deletable).await;
    network.certify(&permanent, 7, false);
    network.certify(&deletable, 8, true);
    network.delete(&deletable, 8);
    network.next_epoch(Epoch(EPOCH.0 + 1));
    network.caught_up().await;
    assert!(
        !network.is_complete(0, &deletable),
        "collected with the epoch"
    );
    assert!(network.is_complete(0, &permanent));
    network.next_epoch(Epoch(EPOCH.0 + 2));
    network.caught_up().await;
    assert!(!network.is_complete(0, &permanent));
    let client = &network.node(0).client;
    let error = client
        .metadata(&permanent.id(), network.codec.params())
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(network.node(0).handle.store().usage().unwrap().records, 0);
    network.end().await;
}

#[tokio::test]
async fn symbols_are_given_as_asked_for() {
    let network = Network::start(5).await;
    let blob = network.blob(3_000, 5);
    network.register(&blob, 7, false);
    network.upload(0, &blob).await;
    let client = &network.node(0).client;
    let target = floe_core::SliverIndex(4);
    let query = RecoverySymbolsQuery {
        selection: SymbolSelection::Target {
            axis: Axis::Primary,
            index: target,
        },
        proof_axis: Some(Axis::Secondary),
    };
    let symbols = client
        .recovery_symbols(&blob.metadata, &query)
        .await
        .unwrap();
    assert_eq!(symbols.len(), network.pairs(0, &blob).len());
    for symbol in &symbols {
        assert_eq!(symbol.target_axis(), Axis::Primary);
    }
    let checked =
        network
            .codec
            .check_general_symbols(&blob.metadata, Axis::Primary, target, symbols);
    for symbol in checked {
        symbol.unwrap();
    }
    let error = client
        .recovery_symbols(
            &blob.metadata,
            &RecoverySymbolsQuery {
                selection: SymbolSelection::Target {
                    axis: Axis::Primary,
                    index: floe_core::SliverIndex(SHARDS),
                },
                proof_axis: None,
            },
        )
        .await
        .unwrap_err();
    assert_eq!(reason(&error), (Some(Reason::IndexOutOfRange), Some(400)));
    let query = floe_api::query::DecodingSymbolsQuery {
        target_axis: Axis::Secondary,
        targets: vec![floe_core::SliverIndex(1), floe_core::SliverIndex(0)],
    };
    let symbols = client
        .decoding_symbols(&blob.metadata, &query)
        .await
        .unwrap();
    assert_eq!(symbols.len(), 2);
    network.end().await;
}

#[tokio::test]
async fn nodes_speak_tls_with_the_key_on_chain() {
    let mut options = Options::devnet("tls".into());
    options.storage.reserve_bytes = 0;
    options.transport = Transport::SelfSigned {
        public_host: "127.0.0.1".into(),
    };
    let network = Network::with(4, options).await;
    let health = network
        .node(0)
        .client
        .health(Default::default())
        .await
        .unwrap();
    assert_eq!(health.public_key, network.committee.members()[0].public_key);
    assert_eq!(health.epoch, EPOCH);
    // Another node's key is another node.
    let wrong = network
        .node(1)
        .handle
        .address()
        .to_string()
        .parse()
        .unwrap();
    let key = floe_core::keys::NetworkSecretKey::from_bytes(&[1; 32])
        .unwrap()
        .public_key();
    let client = floe_node_client::NodeClient::new(
        &network.env_of(0),
        wrong,
        floe_node_client::Security::Pinned(key),
        Default::default(),
    );
    client
        .unwrap()
        .health(Default::default())
        .await
        .unwrap_err();
    network.end().await;
}
