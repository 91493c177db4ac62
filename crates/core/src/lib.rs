//! The vocabulary of Floe: identifiers, sizes, Merkle trees, metadata and signed messages of the
//! Walrus protocol, bit-identical to the live network.
//!
//! No I/O, no async, no coding. Reed–Solomon lives in `floe-encoding`, faster hash kernels in
//! `floe-kernels`.

mod axis;
pub mod certificate;
mod committee;
mod encoding_type;
mod epoch;
pub mod hash;
mod ids;
pub mod keys;
pub mod merkle;
pub mod messages;
mod metadata;
pub mod onchain;
mod params;
mod prices;
mod sliver;
mod symbol;
pub mod wire;

pub use self::{
    axis::{Axis, ParseAxisError},
    committee::{Committee, CommitteeError, CommitteeMember, MemberIndex, RequiredWeight},
    encoding_type::{EncodingType, UnknownEncodingType},
    epoch::Epoch,
    ids::{
        BlobId, EventId, ObjectId, ParseIdError, ParseIndexError, QuiltPatchId,
        QuiltPatchInternalId, ShardIndex, SliverIndex, SliverPairIndex, SuiAddress, SymbolId,
        TxDigest,
    },
    metadata::{
        BlobMetadata, BlobMetadataV1, MetadataError, SliverPairHashes, UnverifiedMetadata,
        VerifiedMetadata,
    },
    params::{
        BlobTooLarge, CodeParams, IndexOutOfRange, InvalidSymbolSize, STORAGE_UNIT_BYTES,
        SymbolSize, TooFewShards, storage_units,
    },
    prices::Prices,
    sliver::{Sliver, SliverData, SliverPair},
    symbol::{
        DecodingSymbol, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol,
        TaggedDecodingSymbol, TaggedInconsistencyProof, TaggedRecoverySymbol,
    },
};
