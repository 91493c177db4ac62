//! The calls of a trace, as transactions.

use floe_core::{
    Epoch, ObjectId,
    messages::{DenyListUpdate, Message, MessageBody},
    onchain::{
        blob::{Blob, Storage, StoragePool},
        events::PricesUpdated,
        framework::{Coin, Wal},
        staking::{StakedWal, StakedWalState},
        subsidies::Subsidies,
        walrus_subsidies::WalrusSubsidies,
    },
};
use floe_ledger::Outcome;
use serde_json::{Value, json};

use super::{
    Node, Replay,
    network::{
        created, events,
        storage::{Cert, Spec},
    },
};

/// A call's arguments: amounts, names, numbers of nodes.
pub(super) struct Args<'a>(pub(super) &'a [Value]);

impl Args<'_> {
    fn amount(&self, index: usize) -> u64 {
        self.0[index].as_u64().unwrap()
    }

    fn epochs(&self, index: usize) -> u32 {
        self.amount(index).try_into().unwrap()
    }

    fn name(&self, index: usize) -> String {
        self.0[index].as_str().unwrap().to_owned()
    }
}

type Gets = Result<Value, String>;

impl Replay {
    /// What a call gives, or aborts with.
    pub(super) fn call(&mut self, function: &str, args: &Args<'_>) -> Gets {
        match function {
            "wait" => {
                self.net.advance_clock(args.amount(0));
                Ok(Value::Null)
            }
            "stake" | "request" | "withdraw" | "split" | "join" => self.stakes(function, args),
            "voting_end" | "change_epoch" | "update_prices" => self.anybody(function),
            "vote" | "set_commission" | "collect" | "sync" | "deny" | "slash" | "try_join"
            | "add_commission" => self.nodes(function, args),
            "reserve" | "register_blob" | "certify" | "extend" => self.storage(function, args),
            "create_pool" | "pool_blob" | "grow_pool" | "extend_pool" => self.pools(function, args),
            _ => self.supplements(function, args),
        }
    }

    fn node(&self, args: &Args<'_>) -> Node {
        self.nodes[&args.0[0].as_i64().unwrap()].clone()
    }

    fn coin(&self, outcome: &Outcome) -> Value {
        let coin = created::<Coin<Wal>>(outcome)[0];
        self.net.read::<Coin<Wal>>(&coin).balance.into()
    }

    fn stakes(&mut self, function: &str, args: &Args<'_>) -> Gets {
        if function == "stake" {
            let (node, frost) = (self.node(args).node_id, args.amount(1));
            let outcome = self.run(self.user, |tx| tx.stake(node, frost))?;
            let stake = (self.user, created::<StakedWal>(&outcome)[0]);
            self.stakes.insert(args.name(2), stake);
            return Ok(Value::Null);
        }
        let (owner, id) = self.stakes[&args.name(0)];
        match function {
            "request" => {
                self.run(owner, |tx| tx.request_withdraw(id))?;
                match self.net.read::<StakedWal>(&id).state {
                    StakedWalState::Withdrawing { withdraw_epoch } => Ok(json!(withdraw_epoch)),
                    StakedWalState::Staked => panic!("not being withdrawn"),
                }
            }
            "withdraw" => {
                let outcome = self.run(owner, |tx| tx.withdraw(id))?;
                self.stakes.remove(&args.name(0));
                Ok(self.coin(&outcome))
            }
            "split" => {
                let outcome = self.run(owner, |tx| {
                    let arguments = [tx.object(id), tx.pure(&args.amount(1))];
                    let part = tx.walrus("staked_wal::split", &arguments);
                    tx.keep(part);
                })?;
                let part = (owner, created::<StakedWal>(&outcome)[0]);
                self.stakes.insert(args.name(2), part);
                Ok(Value::Null)
            }
            _ => {
                let (_, other) = self.stakes[&args.name(1)];
                self.run(owner, |tx| {
                    let arguments = [tx.object(id), tx.object(other)];
                    tx.walrus("staked_wal::join", &arguments);
                })?;
                self.stakes.remove(&args.name(1));
                Ok(Value::Null)
            }
        }
    }

    fn anybody(&mut self, function: &str) -> Gets {
        match function {
            "voting_end" => self.run(self.user, |tx| tx.voting_end())?,
            "update_prices" => {
                let outcome = self.run(self.user, |tx| tx.update_prices())?;
                let prices = &events::<PricesUpdated>(&outcome)[0];
                return Ok(json!([prices.storage_price, prices.write_price]));
            }
            _ => return self.change_epoch(),
        };
        Ok(Value::Null)
    }

