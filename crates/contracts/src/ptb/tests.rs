use sui_sdk_types::Digest;

use super::*;

const SENDER: SuiAddress = SuiAddress([1; 32]);
const PACKAGE: ObjectId = ObjectId([9; 32]);
const OWNED: ObjectId = ObjectId([2; 32]);
const SHARED: ObjectId = ObjectId([3; 32]);

fn reference(id: u8, version: u64) -> ObjectReference {
    ObjectReference::new(Address::new([id; 32]), version, Digest::new([id; 32]))
}

fn objects() -> BTreeMap<ObjectId, (Owner, ObjectReference)> {
    BTreeMap::from([
        (
            OWNED,
            (Owner::Address(Address::new(SENDER.0)), reference(2, 7)),
        ),
        (SHARED, (Owner::Shared(5), reference(3, 9))),
    ])
}

fn complete(ptb: &Ptb, coins: &[ObjectReference]) -> Result<ProgrammableTransaction, PtbError> {
    let wal = StructTag::new(
        Address::new([8; 32]),
        identifier("wal"),
        identifier("WAL"),
        vec![],
    );
    let transaction = ptb.complete(&Completion {
        sender: SENDER,
        objects: &objects(),
        wal_type: &wal,
        wal_coins: coins,
        gas: &[reference(200, 1)],
        gas_price: 1000,
        gas_budget: 5_000_000,
    })?;
    let TransactionKind::ProgrammableTransaction(ptb) = transaction.kind else {
        panic!("not programmable");
    };
    Ok(ptb)
}

#[test]
fn inputs_are_shared_and_take_the_strongest_use() {
    let mut ptb = Ptb::new();
    assert_eq!(ptb.pure(&7_u64), Arg::Input(0));
    assert_eq!(ptb.object(SHARED, ObjectUse::Read), Arg::Input(1));
    assert_eq!(ptb.object(SHARED, ObjectUse::Change), Arg::Input(1));
    assert_eq!(ptb.object(SHARED, ObjectUse::Read), Arg::Input(1));
    assert_eq!(ptb.pure(&7_u64), Arg::Input(0));
    assert_eq!(ptb.object(OWNED, ObjectUse::Change), Arg::Input(2));
    ptb.call(PACKAGE, "m", "f", vec![], vec![Arg::Input(1)]);
    let built = complete(&ptb, &[]).unwrap();
    assert_eq!(
        built.inputs,
        [
            Input::Pure(7_u64.to_le_bytes().to_vec()),
            Input::Shared(SharedInput::new(Address::new([3; 32]), 5, true)),
            Input::ImmutableOrOwned(reference(2, 7)),
        ]
    );
    assert_eq!(built.commands.len(), 1);
}

#[test]
fn payments_are_split_off_and_what_is_left_goes_back() {
    let mut ptb = Ptb::new();
    let payment = ptb.pay_wal(30);
    ptb.pay_wal(12);
    let coin = ptb.wal_coin(5);
    let result = ptb.call(PACKAGE, "m", "f", vec![], vec![payment, coin]);
    ptb.transfer(vec![result], SENDER);
    assert_eq!(ptb.wal_needed(), Ok(Some(47)));

    let built = complete(&ptb, &[reference(20, 1), reference(21, 1)]).unwrap();
    let pure = |n: u64| Input::Pure(n.to_le_bytes().to_vec());
    assert_eq!(
        built.inputs[1..3],
        [
            Input::ImmutableOrOwned(reference(20, 1)),
            Input::ImmutableOrOwned(reference(21, 1)),
        ]
    );
    assert_eq!(built.inputs[3..], [pure(42), pure(5)]);
    let merge = |coin, other| {
        Command::MergeCoins(MergeCoins {
            coin,
            coins_to_merge: vec![other],
        })
    };
    assert_eq!(
        built.commands[0],
        merge(Argument::Input(1), Argument::Input(2))
    );
    assert_eq!(
        built.commands[1],
        Command::SplitCoins(SplitCoins {
            coin: Argument::Input(1),
            amounts: vec![Argument::Input(3), Argument::Input(4)],
        })
    );
    let Command::MoveCall(call) = &built.commands[2] else {
        panic!("no call");
    };
    assert_eq!(
        call.arguments,
        [Argument::NestedResult(1, 0), Argument::NestedResult(1, 1)]
    );
    assert_eq!(
        built.commands[3],
        Command::TransferObjects(TransferObjects {
            objects: vec![Argument::Result(2)],
            address: Argument::Input(0),
        })
    );
    assert_eq!(
        built.commands[4],
        merge(Argument::Input(1), Argument::NestedResult(1, 0))
    );
    assert_eq!(built.commands.len(), 5);
}

#[test]
fn a_wallet_without_coins_can_pay_nothing() {
    let mut ptb = Ptb::new();
    let payment = ptb.pay_wal(0);
    ptb.call(PACKAGE, "m", "f", vec![], vec![payment]);
    let built = complete(&ptb, &[]).unwrap();
    let name = |command: &Command| match command {
        Command::MoveCall(call) => call.function.to_string(),
        Command::SplitCoins(_) => "split".to_owned(),
        Command::MergeCoins(_) => "merge".to_owned(),
        _ => "other".to_owned(),
    };
    let names: Vec<_> = built.commands.iter().map(name).collect();
    assert_eq!(names, ["zero", "split", "f", "merge", "destroy_zero"]);
}

#[test]
fn what_cannot_be_built_is_refused() {
    let mut ptb = Ptb::new();
    ptb.object(ObjectId([77; 32]), ObjectUse::Read);
    let missing = PtbError::Missing {
        id: ObjectId([77; 32]),
    };
    assert_eq!(complete(&ptb, &[]), Err(missing));

    let mut ptb = Ptb::new();
    ptb.pay_wal(u64::MAX);
    ptb.wal_coin(1);
    assert_eq!(complete(&ptb, &[]), Err(PtbError::Overflow));
    let mut ptb = Ptb::new();
    ptb.pay_wal(u64::MAX);
    ptb.pay_wal(1);
    assert_eq!(ptb.wal_needed(), Err(PtbError::Overflow));

    let mut ptb = Ptb::new();
    for i in 0..2049_u64 {
        ptb.pure(&i);
    }
    assert_eq!(complete(&ptb, &[]), Err(PtbError::Inputs { got: 2049 }));

    let mut ptb = Ptb::new();
    for _ in 0..1025 {
        ptb.call(PACKAGE, "m", "f", vec![], vec![]);
    }
    assert_eq!(complete(&ptb, &[]), Err(PtbError::Commands { got: 1025 }));

    let mut ptb = Ptb::new();
    ptb.pure(&vec![0_u8; TRANSACTION_BYTES_MAX]);
    assert!(matches!(complete(&ptb, &[]), Err(PtbError::Bytes { .. })));
}

#[test]
fn objects_of_others_are_refused() {
    let mut ptb = Ptb::new();
    ptb.object(OWNED, ObjectUse::Change);
    let mut objects = objects();
    objects.insert(OWNED, (Owner::Address(Address::TWO), reference(2, 7)));
    let wal = StructTag::sui();
    let error = ptb
        .complete(&Completion {
            sender: SENDER,
            objects: &objects,
            wal_type: &wal,
            wal_coins: &[],
            gas: &[],
            gas_price: 1,
            gas_budget: 1,
        })
        .unwrap_err();
    assert!(matches!(error, PtbError::Foreign { id, .. } if id == OWNED));
}
