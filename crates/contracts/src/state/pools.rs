//! Staking pools and what else belongs to staking and governance.

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    onchain::{
        framework::{TreasuryCap, Wal},
        governance::{
            PackageDigest, SlashingManager, SlashingProposal, UpgradeManager, UpgradeProposal,
        },
        node::{NodeMetadata, StorageNodeCap},
        staking::{
            ActiveSet, NewEpochCommissionBlockedForCollection, PoolExchangeRate, StakedWal,
            StakingPool,
        },
        subsidies::Subsidies,
        wal::TreasuryCapKey,
        wal_exchange::Exchange,
        walrus_subsidies::{SubsidiesInnerKey, WalrusSubsidies, WalrusSubsidiesInnerV1},
    },
};
use sui_sdk_types::TypeTag;

use super::{
    Contracts, Owned, Page,
    typed::{decode, decode_unchecked},
};
use crate::{PageToken, ReadError, deployment::struct_tag};

impl Contracts {
    /// The pool of a node.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such node.
    pub async fn pool(&self, node: ObjectId) -> Result<StakingPool, ReadError> {
        self.typed(node).await
    }

    /// The pools of nodes, in the order of `nodes`.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such node.
    pub async fn pools(&self, nodes: &[ObjectId]) -> Result<Vec<StakingPool>, ReadError> {
        let objects = self.chain().objects(nodes).await?;
        let pool = |(object, id): (Option<crate::RawObject>, &ObjectId)| {
            let what = "StakingPool";
            decode(&object.ok_or(ReadError::NotFound { what, id: *id })?)
        };
        objects.into_iter().zip(nodes).map(pool).collect()
    }

