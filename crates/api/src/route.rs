//! Paths (`docs/spec/node-api.md` §1.3, §13).

use floe_core::{Axis, BlobId, ObjectId, SliverPairIndex};

/// A kind of request: which method on which paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Read the metadata of a blob.
    GetMetadata,
    /// Store the metadata of a blob.
    PutMetadata,
    /// Whether the metadata of a blob is stored.
    MetadataStatus,
    /// Read a sliver.
    GetSliver,
    /// Store a sliver.
    PutSliver,
    /// Whether a sliver is stored.
    SliverStatus,
    /// Have the storage of a permanent blob confirmed.
    ConfirmPermanent,
    /// Have the storage of a deletable blob confirmed.
    ConfirmDeletable,
    /// What the node knows about a blob.
    BlobStatus,
    /// Symbols with proofs.
    RecoverySymbols,
    /// Symbols without proofs.
    DecodingSymbols,
    /// Have it attested that a blob is inconsistent.
    InconsistencyProof,
    /// Fetch the slivers of a shard.
    SyncShard,
    /// How the node is.
    Health,
    /// The documentation of this API.
    ApiDocs,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// PUT.
    Put,
    /// POST.
    Post,
}

impl Method {
    /// The name in a request line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

impl Route {
    /// All routes.
    pub const ALL: [Self; 15] = [
        Self::GetMetadata,
        Self::PutMetadata,
        Self::MetadataStatus,
        Self::GetSliver,
        Self::PutSliver,
        Self::SliverStatus,
        Self::ConfirmPermanent,
        Self::ConfirmDeletable,
        Self::BlobStatus,
        Self::RecoverySymbols,
        Self::DecodingSymbols,
        Self::InconsistencyProof,
        Self::SyncShard,
        Self::Health,
        Self::ApiDocs,
    ];

    /// The method.
    pub const fn method(self) -> Method {
        match self {
            Self::PutMetadata | Self::PutSliver => Method::Put,
            Self::InconsistencyProof | Self::SyncShard => Method::Post,
            _ => Method::Get,
        }
    }

    /// The path with its parameters in braces, as routers take it and metrics are labelled with.
    pub const fn template(self) -> &'static str {
        match self {
            Self::GetMetadata | Self::PutMetadata => "/v1/blobs/{blob_id}/metadata",
            Self::MetadataStatus => "/v1/blobs/{blob_id}/metadata/status",
            Self::GetSliver | Self::PutSliver => {
                "/v1/blobs/{blob_id}/slivers/{sliver_pair_index}/{sliver_type}"
            }
            Self::SliverStatus => {
                "/v1/blobs/{blob_id}/slivers/{sliver_pair_index}/{sliver_type}/status"
            }
            Self::ConfirmPermanent => "/v1/blobs/{blob_id}/confirmation/permanent",
            Self::ConfirmDeletable => "/v1/blobs/{blob_id}/confirmation/deletable/{object_id}",
            Self::BlobStatus => "/v1/blobs/{blob_id}/status",
            Self::RecoverySymbols => "/v1/blobs/{blob_id}/recoverySymbols",
            Self::DecodingSymbols => "/v1/blobs/{blob_id}/decodingSymbols",
            Self::InconsistencyProof => "/v1/blobs/{blob_id}/inconsistencyProof/{sliver_type}",
            Self::SyncShard => SYNC_SHARD,
            Self::Health => HEALTH,
            Self::ApiDocs => "/v1/api",
        }
    }

    /// What it is for, in a sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::GetMetadata => "The metadata of a blob, with its id",
            Self::PutMetadata => "Store the metadata of a registered blob",
            Self::MetadataStatus => "Whether the metadata of a blob is stored",
            Self::GetSliver => "A sliver of a blob",
            Self::PutSliver => "Store a sliver of a blob whose metadata is stored",
            Self::SliverStatus => "Whether a sliver is stored",
            Self::ConfirmPermanent => "Sign that everything of a blob is stored that belongs here",
            Self::ConfirmDeletable => {
                "Sign that everything of a deletable blob is stored that belongs here"
            }
            Self::BlobStatus => "What this node knows about a blob",
            Self::RecoverySymbols => "Symbols of slivers, each with its proof",
            Self::DecodingSymbols => "Symbols of slivers that hold the blob itself, without proofs",
            Self::InconsistencyProof => "Sign that a blob is inconsistent, given a proof",
            Self::SyncShard => "Slivers of a shard, for its new owner",
            Self::Health => "How this node is",
            Self::ApiDocs => "This documentation",
        }
    }

    /// The media type of the answer.
    pub const fn answer_type(self) -> &'static str {
        match self {
            Self::GetMetadata
            | Self::GetSliver
            | Self::RecoverySymbols
            | Self::DecodingSymbols
            | Self::SyncShard => crate::MEDIA_BCS,
            Self::ApiDocs => "text/html",
            _ => crate::MEDIA_JSON,
        }
    }

    /// A short name for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetMetadata => "get_metadata",
            Self::PutMetadata => "put_metadata",
            Self::MetadataStatus => "metadata_status",
            Self::GetSliver => "get_sliver",
            Self::PutSliver => "put_sliver",
            Self::SliverStatus => "sliver_status",
            Self::ConfirmPermanent => "confirm_permanent",
            Self::ConfirmDeletable => "confirm_deletable",
            Self::BlobStatus => "blob_status",
            Self::RecoverySymbols => "recovery_symbols",
            Self::DecodingSymbols => "decoding_symbols",
            Self::InconsistencyProof => "inconsistency_proof",
            Self::SyncShard => "sync_shard",
            Self::Health => "health",
            Self::ApiDocs => "api_docs",
        }
    }
}

