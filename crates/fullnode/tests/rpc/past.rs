//! Streams of the past and the present, through the client library, which checks their protocol.

use std::collections::BTreeSet;

use floe_fullnode::Options;
use futures::{StreamExt, TryStreamExt};
use sui_rpc::{
    client::{
        CheckpointStreamRequest, CheckpointStreamStart, TransactionStreamRequest,
        TransactionStreamStart,
    },
    proto::sui::rpc::v2::{
        self as proto, Ordering, QueryEndReason, SenderFilter,
        get_checkpoint_request::CheckpointId, transaction_literal::Predicate,
    },
};
use sui_sdk_types::Address;
use tonic::Code;

use super::{Fixture, mask, support};

fn by_sender(sender: Address) -> proto::TransactionFilter {
    let mut literal = proto::TransactionLiteral::default();
    literal.predicate = Some(Predicate::Sender(SenderFilter::from(sender)));
    let mut filter = proto::TransactionFilter::default();
    filter.terms = vec![literal.into()];
    filter
}

/// Executes payments with every coin of the first user; their digests.
async fn payments(fixture: &Fixture) -> Vec<String> {
    let mut digests = Vec::new();
    for coin in fixture.node.coins(&fixture.users[0]) {
        let executed = fixture.node.ok(fixture.payment(coin)).await;
        digests.push(executed.digest.to_string());
    }
    digests
}

fn listing(fixture: &Fixture, limit: u32, ordering: Ordering) -> proto::ListTransactionsRequest {
    let mut options = proto::QueryOptions::default();
    options.limit = Some(limit);
    options.set_ordering(ordering);
    let mut request = proto::ListTransactionsRequest::default();
    request.read_mask = mask("digest,checkpoint,transaction_index");
    request.filter = Some(by_sender(fixture.users[0].address()));
    request.options = Some(options);
    request
}