    /// Burns, rewards by node, and what is left over.
    fn change_epoch(&mut self) -> Gets {
        let earned = |replay: &Self| -> Vec<(i64, u64)> {
            let nodes = replay.nodes.iter();
            nodes
                .map(|(number, node)| {
                    let pool = replay.net.pool(&node.node_id);
                    (*number, pool.commission.value + pool.rewards_pool.value)
                })
                .collect()
        };
        let (supply, before) = (self.net.supply(), earned(self));
        let old = self.net.system();
        let members: Vec<i64> = old
            .committee
            .members
            .iter()
            .map(|m| self.number_of(&m.node_id))
            .collect();
        self.run(self.user, |tx| tx.change_epoch())?;
        let rewards = before.iter().zip(earned(self));
        let rewards: Vec<(i64, u64)> = rewards
            .map(|((node, before), (_, after))| (*node, after - before))
            .filter(|(node, _)| members.contains(node))
            .collect();
        let slot = |system: &floe_core::onchain::system::SystemStateInnerV1, ahead| {
            let slot = system.future_accounting.slot(ahead);
            slot.map_or(0, |slot| slot.rewards_to_distribute.value)
        };
        let leftover = slot(&self.net.system(), 0) - slot(&old, 1);
        Ok(json!([supply - self.net.supply(), rewards, leftover]))
    }

    fn nodes(&mut self, function: &str, args: &Args<'_>) -> Gets {
        let node = self.node(args);
        match function {
            "vote" => {
                let votes: Vec<u64> = serde_json::from_value(args.0[1].clone()).unwrap();
                self.run(node.owner, |tx| {
                    tx.by_cap("set_storage_price_vote", node.cap, &votes[0]);
                    tx.by_cap("set_write_price_vote", node.cap, &votes[1]);
                    tx.by_cap("set_node_capacity_vote", node.cap, &votes[2]);
                })?;
            }
            "set_commission" => {
                let rate = u16::try_from(args.amount(1)).unwrap();
                self.run(node.owner, |tx| {
                    tx.by_cap("set_next_commission", node.cap, &rate);
                })?;
            }
            "collect" => {
                let outcome = self.run(node.owner, |tx| {
                    tx.collect_commission(node.node_id, node.cap);
                })?;
                return Ok(self.coin(&outcome));
            }
            "sync" => {
                let epoch = self.net.epoch();
                self.run(node.owner, |tx| tx.sync_done(&node, epoch))?;
            }
            "try_join" => {
                self.run(node.owner, |tx| tx.try_join(node.cap))?;
            }
            "add_commission" => {
                let frost = args.amount(1);
                self.run(self.user, |tx| tx.add_commission(node.node_id, frost))?;
            }
            "deny" => self.deny(&node, args.amount(1))?,
            _ => return self.slash(node.node_id),
        }
        Ok(Value::Null)
    }

    /// Signed by all members.
    fn certificate<B: MessageBody>(&self, body: B) -> Cert {
        let message = Message::new(Epoch(self.net.epoch()), body).to_bytes();
        let members = self.net.system().committee.members.len();
        self.net
            .sign_bytes(&(0..members).collect::<Vec<_>>(), message)
    }

    fn deny(&mut self, node: &Node, size: u64) -> Result<(), String> {
        let sequence_number = self.fresh().into();
        let cert = self.certificate(DenyListUpdate {
            node_id: node.node_id,
            sequence_number,
            size,
            root: [3; 32],
        });
        self.run(node.owner, |tx| {
            let [signature, bitmap, message] = tx.certificate(&cert);
            let arguments = [tx.system(), tx.object(node.cap), signature, bitmap, message];
            tx.walrus("system::update_deny_list", &arguments);
        })?;
        Ok(())
    }

    /// What is burned.
    fn slash(&mut self, candidate: ObjectId) -> Gets {
        for voter in self.net.members() {
            self.run(voter.owner, |tx| tx.vote_slash(voter.node_id, candidate))?;
        }
        let supply = self.net.supply();
        self.run(self.user, |tx| tx.slash(candidate))?;
        Ok((supply - self.net.supply()).into())
    }

    fn storage(&mut self, function: &str, args: &Args<'_>) -> Gets {
        match function {
            "reserve" => {
                let (size, start, end) = (args.amount(0), args.epochs(1), args.epochs(2));
                let (cost, outcome) = self.cost(|tx| {
                    let storage = tx.reserve_for(size, start, end);
                    tx.keep(storage);
                })?;
                self.storage
                    .insert(args.name(3), created::<Storage>(&outcome)[0]);
                Ok(cost)
            }
            "register_blob" => {
                let storage = self.storage[&args.name(0)];
                let spec = self.spec(args.amount(1));
                let (cost, outcome) = self.cost(|tx| {
                    let storage = tx.object(storage);
                    let blob = tx.register(storage, &spec);
                    tx.keep(blob);
                })?;
                self.storage.remove(&args.name(0));
                let blob = created::<Blob>(&outcome)[0];
                self.blobs.insert(args.name(2), (blob, spec));
                Ok(cost)
            }
            "certify" => {
                let (blob, spec) = self.blobs[&args.name(0)];
                let cert = self.certificate(spec.confirmation(blob));
                self.run(self.user, |tx| {
                    let blob = tx.object(blob);
                    tx.certify(blob, &cert);
                })?;
                Ok(Value::Null)
            }
            _ => {
                let ((blob, _), epochs) = (self.blobs[&args.name(0)], args.epochs(1));
                let (cost, _) = self.cost(|tx| {
                    let blob = tx.object(blob);
                    tx.extend(blob, epochs);
                })?;
                Ok(cost)
            }
        }
    }

