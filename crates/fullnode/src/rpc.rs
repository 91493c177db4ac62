//! The Sui gRPC API, version 2: native gRPC and gRPC-web on one plain port
//! (`docs/spec/sui-rpc.md`).
//!
//! Every call reads one snapshot of what is durable ([`Reader`](crate::Reader)); executions go
//! through [`Handle::submit`]. What a client sends is bounded before work is done on it, and no
//! input reaches a panic. Errors map to gRPC codes in one place.
//!
//! | service | methods |
//! |---|---|
//! | `LedgerService` | service info, objects, transactions, checkpoints, epochs, streams of the past |
//! | `StateService` | owned objects, dynamic fields, balances, coin info |
//! | `TransactionExecutionService` | execution; simulation, completion of inputs, gas selection |
//! | `MovePackageService` | packages, datatypes, functions |
//! | `SubscriptionService` | checkpoints, transactions, events |
//! | `SignatureVerificationService` | all kinds but zkLogin |
//! | `NameService` | no name has a record here |
//!
//! Reflection (v1) and health stand beside them.

mod admission;
mod cursor;
mod error;
mod execute;
mod filter;
mod gas;
mod headers;
mod ledger;
mod limits;
mod list;
mod packages;
mod page;
mod parse;
mod render;
mod resolve;
mod service;
mod state;
mod subscribe;
mod verify;

use std::sync::Arc;

use axum::{Router, middleware};
use floe_ledger::{Context, LiveObject, StateView};
use http::Method;
use sui_rpc::proto::{
    google,
    sui::rpc::v2::{
        FILE_DESCRIPTOR_SET, SimulateTransactionRequest, SimulateTransactionResponse,
        ledger_service_server::LedgerServiceServer,
        move_package_service_server::MovePackageServiceServer,
        name_service_server::NameServiceServer,
        signature_verification_service_server::SignatureVerificationServiceServer,
        state_service_server::StateServiceServer,
        subscription_service_server::SubscriptionServiceServer,
        transaction_execution_service_server::TransactionExecutionServiceServer,
    },
};
use sui_sdk_types::Address;
use tonic::{Status, service::Routes};
use tonic_web::GrpcWebLayer;
use tower_http::cors::{Any, CorsLayer};

use self::{admission::Admission, limits::Limits, service::Rpc};
use crate::Handle;

/// What is served, and what it is made of.
const DESCRIPTORS: [&[u8]; 5] = [
    FILE_DESCRIPTOR_SET,
    google::rpc::FILE_DESCRIPTOR_SET,
    google::protobuf::FILE_DESCRIPTOR_SET,
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
];

/// Serves a node to clients. Merge it with other routes and hand it to a
/// [`Server`](crate::Server), which knows the connections that calls come from.
pub fn router(handle: &Handle) -> Router {
    let rpc = Rpc::new(handle.clone());
    let admission = Arc::new(Admission::new(&DESCRIPTORS));
    let mut routes = Routes::builder();
    macro_rules! add {
        ($($server:ident),*) => {
            $(routes.add_service(
                $server::new(rpc.clone())
                    .max_decoding_message_size(Limits::REQUEST_BYTES_MAX)
                    .max_encoding_message_size(Limits::RESPONSE_BYTES_MAX),
            );)*
        };
    }
    add!(
        LedgerServiceServer,
        StateServiceServer,
        TransactionExecutionServiceServer,
        MovePackageServiceServer,
        SubscriptionServiceServer,
        SignatureVerificationServiceServer,
        NameServiceServer
    );
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(google::rpc::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(google::protobuf::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("a test builds the services with the embedded descriptors");
    routes.add_service(reflection);
    // Nothing is served before it works: whoever gets an answer gets "serving".
    let (_, health) = tonic_health::server::health_reporter();
    routes.add_service(health);
    routes
        .routes()
        .into_axum_router()
        .layer(middleware::from_fn_with_state(rpc, headers::add))
        .layer(middleware::from_fn_with_state(admission, admission::admit))
        .layer(GrpcWebLayer::new())
        .layer(cors())
}

/// What `SimulateTransaction` answers, on any state and without a node around it. `coins` lists the
/// SUI coins of an address, largest first.
///
/// # Errors
/// The status of the call.
pub fn simulate(
    state: &dyn StateView,
    ctx: &Context,
    coins: impl FnOnce(Address) -> Vec<Arc<LiveObject>>,
    request: &SimulateTransactionRequest,
) -> Result<SimulateTransactionResponse, Box<Status>> {
    let boxed = |error: error::RpcError| Box::new(Status::from(error));
    let mask = parse::mask::<SimulateTransactionResponse>(
        request.read_mask.as_ref(),
        execute::SIMULATE_DEFAULT,
    )
    .map_err(boxed)?;
    let coins = |owner| Ok(coins(owner));
    execute::simulate(state, ctx, coins, request, &mask).map_err(boxed)
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods([Method::POST, Method::GET, Method::OPTIONS])
        .expose_headers(headers::exposed())
}
