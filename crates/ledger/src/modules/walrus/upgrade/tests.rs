//! Upgrades from end to end, which the embedded ledger offers no command for yet.

use floe_core::{
    Epoch, ObjectId, ShardIndex,
    onchain::{
        framework::{UpgradeCap, VecMap},
        governance::{EmergencyUpgradeCap, InitCap, UpgradeManager},
        node::{Authenticated, NodeMetadata},
        staking::{ActiveSet, Committee, Staking, StakingInnerV1, VotingParams},
        system::{System, SystemStateInnerV1},
    },
};

use super::{
    UpgradeReceipt, authorize_emergency_upgrade, authorize_upgrade, commit_upgrade, package,
    vote_for_upgrade,
};
use crate::{
    modules::{
        sui::table,
        walrus::{
            VERSION, extended_field, init,
            staking::{self, inner_mut},
            staking_inner::{self, Durations},
            staking_pool::{
                NewPool,
                tests::{KEY, proof},
            },
            storage_node::NewNode,
            system,
            test_runtime::{SENDER, place, with_runtime},
        },
    },
    runtime::Runtime,
    value::{Lease, Slot},
};

const NEW_PACKAGE: ObjectId = ObjectId([0x77; 32]);
const OTHER: ObjectId = ObjectId([0x66; 32]);

struct Shared {
    staking: Staking,
    system: System,
    manager: Lease<UpgradeManager>,
    /// The only node, with all shards.
    node: ObjectId,
}

fn new_node() -> NewPool {
    NewPool {
        node: NewNode {
            name: String::new(),
            network_address: String::new(),
            metadata: NodeMetadata {
                image_url: String::new(),
                project_url: String::new(),
                description: String::new(),
                extra_fields: VecMap::default(),
            },
            network_public_key: vec![2; 33],
        },
        public_key: KEY.public_key().to_bytes().to_vec(),
        proof_of_possession: proof(),
        commission_rate: 0,
        voting_params: VotingParams {
            storage_price: 1,
            write_price: 1,
            node_capacity: 1,
        },
    }
}

fn upgrade_cap(rt: &mut Runtime<'_>, package: ObjectId) -> UpgradeCap {
    UpgradeCap {
        id: rt.fresh_id().unwrap().into(),
        package,
        version: 1,
        policy: 0,
    }
}

fn shared(rt: &mut Runtime<'_>) -> Shared {
    let durations = Durations {
        epoch_zero_ms: 0,
        epoch_ms: 1,
    };
    let package = init::own_package();
    let id = staking::create(rt, durations, 10, package, 0).unwrap();
    let staking = Staking {
        id: id.into(),
        version: VERSION,
        package_id: package,
        new_package_id: None,
    };
    let system = System {
        id: system::create_empty(rt, 5, package).unwrap().into(),
        version: VERSION,
        package_id: package,
        new_package_id: None,
    };
    let node = {
        let mut inner = inner_mut(rt, &staking).unwrap();
        let cap = staking_inner::create_pool(rt, &mut inner, new_node()).unwrap();
        let shards = (0..10).map(ShardIndex).collect();
        inner.committee = Committee(VecMap {
            contents: vec![(cap.node_id, shards)],
        });
        cap.node_id
    };
    let manager = UpgradeManager {
        id: rt.fresh_id().unwrap().into(),
        cap: upgrade_cap(rt, package),
        upgrade_proposals: table::new(rt).unwrap(),
    };
    Shared {
        staking,
        system,
        manager: Slot::new(manager).update().unwrap(),
        node,
    }
}

fn vote(rt: &mut Runtime<'_>, shared: &mut Shared, digest: u8) {
    let who = Authenticated::Sender(SENDER);
    let (manager, node) = (&mut shared.manager, shared.node);
    vote_for_upgrade(rt, manager, &shared.staking, &who, node, vec![digest; 32]).unwrap();
}

fn receipt(shared: &Shared) -> UpgradeReceipt {
    UpgradeReceipt {
        cap: shared.manager.cap.id.0,
        package: NEW_PACKAGE,
    }
}

#[test]
fn a_voted_upgrade_is_committed_and_voids_its_rivals() {
    with_runtime(|rt| {
        let mut shared = shared(rt);
        vote(rt, &mut shared, 1);
        vote(rt, &mut shared, 2);
        let ticket = authorize_upgrade(rt, &mut shared.manager, &shared.staking, vec![1; 32]);
        assert_eq!(ticket.unwrap().package, init::own_package());
        let again = authorize_upgrade(rt, &mut shared.manager, &shared.staking, vec![2; 32]);
        assert_eq!(place(again), "package::authorize_upgrade 2");
        // An abort undoes everything in the ledger; here the vote is cast again.
        vote(rt, &mut shared, 2);

        let receipt = receipt(&shared);
        let Shared {
            manager,
            staking,
            system,
            ..
        } = &mut shared;
        commit_upgrade(manager, staking, system, &receipt).unwrap();
        assert_eq!(staking.new_package_id, Some(NEW_PACKAGE));
        assert_eq!(system.new_package_id, Some(NEW_PACKAGE));
        assert_eq!((manager.cap.package, manager.cap.version), (NEW_PACKAGE, 2));

        let rival = authorize_upgrade(rt, &mut shared.manager, &shared.staking, vec![2; 32]);
        assert_eq!(place(rival), "upgrade::authorize_upgrade 7");
    });
}

