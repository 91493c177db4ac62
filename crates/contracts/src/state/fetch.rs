//! Reading the shared objects, their content and the committees' pools, of one epoch all of them.

use std::{collections::BTreeMap, num::NonZeroU16, sync::Arc};

use floe_core::{
    Committee, CommitteeError, Epoch, ObjectId, Prices,
    keys::BlsPublicKey,
    onchain::{
        MoveDatatype,
        framework::{Element, Field, UncompressedG1, VecMap},
        staking::{self, Staking, StakingInnerV1},
        system::{System, SystemStateInnerV1},
    },
};
use serde::de::DeserializeOwned;
use sui_sdk_types::TypeTag;

use super::{
    Committees, Contracts, NetworkState, NodeInfo, ShardMap,
    typed::{decode, decode_unchecked, field_id},
};
use crate::{Deployment, RawObject, ReadError, RpcError, RpcFailure, address::object_id};

/// How often to start over when the epoch changes meanwhile.
const ATTEMPTS: u32 = 5;

/// The two shared objects and their content.
struct Roots {
    system: System,
    system_inner: SystemStateInnerV1,
    staking: Staking,
    staking_inner: StakingInnerV1,
    type_package: ObjectId,
}

type NextKeys = VecMap<ObjectId, Element<UncompressedG1>>;

impl Contracts {
    pub(super) async fn fetch(
        &self,
        last: Option<&NetworkState>,
    ) -> Result<NetworkState, ReadError> {
        for _ in 0..ATTEMPTS {
            let Some(roots) = self.fetch_roots().await? else {
                continue;
            };
            let deployment = match last.map(|last| &last.deployment) {
                Some(known) if known.package == roots.system.package_id => known.clone(),
                _ => Arc::new(self.fetch_deployment(&roots).await?),
            };
            let committees = self.fetch_committees(&roots, &deployment, last).await?;
            self.check_hints(&roots)?;
            let epoch = roots.staking_inner.epoch;
            let n_shards = NonZeroU16::new(roots.staking_inner.n_shards)
                .ok_or(CommitteeError::Empty { epoch })?;
            return Ok(NetworkState {
                deployment,
                epoch,
                n_shards,
                prices: Prices {
                    storage_frost: roots.system_inner.storage_price_per_unit_size,
                    write_frost: roots.system_inner.write_price_per_unit_size,
                },
                committees,
                system: roots.system,
                system_inner: roots.system_inner,
                staking: roots.staking,
                staking_inner: roots.staking_inner,
            });
        }
        Err(ReadError::Moving { attempts: ATTEMPTS })
    }

    /// The shared objects with their content; `None` if they changed in between.
    async fn fetch_roots(&self) -> Result<Option<Roots>, ReadError> {
        let network = self.network();
        let ids = [network.system_object, network.staking_object];
        let mut objects = self.chain().objects(&ids).await?.into_iter();
        let system_object = present(objects.next(), "System", network.system_object)?;
        let staking_object = present(objects.next(), "Staking", network.staking_object)?;
        let system: System = decode(&system_object)?;
        let staking: Staking = decode(&staking_object)?;
        let fields = [
            field_id(network.system_object, &TypeTag::U64, &system.version),
            field_id(network.staking_object, &TypeTag::U64, &staking.version),
        ];
        let mut objects = self.chain().objects(&fields).await?.into_iter().flatten();
        let (Some(system_field), Some(staking_field)) = (objects.next(), objects.next()) else {
            return Ok(None);
        };
        let system_inner: SystemStateInnerV1 = content(&system_field)?;
        let staking_inner: StakingInnerV1 = content(&staking_field)?;
        if system_inner.committee.epoch != staking_inner.epoch {
            return Ok(None);
        }
        Ok(Some(Roots {
            system,
            system_inner,
            staking,
            staking_inner,
            type_package: object_id(system_object.object_type.address()),
        }))
    }

    async fn fetch_deployment(&self, roots: &Roots) -> Result<Deployment, ReadError> {
        let type_package = roots.type_package;
        let origins = self.chain().type_origins(roots.system.package_id).await?;
        let wal = self
            .chain()
            .coin_parameter(type_package, "staking", "stake_with_pool", 1)
            .await?;
        Ok(Deployment {
            system_object: roots.system.id.0,
            staking_object: roots.staking.id.0,
            version: roots.system.version,
            package: roots.system.package_id,
            type_package,
            wal_type: wal,
            origins,
        })
    }

    async fn fetch_committees(
        &self,
        roots: &Roots,
        deployment: &Deployment,
        last: Option<&NetworkState>,
    ) -> Result<Committees, ReadError> {
        let inner = &roots.staking_inner;
        let lists = [&inner.committee, &inner.previous_committee]
            .into_iter()
            .chain(&inner.next_committee);
        let mut ids: Vec<ObjectId> = lists
            .flat_map(|committee| committee.0.iter().map(|(id, _)| *id))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let pools = self.pools(&ids).await?;
        let nodes: BTreeMap<_, _> = pools
            .into_iter()
            .map(|pool| (pool.id.0, NodeInfo::new(pool)))
            .collect();
        let next_keys = match &inner.next_committee {
            Some(_) => {
                let key_type = deployment.struct_tag("extended_field", "Key");
                let id = inner.next_epoch_public_keys.id.0;
                self.extended_field::<NextKeys>(id, key_type).await?
            }
            None => None,
        };
        let builder = Builder {
            roots,
            nodes,
            next_keys,
            last,
        };
        Ok(Committees {
            current: builder.current()?,
            previous: builder.previous()?,
            next: builder.next()?,
            epoch_state: inner.epoch_state.clone(),
        })
    }

