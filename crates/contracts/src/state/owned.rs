//! What accounts own: blobs, storage, coins.

use floe_core::{
    BlobId, ObjectId, SuiAddress,
    onchain::{
        MoveDatatype,
        blob::{Blob, Metadata, PooledBlob, SharedBlob, Storage, StoragePool, StoragePoolInnerV1},
    },
};
use serde::de::DeserializeOwned;
use sui_sdk_types::{ObjectReference, StructTag, TypeTag};

use super::{Contracts, typed::decode};
use crate::{PageToken, RawObject, ReadError};

/// The objects asked for in one call.
const PAGE_SIZE: u32 = 200;

/// A value and the version of the object it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned<T> {
    /// The value.
    pub value: T,
    /// How transactions name this version.
    pub reference: ObjectReference,
}

/// Some of the objects asked for, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The objects.
    pub items: Vec<Owned<T>>,
    /// The next page; `None` after the last.
    pub next: Option<PageToken>,
}

/// The coins of an account, summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balances {
    /// MIST.
    pub sui_mist: u64,
    /// FROST.
    pub wal_frost: u64,
}

impl Contracts {
    /// A blob; `None` if there is no such object (deleted, or wrapped in another).
    ///
    /// # Errors
    /// [`ReadError`], also if the object is something else.
    pub async fn blob(&self, id: ObjectId) -> Result<Option<Blob>, ReadError> {
        let object = self.chain().object(id).await?;
        object.as_ref().map(decode).transpose()
    }

    /// Blobs in the order of `ids`; `None` for those that don't exist.
    ///
    /// # Errors
    /// [`ReadError`], also if an object is something else.
    pub async fn blobs(&self, ids: &[ObjectId]) -> Result<Vec<Option<Blob>>, ReadError> {
        let objects = self.chain().objects(ids).await?;
        let blob = |object: Option<RawObject>| object.as_ref().map(decode).transpose();
        objects.into_iter().map(blob).collect()
    }

    /// A shared blob.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn shared_blob(&self, id: ObjectId) -> Result<SharedBlob, ReadError> {
        self.typed(id).await
    }

    /// Blobs of an account, a page of them.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn owned_blobs(
        &self,
        owner: SuiAddress,
        page: Option<PageToken>,
    ) -> Result<Page<Blob>, ReadError> {
        self.owned_page(owner, page).await
    }

    /// All blobs of an account.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn all_blobs(&self, owner: SuiAddress) -> Result<Vec<Owned<Blob>>, ReadError> {
        self.owned_all(owner).await
    }

    /// Storage of an account that no blob occupies, a page of it.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn owned_storage(
        &self,
        owner: SuiAddress,
        page: Option<PageToken>,
    ) -> Result<Page<Storage>, ReadError> {
        self.owned_page(owner, page).await
    }

    /// All storage of an account that no blob occupies.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn all_storage(&self, owner: SuiAddress) -> Result<Vec<Owned<Storage>>, ReadError> {
        self.owned_all(owner).await
    }

    /// Storage.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn storage(&self, id: ObjectId) -> Result<Storage, ReadError> {
        self.typed(id).await
    }

    /// The attributes of a blob (its object's id, or a pooled blob's); `None` if it has none.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn attributes(&self, blob: ObjectId) -> Result<Option<Metadata>, ReadError> {
        let name_type = TypeTag::Vector(Box::new(TypeTag::U8));
        let name = Metadata::FIELD_NAME.to_vec();
        self.field(blob, &name_type, &name).await
    }

    /// A pool of storage with its content.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn storage_pool(
        &self,
        id: ObjectId,
    ) -> Result<(StoragePool, StoragePoolInnerV1), ReadError> {
        let pool: StoragePool = self.typed(id).await?;
        let inner = self.field(id, &TypeTag::U64, &pool.version).await?;
        let what = "StoragePoolInnerV1";
        Ok((pool, inner.ok_or(ReadError::NotFound { what, id })?))
    }

    /// A blob in a pool of storage; `None` if the pool has no such blob.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn pooled_blob(
        &self,
        pool: &StoragePoolInnerV1,
        blob: BlobId,
    ) -> Result<Option<PooledBlob>, ReadError> {
        let blob = self
            .object_field(pool.blobs.id.0, TypeTag::U256, blob)
            .await?;
        blob.as_ref().map(decode).transpose()
    }

    /// The sums of an account's coins.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn balances(&self, owner: SuiAddress) -> Result<Balances, ReadError> {
        let wal_type = self.deployment().await?.wal_type.clone();
        let (sui_type, chain) = (StructTag::sui(), self.chain());
        let (sui, wal) = futures::try_join!(
            chain.balance(owner, &sui_type),
            chain.balance(owner, &wal_type)
        )?;
        Ok(Balances {
            sui_mist: sui,
            wal_frost: wal,
        })
    }

    pub(super) async fn owned_page<T: MoveDatatype + DeserializeOwned>(
        &self,
        owner: SuiAddress,
        page: Option<PageToken>,
    ) -> Result<Page<T>, ReadError> {
        let object_type = self.deployment().await?.type_of::<T>();
        let page = self
            .chain()
            .owned(owner, &object_type, PAGE_SIZE, page)
            .await?;
        let item = |object: &RawObject| {
            Ok(Owned {
                value: decode(object)?,
                reference: object.reference(),
            })
        };
        let items: Result<_, ReadError> = page.objects.iter().map(item).collect();
        Ok(Page {
            items: items?,
            next: page.next,
        })
    }

    pub(super) async fn owned_all<T: MoveDatatype + DeserializeOwned>(
        &self,
        owner: SuiAddress,
    ) -> Result<Vec<Owned<T>>, ReadError> {
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let page = self.owned_page(owner, next).await?;
            all.extend(page.items);
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(all),
            }
        }
    }
}
