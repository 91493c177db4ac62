use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    blob::*,
    blob_bucket::*,
    events::*,
    framework::{Balance, Coin, Display, Element, Field, Table, Uid, VecMap},
    governance::*,
    node::*,
    staking::*,
    system::*,
    wal::*,
    *,
};
use crate::{BlobId, Epoch, ObjectId, wire};

#[derive(Deserialize)]
struct Abi {
    modules: BTreeMap<String, Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    structs: BTreeMap<String, Struct>,
    #[serde(default)]
    enums: BTreeMap<String, Enum>,
}

#[derive(Deserialize)]
struct Struct {
    fields: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Enum {
    variants: Vec<(String, Vec<(String, String)>)>,
}

/// Types of the contracts that are never stored, emitted or passed by clients.
const NOT_MODELLED: &[&str] = &[
    "subsidies::subsidies::CombinedPayment",
    "subsidies::subsidies::V3",
    "wal::wal::WAL",
    "walrus::apportionment_queue::ApportionmentQueue",
    "walrus::apportionment_queue::Entry",
    "walrus::blob::BlobIdDerivation",
    "walrus::bls_aggregate::RequiredWeight",
    "walrus::init::INIT",
    "walrus::messages::BlobPersistenceType",
    "walrus::messages::CertifiedBlobMessage",
    "walrus::messages::CertifiedInvalidBlobId",
    "walrus::messages::CertifiedMessage",
    "walrus::messages::DenyListBlobDeleted",
    "walrus::messages::DenyListUpdateMessage",
    "walrus::messages::ProofOfPossessionMessage",
    "walrus::messages::ProtocolVersionMessage",
    "walrus::walrus_context::WalrusContext",
    "walrus_subsidies::walrus_subsidies::V1",
    "walrus_subsidies::walrus_subsidies::V2",
    "walrus_subsidies::walrus_subsidies::V3",
];

/// A layout as text, one line per field.
type Lines = Vec<String>;

fn abi() -> BTreeMap<String, Lines> {
    let text = include_str!("../../../../docs/spec/contracts_abi.json");
    let abi: Abi = serde_json::from_str(text).unwrap();
    let fields = |prefix: &str, fields: &[(String, String)]| {
        let line = |(name, move_type): &(_, _)| format!("{prefix}{name}: {move_type}");
        fields.iter().map(line).collect::<Lines>()
    };
    let mut layouts = BTreeMap::new();
    for (module, content) in abi.modules {
        for (name, item) in content.structs {
            layouts.insert(format!("{module}::{name}"), fields("", &item.fields));
        }
        for (name, item) in content.enums {
            let variant = |(name, items): &(String, Vec<_>)| {
                [vec![name.clone()], fields(&format!("{name}."), items)].concat()
            };
            layouts.insert(
                format!("{module}::{name}"),
                item.variants.iter().flat_map(variant).collect(),
            );
        }
    }
    layouts
}

fn lines(layout: Layout) -> Lines {
    let fields = |prefix: &str, fields: Vec<FieldLayout>| {
        let line = |field: FieldLayout| format!("{prefix}{}: {}", field.name, field.move_type);
        fields.into_iter().map(line).collect::<Lines>()
    };
    match layout {
        Layout::Struct(items) => fields("", items),
        Layout::Enum(variants) => variants
            .into_iter()
            .flat_map(|variant| {
                let items = fields(&format!("{}.", variant.name), variant.fields);
                [vec![variant.name.to_owned()], items].concat()
            })
            .collect(),
    }
}

macro_rules! datatypes {
    ($($type:ty),* $(,)?) => {
        BTreeMap::from([$((
            format!("{}::{}::{}", <$type>::PACKAGE, <$type>::MODULE, <$type>::NAME),
            lines(<$type>::layout()),
        )),*])
    };
}

#[test]
fn every_layout_is_that_of_the_contracts() {
    let ours = datatypes![
        // blobs
        Storage,
        Blob,
        Metadata,
        SharedBlob,
        StoragePool,
        StoragePoolInnerV1,
        PooledBlob,
        // system
        System,
        SystemStateInnerV1,
        BlsCommitteeMember,
        BlsCommittee,
        FutureAccounting,
        FutureAccountingRingBuffer,
        EpochParams,
        EventBlobAttestation,
        EventBlob,
        EventBlobCertificationState,
        // nodes
        ExtendedField<u64>,
        ExtendedFieldKey,
        StorageNodeInfo,
        StorageNodeCap,
        NodeMetadata,
        Authorized,
        Authenticated,
        // staking
        Staking,
        StakingInnerV1,
        EpochState,
        Committee,
        ActiveSetEntry,
        ActiveSet,
        PendingValues,
        PoolExchangeRate,
        StakedWal,
        StakedWalState,
        NewEpochCommissionBlockedForCollection,
        VotingParams,
        StakingPool,
        PoolState,
        // governance
        InitCap,
        PackageDigest,
        UpgradeProposal,
        UpgradeManager,
        EmergencyUpgradeCap,
        SlashingProposal,
        SlashingManager,
        ObjectDisplay,
        PublisherKey,
        // other packages
        ProtectedTreasury,
        TreasuryCapKey,
        BlobBucket,
        BlobBucketCap,
        BlobBucketInnerV1,
        wal_exchange::Exchange,
        wal_exchange::AdminCap,
        wal_exchange::ExchangeRate,
        subsidies::AdminCap,
        subsidies::Subsidies,
        walrus_subsidies::WalrusSubsidies,
        walrus_subsidies::SubsidiesInnerKey,
        walrus_subsidies::AdminCap,
        walrus_subsidies::WalrusSubsidiesInnerV1,
        walrus_subsidies::EpochBalance,
        walrus_subsidies::EpochBalanceRingBuffer,
        // events
        BlobRegistered,
        BlobCertified,
        BlobDeleted,
        InvalidBlobID,
        EpochChangeStart,
        EpochChangeDone,
        ShardsReceived,
        EpochParametersSelected,
        ShardRecoveryStart,
        ContractUpgraded,
        RegisterDenyListUpdate,
        DenyListUpdate,
        DenyListBlobDeleted,
        ContractUpgradeProposed,
        ContractUpgradeQuorumReached,
        ProtocolVersionUpdated,
        PricesUpdated,
        StoragePoolCreated,
        PooledBlobRegistered,
        PooledBlobCertified,
        PooledBlobDeleted,
        StoragePoolExtended,
    ];
    let mut theirs = abi();
    for name in NOT_MODELLED {
        assert!(
            theirs.remove(*name).is_some(),
            "{name} is not in the contracts"
        );
    }
    for (name, layout) in &ours {
        assert_eq!(Some(layout), theirs.get(name), "{name}");
    }
    let missing: Vec<_> = theirs
        .keys()
        .filter(|name| !ours.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "not modelled: {missing:?}");
}

#[test]
fn every_event_has_its_variant() {
    let prefix = "walrus::events::";
    let abi = abi();
    let events: Vec<_> = abi
        .keys()
        .filter_map(|name| name.strip_prefix(prefix))
        .collect();
    let mut names = ContractEvent::NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(names, events);
}

#[test]
fn events_are_read_by_name() {
    let event = BlobCertified {
        epoch: Epoch(3),
        blob_id: BlobId([7; 32]),
        end_epoch: Epoch(9),
        deletable: true,
        object_id: ObjectId([8; 32]),
        is_extension: false,
    };
    let bytes = wire::to_bcs(&event);
    assert_eq!(bytes.len(), 4 + 32 + 4 + 1 + 32 + 1);
    let read = ContractEvent::from_bcs("BlobCertified", &bytes).unwrap();
    assert_eq!(read, ContractEvent::from(event));
    assert_eq!(
        (read.name(), read.to_bcs()),
        ("BlobCertified", bytes.clone())
    );
    assert!(ContractEvent::from_bcs("BlobCertified", &bytes[1..]).is_err());
    let error = ContractEvent::from_bcs("Surprise", &bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown event \"Surprise\" of module events"
    );
}

/// The BCS of a value, as hex.
fn bcs<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) -> String {
    let bytes = wire::to_bcs(&value);
    assert_eq!(wire::from_bcs(&bytes), Ok(value));
    hex::encode(bytes)
}

