//! Package `blob_bucket`: a storage pool as a shared object (`docs/spec/contracts.md` §3.8).

use super::{blob::StoragePool, framework::Uid};
use crate::ObjectId;

move_types! {
    blob_bucket::blob_bucket;

    /// A shared storage pool. Its content is a dynamic field under `version`, a `u64`.
    struct BlobBucket {
        /// The object's id.
        id: Uid,
        /// The version of the content, 1.
        version: u64,
    }

    /// The right to use a [`BlobBucket`].
    struct BlobBucketCap {
        /// The object's id.
        id: Uid,
        /// The bucket's id.
        bucket_id: ObjectId,
    }
}

move_types! {
    blob_bucket::blob_bucket_inner_v1;

    /// The content of a [`BlobBucket`].
    struct BlobBucketInnerV1 {
        /// The pool.
        storage_pool: StoragePool,
    }
}
