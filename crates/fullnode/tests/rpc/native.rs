//! What our own clients do: execute, wait, read, complete.

use std::time::Duration;

use futures::TryStreamExt;
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, changed_object::IdOperation, get_checkpoint_request::CheckpointId,
    input::InputKind,
};
use sui_sdk_types::{CheckpointSummary, Object, TransactionEffects, ValidatorAggregatedSignature};
use tonic::Code;

use super::{Fixture, as_bcs, execute, mask, simulate, support};

#[tokio::test]
async fn a_payment_is_executed_and_its_checkpoint_is_seen() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let signed = fixture.payment(fixture.coin(0, 0));
    let response = client
        .execute_transaction_and_wait_for_checkpoint(execute(&signed, "*"), Duration::from_secs(20))
        .await
        .unwrap()
        .into_inner();
    let executed = response.transaction.unwrap();
    assert_eq!(executed.digest(), signed.transaction.digest().to_string());
    assert!(executed.effects().status().success());
    let effects = TransactionEffects::try_from(executed.effects()).unwrap();
    assert_eq!(effects.digest().to_string(), executed.effects().digest());
    let kinds: Vec<_> = executed
        .effects()
        .changed_objects
        .iter()
        .map(|change| (change.id_operation(), change.object_type().to_owned()))
        .collect();
    assert_eq!(kinds.len(), 2);
    assert!(
        kinds.iter().all(|(_, ty)| ty.ends_with("::sui::SUI>")),
        "{kinds:?}"
    );
    assert!(
        kinds
            .iter()
            .any(|(operation, _)| *operation == IdOperation::Created)
    );
    assert_eq!(executed.balance_changes.len(), 2);
    // Before and after of the gas coin, and the new coin.
    assert_eq!(executed.objects().objects.len(), 3);
    for object in &executed.objects().objects {
        let decoded = Object::try_from(object).unwrap();
        assert_eq!(decoded.digest().to_string(), object.digest());
    }
    fixture.stop().await;
}

#[tokio::test]
async fn checkpoints_verify_with_the_committee_of_their_epoch() {
    use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;

    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let signed = fixture.payment(fixture.coin(0, 0));
    let response = client
        .execution_client()
        .execute_transaction(execute(&signed, "checkpoint"))
        .await
        .unwrap();
    let mut request = proto::GetCheckpointRequest::default();
    let number = response.into_inner().transaction.unwrap().checkpoint();
    request.checkpoint_id = Some(CheckpointId::SequenceNumber(number));
    request.read_mask = mask("*");
    let found = client
        .ledger_client()
        .get_checkpoint(request)
        .await
        .unwrap();
    let checkpoint = found.into_inner().checkpoint.unwrap();
    let summary = CheckpointSummary::try_from(checkpoint.summary()).unwrap();
    assert_eq!(summary.digest().to_string(), checkpoint.digest());
    let contents = sui_sdk_types::CheckpointContents::try_from(checkpoint.contents()).unwrap();
    assert_eq!(contents.digest(), summary.content_digest);
    assert!(
        checkpoint
            .transactions
            .iter()
            .any(|own| own.digest() == signed.transaction.digest().to_string())
    );

    let mut request = proto::GetEpochRequest::default();
    request.read_mask = mask("committee");
    let epoch = client.ledger_client().get_epoch(request).await.unwrap();
    let committee = epoch.into_inner().epoch.unwrap().committee.unwrap();
    let committee = sui_sdk_types::ValidatorCommittee::try_from(&committee).unwrap();
    let signature = ValidatorAggregatedSignature::try_from(checkpoint.signature()).unwrap();
    ValidatorCommitteeSignatureVerifier::new(committee)
        .unwrap()
        .verify_checkpoint_summary(&summary, &signature)
        .unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn bare_inputs_and_payment_are_completed() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let coin = fixture.coin(0, 1);
    let signed = fixture.payment(coin.clone());
    let mut message = proto::Transaction::from(signed.transaction.clone());
    message.bcs = None;
    message.gas_payment = None;
    message.expiration = None;
    let kind = message.kind.as_mut().unwrap();
    kind.kind = None;
    let Some(proto::transaction_kind::Data::ProgrammableTransaction(ptb)) = kind.data.as_mut()
    else {
        panic!("{kind:?}")
    };
    let mut bare = proto::Input::default();
    bare.object_id = Some(coin.object_id().to_string());
    ptb.inputs.push(bare);
    let mut clock = proto::Input::default();
    clock.object_id = Some("0x6".to_owned());
    ptb.inputs.push(clock);
    let request = simulate(message);
    let answer = client
        .execution_client()
        .simulate_transaction(request)
        .await;
    let simulated = answer.unwrap().into_inner().transaction.unwrap();
    assert!(
        simulated.effects().status().success(),
        "{:?}",
        simulated.effects().status()
    );
    let transaction = simulated.transaction.unwrap();
    let ptb = transaction.kind().programmable_transaction();
    assert_eq!(ptb.inputs[2].kind(), InputKind::ImmutableOrOwned);
    assert_eq!(ptb.inputs[2].digest(), coin.digest().to_string());
    assert_eq!(ptb.inputs[3].kind(), InputKind::Shared);
    assert_eq!(
        (ptb.inputs[3].version(), ptb.inputs[3].mutable()),
        (1, false)
    );
    let payment = transaction.gas_payment.as_ref().unwrap();
    assert_eq!(
        payment.objects.len(),
        4,
        "all coins but the input, for the gas coin is used"
    );
    assert!(payment.budget() > 2_000_000 && payment.budget() < 10_000_000);
    let complete = sui_sdk_types::Transaction::try_from(&transaction).unwrap();
    assert_eq!(complete.digest().to_string(), transaction.digest());
    fixture.stop().await;
}

