//! Slivers as nodes and clients send them.
#![no_main]

use floe_core::messages::SyncShardResponse;
use floe_core::{Sliver, SliverData, SliverPair};
use floe_fuzz::{bcs, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    json::<Sliver>(bytes);
    bcs::<SliverPair>(bytes);
    bcs::<SyncShardResponse>(bytes);
    if let Some(sliver) = bcs::<Sliver>(bytes) {
        assert_eq!(Sliver::new(sliver.axis(), sliver.data().clone()), sliver);
    }
    if let Some(sliver) = bcs::<SliverData>(bytes) {
        for (index, symbol) in sliver.symbols().enumerate() {
            assert_eq!(sliver.symbol(index), Some(symbol));
        }
        assert_eq!(sliver.symbol(sliver.symbols().len()), None);
        assert_eq!(sliver.symbol(usize::MAX), None);
    }
});
