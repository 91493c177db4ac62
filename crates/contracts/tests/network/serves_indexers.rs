//! What explorers, indexers and wallets ask a full node (`docs/spec/sui-rpc.md` §6, tiers 2 and 3),
//! with Walrus on it.

use futures::{StreamExt, TryStreamExt};
use sui_crypto::{SuiSigner, ed25519::Ed25519PrivateKey};
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil},
    proto::sui::rpc::v2::{
        self as proto, Bcs, EventFilter, Ordering, QueryEndReason, TransactionFilter,
        filter::{event, transaction},
        get_checkpoint_request::CheckpointId,
    },
};
use sui_sdk_types::PersonalMessage;
use tonic::Code;

use crate::support::*;
use floe_contracts::Wallet;
use floe_core::Epoch;

fn mask(paths: &str) -> Option<FieldMask> {
    Some(FieldMask::from_str(paths))
}

fn client(network: &Network) -> Client {
    Client::new(network.url.clone()).unwrap()
}

/// A type of the contracts' package.
fn walrus(network: &Network, path: &str) -> String {
    format!("{}::{path}", network.walrus.walrus_package)
}

/// Six blobs of user 1, by one transaction each.
async fn registrations(network: &Network) -> (Wallet, Vec<String>) {
    let wallet = network.wallet(user(1)).await;
    let mut digests = Vec::new();
    for seed in 0..6 {
        let blob = floe_contracts::NewBlob {
            facts: facts(seed, 1000, true),
            storage: floe_contracts::StorageSource::Buy { epochs: 1 },
            attributes: Vec::new(),
            owner: None,
        };
        let registered = wallet.register(&[blob], None).await.unwrap();
        digests.push(registered.executed.digest.to_string());
    }
    (wallet, digests)
}

async fn events(
    network: &Network,
    filter: Option<EventFilter>,
    options: proto::QueryOptions,
) -> Vec<proto::ListEventsResponse> {
    let mut request = proto::ListEventsRequest::default();
    request.read_mask = mask("*");
    request.filter = filter;
    request.options = Some(options);
    let mut client = client(network);
    let stream = client.ledger_client().list_events(request).await;
    stream.unwrap().into_inner().try_collect().await.unwrap()
}