    /// The nodes that can be in the next committee, with their stakes.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn active_set(&self) -> Result<ActiveSet, ReadError> {
        let state = self.state().await?;
        let id = state.staking_inner.active_set.id.0;
        let key_type = state.deployment.struct_tag("extended_field", "Key");
        let set = self.extended_field(id, key_type).await?;
        set.ok_or(ReadError::NotFound {
            what: "ActiveSet",
            id,
        })
    }

    /// What explorers show of a node.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn node_metadata(&self, pool: &StakingPool) -> Result<NodeMetadata, ReadError> {
        let id = pool.node_info.metadata.id.0;
        let key_type = self.deployment().await?.struct_tag("extended_field", "Key");
        let metadata = self.extended_field(id, key_type).await?;
        metadata.ok_or(ReadError::NotFound {
            what: "NodeMetadata",
            id,
        })
    }

    /// What a pool's shares were worth when an epoch began; `None` if it was not in a committee.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn exchange_rate(
        &self,
        pool: &StakingPool,
        epoch: Epoch,
    ) -> Result<Option<PoolExchangeRate>, ReadError> {
        let id = pool.exchange_rates.id.0;
        self.field(id, &TypeTag::U32, &epoch).await
    }

    /// The commission of a pool that can be collected now, in FROST.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn collectable_commission(&self, pool: &StakingPool) -> Result<u64, ReadError> {
        type Key = NewEpochCommissionBlockedForCollection;
        let key_type = self.deployment().await?.type_of::<Key>();
        let bag = pool.extra_fields.id.0;
        let blocked: Option<u64> = self
            .field(
                bag,
                &key_type.into(),
                &NewEpochCommissionBlockedForCollection,
            )
            .await?;
        Ok(pool.commission.value.saturating_sub(blocked.unwrap_or(0)))
    }

    /// A stake.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such stake.
    pub async fn staked_wal(&self, id: ObjectId) -> Result<StakedWal, ReadError> {
        self.typed(id).await
    }

    /// Stakes of an account, a page of them.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn owned_stakes(
        &self,
        owner: SuiAddress,
        page: Option<PageToken>,
    ) -> Result<Page<StakedWal>, ReadError> {
        self.owned_page(owner, page).await
    }

    /// All stakes of an account.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn all_stakes(&self, owner: SuiAddress) -> Result<Vec<Owned<StakedWal>>, ReadError> {
        self.owned_all(owner).await
    }

    /// All rights of an account to act for nodes.
    ///
    /// # Errors
    /// [`ReadError`] if they can't be read.
    pub async fn all_node_caps(
        &self,
        owner: SuiAddress,
    ) -> Result<Vec<Owned<StorageNodeCap>>, ReadError> {
        self.owned_all(owner).await
    }

    /// The right to act for a node.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn node_cap(&self, id: ObjectId) -> Result<StorageNodeCap, ReadError> {
        self.typed(id).await
    }

    /// An object that exchanges SUI for WAL.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn exchange(&self, id: ObjectId) -> Result<Exchange, ReadError> {
        self.typed(id).await
    }

    /// The object that counts votes on upgrades, and the vote on a package if there is one.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn upgrade_proposal(
        &self,
        manager: ObjectId,
        digest: [u8; 32],
    ) -> Result<(UpgradeManager, Option<UpgradeProposal>), ReadError> {
        let manager: UpgradeManager = self.typed(manager).await?;
        let key_type = self.deployment().await?.type_of::<PackageDigest>();
        let table = manager.upgrade_proposals.id.0;
        let key = PackageDigest(digest.to_vec());
        let proposal = self.field(table, &key_type.into(), &key).await?;
        Ok((manager, proposal))
    }

    /// The vote on slashing a node if there is one.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such manager.
    pub async fn slashing_proposal(
        &self,
        manager: ObjectId,
        node: ObjectId,
    ) -> Result<Option<SlashingProposal>, ReadError> {
        let manager: SlashingManager = self.typed(manager).await?;
        let key_type = struct_tag(ObjectId::from_suffix(2), "object", "ID");
        let table = manager.slashing_candidates.id.0;
        self.field(table, &key_type.into(), &node).await
    }

    /// The object that supplements nodes' rewards, with its content and the package to call.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn walrus_subsidies(
        &self,
        id: ObjectId,
    ) -> Result<(WalrusSubsidies, WalrusSubsidiesInnerV1), ReadError> {
        let raw = self.raw(id, "WalrusSubsidies").await?;
        let outer: WalrusSubsidies = decode(&raw)?;
        let key = struct_tag(
            crate::address::object_id(raw.object_type.address()),
            "walrus_subsidies",
            "SubsidiesInnerKey",
        );
        let inner = self.field(id, &key.into(), &SubsidiesInnerKey).await?;
        let what = "WalrusSubsidiesInnerV1";
        Ok((outer, inner.ok_or(ReadError::NotFound { what, id })?))
    }

    /// The object that pays part of purchases.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn credits(&self, id: ObjectId) -> Result<Subsidies, ReadError> {
        self.typed(id).await
    }

    /// All WAL there is, in FROST, as the treasury counts it.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such treasury.
    pub async fn wal_supply(&self, treasury: ObjectId) -> Result<u64, ReadError> {
        let wal = crate::address::object_id(self.deployment().await?.wal_type.address());
        let key = struct_tag(wal, "wal", "TreasuryCapKey");
        let cap = self
            .object_field(treasury, key.into(), TreasuryCapKey)
            .await?;
        let what = "TreasuryCap";
        let cap = cap.ok_or(ReadError::NotFound { what, id: treasury })?;
        let cap: TreasuryCap<Wal> = decode_unchecked(&cap)?;
        Ok(cap.total_supply)
    }

    /// The package that an object's type is from: the one to call for contracts without upgrades.
    ///
    /// # Errors
    /// [`ReadError`], also if there is no such object.
    pub async fn package_of(&self, id: ObjectId) -> Result<ObjectId, ReadError> {
        let raw = self.raw(id, "object").await?;
        Ok(crate::address::object_id(raw.object_type.address()))
    }
}