#[tokio::test]
async fn lists_of_the_client_library_see_everything_once() {
    let fixture = Fixture::start().await;
    let client = fixture.client();
    let mut request = proto::ListOwnedObjectsRequest::default();
    request.owner = Some(fixture.users[0].address().to_string());
    request.page_size = Some(2);
    let objects: Vec<_> = client
        .list_owned_objects(request)
        .try_collect()
        .await
        .unwrap();
    let mut ids: Vec<_> = objects
        .iter()
        .map(|own| own.object_id().to_owned())
        .collect();
    assert_eq!(ids.len(), 5);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    let mut request = proto::ListBalancesRequest::default();
    request.owner = Some(fixture.users[0].address().to_string());
    let balances: Vec<_> = client.list_balances(request).try_collect().await.unwrap();
    assert_eq!(balances.len(), 1);
    assert_eq!(balances[0].balance(), 500 * support::SUI);
    fixture.stop().await;
}

#[tokio::test]
async fn reflection_and_health_answer() {
    let fixture = Fixture::start().await;
    let channel = tonic::transport::Endpoint::new(format!("http://{}", fixture.address))
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    let answer = health
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();
    assert_eq!(
        answer.into_inner().status(),
        tonic_health::ServingStatus::Serving.into()
    );

    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let stream = client
        .server_reflection_info(futures::stream::iter([request]))
        .await
        .unwrap();
    let answers: Vec<_> = stream.into_inner().try_collect().await.unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = &answers[0].message_response else {
        panic!("{answers:?}")
    };
    let names: Vec<_> = list.service.iter().map(|own| own.name.as_str()).collect();
    for name in ["LedgerService", "StateService", "SubscriptionService"] {
        assert!(
            names.contains(&format!("sui.rpc.v2.{name}").as_str()),
            "{names:?}"
        );
    }
    fixture.stop().await;
}

#[tokio::test]
async fn the_loser_of_a_race_is_told_which_object_it_lost() {
    let fixture = Fixture::start().await;
    let client = fixture.client();
    let coin = fixture.coin(0, 0);
    let sender = &fixture.users[0];
    let run = |amount| {
        let signed = sender.payment(coin.clone(), fixture.users[1].address(), amount);
        let mut client = client.clone();
        async move {
            let request = execute(&signed, "effects.status");
            client.execution_client().execute_transaction(request).await
        }
    };
    let (first, second) = tokio::join!(run(1), run(2));
    let (winner, loser) = if first.is_ok() {
        (first, second)
    } else {
        (second, first)
    };
    assert!(winner.is_ok());
    let status = loser.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains(&coin.object_id().to_string()));
    fixture.stop().await;
}

#[tokio::test]
async fn simulating_bcs_keeps_every_byte() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let signed = fixture.payment(fixture.coin(0, 0));
    let mut request = simulate(as_bcs(&signed.transaction));
    request.do_gas_selection = Some(false);
    request.read_mask = mask("transaction.transaction.bcs,transaction.digest");
    let answer = client
        .execution_client()
        .simulate_transaction(request)
        .await;
    let simulated = answer.unwrap().into_inner().transaction.unwrap();
    assert_eq!(simulated.digest(), signed.transaction.digest().to_string());
    let bytes = simulated.transaction.unwrap().bcs.unwrap().value.unwrap();
    assert_eq!(bytes, bcs::to_bytes(&signed.transaction).unwrap());
    fixture.stop().await;
}
