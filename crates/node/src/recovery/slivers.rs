//! Collecting symbols, and storing the slivers they make.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use floe_api::query::{RecoverySymbolsQuery, SymbolSelection};
use floe_core::{
    Axis, GeneralRecoverySymbol, RecoverySymbol, ShardIndex, SliverIndex, TaggedInconsistencyProof,
    VerifiedMetadata, wire,
};
use floe_encoding::{ProvenSymbol, RecoverError};
use floe_env::{BoxFuture, Moment};
use floe_protocol::{
    Failure, Fault, Recovery, RecoveryAction, RecoveryError, SymbolRequest, Ticket,
};
use floe_storage::{Record, RecordKey, StoreError};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::blob::{Missing, fetch_options, now};
use super::peers::{Peers, failure};
use crate::chain::Members;
use crate::shared::Shared;

/// Why slivers were not recovered.
#[derive(Debug)]
pub(crate) enum SliversError {
    Store(StoreError),
    Symbols(RecoveryError),
    /// The symbols fit their slivers, and the slivers don't fit each other.
    Inconsistent(Box<TaggedInconsistencyProof>),
}

/// Something that was waited for.
enum Event {
    Symbols(Ticket, Result<Vec<ProvenSymbol>, Failure>),
    Stored(Result<(), SliversError>),
}

/// Recovers slivers of a blob, and stores each one as soon as there are enough symbols for it.
pub(crate) async fn recover(
    peers: &Arc<Peers>,
    members: &Members,
    metadata: &Arc<VerifiedMetadata>,
    missing: Vec<Missing>,
) -> Result<(), SliversError> {
    let shared = &peers.shared;
    let shards: BTreeMap<(Axis, SliverIndex), ShardIndex> = missing
        .iter()
        .map(|(shard, axis, index)| ((*axis, *index), *shard))
        .collect();
    let targets: Vec<_> = shards.keys().copied().collect();
    let me = members
        .committee
        .find_key(&shared.keys.protocol.public_key());
    let mut machine = Recovery::new(
        Arc::clone(&members.committee),
        me.map(|(index, _)| index),
        metadata,
        &targets,
        fetch_options(shared),
        now(shared),
    );
    let mut under_way: FuturesUnordered<BoxFuture<'_, Event>> = FuturesUnordered::new();
    let mut storing = 0_usize;
    loop {
        while let Some(action) = machine.poll(now(shared)) {
            match action {
                RecoveryAction::Ask(ticket, request) => {
                    let asking = ask(peers, members, metadata, ticket, request);
                    under_way.push(Box::pin(asking));
                }
                RecoveryAction::Recover {
                    axis,
                    index,
                    symbols,
                } => {
                    let Some(shard) = shards.get(&(axis, index)) else {
                        continue;
                    };
                    storing += 1;
                    let sliver = (*shard, axis, index);
                    under_way.push(Box::pin(store(shared, metadata, sliver, symbols)));
                }
            }
        }
        if storing == 0 {
            if machine.is_done() {
                return Ok(());
            }
            if let Some(error) = machine.error(now(shared)) {
                return Err(SliversError::Symbols(error));
            }
        }
        let deadline = machine.next_deadline(now(shared));
        let deadline = Moment::new(deadline.since_origin());
        let mut wake = pin!(shared.env.clock.sleep_until(deadline));
        tokio::select! {
            biased;
            Some(event) = under_way.next() => match event {
                Event::Symbols(ticket, Ok(symbols)) => {
                    shared.metrics.symbols_received.inc_by(symbols.len() as u64);
                    machine.on_symbols(now(shared), ticket, symbols);
                }
                Event::Symbols(ticket, Err(failure)) => {
                    machine.on_failure(now(shared), ticket, failure);
                }
                Event::Stored(outcome) => {
                    storing -= 1;
                    outcome?;
                }
            },
            () = &mut wake, if storing == 0 => {}
        }
    }
}

/// Asks a node for symbols, and checks them.
async fn ask(
    peers: &Arc<Peers>,
    members: &Members,
    metadata: &Arc<VerifiedMetadata>,
    ticket: Ticket,
    request: SymbolRequest,
) -> Event {
    let client = match peers.client(members, request.node) {
        Ok(client) => client,
        Err(failure) => return Event::Symbols(ticket, Err(failure)),
    };
    let query = RecoverySymbolsQuery {
        selection: SymbolSelection::Ids(request.ids()),
        proof_axis: Some(request.axis.orthogonal()),
    };
    let answer = match client.recovery_symbols(metadata, &query).await {
        Ok(answer) => answer,
        Err(error) => return Event::Symbols(ticket, Err(failure(&error))),
    };
    let metadata = Arc::clone(metadata);
    let check = move |shared: &Shared| proven(shared, &metadata, &request, answer);
    Event::Symbols(ticket, peers.shared.cpu(check).await)
}

/// Those of a node's symbols that were asked for and prove. One that doesn't spoils them all: the node
/// lies.
fn proven(
    shared: &Shared,
    metadata: &VerifiedMetadata,
    request: &SymbolRequest,
    answer: Vec<GeneralRecoverySymbol>,
) -> Result<Vec<ProvenSymbol>, Failure> {
    let mut by_target = BTreeMap::<SliverIndex, Vec<RecoverySymbol>>::new();
    for symbol in answer {
        let asked = symbol.target_axis() == request.axis
            && request.targets.contains(&symbol.target_index)
            && request.sources.contains(&symbol.source_index());
        if asked {
            let symbols = by_target.entry(symbol.target_index).or_default();
            symbols.push(symbol.into_recovery_symbol());
        }
    }
    let mut proven = Vec::new();
    for (index, symbols) in by_target {
        let checked = shared
            .codec
            .check_recovery_symbols(metadata, request.axis, index, symbols);
        for symbol in checked {
            let lies = |error| Failure::new(Fault::Lied, format!("{error}"));
            proven.push(symbol.map_err(lies)?);
        }
    }
    Ok(proven)
}

/// Makes a sliver of symbols, and stores it.
async fn store(
    shared: &Arc<Shared>,
    metadata: &Arc<VerifiedMetadata>,
    (shard, axis, index): Missing,
    symbols: Vec<ProvenSymbol>,
) -> Event {
    let metadata = Arc::clone(metadata);
    let blob_id = *metadata.blob_id();
    let make = move |shared: &Shared| {
        shared
            .codec
            .recover_sliver(&metadata, axis, index, symbols)
            .map(|sliver| wire::to_bcs(&sliver))
    };
    let payload = match shared.cpu(make).await {
        Ok(payload) => payload.into(),
        Err(RecoverError::Inconsistent {
            proof: Some(proof), ..
        }) => return Event::Stored(Err(SliversError::Inconsistent(proof))),
        Err(error) => {
            // The machine hands out enough symbols, all proven for this sliver.
            tracing::error!(%blob_id, %axis, %index, %error, "a sliver can't be recovered");
            return Event::Stored(Ok(()));
        }
    };
    let key = RecordKey::sliver(shard, axis, blob_id);
    match shared.store.put(vec![Record { key, payload }]).await {
        Ok(_) => {
            shared.metrics.slivers_stored.inc();
            shared.metrics.slivers_recovered.inc();
            Event::Stored(Ok(()))
        }
        Err(error) => Event::Stored(Err(SliversError::Store(error))),
    }
}
