//! The path of a transaction: bytes of a message, completion of its inputs, gas selection, a run, and
//! the answer; and bytes of BCS straight into the ledger. The first byte says which.
#![no_main]

use std::sync::{Arc, LazyLock};

use floe_core::SuiAddress;
use floe_ledger::{
    Checks, Context, Genesis, GenesisBuilder, GenesisConfig, LiveObject, MemoryState,
    SimulateOptions, mock_gas_coin, simulate,
};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use sui_rpc::proto::sui::rpc::v2::SimulateTransactionRequest;
use sui_sdk_types::{Address, Digest, Transaction};

struct Ledger {
    state: MemoryState,
    ctx: Context,
    coins: Vec<Arc<LiveObject>>,
}

static LEDGER: LazyLock<Ledger> = LazyLock::new(|| {
    let config = GenesisConfig {
        time_ms: 1_700_000_000_000,
        validator_key: vec![7; 96],
    };
    let mut builder = GenesisBuilder::new(&config).expect("the program is sound");
    let user = SuiAddress([0; 32]);
    let ids: Vec<_> = (0..3)
        .map(|_| builder.fund(user, 1 << 40).expect("the program is sound"))
        .collect();
    let Genesis { outcome, .. } = builder.finish();
    let mut state = MemoryState::default();
    state.apply(&outcome.writes);
    let ctx = Context::read(&state, Digest::ZERO).expect("a genesis has a chain state");
    let coins = ids.iter().filter_map(|id| state.get(id).cloned()).collect();
    Ledger { state, ctx, coins }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    let Ledger { state, ctx, coins } = &*LEDGER;
    if which % 2 == 0 {
        let Ok(mut request) = SimulateTransactionRequest::decode(bytes) else {
            return;
        };
        request.do_gas_selection = Some(which & 2 == 0);
        let coins = |owner| match owner {
            Address::ZERO => coins.clone(),
            _ => Vec::new(),
        };
        drop(floe_fullnode::rpc::simulate(state, ctx, coins, &request));
    } else if let Ok(transaction) = bcs::from_bytes::<Transaction>(bytes) {
        let owner = SuiAddress(transaction.gas_payment.owner.into_inner());
        let checks = if which & 2 == 0 {
            Checks::Enabled
        } else {
            Checks::Disabled
        };
        let options = SimulateOptions {
            checks,
            mock_gas: Some(mock_gas_coin(owner)),
            collect_outputs: true,
        };
        drop(simulate(state, &transaction, ctx, &options));
    }
});