fn digests_of(frames: &[proto::ListEventsResponse]) -> Vec<String> {
    let events = frames.iter().filter_map(|frame| frame.event.as_ref());
    events
        .map(|event| event.transaction_digest().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_listed_by_type_module_and_sender_page_by_page() {
    let network = Network::start().await;
    let (wallet, digests) = registrations(&network).await;
    let blob_registered = walrus(&network, "events::BlobRegistered");
    let of_type = EventFilter::matching(event::event_type(&*blob_registered));
    let all = events(&network, Some(of_type.clone()), Default::default()).await;
    assert_eq!(digests_of(&all), digests);
    let first = all[0].event.as_ref().unwrap();
    assert_eq!(first.event_type(), blob_registered);
    // The module that was called.
    assert_eq!(first.module(), "system");
    assert!(first.checkpoint() > 0 && first.json.is_some());
    assert_eq!(
        all.last().unwrap().end.as_ref().unwrap().reason(),
        QueryEndReason::LedgerTip
    );

    // In pages of two, forward and backward, by the cursor of the page before.
    for ordering in [Ordering::Ascending, Ordering::Descending] {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let mut options = proto::QueryOptions::default();
            options.limit = Some(2);
            options.set_ordering(ordering);
            match ordering {
                Ordering::Descending => options.before = cursor.clone(),
                _ => options.after = cursor.clone(),
            }
            let page = events(&network, Some(of_type.clone()), options).await;
            found.extend(digests_of(&page));
            let last = page.last().unwrap();
            cursor = last.watermark().cursor.clone();
            if last.end.as_ref().unwrap().reason() != QueryEndReason::ItemLimit {
                break;
            }
        }
        if ordering == Ordering::Descending {
            found.reverse();
        }
        assert_eq!(found, digests, "{ordering:?}");
    }

    let me = sui_sdk_types::Address::new(wallet.address().0);
    let module = walrus(&network, "system");
    let mine = EventFilter::all([event::sender(me), event::emit_module(&*module)]);
    assert_eq!(
        digests_of(&events(&network, Some(mine), Default::default()).await),
        digests
    );
    let others = EventFilter::all([
        event::event_type(&*blob_registered),
        event::sender(me).negate(),
    ]);
    assert!(digests_of(&events(&network, Some(others), Default::default()).await).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_and_checkpoints_are_listed_by_call_object_and_event() {
    let network = Network::start().await;
    let (_, digests) = registrations(&network).await;
    let call = walrus(&network, "system::register_blob");
    let other = walrus(&network, "system::certify_blob");
    let object = sui_sdk_types::Address::new(network.walrus.system_object.0);
    let event = walrus(&network, "events::BlobRegistered");
    let filters = [
        TransactionFilter::matching(transaction::move_call(&*call)),
        TransactionFilter::all([
            transaction::affected_object(object),
            transaction::event_type(&*event),
            transaction::move_call(&*other).negate(),
        ]),
    ];
    for filter in filters {
        let mut request = proto::ListTransactionsRequest::default();
        request.read_mask = mask("digest");
        request.filter = Some(filter.clone());
        let mut client = client(&network);
        let stream = client.ledger_client().list_transactions(request).await;
        let frames: Vec<_> = stream.unwrap().into_inner().try_collect().await.unwrap();
        let found = frames.iter().filter_map(|frame| frame.transaction.as_ref());
        let found: Vec<_> = found.map(|own| own.digest().to_owned()).collect();
        assert_eq!(found, digests);

        let mut request = proto::ListCheckpointsRequest::default();
        request.read_mask = mask("sequence_number,transactions.digest,transactions.events");
        request.filter = Some(filter);
        let stream = client.ledger_client().list_checkpoints(request).await;
        let frames: Vec<_> = stream.unwrap().into_inner().try_collect().await.unwrap();
        let checkpoints = frames.iter().filter_map(|frame| frame.checkpoint.as_ref());
        let within: Vec<_> = checkpoints
            .flat_map(|checkpoint| &checkpoint.transactions)
            .filter(|own| {
                own.events
                    .as_ref()
                    .is_some_and(|events| !events.events.is_empty())
            })
            .map(|own| own.digest().to_owned())
            .collect();
        assert_eq!(within, digests);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_hear_of_events_and_transactions_as_they_happen() {
    let network = Network::start().await;
    let event_type = walrus(&network, "events::BlobRegistered");
    let mut request = proto::SubscribeEventsRequest::default();
    request.read_mask = mask("transaction_digest,event_type");
    request.filter = Some(EventFilter::matching(event::event_type(&*event_type)));
    let mut client = client(&network);
    let events = client.subscription_client().subscribe_events(request).await;
    let events = events.unwrap().into_inner();
    let mut request = proto::SubscribeTransactionsRequest::default();
    request.read_mask = mask("digest");
    let call = walrus(&network, "system::register_blob");
    request.filter = Some(TransactionFilter::matching(transaction::move_call(&*call)));
    let transactions = client
        .subscription_client()
        .subscribe_transactions(request)
        .await;
    let transactions = transactions.unwrap().into_inner();
    let (_, digests) = registrations(&network).await;
    let heard: Vec<_> = events
        .try_filter_map(async |frame| Ok(frame.event))
        .map(|event| event.unwrap().transaction_digest().to_owned())
        .take(digests.len())
        .collect()
        .await;
    assert_eq!(heard, digests);
    let heard: Vec<_> = transactions
        .try_filter_map(async |frame| Ok(frame.transaction))
        .map(|own| own.unwrap().digest().to_owned())
        .take(digests.len())
        .collect()
        .await;
    assert_eq!(heard, digests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signatures_are_verified_against_message_and_address() {
    let network = Network::start().await;
    let key = Ed25519PrivateKey::new([1; 32]);
    let (me, other) = (user(1).address().to_string(), user(2).address().to_string());
    let text = b"hello".to_vec();
    let signature = key
        .sign_personal_message(&PersonalMessage(text.clone().into()))
        .unwrap();
    let ask = async |name: &str, message: &Vec<u8>, address: Option<&String>| {
        let mut content = Bcs::serialize(message).unwrap();
        content.name = Some(name.to_owned());
        let mut request = proto::VerifySignatureRequest::default();
        request.message = Some(content);
        request.signature = Some(signature.clone().into());
        request.address = address.cloned();
        let mut client = client(&network);
        let answer = client
            .signature_verification_client()
            .verify_signature(request)
            .await;
        answer.map(|answer| answer.into_inner())
    };
    let valid = ask("PersonalMessage", &text, Some(&me)).await.unwrap();
    assert!(valid.is_valid() && valid.reason.is_none());
    assert!(
        ask("PersonalMessage", &text, None)
            .await
            .unwrap()
            .is_valid()
    );
    let foreign = ask("PersonalMessage", &text, Some(&other)).await.unwrap();
    assert!(!foreign.is_valid() && foreign.reason().contains(&other));
    let changed = ask("PersonalMessage", &b"hellO".to_vec(), None)
        .await
        .unwrap();
    assert!(!changed.is_valid() && !changed.reason().is_empty());
    let error = ask("Something", &text, None).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let error = ask("TransactionData", &text, None).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packages_coins_and_fields_are_described() {
    let network = Network::start().await;
    let mut client = client(&network);
    let package = network.walrus.walrus_package.to_string();
    let mut request = proto::ListPackageVersionsRequest::default();
    request.package_id = Some(package.clone());
    let answer = client.package_client().list_package_versions(request).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.versions.len(), 1);
    assert_eq!(answer.versions[0].package_id(), package);
    assert!(answer.next_page_token.is_none());

    let mut request = proto::GetDatatypeRequest::default();
    request.package_id = Some(package.clone());
    request.module_name = Some("staked_wal".to_owned());
    request.name = Some("StakedWal".to_owned());
    let answer = client.package_client().get_datatype(request.clone()).await;
    let datatype = answer.unwrap().into_inner().datatype.unwrap();
    let principal = datatype
        .fields
        .iter()
        .find(|field| field.name() == "principal");
    let wal = &principal
        .unwrap()
        .r#type
        .as_ref()
        .unwrap()
        .type_parameter_instantiation[0];
    assert!(wal.type_name().ends_with("::wal::WAL"), "{wal:?}");
    request.name = Some("Nothing".to_owned());
    let missing = client.package_client().get_datatype(request).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);

    let mut request = proto::GetCoinInfoRequest::default();
    request.coin_type = Some(network.walrus.wal_type.to_string());
    let coin = client.state_client().get_coin_info(request).await;
    let coin = coin.unwrap().into_inner();
    let metadata = coin.metadata.as_ref().unwrap();
    assert_eq!((metadata.symbol(), metadata.decimals()), ("WAL", 9));

    let mut request = proto::ListDynamicFieldsRequest::default();
    request.parent = Some(network.walrus.system_object.to_string());
    request.read_mask = mask("field_id,value_type,name");
    let fields = client.state_client().list_dynamic_fields(request).await;
    let fields = fields.unwrap().into_inner().dynamic_fields;
    assert_eq!(fields.len(), 1);
    let inner = walrus(&network, "system_state_inner::SystemStateInnerV1");
    assert_eq!(fields[0].value_type(), inner);
    assert_eq!(
        fields[0]
            .name
            .as_ref()
            .unwrap()
            .deserialize::<u64>()
            .unwrap(),
        4
    );

    let mut names = proto::name_service_client::NameServiceClient::connect(network.url.clone())
        .await
        .unwrap();
    let mut request = proto::LookupNameRequest::default();
    request.name = Some("somebody.sui".to_owned());
    assert_eq!(
        names.lookup_name(request).await.unwrap_err().code(),
        Code::NotFound
    );
    let mut request = proto::ReverseLookupNameRequest::default();
    request.address = Some(user(1).address().to_string());
    assert_eq!(
        names.reverse_lookup_name(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_read_by_version_digest_and_checkpoint() {
    let network = Network::start().await;
    let (wallet, digests) = registrations(&network).await;
    let mut client = client(&network);
    let mut request = proto::BatchGetTransactionsRequest::default();
    request.digests = digests.clone();
    request
        .digests
        .push(sui_sdk_types::Digest::ZERO.to_string());
    request.read_mask = mask("digest,checkpoint");
    let answer = client.ledger_client().batch_get_transactions(request).await;
    let answer = answer.unwrap().into_inner().transactions;
    let found = answer.iter().filter_map(|result| match &result.result {
        Some(proto::get_transaction_result::Result::Transaction(own)) => Some(own.clone()),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    let names: Vec<_> = found.iter().map(|own| own.digest().to_owned()).collect();
    assert_eq!((answer.len(), names), (7, digests));

    // Every checkpoint by number and by digest is the same one.
    for own in &found {
        let ask = async |id| {
            let mut request = proto::GetCheckpointRequest::default();
            request.checkpoint_id = Some(id);
            request.read_mask = mask("sequence_number,digest,transactions.digest,contents");
            let answer = Client::new(network.url.clone()).unwrap();
            let mut answer = answer;
            let found = answer.ledger_client().get_checkpoint(request).await;
            found.unwrap().into_inner().checkpoint.unwrap()
        };
        let by_number = ask(CheckpointId::SequenceNumber(own.checkpoint())).await;
        let by_digest = ask(CheckpointId::Digest(by_number.digest().to_owned())).await;
        assert_eq!(by_number, by_digest);
        let mut transactions = by_number.transactions.iter();
        assert!(transactions.any(|other| other.digest() == own.digest()));
    }

    // A blob as it was registered, after it was certified.
    let blobs = wallet
        .contracts()
        .all_blobs(wallet.address())
        .await
        .unwrap();
    let (blob, old) = (&blobs[0].value, &blobs[0].reference);
    let certify = floe_contracts::CertifyBlob {
        object: blob.id.0,
        certificate: network.certificate(blob, &[0, 1, 2, 3]).await,
    };
    wallet.certify(&[certify]).await.unwrap();
    let mut get = async |version| {
        let mut request = proto::GetObjectRequest::default();
        request.object_id = Some(blob.id.0.to_string());
        request.version = version;
        request.read_mask = mask("version,digest,contents,json,display");
        let found = client.ledger_client().get_object(request).await;
        found.map(|found| found.into_inner().object.unwrap())
    };
    let now = get(None).await.unwrap();
    assert!(now.version() > old.version());
    let then = get(Some(old.version())).await.unwrap();
    assert_eq!(then.digest(), old.digest().to_string());
    let decode = |object: &proto::Object| -> floe_core::onchain::blob::Blob {
        bcs::from_bytes(object.contents.as_ref().unwrap().value()).unwrap()
    };
    assert_eq!(decode(&then), *blob);
    let shown = |object: &proto::Object, name: &str| {
        let display = object.display.as_ref().unwrap();
        assert_eq!(display.errors, None);
        let output = display.output.clone().unwrap().kind;
        let Some(prost_types::value::Kind::StructValue(output)) = output else {
            panic!("{output:?}");
        };
        output.fields[name].kind.clone()
    };
    let text = |text: &str| Some(prost_types::value::Kind::StringValue(text.to_owned()));
    assert_eq!(shown(&now, "name"), text("Walrus Blob (1000 B)"));
    let description = "A blob stored on Walrus: registered in epoch 1, certified in epoch 1, \
                       deletable: true.";
    assert_eq!(shown(&now, "description"), text(description));
    assert_eq!(decode(&now).certified_epoch, Some(Epoch(1)));
    assert_eq!(
        get(Some(now.version() + 1)).await.unwrap_err().code(),
        Code::NotFound
    );
}
