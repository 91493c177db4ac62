//! What hostile clients send: typed errors with the right code, and a node that goes on.

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use sui_sdk_types::{
    Address, Argument, Command, Identifier, Input, MoveCall, ObjectReference,
    ProgrammableTransaction, SplitCoins, StructTag, Transaction, TransactionKind, TypeTag,
};
use tonic::{Code, Status};

use super::{Fixture, as_bcs, execute, mask, simulate};

async fn rejected(fixture: &Fixture, request: proto::ExecuteTransactionRequest) -> Status {
    let mut client = fixture.client();
    client
        .execution_client()
        .execute_transaction(request)
        .await
        .expect_err("it was executed")
}

/// The transaction of a payment with other commands.
fn with_commands(fixture: &Fixture, commands: Vec<Command>, inputs: Vec<Input>) -> Transaction {
    let mut transaction = fixture.payment(fixture.coin(0, 0)).transaction;
    transaction.kind =
        TransactionKind::ProgrammableTransaction(ProgrammableTransaction { inputs, commands });
    transaction
}

fn call(path: &str, type_arguments: Vec<TypeTag>, arguments: Vec<Argument>) -> Command {
    let parts: Vec<_> = path.split("::").collect();
    Command::MoveCall(MoveCall {
        package: parts[0].parse().unwrap(),
        module: Identifier::new(parts[1]).unwrap(),
        function: Identifier::new(parts[2]).unwrap(),
        type_arguments,
        arguments,
    })
}

#[tokio::test]
async fn malformed_and_oversized_bcs() {
    let fixture = Fixture::start().await;
    let good = fixture.payment(fixture.coin(0, 0));
    let bytes = bcs::to_bytes(&good.transaction).unwrap();
    let mut trailing = bytes.clone();
    trailing.push(0);
    let mut hostile_length = bytes.clone();
    hostile_length[2] = 0xff;
    for bad in [
        Vec::new(),
        bytes[..bytes.len() - 1].to_vec(),
        trailing,
        hostile_length,
        vec![0xff; 1000],
        vec![0; 200_000],
    ] {
        let mut request = execute(&good, "*");
        let mut message = proto::Transaction::default();
        message.bcs = Some(bad.into());
        request.transaction = Some(message.clone());
        let status = rejected(&fixture, request).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
        let mut client = fixture.client();
        let simulated = client
            .execution_client()
            .simulate_transaction(simulate(message))
            .await;
        assert_eq!(simulated.unwrap_err().code(), Code::InvalidArgument);
    }
    fixture.stop().await;
}