    fn spec(&mut self, size: u64) -> Spec {
        Spec {
            size,
            ..Spec::deletable(self.fresh())
        }
    }

    fn pools(&mut self, function: &str, args: &Args<'_>) -> Gets {
        if function == "create_pool" {
            let (cost, outcome) = self.cost(|tx| {
                let pool = tx.create_pool(args.amount(0), args.epochs(1));
                tx.keep(pool);
            })?;
            self.pools
                .insert(args.name(2), created::<StoragePool>(&outcome)[0]);
            return Ok(cost);
        }
        let pool = self.pools[&args.name(0)];
        let (spec, amount) = (self.spec(args.amount(1)), args.amount(1));
        let (cost, _) = self.cost(|tx| {
            let pool = tx.object(pool);
            if function == "pool_blob" {
                return tx.register_pooled(pool, &spec);
            }
            let (path, amount) = match function {
                "grow_pool" => ("system::increase_storage_pool_capacity", tx.pure(&amount)),
                _ => ("system::extend_storage_pool", tx.pure(&args.epochs(1))),
            };
            let arguments = [tx.system(), pool, amount, tx.wal_coin()];
            tx.walrus(path, &arguments);
        })?;
        Ok(cost)
    }

    fn supplements(&mut self, function: &str, args: &Args<'_>) -> Gets {
        match function {
            "add_subsidy" => {
                self.run(self.user, |tx| {
                    let (system, coin) = (tx.system(), tx.wal(args.amount(0)));
                    let epochs = tx.pure(&args.epochs(1));
                    tx.walrus("system::add_subsidy", &[system, coin, epochs]);
                })?;
            }
            "new_subsidies" => {
                let outcome = self.run(self.user, |tx| {
                    let rates = [tx.pure(&args.epochs(0)), tx.pure(&args.amount(1))];
                    let shard = tx.pure(&args.amount(2));
                    let arguments = [tx.system(), tx.staking(), rates[0], rates[1], shard];
                    let cap = tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments);
                    tx.keep(cap);
                })?;
                self.subsidies = Some(created::<WalrusSubsidies>(&outcome)[0]);
            }
            "fund_subsidies" | "process_subsidies" => {
                let subsidies = self.subsidies.unwrap();
                self.run(self.user, |tx| {
                    let own = tx.object(subsidies);
                    let (path, arguments) = if function == "fund_subsidies" {
                        (
                            "walrus_subsidies::add_coin",
                            vec![own, tx.wal(args.amount(0))],
                        )
                    } else {
                        let rest = [tx.staking(), tx.system(), tx.clock()];
                        (
                            "walrus_subsidies::process_subsidies",
                            [&[own][..], &rest].concat(),
                        )
                    };
                    tx.contract("walrus_subsidies", path, &arguments);
                })?;
            }
            _ => return self.credits(function, args),
        }
        Ok(Value::Null)
    }

    fn credits(&mut self, function: &str, args: &Args<'_>) -> Gets {
        if function == "new_credits" {
            let rate = |index| u16::try_from(args.amount(index)).unwrap();
            let outcome = self.run(self.user, |tx| {
                let rates = [tx.pure(&rate(0)), tx.pure(&rate(1))];
                let arguments = [
                    tx.pure(&[0_u8; 32]),
                    rates[0],
                    rates[1],
                    tx.wal(args.amount(2)),
                ];
                let path = "subsidies::new_with_initial_rates_and_funds";
                let cap = tx.contract("subsidies", path, &arguments);
                tx.keep(cap);
            })?;
            self.credits = Some(created::<Subsidies>(&outcome)[0]);
            return Ok(Value::Null);
        }
        let credits = self.credits.unwrap();
        if function == "credits_reserve" {
            let (cost, outcome) = self.cost(|tx| {
                let what = [tx.pure(&args.amount(0)), tx.pure(&args.epochs(1))];
                let arguments = [
                    tx.object(credits),
                    tx.system(),
                    what[0],
                    what[1],
                    tx.wal_coin(),
                ];
                let storage = tx.contract("subsidies", "subsidies::reserve_space", &arguments);
                tx.keep(storage);
            })?;
            self.storage
                .insert(args.name(2), created::<Storage>(&outcome)[0]);
            return Ok(cost);
        }
        assert_eq!(function, "credits_extend");
        let (blob, _) = self.blobs[&args.name(0)];
        let (cost, _) = self.cost(|tx| {
            let what = [tx.object(blob), tx.pure(&args.epochs(1))];
            let arguments = [
                tx.object(credits),
                tx.system(),
                what[0],
                what[1],
                tx.wal_coin(),
            ];
            tx.contract("subsidies", "subsidies::extend_blob", &arguments);
        })?;
        Ok(cost)
    }
}
