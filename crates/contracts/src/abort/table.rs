//! The rules of the contracts and of the framework functions they call.

use super::AbortName;

/// Defines [`ABORTS`]: for each module the code, the constant's name and the sentence of each rule.
macro_rules! rules {
    ($($module:ident { $($code:literal $name:ident $sentence:literal)* })*) => {
        /// All rules, by module and code.
        pub(super) const ABORTS: &[AbortName] = &[$($(AbortName {
            module: stringify!($module),
            code: $code,
            name: stringify!($name),
            sentence: $sentence,
        },)*)*];
    };
}

rules! {
    active_set {
        0 EZeroMaxSize "the active set must have room for a node"
        1 EDuplicateInsertion "the node is already in the active set"
    }
    apportionment_queue {
        0 EPopFromEmptyHeap "the shards can't be apportioned: no candidates left"
    }
    balance {
        2 ENotEnough "the payment is too small: the price has risen, or the coin holds too little"
    }
    bcs {
        0 EOutOfRange "the signed message is too short"
    }
    blob {
        0 ENotCertified "the blob is not certified"
        1 EBlobNotDeletable "the blob is permanent and can't be deleted"
        2 EResourceBounds "the blob or its storage has expired or does not cover the epochs needed"
        3 EResourceSize "the storage is too small for the blob"
        5 EAlreadyCertified "the blob is already certified"
        6 EInvalidBlobId "the blob id does not belong to this blob"
        7 EDuplicateMetadata "the blob already has attributes"
        8 EMissingMetadata "the blob has no attributes"
        9 EInvalidBlobPersistenceType "the certificate is for a blob of the other kind (permanent or deletable)"
        10 EInvalidBlobObject "the certificate is for another blob object"
    }
    blob_bucket {
        0 EInvalidBlobBucketCap "the capability belongs to another bucket"
        1 EWrongVersion "the bucket was made by another version of the contract"
    }
    blob_bucket_inner_v1 {
        0 EBlobBucketStorageExpired "the bucket's storage has expired"
    }
    bls_aggregate {
        0 EInvalidBitmap "the certificate names signers outside of the committee"
        1 ESigVerification "the certificate's signature is invalid"
        2 ENotEnoughStake "the certificate's signers hold too few shards"
        3 EIncorrectCommittee "the committee is inconsistent"
    }
    committee {
        0 EInvalidShardAssignment "the assignment of shards is inconsistent"
    }
    dynamic_field {
        0 EFieldAlreadyExists "it is already there"
        1 EFieldDoesNotExist "there is no such node, blob or entry"
        2 EFieldTypeMismatch "the entry is of another type"
    }
    encoding {
        0 EInvalidEncodingType "unknown encoding type"
    }
    epoch_balance {
        0 EIndexOutOfBounds "that epoch is too far in the future"
    }
    event_blob {
        0 EInvalidSequenceNumber "the event blob does not follow the last one"
    }
    group_ops {
        1 EInvalidInput "the key is no point of the curve"
    }
    init {
        0 EInvalidMigration "the contracts can't be migrated now"
        1 EInvalidUpgradeCap "the upgrade capability belongs to another package"
        2 EDeprecatedFunction "this function is no longer in use"
    }
    messages {
        0 EIncorrectAppId "the signed message is of another application"
        1 EIncorrectEpoch "the certificate is of another epoch"
        2 EInvalidMsgType "the certificate is for something else"
        3 EIncorrectIntentVersion "the signed message has an unknown version"
        4 EInvalidBlobPersistenceType "the signed message names no known kind of blob"
        5 ENotDeletable "the signed message is not for a deletable blob"
        6 EInvalidKeyLength "a node's key has 48 bytes"
    }
    option {
        0x4_0000 EOPTION_IS_SET "the value is already set"
        0x4_0001 EOPTION_NOT_SET "the value is not set"
    }
    package {
        2 EAlreadyAuthorized "an upgrade is already under way"
        3 ENotAuthorized "no upgrade is under way"
        4 EWrongUpgradeCap "the receipt is of another upgrade"
    }
    pending_values {
        0 EMissingEpochValue "no amount is pending for that epoch"
        1 EReduceValueTooLarge "less is pending than was to be taken away"
    }
    pool_exchange_rate {
        0 EInvalidRate "a share would be worth less than was paid for it"
    }
    slashing {
        0 ENotAuthorized "this account may not vote on slashing for the node"
        1 EDuplicateVote "the node has already voted"
        2 ENoProposalForNode "there is no vote on slashing this node"
        3 EWrongEpoch "the vote was begun in another epoch and is over"
        4 ENotEnoughVotes "too few votes to slash the node"
    }
    staked_wal {
        0 ENotWithdrawing "the stake is not being withdrawn"
        1 EMetadataMismatch "the stakes differ in node, epoch or state and can't be joined"
        2 EInvalidAmount "the amount must be below the stake"
        6 EAlreadyWithdrawing "the stake is already being withdrawn"
        7 EStakeBelowThreshold "a stake must be at least 1 WAL"
    }
    staking {
        0 EInvalidMigration "the staking object can't be migrated now"
        1 EWrongVersion "the staking contract has been upgraded; the package called is out of date"
        2 EDeprecatedFunction "this function is no longer in use"
    }
    staking_inner {
        0 EWrongEpochState "too early, or the epoch has not come that far"
        1 EInvalidSyncEpoch "that is not the current epoch"
        2 EDuplicateSyncDone "the node has already reported for this epoch"
        3 ENoStake "no node has any stake"
        4 ENotInCommittee "the node is not in the current committee"
        5 ECommitteeSelected "the next committee is already selected"
        6 ENextCommitteeIsEmpty "the next committee is not selected yet"
        7 EInvalidNodeWeight "a node's weight is inconsistent"
        8 EPoolNotFound "there is no such storage node"
        9 EZeroNodeWeight "a selected node would have no shards"
        10 EIncorrectNodeOrder "the nodes' keys are in the wrong order"
    }
    staking_pool {
        0 EPoolAlreadyUpdated "the pool has already been brought to this epoch"
        1 ECalculationError "the pool's amounts are inconsistent"
        2 EIncorrectEpochAdvance "a pool without stake can't have rewards"
        3 EPoolNotEmpty "the pool still has stake"
        4 EInvalidProofOfPossession "the proof of possession does not fit key, account and epoch"
        5 EPoolAlreadyWithdrawing "the pool is already being withdrawn"
        6 EPoolIsNotActive "the pool takes no stake"
        7 EZeroStake "nothing to stake"
        8 ENotStaked "the stake is already being withdrawn"
        9 EIncorrectPoolId "the stake belongs to another node"
        10 ENotWithdrawing "ask for the stake first (request-withdraw-stake)"
        11 EWithdrawEpochNotReached "the stake can't be taken out before a later epoch"
        12 EActivationEpochNotReached "the stake is not active yet"
        13 EWithdrawDirectly "the stake is not active yet: take it out at once (withdraw-stake), without asking first"
        14 EIncorrectCommissionRate "a commission rate is at most 10000 basis points"
        15 EAuthorizationFailure "this account is not authorized to do that for the node"
        16 EInvalidNetworkAddressLength "a network address has at most 259 bytes"
        17 EInvalidNameLength "a node's name has at most 100 bytes"
        18 EZeroShares "the stake is worth less than one share"
    }
    storage_accounting {
        0 ETooFarInFuture "that epoch is too far in the future"
    }
    storage_node {
        0 EInvalidNetworkPublicKey "a network key has 33 bytes (compressed P-256)"
    }
    storage_pool {
        0 EBlobNotDeletable "the blob is permanent and can't be deleted"
        1 EResourceBounds "the pool has expired or the storage begins too late"
        2 EAlreadyCertified "the blob is already certified"
        3 EInvalidBlobId "the blob id does not belong to this blob"
        4 EInvalidBlobPersistenceType "the certificate is for a blob of the other kind (permanent or deletable)"
        5 EInvalidBlobObject "the certificate is for another blob object"
        6 EInsufficientCapacity "the pool has not enough unused bytes"
        7 EPoolNotEmpty "the pool still has blobs"
        8 EInvalidBlobSize "the pool's sizes are inconsistent"
        9 EInvalidBlobCount "the pool's number of blobs is inconsistent"
        10 EWrongVersion "the pool was made by another version of the contracts"
        11 EIncompatibleEndEpoch "the storage must end with the pool"
        12 EDuplicateMetadata "the blob already has attributes"
        13 EMissingMetadata "the blob has no attributes"
        14 EInvalidPercent "a percentage is at most 100"
    }
    storage_resource {
        0 EInvalidEpoch "the epoch must lie within the storage's"
        1 EIncompatibleEpochs "the storages' epochs do not fit together"
        2 EIncompatibleAmount "the storages' sizes do not fit"
        3 EInvalidEpochRange "the storage would end before it begins"
    }
    subsidies {
        0 EInvalidSubsidyRate "a subsidy rate is at most 10000 basis points"
        1 EUnauthorizedAdminCap "the capability belongs to another object"
        2 EWrongVersion "the subsidies contract has been upgraded; the package called is out of date"
    }
    system {
        0 EInvalidMigration "the system object can't be migrated now"
        1 EWrongVersion "the system contract has been upgraded; the package called is out of date"
        2 EZeroExtractSize "nothing would be taken out of the pool"
    }
    system_state_inner {
        0 EInvalidMaxEpochsAhead "storage can be sold for at most 1000 epochs ahead"
        1 EStorageExceeded "the network has not enough free capacity"
        2 EInvalidEpochsAhead "the number of epochs is zero, too large, or in the past"
        3 EInvalidIdEpoch "that is not the current epoch"
        4 EIncorrectCommittee "the committee is of another epoch"
        5 EInvalidAccountingEpoch "the accounts are of another epoch"
        6 EIncorrectAttestation "the attestation does not follow the last event blob"
        7 ERepeatedAttestation "the node has already attested for this epoch"
        8 ENotCommitteeMember "the node is not in the current committee"
        9 EIncorrectDenyListSequence "the deny list is not newer than the last"
        10 EIncorrectDenyListNode "the deny list is another node's"
        11 EInvalidResourceSize "storage must have at least one byte"
        12 EInvalidStartEpoch "the start epoch is in the past"
    }
    upgrade {
        0 EInvalidUpgradeManager "the capability belongs to another upgrade manager"
        1 ENotAuthorized "this account may not vote on upgrades for the node"
        2 EDuplicateVote "the node has already voted"
        3 EInvalidPackageDigest "a package digest has 32 bytes"
        4 ENoProposalForDigest "there is no vote on this package"
        5 EWrongEpoch "the vote was begun in another epoch and is over"
        6 ENotEnoughVotes "too few votes for the upgrade"
        7 EWrongVersion "the vote was on another version"
    }
    vec_map {
        0 EKeyAlreadyExists "the key is already there"
        1 EKeyDoesNotExist "there is no such attribute"
    }
    wal_exchange {
        0 EInsufficientFundsInExchange "the exchange has not enough left"
        1 EInsufficientInputBalance "the coin holds less than was to be exchanged"
        2 EUnauthorizedAdminCap "the capability belongs to another exchange"
        3 EInvalidExchangeRate "both sides of an exchange rate must be positive"
    }
    walrus_subsidies {
        0 EUnauthorizedAdminCap "the capability belongs to another object"
        1 EWrongVersion "the subsidies contract has been upgraded; the package called is out of date"
        2 EInvalidMigration "the subsidies object can't be migrated now"
    }
    walrus_subsidies_inner {
        0 EInvalidSubsidyRate "the subsidy rate is too high"
        1 EInsufficientFundsInPool "the subsidies are used up"
    }
}
