//! Staking, nodes, exchanges.

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    onchain::{
        node::StorageNodeCap,
        staking::{Committee, StakedWal},
    },
};

use super::{Executed, Wallet};
use crate::{
    Ptb, ReadError, TransactionError,
    calls::{Calls, Identity, NodeRegistration},
};

impl Wallet {
    /// Sends MIST to an account.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn send_sui(&self, to: SuiAddress, mist: u64) -> Result<Executed, TransactionError> {
        self.run(|calls| {
            let coin = calls.ptb.sui_coin(mist);
            calls.ptb.transfer(vec![coin], to);
        })
        .await
    }

    /// Sends FROST to an account.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn send_wal(&self, to: SuiAddress, frost: u64) -> Result<Executed, TransactionError> {
        self.run(|calls| {
            let coin = calls.ptb.wal_coin(frost);
            calls.ptb.transfer(vec![coin], to);
        })
        .await
    }

    /// Gets WAL for MIST from an exchange.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn exchange_sui_for_wal(
        &self,
        exchange: ObjectId,
        mist: u64,
    ) -> Result<Executed, TransactionError> {
        let package = self.contracts().package_of(exchange).await?;
        let owner = self.address();
        self.run(|calls| {
            let sui = calls.ptb.sui_coin(mist);
            let wal = calls.exchange_all_for_wal(package, exchange, sui);
            calls.ptb.transfer(vec![wal], owner);
        })
        .await
    }

    /// Stakes FROST with nodes. → the stakes, in the same order
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn stake(
        &self,
        stakes: &[(ObjectId, u64)],
    ) -> Result<(Vec<StakedWal>, Executed), TransactionError> {
        let owner = self.address();
        let executed = self
            .run(|calls| {
                let mut staked = Vec::with_capacity(stakes.len());
                for (node, frost) in stakes {
                    let coin = calls.ptb.wal_coin(*frost);
                    staked.push(calls.stake(coin, *node));
                }
                calls.ptb.transfer(staked, owner);
            })
            .await?;
        let tag = self.contracts().deployment().await?.type_of::<StakedWal>();
        let mut created = Vec::with_capacity(stakes.len());
        for (id, object_type) in &executed.created {
            if object_type.as_ref() == Some(&tag) {
                created.push(self.contracts().staked_wal(*id).await?);
            }
        }
        let mut ordered = Vec::with_capacity(created.len());
        for (node, frost) in stakes {
            let is_it =
                |stake: &StakedWal| stake.node_id == *node && stake.principal.value == *frost;
            if let Some(position) = created.iter().position(is_it) {
                ordered.push(created.swap_remove(position));
            }
        }
        Ok((ordered, executed))
    }

    /// Asks for stakes back.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn request_withdraw(
        &self,
        stakes: &[ObjectId],
    ) -> Result<Executed, TransactionError> {
        self.run(|calls| {
            for stake in stakes {
                let staked = calls.own(*stake);
                calls.request_withdraw(staked);
            }
        })
        .await
    }

    /// Takes stakes out, with their rewards.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn withdraw(&self, stakes: &[ObjectId]) -> Result<Executed, TransactionError> {
        let owner = self.address();
        self.run(|calls| {
            let mut coins = Vec::with_capacity(stakes.len());
            for stake in stakes {
                let staked = calls.own(*stake);
                coins.push(calls.withdraw(staked));
            }
            calls.ptb.transfer(coins, owner);
        })
        .await
    }

    /// FROST that a stake has earned between two epochs.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn rewards(
        &self,
        node: ObjectId,
        principal: u64,
        activation: Epoch,
        withdrawal: Epoch,
    ) -> Result<u64, TransactionError> {
        self.ask(|calls| {
            calls.calculate_rewards(node, principal, activation, withdrawal);
        })
        .await
    }

    /// The committee that the present stakes would make, by the contracts' own rules.
    ///
    /// # Errors
    /// [`TransactionError`]: nobody has staked.
    pub async fn next_committee(&self) -> Result<Committee, TransactionError> {
        self.ask(|calls| {
            calls.compute_next_committee();
        })
        .await
    }

    /// Whether a stake of the wallet can be taken out at once.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn can_withdraw_early(&self, stake: ObjectId) -> Result<bool, TransactionError> {
        self.ask(|calls| {
            let staked = calls.own(stake);
            calls.can_withdraw_early(staked);
        })
        .await
    }

    /// Registers nodes in one transaction. → the rights to act for them, in the same order
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn register_nodes(
        &self,
        nodes: &[NodeRegistration],
    ) -> Result<(Vec<StorageNodeCap>, Executed), TransactionError> {
        let owner = self.address();
        let executed = self
            .run(|calls| {
                let caps = nodes.iter().map(|node| calls.register_candidate(node));
                let caps = caps.collect();
                calls.ptb.transfer(caps, owner);
            })
            .await?;
        let deployment = self.contracts().deployment().await?;
        let tag = deployment.type_of::<StorageNodeCap>();
        let mut caps = Vec::with_capacity(nodes.len());
        for (id, object_type) in &executed.created {
            if object_type.as_ref() == Some(&tag) {
                let cap = self.contracts().node_cap(*id).await?;
                let pool = self.contracts().pool(cap.node_id).await?;
                let name = &pool.node_info.name;
                let position = nodes.iter().position(|node| node.name == *name);
                caps.push((position, cap));
            }
        }
        caps.sort_by_key(|(position, _)| *position);
        Ok((caps.into_iter().map(|(_, cap)| cap).collect(), executed))
    }

    /// Takes a node's commission out; it goes to the wallet.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub async fn collect_commission(
        &self,
        node: ObjectId,
        identity: Identity,
    ) -> Result<Executed, TransactionError> {
        let owner = self.address();
        self.run(|calls| {
            let coin = calls.collect_commission(node, identity.clone());
            calls.ptb.transfer(vec![coin], owner);
        })
        .await
    }

    /// Selects the next committee.
    ///
    /// # Errors
    /// [`TransactionError`]: too early, or done already.
    pub async fn voting_end(&self) -> Result<Executed, TransactionError> {
        self.run(|calls| calls.voting_end()).await
    }

    /// Begins the next epoch, with the treasury of the configuration.
    ///
    /// # Errors
    /// [`TransactionError`]: too early, or no treasury is configured.
    pub async fn initiate_epoch_change(&self) -> Result<Executed, TransactionError> {
        let treasury = self.contracts().network().treasury_object;
        let treasury = treasury.ok_or_else(|| {
            TransactionError::Argument("treasury_object is not configured".to_owned())
        })?;
        self.run(|calls| calls.initiate_epoch_change(treasury))
            .await
    }

    /// Reports that a node has received its shards.
    ///
    /// # Errors
    /// [`TransactionError`]: another epoch, reported already, no member.
    pub async fn epoch_sync_done(
        &self,
        cap: ObjectId,
        epoch: Epoch,
    ) -> Result<Executed, TransactionError> {
        self.run(|calls| calls.epoch_sync_done(cap, epoch)).await
    }

    /// What the last call of a transaction returns, by simulation.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        build: impl FnOnce(&mut Calls<'_>),
    ) -> Result<T, TransactionError> {
        let deployment = self.contracts().deployment().await?;
        let mut ptb = Ptb::new();
        build(&mut Calls::new(&mut ptb, &deployment));
        let simulation = self.simulate(&ptb).await?;
        let last = ptb.command_count().saturating_sub(1);
        Self::returned(&simulation, last).ok_or_else(|| TransactionError::Surprise {
            digest: simulation.executed.digest,
            what: "returned nothing of use".to_owned(),
        })
    }

    /// All WAL of the account in FROST.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read.
    pub async fn wal_balance(&self) -> Result<u64, ReadError> {
        Ok(self.contracts().balances(self.address()).await?.wal_frost)
    }
}