#[tokio::test]
async fn messages_beyond_the_limit() {
    let fixture = Fixture::start().await;
    let good = fixture.payment(fixture.coin(0, 0));
    let mut request = execute(&good, "*");
    let mut message = proto::Transaction::default();
    message.bcs = Some(vec![0; 5 << 20].into());
    request.transaction = Some(message);
    let status = rejected(&fixture, request).await;
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let mut request = proto::BatchGetObjectsRequest::default();
    request.requests = vec![proto::GetObjectRequest::default(); 1001];
    let mut client = fixture.client();
    let status = client
        .ledger_client()
        .batch_get_objects(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    fixture.stop().await;
}

#[tokio::test]
async fn forged_missing_and_foreign_signatures() {
    let fixture = Fixture::start().await;
    let good = fixture.payment(fixture.coin(0, 0));
    let other = fixture.users[1].sign(good.transaction.clone());
    let another = fixture.payment(fixture.coin(0, 1));
    let mut cases = vec![execute(&good, "*"); 4];
    cases[0].signatures = other.signatures.iter().cloned().map(Into::into).collect();
    cases[1].signatures = another.signatures.iter().cloned().map(Into::into).collect();
    cases[2].signatures.clear();
    let mut garbage = proto::UserSignature::default();
    garbage.bcs = Some(vec![9; 300].into());
    cases[3].signatures = vec![garbage];
    for case in cases {
        let status = rejected(&fixture, case).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    let mut many = execute(&good, "*");
    many.signatures = vec![many.signatures[0].clone(); 1000];
    assert_eq!(rejected(&fixture, many).await.code(), Code::InvalidArgument);
    fixture.stop().await;
}

#[tokio::test]
async fn unknown_things_and_wrong_types() {
    let fixture = Fixture::start().await;
    let nobody = Address::new([9; 32]);
    let reference = ObjectReference::new(nobody, 1, fixture.coin(0, 0).digest().to_owned());
    let cases = [
        (
            vec![call("0x77::a::b", vec![], vec![])],
            vec![],
            Some(Code::NotFound),
        ),
        (
            vec![call("0x2::vec_set::empty", vec![TypeTag::U8], vec![])],
            vec![Input::ImmutableOrOwned(reference)],
            Some(Code::NotFound),
        ),
        (
            vec![Command::SplitCoins(SplitCoins {
                coin: Argument::Gas,
                amounts: vec![],
            })],
            vec![],
            Some(Code::InvalidArgument),
        ),
        // These run, and fail.
        (
            vec![call("0x2::coin::nothing", vec![], vec![])],
            vec![],
            None,
        ),
        (
            vec![call("0x2::vec_set::empty", vec![], vec![])],
            vec![],
            None,
        ),
        (
            vec![call("0x2::coin::zero", vec![TypeTag::U8; 2], vec![])],
            vec![],
            None,
        ),
        (
            vec![call(
                "0x2::coin::value",
                vec![TypeTag::U8],
                vec![Argument::Input(7)],
            )],
            vec![],
            None,
        ),
    ];
    for (commands, inputs, code) in cases {
        let transaction = with_commands(&fixture, commands, inputs);
        let signed = fixture.users[0].sign(transaction);
        let mut client = fixture.client();
        let answer = client
            .execution_client()
            .execute_transaction(execute(&signed, "effects"))
            .await;
        match (answer, code) {
            (Err(status), Some(code)) => assert_eq!(status.code(), code, "{status}"),
            (Ok(answer), None) => {
                let executed = answer.into_inner().transaction.unwrap();
                let status = executed.effects().status();
                assert!(!status.success());
                assert!(!status.error().description().is_empty());
            }
            (answer, code) => panic!("{answer:?} instead of {code:?}"),
        }
    }
    fixture.stop().await;
}

/// Types nested as deep as the wire takes them.
fn nested(depth: usize) -> TypeTag {
    (0..depth).fold(TypeTag::U8, |inner, _| {
        let module = Identifier::from_static("option");
        let name = Identifier::from_static("Option");
        let package = Address::from_static("0x1");
        TypeTag::from(StructTag::new(package, module, name, vec![inner]))
    })
}

#[tokio::test]
async fn deep_types_and_long_programs() {
    let fixture = Fixture::start().await;
    let empty = || call("0x2::vec_set::empty", vec![TypeTag::U8], vec![]);
    let many = vec![empty(); 1025];
    let deep = vec![call("0x2::vec_set::empty", vec![nested(100)], vec![])];
    let wide = vec![call("0x2::vec_set::empty", vec![TypeTag::U8; 200], vec![])];
    for commands in [many, deep, wide] {
        let transaction = with_commands(&fixture, commands, vec![]);
        let mut client = fixture.client();
        let answer = client
            .execution_client()
            .simulate_transaction(simulate(as_bcs(&transaction)))
            .await;
        match answer {
            Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{status}"),
            Ok(answer) => {
                let simulated = answer.into_inner().transaction.unwrap();
                assert!(!simulated.effects().status().success());
            }
        }
    }
    // A chain of results as long as a program may be.
    let mut commands = vec![call(
        "0x2::vec_set::singleton",
        vec![TypeTag::U8],
        vec![Argument::Input(0)],
    )];
    for index in 0..1023_u16 {
        let arguments = vec![Argument::Result(index)];
        commands.push(Command::MakeMoveVector(sui_sdk_types::MakeMoveVector {
            type_: None,
            elements: arguments,
        }));
    }
    let transaction = with_commands(&fixture, commands, vec![Input::Pure(vec![1])]);
    let mut client = fixture.client();
    let answer = client
        .execution_client()
        .simulate_transaction(simulate(as_bcs(&transaction)))
        .await;
    if let Ok(answer) = answer {
        let simulated = answer.into_inner().transaction.unwrap();
        assert!(!simulated.effects().status().success());
    }
    fixture.stop().await;
}

#[tokio::test]
async fn hostile_masks_tokens_and_cursors() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let owner = fixture.users[0].address().to_string();
    for token in [vec![], vec![1], vec![1; 45], vec![0xff; 100_000]] {
        let mut request = proto::ListOwnedObjectsRequest::default();
        request.owner = Some(owner.clone());
        request.page_token = Some(token.clone().into());
        let status = client
            .state_client()
            .list_owned_objects(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let mut options = proto::QueryOptions::default();
        options.after = Some(token.into());
        let mut request = proto::ListEventsRequest::default();
        request.options = Some(options);
        let status = client
            .ledger_client()
            .list_events(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    for paths in ["nothing", "owner.nothing", &"owner.".repeat(10_000)] {
        let mut request = proto::GetObjectRequest::default();
        request.object_id = Some("0x6".to_owned());
        request.read_mask = mask(paths);
        let status = client
            .ledger_client()
            .get_object(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    fixture.stop().await;
}

#[tokio::test]
async fn more_subscriptions_than_are_served() {
    let fixture = Fixture::start().await;
    let mut open = Vec::new();
    let mut refused = None;
    let mut client = fixture.client();
    for _ in 0..300 {
        let request = proto::SubscribeCheckpointsRequest::default();
        match client
            .subscription_client()
            .subscribe_checkpoints(request)
            .await
        {
            Ok(stream) => open.push(stream),
            Err(status) => {
                refused = Some(status.code());
                break;
            }
        }
        // Streams per connection are limited too.
        if open.len() % 50 == 0 {
            client = fixture.client();
        }
    }
    assert_eq!(refused, Some(Code::ResourceExhausted));
    drop(open);
    fixture.stop().await;
}

/// A transaction message of arbitrary content.
fn any_transaction() -> impl Strategy<Value = proto::Transaction> {
    let text = prop_oneof![
        Just(String::new()),
        Just("0x2".to_owned()),
        Just("0x6".to_owned()),
        Just("coin".to_owned()),
        Just("zero".to_owned()),
        Just("0x2::sui::SUI".to_owned()),
        "\\PC{0,12}",
    ];
    let argument = (
        0..5_i32,
        any::<Option<u32>>(),
        0..4_u32,
        any::<Option<u32>>(),
    )
        .prop_map(|(kind, input, result, subresult)| {
            let mut argument = proto::Argument::default();
            argument.kind = Some(kind);
            argument.input = input.map(|input| input % 4);
            argument.result = Some(result);
            argument.subresult = subresult;
            argument
        });
    let input = (
        any::<Option<i32>>(),
        any::<Option<Vec<u8>>>(),
        proptest::option::of(text.clone()),
        any::<Option<u64>>(),
        proptest::option::of(text.clone()),
        any::<Option<bool>>(),
    )
        .prop_map(|(kind, pure, id, version, digest, mutable)| {
            let mut input = proto::Input::default();
            input.kind = kind.map(|kind| kind.rem_euclid(7));
            input.pure = pure.map(Into::into);
            input.object_id = id;
            input.version = version;
            input.digest = digest;
            input.mutable = mutable;
            input
        });
    let call = (
        vec(text.clone(), 3),
        vec(text.clone(), 0..3),
        vec(argument.clone(), 0..4),
    )
        .prop_map(|(path, types, arguments)| {
            let mut call = proto::MoveCall::default();
            call.package = Some(path[0].clone());
            call.module = Some(path[1].clone());
            call.function = Some(path[2].clone());
            call.type_arguments = types;
            call.arguments = arguments;
            proto::Command::from(call)
        });
    let transfer = (vec(argument.clone(), 0..4), proptest::option::of(argument)).prop_map(
        |(objects, address)| {
            let mut transfer = proto::TransferObjects::default();
            transfer.objects = objects;
            transfer.address = address;
            proto::Command::from(transfer)
        },
    );
    let commands = vec(prop_oneof![call, transfer], 0..4);
    (
        vec(input, 0..4),
        commands,
        proptest::option::of(text),
        any::<Option<u64>>(),
    )
        .prop_map(|(inputs, commands, sender, budget)| {
            let mut ptb = proto::ProgrammableTransaction::default();
            ptb.inputs = inputs;
            ptb.commands = commands;
            let mut payment = proto::GasPayment::default();
            payment.budget = budget;
            let mut message = proto::Transaction::default();
            message.version = Some(1);
            message.kind = Some(ptb.into());
            message.sender = sender;
            message.gas_payment = Some(payment);
            message
        })
}

#[tokio::test]
async fn arbitrary_transactions_are_answered_or_refused_never_lost() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let strategy = any_transaction();
    for round in 0..150 {
        let message = strategy.new_tree(&mut runner).unwrap().current();
        let mut request = simulate(message.clone());
        request.checks = Some(i32::from(round % 2 == 0));
        let answer = client
            .execution_client()
            .simulate_transaction(request)
            .await;
        if let Err(status) = answer {
            let fine = [
                Code::InvalidArgument,
                Code::NotFound,
                Code::FailedPrecondition,
            ];
            assert!(fine.contains(&status.code()), "{status} for {message:?}");
        }
    }
    fixture.stop().await;
}

#[tokio::test]
async fn arbitrary_bytes_for_every_method() {
    let fixture = Fixture::start().await;
    let set =
        prost_types::FileDescriptorSet::decode(sui_rpc::proto::sui::rpc::v2::FILE_DESCRIPTOR_SET)
            .unwrap();
    let methods: Vec<String> = set
        .file
        .iter()
        .flat_map(|file| &file.service)
        .flat_map(|service| {
            let path = format!("/sui.rpc.v2.{}/", service.name());
            service
                .method
                .iter()
                .map(move |method| format!("{path}{}", method.name()))
        })
        .collect();
    assert!(methods.len() > 20);
    let mut runner = TestRunner::deterministic();
    for method in &methods {
        for _ in 0..20 {
            let bytes = vec(any::<u8>(), 0..200)
                .new_tree(&mut runner)
                .unwrap()
                .current();
            let code = super::web::call(fixture.address, method, &bytes).await;
            let ours = [Code::Internal, Code::Unknown, Code::Unimplemented];
            // Bytes that are no message at all are "internal" in the words of the library.
            let undecodable = code.1.contains("decode") || code.1.contains("wire type");
            assert!(
                undecodable || !ours.contains(&code.0),
                "{method} {bytes:?}: {code:?}"
            );
        }
    }
    fixture.stop().await;
}
