use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    blob::*, blob_bucket::*, events::*, governance::*, node::*, staking::*, system::*, wal::*, *,
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