/// Path of [`Route::SyncShard`].
pub const SYNC_SHARD: &str = "/v1/migrate/sync_shard";
/// Path of [`Route::Health`].
pub const HEALTH: &str = "/v1/health";

/// Path of [`Route::GetMetadata`] and [`Route::PutMetadata`].
pub fn metadata(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/metadata")
}

/// Path of [`Route::MetadataStatus`].
pub fn metadata_status(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/metadata/status")
}

/// Path of [`Route::GetSliver`] and [`Route::PutSliver`].
pub fn sliver(blob_id: &BlobId, pair: SliverPairIndex, axis: Axis) -> String {
    format!("/v1/blobs/{blob_id}/slivers/{pair}/{axis}")
}

/// Path of [`Route::SliverStatus`].
pub fn sliver_status(blob_id: &BlobId, pair: SliverPairIndex, axis: Axis) -> String {
    format!("/v1/blobs/{blob_id}/slivers/{pair}/{axis}/status")
}

/// Path of [`Route::ConfirmPermanent`].
pub fn confirm_permanent(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/confirmation/permanent")
}

/// Path of [`Route::ConfirmDeletable`].
pub fn confirm_deletable(blob_id: &BlobId, object_id: &ObjectId) -> String {
    format!("/v1/blobs/{blob_id}/confirmation/deletable/{object_id}")
}

/// Path of [`Route::BlobStatus`].
pub fn blob_status(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/status")
}

/// Path of [`Route::RecoverySymbols`].
pub fn recovery_symbols(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/recoverySymbols")
}

/// Path of [`Route::DecodingSymbols`].
pub fn decoding_symbols(blob_id: &BlobId) -> String {
    format!("/v1/blobs/{blob_id}/decodingSymbols")
}

/// Path of [`Route::InconsistencyProof`].
pub fn inconsistency_proof(blob_id: &BlobId, axis: Axis) -> String {
    format!("/v1/blobs/{blob_id}/inconsistencyProof/{axis}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_their_templates() {
        let id: BlobId = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY"
            .parse()
            .unwrap();
        let object = ObjectId::from_suffix(7);
        let fill = |route: Route, axis: &str| {
            route
                .template()
                .replace("{blob_id}", &id.to_string())
                .replace("{sliver_pair_index}", "3")
                .replace("{sliver_type}", axis)
                .replace("{object_id}", &object.to_string())
        };
        let pair = SliverPairIndex(3);
        assert_eq!(metadata(&id), fill(Route::GetMetadata, ""));
        assert_eq!(metadata_status(&id), fill(Route::MetadataStatus, ""));
        let path = sliver(&id, pair, Axis::Primary);
        assert_eq!(path, fill(Route::PutSliver, "primary"));
        let path = sliver_status(&id, pair, Axis::Secondary);
        assert_eq!(path, fill(Route::SliverStatus, "secondary"));
        assert_eq!(confirm_permanent(&id), fill(Route::ConfirmPermanent, ""));
        let path = confirm_deletable(&id, &object);
        assert_eq!(path, fill(Route::ConfirmDeletable, ""));
        assert_eq!(blob_status(&id), fill(Route::BlobStatus, ""));
        assert_eq!(recovery_symbols(&id), fill(Route::RecoverySymbols, ""));
        assert_eq!(decoding_symbols(&id), fill(Route::DecodingSymbols, ""));
        let path = inconsistency_proof(&id, Axis::Primary);
        assert_eq!(path, fill(Route::InconsistencyProof, "primary"));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = Route::ALL.iter().map(|r| r.name()).collect();
        assert_eq!(names.len(), Route::ALL.len());
    }
}