    fn check_hints(&self, roots: &Roots) -> Result<(), ReadError> {
        let hint = |what: &str, expected: u64, got: u64| {
            let reason = format!("configured {what} is {expected}, the chain has {got}");
            let failure = RpcFailure::Malformed { what: reason };
            ReadError::Rpc(RpcError::new("configuration", "", failure))
        };
        let network = self.network();
        let n_shards = roots.staking_inner.n_shards;
        if let Some(expected) = network.n_shards.filter(|n| *n != n_shards) {
            return Err(hint("n_shards", expected.into(), n_shards.into()));
        }
        let max = roots.system_inner.future_accounting.length;
        match network.max_epochs_ahead.filter(|n| *n != max) {
            Some(expected) => Err(hint("max_epochs_ahead", expected.into(), max.into())),
            None => Ok(()),
        }
    }
}

/// Makes shard maps out of what was read.
struct Builder<'a> {
    roots: &'a Roots,
    nodes: BTreeMap<ObjectId, NodeInfo>,
    next_keys: Option<NextKeys>,
    last: Option<&'a NetworkState>,
}

impl Builder<'_> {
    /// The keys of the current committee are those the system object has.
    fn current(&self) -> Result<Option<ShardMap>, ReadError> {
        let keys = &self.roots.system_inner.committee.members;
        let keys = keys.iter().map(|m| (m.node_id, &m.public_key)).collect();
        let inner = &self.roots.staking_inner;
        self.shard_map(inner.epoch, &inner.committee, &keys)
    }

    /// The chain has forgotten the keys of the previous committee; nodes that changed theirs since
    /// keep the old one if it was read at the time.
    fn previous(&self) -> Result<Option<ShardMap>, ReadError> {
        let inner = &self.roots.staking_inner;
        let Some(epoch) = inner.epoch.checked_sub(1) else {
            return Ok(None);
        };
        let known = self.last.into_iter().flat_map(|last| {
            let committees = &last.committees;
            [&committees.current, &committees.previous]
                .into_iter()
                .flatten()
        });
        for map in known {
            if map.epoch() == epoch {
                return Ok(Some(map.clone()));
            }
        }
        self.shard_map(epoch, &inner.previous_committee, &self.pool_keys())
    }

    /// The keys of the next committee are frozen when it is selected.
    fn next(&self) -> Result<Option<ShardMap>, ReadError> {
        let inner = &self.roots.staking_inner;
        let Some(next) = &inner.next_committee else {
            return Ok(None);
        };
        let keys = match &self.next_keys {
            Some(keys) => keys.iter().map(|(id, key)| (*id, key)).collect(),
            None => self.pool_keys(),
        };
        self.shard_map(inner.epoch.next(), next, &keys)
    }

    fn pool_keys(&self) -> BTreeMap<ObjectId, &Element<UncompressedG1>> {
        self.nodes
            .iter()
            .map(|(id, node)| (*id, &node.pool.node_info.public_key))
            .collect()
    }

    fn shard_map(
        &self,
        epoch: Epoch,
        assignment: &staking::Committee,
        keys: &BTreeMap<ObjectId, &Element<UncompressedG1>>,
    ) -> Result<Option<ShardMap>, ReadError> {
        if assignment.0.is_empty() {
            return Ok(None);
        }
        let mut public_keys: BTreeMap<ObjectId, BlsPublicKey> = BTreeMap::new();
        for (id, _) in &assignment.0 {
            if let Some(element) = keys.get(id) {
                let key = element.to_public_key();
                let key = key.map_err(|source| ReadError::NodeKey {
                    node_id: *id,
                    source,
                })?;
                public_keys.insert(*id, key);
            }
        }
        let n_shards = self.roots.staking_inner.n_shards;
        let committee =
            Committee::from_assignment(epoch, n_shards, assignment, |id| public_keys.remove(id))?;
        let node = |id: &ObjectId| {
            let what = "StakingPool";
            let node = self.nodes.get(id).cloned();
            node.ok_or(ReadError::NotFound { what, id: *id })
        };
        let members = committee.members().iter();
        let nodes: Vec<NodeInfo> = members
            .map(|member| node(&member.node_id))
            .collect::<Result<_, _>>()?;
        Ok(Some(ShardMap {
            nodes: nodes.into(),
            committee: Arc::new(committee),
        }))
    }
}

fn present(
    object: Option<Option<RawObject>>,
    what: &'static str,
    id: ObjectId,
) -> Result<RawObject, ReadError> {
    object.flatten().ok_or(ReadError::NotFound { what, id })
}

/// The value of a field whose name is a version.
fn content<T: MoveDatatype + DeserializeOwned>(object: &RawObject) -> Result<T, ReadError> {
    decode_unchecked::<Field<u64, T>>(object).map(|field| field.value)
}
