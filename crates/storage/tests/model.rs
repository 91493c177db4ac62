//! A store does what a model in plain collections does, whatever the order of operations.

mod world;

use floe_env::testing::CrashDisk;
use proptest::prelude::*;
use world::{Op, World};

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..4u8, any::<bool>(), 0..3u8)
            .prop_map(|(blob, deletable, epochs)| Op::Register { blob, deletable, epochs }),
        2 => any::<u8>().prop_map(|nth| Op::Certify { nth }),
        1 => (any::<u8>(), 0..3u8).prop_map(|(nth, epochs)| Op::Extend { nth, epochs }),
        2 => any::<u8>().prop_map(|nth| Op::Delete { nth }),
        1 => (0..8u8).prop_map(|blob| Op::Invalidate { blob }),
        1 => Just(Op::NextEpoch),
        6 => (0..4u8, 0..32u8).prop_map(|(blob, mask)| Op::Put { blob, mask }),
        2 => (0..4u8).prop_map(|blob| Op::Read { blob }),
        1 => Just(Op::Checkpoint),
        1 => (0..=100u8).prop_map(|percent| Op::Compact { percent }),
        1 => Just(Op::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_store_agrees_with_the_model(ops in prop::collection::vec(op(), 1..80)) {
        let mut world = World::new(CrashDisk::new());
        world.start().unwrap();
        for op in &ops {
            world.step(op).unwrap();
        }
        world.check().unwrap();
        world.step(&Op::Reopen).unwrap();
        world.check().unwrap();
    }
}