#[test]
fn building_blocks_have_the_bytes_of_move() {
    let id = Uid(ObjectId([0x11; 32]));
    let id_hex = "11".repeat(32);
    assert_eq!(bcs(id), id_hex);
    assert_eq!(bcs(Balance::<framework::Wal>::new(258)), "0201000000000000");
    assert_eq!(
        bcs(Coin::<framework::Wal>::new(id, 1)),
        format!("{id_hex}0100000000000000")
    );
    assert_eq!(
        bcs(Table::<Epoch, u8>::new(id, 1)),
        format!("{id_hex}0100000000000000")
    );
    assert_eq!(bcs(ExtendedField::<ActiveSet>::new(id)), id_hex);
    assert_eq!(bcs(Element::<framework::G1>::new(vec![0xc0, 0])), "02c000");
    assert_eq!(bcs(ExtendedFieldKey), "00");
    assert!(wire::from_bcs::<ExtendedFieldKey>(&[1]).is_err());
    let map = VecMap {
        contents: vec![(Epoch(2), 7_u64), (Epoch(1), 8)],
    };
    let map_hex = "02020000000700000000000000010000000800000000000000";
    assert_eq!(bcs(map.clone()), map_hex);
    assert_eq!(bcs(PendingValues(map)), map_hex);
    let fields = VecMap {
        contents: vec![("name".to_owned(), "x".to_owned())],
    };
    let display = Display::<Blob>::new(id, fields, 3);
    assert_eq!(bcs(display), format!("{id_hex}01046e616d6501780300"));
    assert_eq!(bcs(EpochState::NextParamsSelected(1)), "020100000000000000");
    assert_eq!(bcs(StakedWalState::Staked), "00");
    assert_eq!(
        bcs(StakedWalState::Withdrawing {
            withdraw_epoch: Epoch(5)
        }),
        "0105000000"
    );
    assert_eq!(
        bcs(Field {
            id,
            name: 4_u64,
            value: PoolState::Active
        })
        .len(),
        2 * (32 + 8 + 1)
    );
    assert_eq!(bcs(Authorized::ObjectID(id.0)), format!("01{id_hex}"));
}

