//! Buying storage, registering and certifying blobs, and all that can be done with them.

use crate::support::*;
use floe_contracts::{
    Abort, CertifyBlob, NewBlob, StorageSource, TransactionError, calls::CertificateArgs,
};
use floe_core::{Epoch, keys::BlsSignature, onchain::events::ContractEvent};

fn buy(seed: u8, length: u64, epochs: u32) -> NewBlob {
    NewBlob {
        facts: facts(seed, length, true),
        storage: StorageSource::Buy { epochs },
        attributes: vec![],
        owner: None,
    }
}

fn abort<T: std::fmt::Debug>(result: Result<T, TransactionError>) -> Abort {
    let error = result.unwrap_err();
    error.abort().unwrap_or_else(|| panic!("{error}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_are_registered_together_and_paid_exactly() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    let before = wallet.wal_balance().await.unwrap();

    let mut first = buy(1, 1000, 3);
    first.attributes = vec![("name".to_owned(), "söme".to_owned())];
    let mut third = buy(3, 2_000_000, 2);
    third.facts = facts(3, 2_000_000, false);
    third.owner = Some(user(3).address());
    let blobs = [first, buy(2, 0, 3), third];
    let quote = wallet.registration_cost(&blobs).await.unwrap();
    let registered = wallet.register(&blobs, Some(quote)).await.unwrap();

    let units = |bytes: u64| bytes.div_ceil(1 << 20);
    let sizes = [encoded(1000), encoded(0), encoded(2_000_000)];
    let storage = units(sizes[0] + sizes[1]) * 3 + units(sizes[2]) * 2;
    let write: u64 = sizes.iter().map(|size| units(*size)).sum();
    let expected = storage * STORAGE_PRICE + write * WRITE_PRICE;
    assert_eq!((quote, registered.paid_frost), (expected, expected));
    let after = wallet.wal_balance().await.unwrap();
    assert_eq!(before - after, expected);

    for ((blob, asked), size) in registered.blobs.iter().zip(&blobs).zip(sizes) {
        assert_eq!(blob.blob_id, asked.facts.blob_id);
        assert_eq!(blob.storage.storage_size, size);
        assert_eq!(blob.deletable, asked.facts.deletable);
        assert_eq!(blob.certified_epoch, None);
    }
    let contracts = wallet.contracts();
    let mine = contracts.all_blobs(wallet.address()).await.unwrap();
    assert_eq!(mine.len(), 2);
    let given = contracts.all_blobs(user(3).address()).await.unwrap();
    assert_eq!(given[0].value, registered.blobs[2]);
    let attributes = contracts
        .attributes(registered.blobs[0].id.0)
        .await
        .unwrap();
    let attributes = attributes.unwrap().metadata.contents;
    assert_eq!(attributes, [("name".to_owned(), "söme".to_owned())]);

    let error = wallet.register(&[buy(9, 1, 1)], Some(1)).await.unwrap_err();
    assert!(
        error.to_string().contains("at most 1 were to be paid"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_need_a_quorum_of_the_committee() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    let registered = wallet
        .register(&[buy(1, 1000, 3), buy(2, 2000, 3)], None)
        .await
        .unwrap();
    let [one, two] = &registered.blobs[..] else {
        panic!("two blobs");
    };
    let before = wallet.contracts().balances(wallet.address()).await.unwrap();
    let refused = async |certificate: CertificateArgs| {
        let object = one.id.0;
        let blob = CertifyBlob {
            object,
            certificate,
        };
        let abort = abort(wallet.certify(&[blob]).await);
        let name = abort.name().unwrap();
        format!("{}::{}", name.module, name.name)
    };
    let good = network.certificate(one, &[0, 1, 2, 3]).await;

    let short = network.certificate(one, &[0, 1]).await;
    assert_eq!(refused(short).await, "bls_aggregate::ENotEnoughStake");

    // Two have signed, four are named.
    let mut padded = network.certificate(one, &[0, 1]).await;
    padded.signers = good.signers.clone();
    assert_eq!(refused(padded).await, "bls_aggregate::ESigVerification");

    // One has signed four times.
    let mut duplicated = good.clone();
    let signature = bls_key(0).sign(&good.message);
    let four = [&signature; 4];
    duplicated.signature = BlsSignature::aggregate(four).unwrap().to_bytes().to_vec();
    assert_eq!(refused(duplicated).await, "bls_aggregate::ESigVerification");

    let mut forged = good.clone();
    forged.message[10] ^= 1;
    assert_eq!(refused(forged).await, "bls_aggregate::ESigVerification");

    let mut strangers = good.clone();
    strangers.signers = vec![0xff];
    assert_eq!(refused(strangers).await, "bls_aggregate::EInvalidBitmap");

    let other = network.certificate(two, &[0, 1, 2, 3]).await;
    assert_eq!(refused(other).await, "blob::EInvalidBlobId");

    let mut stale = good.clone();
    stale.message = confirmation(one, Epoch(0));
    let signatures: Vec<_> = (0..4)
        .map(|node| bls_key(node).sign(&stale.message))
        .collect();
    stale.signature = BlsSignature::aggregate(&signatures)
        .unwrap()
        .to_bytes()
        .to_vec();
    assert_eq!(refused(stale).await, "messages::EIncorrectEpoch");

    let mut permanent = one.clone();
    permanent.deletable = false;
    let permanent = network.certificate(&permanent, &[0, 1, 2, 3]).await;
    assert_eq!(
        refused(permanent).await,
        "blob::EInvalidBlobPersistenceType"
    );

    let mut elsewhere = one.clone();
    elsewhere.id = two.id;
    let elsewhere = network.certificate(&elsewhere, &[0, 1, 2, 3]).await;
    assert_eq!(refused(elsewhere).await, "blob::EInvalidBlobObject");

    // None of this has cost anything.
    let after = wallet.contracts().balances(wallet.address()).await.unwrap();
    assert_eq!(before, after);

    let certified = wallet
        .certify(&[
            CertifyBlob {
                object: one.id.0,
                certificate: good.clone(),
            },
            CertifyBlob {
                object: two.id.0,
                certificate: network.certificate(two, &[1, 2, 3, 4]).await,
            },
        ])
        .await
        .unwrap();
    let certified: Vec<_> = certified
        .events
        .iter()
        .map(|event| match event {
            ContractEvent::BlobCertified(event) => event.object_id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(certified, [one.id.0, two.id.0]);
    let blob = wallet.contracts().blob(one.id.0).await.unwrap().unwrap();
    assert_eq!(blob.certified_epoch, Some(Epoch(1)));
    assert_eq!(refused(good).await, "blob::EAlreadyCertified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_are_extended_shared_deleted_and_burned() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    let contracts = wallet.contracts().clone();
    let blobs = [buy(1, 1000, 2), buy(2, 1000, 2), buy(3, 1000, 2)];
    let registered = wallet.register(&blobs, None).await.unwrap();
    let [one, two, three] = &registered.blobs[..] else {
        panic!("three blobs");
    };
    assert!(abort(wallet.extend(one.id.0, 1).await).is("blob", "ENotCertified"));
    for blob in [one, two] {
        let object = blob.id.0;
        let certificate = network.certificate(blob, &[0, 1, 2, 3]).await;
        let certify = CertifyBlob {
            object,
            certificate,
        };
        wallet.certify(&[certify]).await.unwrap();
    }
    let before = wallet.wal_balance().await.unwrap();
    wallet.extend(one.id.0, 4).await.unwrap();
    let cost = wallet
        .extension_cost(one.storage.storage_size, 4)
        .await
        .unwrap();
    assert_eq!(before - wallet.wal_balance().await.unwrap(), cost);
    let extended = contracts.blob(one.id.0).await.unwrap().unwrap();
    assert_eq!(extended.storage.end_epoch, Epoch(7));
    let too_far = wallet.extend(one.id.0, 60).await.unwrap_err();
    assert_eq!(
        too_far.to_string(),
        "the blob is kept until epoch 7, and can be until epoch 54: extend it by 1 to 47 epochs, \
         not 60"
    );

    let pairs = [("a", "1"), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    wallet.set_attributes(one.id.0, &pairs).await.unwrap();
    wallet
        .remove_attributes(one.id.0, &["a".to_owned()])
        .await
        .unwrap();
    let attributes = contracts.attributes(one.id.0).await.unwrap().unwrap();
    assert_eq!(attributes.metadata.contents, pairs[1..]);
    let missing = abort(wallet.remove_attributes(one.id.0, &["z".to_owned()]).await);
    assert_eq!(
        missing.name().unwrap().sentence,
        "there is no such attribute"
    );
    wallet.clear_attributes(one.id.0).await.unwrap();
    assert_eq!(contracts.attributes(one.id.0).await.unwrap(), None);

    let (shared, _) = wallet.share(two.id.0, Some(50_000)).await.unwrap();
    wallet.fund_shared(shared, 10_000).await.unwrap();
    let stranger = network.wallet(user(2)).await;
    stranger.extend_shared(shared, 1).await.unwrap();
    let shared = contracts.shared_blob(shared).await.unwrap();
    assert_eq!(shared.blob.storage.end_epoch, Epoch(4));
    let cost = wallet
        .extension_cost(shared.blob.storage.storage_size, 1)
        .await
        .unwrap();
    assert_eq!(shared.funds.value, 60_000 - cost);

    wallet.delete(&[one.id.0]).await.unwrap();
    let storage = contracts.all_storage(wallet.address()).await.unwrap();
    assert_eq!(storage.len(), 1);
    assert_eq!(storage[0].value.id, one.storage.id);
    wallet.burn(&[three.id.0]).await.unwrap();
    assert_eq!(contracts.blob(three.id.0).await.unwrap(), None);
    assert_eq!(contracts.all_blobs(wallet.address()).await.unwrap(), []);

    // What was freed is used again.
    let again = NewBlob {
        storage: StorageSource::Own {
            id: one.storage.id.0,
            end: Some(Epoch(3)),
        },
        ..buy(4, 10, 1)
    };
    let again = wallet.register(&[again], None).await.unwrap();
    assert_eq!(again.blobs[0].storage.end_epoch, Epoch(3));
    // What was cut off it, in bytes and in epochs, is there for others.
    let rests = contracts.all_storage(wallet.address()).await.unwrap();
    let epochs = |rest: &floe_contracts::Owned<floe_core::onchain::blob::Storage>| {
        (rest.value.start_epoch, rest.value.end_epoch)
    };
    let later = (Epoch(3), Epoch(7));
    assert!(rests.iter().any(|rest| epochs(rest) == later), "{rests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_is_bought_cut_and_put_together() {
    let network = Network::start().await;
    let wallet = network.wallet(user(2)).await;
    let contracts = wallet.contracts().clone();
    let before = wallet.wal_balance().await.unwrap();
    let (storage, _) = wallet
        .buy_storage(10 << 20, Epoch(2), Epoch(6))
        .await
        .unwrap();
    assert_eq!(
        (storage.start_epoch, storage.end_epoch),
        (Epoch(2), Epoch(6))
    );
    assert_eq!(
        before - wallet.wal_balance().await.unwrap(),
        10 * 4 * STORAGE_PRICE
    );
    wallet.split_storage(storage.id.0, 3 << 20).await.unwrap();
    wallet
        .split_storage_at(storage.id.0, Epoch(4))
        .await
        .unwrap();
    let mut parts = contracts.all_storage(wallet.address()).await.unwrap();
    parts.sort_by_key(|part| (part.value.storage_size, part.value.start_epoch));
    let shape = |part: &floe_contracts::Owned<floe_core::onchain::blob::Storage>| {
        let part = &part.value;
        (
            part.storage_size >> 20,
            part.start_epoch.0,
            part.end_epoch.0,
        )
    };
    let shapes: Vec<_> = parts.iter().map(shape).collect();
    assert_eq!(shapes, [(3, 2, 4), (3, 4, 6), (7, 2, 6)]);
    let odd = wallet
        .fuse_storage(parts[0].value.id.0, parts[2].value.id.0)
        .await;
    assert!(abort(odd).is("storage_resource", "EIncompatibleEpochs"));
    wallet
        .fuse_storage(parts[0].value.id.0, parts[1].value.id.0)
        .await
        .unwrap();
    wallet
        .fuse_storage(parts[0].value.id.0, parts[2].value.id.0)
        .await
        .unwrap();
    assert_eq!(contracts.storage(storage.id.0).await.unwrap(), storage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_of_storage_hold_many_blobs() {
    let network = Network::start().await;
    let wallet = network.wallet(user(1)).await;
    let contracts = wallet.contracts().clone();
    let state = contracts.state().await.unwrap();
    let size = encoded(1000) * 3;
    let blob = facts(1, 1000, true);
    let cost = state.prices.storage(size, 2).unwrap();
    let executed = wallet
        .run(|calls| {
            let payment = calls.ptb.pay_wal(cost + 10_000);
            let pool = calls.create_storage_pool(size, 2, payment);
            calls.register_pooled_blob(pool, &blob, payment);
            let owner = user(1).address();
            calls.ptb.transfer(vec![pool], owner);
        })
        .await
        .unwrap();
    let Some(ContractEvent::StoragePoolCreated(created)) = executed.events.first() else {
        panic!("{:?}", executed.events);
    };
    let (_, inner) = contracts
        .storage_pool(created.storage_pool_id)
        .await
        .unwrap();
    assert_eq!(
        (inner.blob_count, inner.used_encoded_bytes),
        (1, encoded(1000))
    );
    let pooled = contracts
        .pooled_blob(&inner, blob.blob_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(pooled.unencoded_size, 1000);
    let nothing = contracts
        .pooled_blob(&inner, facts(9, 1, true).blob_id)
        .await
        .unwrap();
    assert_eq!(nothing, None);
}
