//! Storage, blobs, pools, supplements and discounts.

use super::*;

impl Life {
    /// FROST that a wallet's calls have cost.
    async fn cost(&mut self, wallet: &Wallet, build: impl Fn(&mut Calls<'_>) + Send) -> u64 {
        let before = wallet.wal_balance().await.unwrap();
        self.run(wallet, build).await;
        before - wallet.wal_balance().await.unwrap()
    }

    pub(super) async fn storage_is_bought_and_cut(&mut self) {
        let buyer = self.delegators[0].clone();
        let before = buyer.wal_balance().await.unwrap();
        let bought = buyer.buy_storage(200 * MIB, Epoch(2), Epoch(12)).await;
        let (storage, executed) = bought.unwrap();
        self.witness.see(&executed);
        let price = self.state().await.prices.storage_frost;
        let paid = before - buyer.wal_balance().await.unwrap();
        assert_eq!(paid, 200 * 10 * price);
        let id = storage.id.0;
        let executed = buyer.split_storage(id, 100 * MIB).await.unwrap();
        self.witness.see(&executed);
        let executed = buyer.split_storage_at(id, Epoch(7)).await.unwrap();
        self.witness.see(&executed);
        let parts = self.contracts.all_storage(buyer.address()).await.unwrap();
        let mut others: Vec<_> = parts.iter().map(|part| &part.value).collect();
        others.retain(|part| part.id.0 != id);
        // The epochs first: what is left has other ones.
        others.sort_by_key(|part| std::cmp::Reverse(part.start_epoch));
        for other in others {
            let executed = buyer.fuse_storage(id, other.id.0).await.unwrap();
            self.witness.see(&executed);
        }
        assert_eq!(self.contracts.storage(id).await.unwrap(), storage);
    }

    async fn certify(&mut self, wallet: &Wallet, blob: &Blob) {
        let state = self.state().await;
        let members = state.committees.for_writes().unwrap();
        let numbers = self
            .nodes
            .iter()
            .filter(|node| members.find(&node.id).is_some());
        let numbers: Vec<u8> = numbers.map(|node| node.number).collect();
        let message = confirmation(blob, state.epoch);
        let certify = CertifyBlob {
            object: blob.id.0,
            certificate: certificate(&state, &numbers, message),
        };
        let executed = wallet.certify(&[certify]).await.unwrap();
        assert!(matches!(
            executed.events[..],
            [ContractEvent::BlobCertified(_)]
        ));
        self.witness.see(&executed);
    }

    async fn register(&mut self, wallet: &Wallet, seed: u8, storage: StorageSource) -> Blob {
        let blob = NewBlob {
            facts: facts(seed, 1000, seed % 2 == 1),
            storage,
            attributes: vec![("seed".to_owned(), seed.to_string())],
            owner: None,
        };
        let registered = wallet.register(&[blob], None).await.unwrap();
        self.witness.see(&registered.executed);
        registered.blobs[0].clone()
    }

    /// Registered in own storage, certified, extended, deleted; shared, funded, extended by a
    /// stranger; burned.
    pub(super) async fn blobs_are_stored(&mut self) {
        let owner = self.delegators[0].clone();
        let storage = self.contracts.all_storage(owner.address()).await.unwrap();
        let own = StorageSource::Own {
            id: storage[0].value.id.0,
            end: Some(Epoch(5)),
        };
        let deletable = self.register(&owner, 1, own).await;
        self.certify(&owner, &deletable).await;
        let id = deletable.id.0;
        let price = owner
            .extension_cost(deletable.storage.storage_size, 3)
            .await;
        let before = owner.wal_balance().await.unwrap();
        let executed = owner.extend(id, 3).await.unwrap();
        self.witness.see(&executed);
        assert_eq!(before - owner.wal_balance().await.unwrap(), price.unwrap());
        let executed = owner.clear_attributes(id).await.unwrap();
        self.witness.see(&executed);
        let executed = owner.delete(&[id]).await.unwrap();
        self.witness.see(&executed);
        let [ContractEvent::BlobDeleted(deleted)] = &executed.events[..] else {
            panic!("{:?}", executed.events);
        };
        assert!(deleted.was_certified);
        let freed = self
            .contracts
            .storage(deletable.storage.id.0)
            .await
            .unwrap();
        assert_eq!(freed.end_epoch, Epoch(8));

        let shared = self
            .register(&owner, 2, StorageSource::Buy { epochs: 2 })
            .await;
        self.certify(&owner, &shared).await;
        let (shared, executed) = owner.share(shared.id.0, Some(WAL)).await.unwrap();
        self.witness.see(&executed);
        let stranger = self.delegators[1].clone();
        let executed = stranger.fund_shared(shared, WAL).await.unwrap();
        self.witness.see(&executed);
        let executed = stranger.extend_shared(shared, 5).await.unwrap();
        self.witness.see(&executed);
        let shared = self.contracts.shared_blob(shared).await.unwrap();
        assert_eq!(shared.blob.storage.end_epoch, Epoch(9));

        let burned = self
            .register(&owner, 3, StorageSource::Buy { epochs: 1 })
            .await;
        let executed = owner.burn(&[burned.id.0]).await.unwrap();
        self.witness.see(&executed);
        assert_eq!(self.contracts.blob(burned.id.0).await.unwrap(), None);
    }

    /// A pool of storage; supplements to rewards; a discount.
    pub(super) async fn pools_and_supplements(&mut self) {
        let user = self.delegators[2].clone();
        let (owner, blob) = (user.address(), facts(4, 1000, true));
        let state = self.state().await;
        let size = state.params().encoded_length(1000).unwrap();
        let executed = self
            .run(&user, |calls| {
                let payment = calls.ptb.pay_wal(100 * WAL);
                let pool = calls.create_storage_pool(3 * size, 2, payment);
                calls.register_pooled_blob(pool, &blob, payment);
                calls.extend_storage_pool(pool, 1, payment);
                calls.increase_storage_pool_capacity(pool, size, payment);
                let rest = calls.decrease_storage_pool_unused_capacity_by_percent(pool, 50);
                calls.ptb.transfer(vec![pool, rest], owner);
            })
            .await;
        let pool = executed.created_of(&state.deployment.type_of::<StoragePool>());
        let pool = pool.unwrap();
        let (_, inner) = self.contracts.storage_pool(pool).await.unwrap();
        assert_eq!((inner.blob_count, inner.used_encoded_bytes), (1, size));
        self.run(&user, |calls| {
            let pool = calls.own(pool);
            calls.delete_pooled_blob(pool, blob.blob_id);
            let storage = calls.destroy_storage_pool(pool);
            calls.ptb.transfer(vec![storage], owner);
        })
        .await;
        self.supplements(&user).await;
        self.discounts(&user).await;
    }

    async fn supplements(&mut self, user: &Wallet) {
        let package = package("walrus_subsidies");
        let rates = SupplementRates {
            usage_rate: 5_000,
            per_node_frost: WAL,
            per_shard_frost: WAL / 10,
        };
        let owner = user.address();
        let executed = self
            .run(user, |calls| {
                let cap = calls.new_walrus_subsidies(package, rates);
                calls.ptb.transfer(vec![cap], owner);
            })
            .await;
        let tag = executed.created.iter().find_map(|(id, tag)| {
            let tag = tag.as_ref()?;
            (tag.name().as_str() == "WalrusSubsidies").then_some(*id)
        });
        let subsidies = tag.unwrap();
        self.run(user, |calls| {
            let funds = calls.ptb.wal_coin(10_000 * WAL);
            calls.fund_walrus_subsidies(package, subsidies, funds);
            calls.process_subsidies(package, subsidies);
        })
        .await;
        let read: (WalrusSubsidies, _) = self.contracts.walrus_subsidies(subsidies).await.unwrap();
        let (_, inner) = read;
        // Nothing was paid for since it is there, and this epoch's fixed part is due in the next.
        assert_eq!(inner.subsidy_pool.value, 10_000 * WAL);
        assert_eq!(inner.latest_epoch, Epoch(1));
        self.subsidies = Some(subsidies);
    }

    async fn discounts(&mut self, user: &Wallet) {
        let package = package("subsidies");
        let rates = CreditRates {
            buyer: 2_000,
            system: 1_000,
        };
        let owner = user.address();
        let executed = self
            .run(user, |calls| {
                let funds = calls.ptb.wal_coin(WAL);
                let cap = calls.new_credits(package, rates, funds);
                calls.ptb.transfer(vec![cap], owner);
            })
            .await;
        let named = |name: &str| {
            let mut created = executed.created.iter();
            let found = created
                .find(|(_, tag)| tag.as_ref().is_some_and(|tag| tag.name().as_str() == name));
            found.unwrap().0
        };
        let (credits, admin) = (named("Subsidies"), named("AdminCap"));
        let price = self.state().await.prices.storage_frost;
        let paid = self
            .cost(user, |calls| {
                let payment = calls.ptb.pay_wal(WAL);
                let storage = calls.reserve_space_with_credits(package, credits, MIB, 2, payment);
                calls.ptb.transfer(vec![storage], owner);
            })
            .await;
        assert_eq!(paid, 2 * price - 2 * price * 2_000 / 10_000);
        let left = self.contracts.credits(credits).await.unwrap();
        assert_eq!(left.subsidy_pool.value, WAL - 2 * price * 3_000 / 10_000);
        self.run(user, |calls| {
            let coin = calls.withdraw_credits(package, credits, admin);
            calls.ptb.transfer(vec![coin], owner);
        })
        .await;
    }
}