#[test]
fn a_blob_has_the_bytes_of_move() {
    let blob = Blob {
        id: Uid(ObjectId([1; 32])),
        registered_epoch: Epoch(2),
        blob_id: BlobId([3; 32]),
        size: 4,
        encoding_type: 1,
        certified_epoch: Some(Epoch(5)),
        storage: Storage {
            id: Uid(ObjectId([6; 32])),
            start_epoch: Epoch(7),
            end_epoch: Epoch(8),
            storage_size: 9,
        },
        deletable: true,
    };
    let expected = [
        &"01".repeat(32),
        "02000000",
        &"03".repeat(32),
        "0400000000000000",
        "01",
        "0105000000",
        &"06".repeat(32),
        "07000000",
        "08000000",
        "0900000000000000",
        "01",
    ];
    assert_eq!(bcs(blob), expected.concat());
}

#[test]
fn accounts_wrap_around_at_the_end_of_the_ring() {
    let account = |epoch| FutureAccounting {
        epoch: Epoch(epoch),
        used_capacity: 0,
        rewards_to_distribute: Balance::new(0),
    };
    let ring_buffer = vec![account(12), account(10), account(11)];
    let mut ring = FutureAccountingRingBuffer {
        current_index: 1,
        length: 3,
        ring_buffer,
    };
    let epochs: Vec<_> = (0..4)
        .map(|i| ring.slot(i).map(|slot| slot.epoch.0))
        .collect();
    assert_eq!(epochs, [Some(10), Some(11), Some(12), None]);
    ring.slot_mut(2).unwrap().used_capacity = 5;
    assert_eq!(ring.ring_buffer[0].used_capacity, 5);
    let broken = FutureAccountingRingBuffer {
        current_index: 7,
        length: 9,
        ring_buffer: vec![],
    };
    assert!(broken.slot(0).is_none() && broken.slot(8).is_none());
}

#[test]
fn only_the_right_kind_of_owner_is_authorized() {
    let (address, object) = (crate::SuiAddress([1; 32]), ObjectId([1; 32]));
    assert!(Authorized::Address(address).allows(&Authenticated::Sender(address)));
    assert!(Authorized::ObjectID(object).allows(&Authenticated::Object(object)));
    assert!(!Authorized::Address(address).allows(&Authenticated::Object(object)));
    assert!(!Authorized::ObjectID(object).allows(&Authenticated::Object(ObjectId::ZERO)));
}

#[test]
fn maps_keep_the_order_of_insertion() {
    let mut map = VecMap::default();
    for key in [3, 1, 2] {
        assert_eq!(map.insert(key, key * 10), Ok(()));
    }
    assert_eq!(map.insert(1, 0), Err((1, 0)));
    assert_eq!(map.remove(&1), Some((1, 10)));
    assert_eq!(map.remove(&1), None);
    map.insert(1, 11).unwrap();
    *map.get_mut(&3).unwrap() = 31;
    assert_eq!(map.contents, [(3, 31), (2, 20), (1, 11)]);
    assert_eq!((map.get(&2), map.get(&9), map.len()), (Some(&20), None, 3));
}

#[test]
fn ids_of_dynamic_fields_hash_parent_name_and_type() {
    // Preimage: f0 ‖ parent ‖ length of the name ‖ name ‖ type tag (02 is `u64`).
    let parent = ObjectId([9; 32]);
    let name = 4_u64.to_le_bytes();
    let preimage = [&[0xf0][..], &[9; 32], &8_u64.to_le_bytes(), &name, &[2]].concat();
    let expected = ObjectId(crate::hash::blake2b256(&[&preimage]));
    assert_eq!(framework::dynamic_field_id(&parent, &name, &[2]), expected);
}