#[tokio::test]
async fn pages_join_to_the_whole_in_both_directions() {
    let fixture = Fixture::start().await;
    let digests = payments(&fixture).await;
    for (ordering, expected) in [
        (Ordering::Ascending, digests.clone()),
        (
            Ordering::Descending,
            digests.iter().rev().cloned().collect(),
        ),
    ] {
        for limit in 1..=6 {
            let request = listing(&fixture, limit, ordering);
            let frames: Vec<_> = fixture
                .client()
                .list_transactions(request)
                .try_collect()
                .await
                .unwrap();
            let found: Vec<_> = frames
                .iter()
                .filter_map(|frame| frame.transaction.as_ref())
                .map(|own| own.digest().to_owned())
                .collect();
            assert_eq!(found, expected, "{ordering:?} by {limit}");
        }
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_scan_ends_with_the_reason_of_its_bound() {
    let fixture = Fixture::start().await;
    payments(&fixture).await;
    let head = fixture.node.handle.latest_checkpoint();
    let reason = async |start, end, limit| {
        let mut request = listing(&fixture, limit, Ordering::Ascending);
        request.start_checkpoint = start;
        request.end_checkpoint = end;
        let mut client = fixture.client();
        let stream = client.ledger_client().list_transactions(request).await;
        let frames: Vec<_> = stream.unwrap().into_inner().try_collect().await.unwrap();
        assert!(
            frames
                .iter()
                .all(|frame| frame.watermark().cursor.is_some())
        );
        let (last, rest) = frames.split_last().unwrap();
        assert!(rest.iter().all(|frame| frame.end.is_none()));
        (
            last.end.as_ref().unwrap().reason(),
            last.watermark().checkpoint,
        )
    };
    let (end, covered) = reason(None, None, 100).await;
    assert_eq!(end, QueryEndReason::LedgerTip);
    assert!(covered >= Some(head));
    let bound = reason(Some(1), Some(head), 100).await;
    assert_eq!(bound, (QueryEndReason::CheckpointBound, Some(head - 1)));
    assert_eq!(reason(None, None, 2).await.0, QueryEndReason::ItemLimit);
    let empty = reason(Some(head), Some(head), 100).await;
    assert_eq!(empty, (QueryEndReason::CheckpointBound, None));
    fixture.stop().await;
}

#[tokio::test]
async fn checkpoints_stream_from_genesis_into_the_present() {
    let fixture = Fixture::start().await;
    let expected = payments(&fixture).await;
    let mut request = CheckpointStreamRequest::new();
    request.read_mask = mask("sequence_number,transactions.digest");
    request.start = CheckpointStreamStart::Checkpoint(0);
    let mut stream = Box::pin(fixture.client().stream_checkpoints(request));
    let mut seen = BTreeSet::new();
    let mut next = 0;
    let later = fixture.payment(fixture.coin(0, 0));
    let mut sent = false;
    while let Some(frame) = stream.next().await {
        let Some(checkpoint) = frame.unwrap().checkpoint else {
            continue;
        };
        assert_eq!(checkpoint.sequence_number(), next);
        next += 1;
        seen.extend(
            checkpoint
                .transactions
                .iter()
                .map(|own| own.digest().to_owned()),
        );
        if !sent && expected.iter().all(|digest| seen.contains(digest)) {
            fixture.node.ok(later.clone()).await;
            sent = true;
        }
        if seen.contains(&later.transaction.digest().to_string()) {
            break;
        }
    }
    assert!(sent);
    drop(stream);
    fixture.stop().await;
}

#[tokio::test]
async fn a_filtered_stream_brings_past_and_present_once_and_in_order() {
    let fixture = Fixture::start().await;
    let mut expected = payments(&fixture).await;
    let mut request = TransactionStreamRequest::new();
    request.read_mask = mask("digest,checkpoint,transaction_index");
    request.filter = Some(by_sender(fixture.users[0].address()));
    request.start = TransactionStreamStart::Checkpoint(0);
    let mut stream = Box::pin(fixture.client().stream_transactions(request));
    let mut found = Vec::new();
    while let Some(frame) = stream.next().await {
        if let Some(own) = frame.unwrap().transaction {
            found.push(own.digest().to_owned());
        }
        if found.len() == 5 && expected.len() == 5 {
            let signed = fixture.payment(fixture.coin(0, 0));
            expected.push(fixture.node.ok(signed).await.digest.to_string());
        }
        if found.len() == 6 {
            break;
        }
    }
    assert_eq!(found, expected);
    drop(stream);
    fixture.stop().await;
}

/// A node that keeps little says what it has, and gives all of that.
#[tokio::test]
async fn what_is_forgotten_is_not_found_and_lists_begin_after_it() {
    let fixture = Fixture::start_with(&Options {
        history_transactions: 10,
        ..support::options()
    })
    .await;
    let mut digests = Vec::new();
    for _ in 0..4 {
        digests.extend(payments(&fixture).await);
    }
    let mut client = fixture.client();
    let info = client
        .ledger_client()
        .get_service_info(proto::GetServiceInfoRequest::default())
        .await;
    let lowest = info.unwrap().into_inner().lowest_available_checkpoint();
    assert!(lowest > 1);

    let mut request = proto::GetTransactionRequest::default();
    request.digest = Some(digests[0].clone());
    let forgotten = client.ledger_client().get_transaction(request).await;
    assert_eq!(forgotten.unwrap_err().code(), Code::NotFound);
    let checkpoint = async |number| {
        let mut request = proto::GetCheckpointRequest::default();
        request.checkpoint_id = Some(CheckpointId::SequenceNumber(number));
        request.read_mask = mask("sequence_number,transactions.digest");
        let mut client = fixture.client();
        client.ledger_client().get_checkpoint(request).await
    };
    let forgotten = checkpoint(lowest - 1).await.unwrap_err();
    assert_eq!(forgotten.code(), Code::NotFound);
    assert!(checkpoint(lowest).await.is_ok());

    let request = listing(&fixture, 100, Ordering::Ascending);
    let stream = client.ledger_client().list_transactions(request).await;
    let frames: Vec<_> = stream.unwrap().into_inner().try_collect().await.unwrap();
    let found: Vec<_> = frames
        .iter()
        .filter_map(|frame| frame.transaction.as_ref())
        .collect();
    assert!(!found.is_empty() && found.len() < digests.len());
    assert!(found.iter().all(|own| own.checkpoint() >= lowest));
    let found: Vec<_> = found.iter().map(|own| own.digest()).collect();
    assert_eq!(found, digests[digests.len() - found.len()..]);
    let end = frames.last().unwrap().end.as_ref().unwrap();
    assert_eq!(end.reason(), QueryEndReason::LedgerTip);
    fixture.stop().await;
}