#[test]
fn receipts_and_emergencies_belong_to_one_manager() {
    with_runtime(|rt| {
        let mut shared = shared(rt);
        let mut cap = EmergencyUpgradeCap {
            id: rt.fresh_id().unwrap().into(),
            upgrade_manager_id: OTHER,
        };
        let refused = authorize_emergency_upgrade(&mut shared.manager, &cap, vec![]);
        assert_eq!(place(refused), "upgrade::authorize_emergency_upgrade 0");

        let own = receipt(&shared);
        let foreign = UpgradeReceipt {
            cap: OTHER,
            ..own.clone()
        };
        let Shared {
            manager,
            staking,
            system,
            ..
        } = &mut shared;
        let refused = commit_upgrade(manager, staking, system, &foreign);
        assert_eq!(place(refused), "package::commit_upgrade 4");
        let refused = commit_upgrade(manager, staking, system, &own);
        assert_eq!(place(refused), "package::commit_upgrade 3");

        cap.upgrade_manager_id = manager.id.0;
        let ticket = authorize_emergency_upgrade(manager, &cap, vec![7]).unwrap();
        assert_eq!((ticket.digest, ticket.policy), (vec![7], 0));
        package::commit_upgrade(&mut manager.cap, &own).unwrap();
    });
}

#[test]
fn objects_of_an_older_version_are_migrated_together() {
    with_runtime(|rt| {
        let mut shared = shared(rt);
        let Shared {
            staking, system, ..
        } = &mut shared;
        let (staking_id, system_id) = (staking.id.0, system.id.0);
        // Make both version 3.
        let content: StakingInnerV1 = rt.remove_field(staking_id, &VERSION).unwrap();
        extended_field::borrow_mut::<ActiveSet>(rt, &content.active_set)
            .unwrap()
            .max_size = 111;
        rt.add_field(staking_id, &3_u64, content).unwrap();
        let content: SystemStateInnerV1 = rt.remove_field(system_id, &VERSION).unwrap();
        rt.add_field(system_id, &3_u64, content).unwrap();
        (staking.version, system.version) = (3, 3);
        assert_eq!(place(staking::inner(rt, staking)), "staking::inner 1");
        assert_eq!(
            place(staking::inner_mut(rt, staking)),
            "staking::inner_mut 1"
        );
        (staking.new_package_id, system.new_package_id) = (Some(NEW_PACKAGE), Some(NEW_PACKAGE));

        init::migrate_v2(rt, staking, system).unwrap();
        assert_eq!(
            (staking.version, staking.package_id),
            (VERSION, NEW_PACKAGE)
        );
        assert_eq!((system.version, system.package_id), (VERSION, NEW_PACKAGE));
        assert_eq!(
            (staking.new_package_id, system.new_package_id),
            (None, None)
        );
        let inner = staking::inner(rt, staking).unwrap();
        let set = extended_field::borrow::<ActiveSet>(rt, &inner.active_set).unwrap();
        assert_eq!((set.max_size, inner.epoch), (150, Epoch(0)));
        assert_eq!(
            place(init::migrate_v2(rt, staking, system)),
            "staking::migrate 0"
        );
    });
}

#[test]
fn another_packages_capability_initializes_nothing() {
    with_runtime(|rt| {
        init::init(rt).unwrap();
        let deployment = init::Deployment {
            durations: Durations {
                epoch_zero_ms: 0,
                epoch_ms: 1,
            },
            n_shards: 10,
            max_epochs_ahead: 5,
            now_ms: 0,
        };
        let init_cap = |rt: &mut Runtime<'_>| InitCap {
            id: rt.fresh_id().unwrap().into(),
            publisher: floe_core::onchain::framework::Publisher {
                id: rt.fresh_id().unwrap().into(),
                package: String::new(),
                module_name: String::new(),
            },
        };
        let (cap, foreign) = (init_cap(rt), upgrade_cap(rt, OTHER));
        let refused = init::initialize_walrus(rt, cap, foreign, &deployment);
        assert_eq!(place(refused), "init::initialize_walrus 1");

        let (cap, own) = (init_cap(rt), upgrade_cap(rt, init::own_package()));
        let too_far = init::Deployment {
            max_epochs_ahead: 1001,
            ..deployment
        };
        let refused = init::initialize_walrus(rt, cap, own, &too_far);
        assert_eq!(place(refused), "system_state_inner::create_empty 0");
    });
}
