//! Reading packages.

use std::collections::BTreeMap;

use floe_core::ObjectId;
use floe_env::BoxFuture;
use sui_rpc::proto::sui::rpc::v2::{
    GetFunctionRequest, GetPackageRequest, move_package_service_client::MovePackageServiceClient,
};
use sui_sdk_types::StructTag;

use super::{
    ANSWER_BYTES_MAX, Chain, RpcError,
    error::{malformed, missing},
};

/// The packages that define the types of a package, by module and name.
pub(crate) type TypeOrigins = BTreeMap<(String, String), ObjectId>;

impl Chain {
    /// Which packages define the types that occur in a package.
    pub(crate) fn type_origins(
        &self,
        package: ObjectId,
    ) -> BoxFuture<'_, Result<TypeOrigins, RpcError>> {
        Box::pin(async move {
            let mut request = GetPackageRequest::default();
            request.package_id = Some(package.to_string());
            let reply = self
                .call("GetPackage", |channel| {
                    let request = request.clone();
                    async move { packages(channel).get_package(request).await }
                })
                .await?;
            reply.read(|answer| {
                let package = answer.package.ok_or_else(|| missing("package"))?;
                let origin = |origin: &sui_rpc::proto::sui::rpc::v2::TypeOrigin| {
                    let id = origin.package_id().parse::<ObjectId>();
                    let id = id.map_err(|e| malformed("package_id", e))?;
                    let key = (
                        origin.module_name().to_owned(),
                        origin.datatype_name().to_owned(),
                    );
                    Ok((key, id))
                };
                package.type_origins.iter().map(origin).collect()
            })
        })
    }

    /// The type parameter of the coin that a function takes as its parameter number `position`.
    pub(crate) fn coin_parameter<'a>(
        &'a self,
        package: ObjectId,
        module: &'a str,
        function: &'a str,
        position: usize,
    ) -> BoxFuture<'a, Result<StructTag, RpcError>> {
        Box::pin(async move {
            let mut request = GetFunctionRequest::default();
            request.package_id = Some(package.to_string());
            request.module_name = Some(module.to_owned());
            request.name = Some(function.to_owned());
            let reply = self
                .call("GetFunction", |channel| {
                    let request = request.clone();
                    async move { packages(channel).get_function(request).await }
                })
                .await?;
            reply.read(|answer| {
                let what = format!("parameter {position} of {module}::{function}");
                let function = answer.function.ok_or_else(|| missing("function"))?;
                let coin = function
                    .parameters
                    .get(position)
                    .and_then(|parameter| parameter.body.as_ref())
                    .and_then(|body| body.type_parameter_instantiation.first())
                    .and_then(|token| token.type_name.as_ref())
                    .ok_or_else(|| missing(&what))?;
                coin.parse().map_err(|e| malformed(&what, e))
            })
        })
    }
}

fn packages(
    channel: tonic::transport::Channel,
) -> MovePackageServiceClient<tonic::transport::Channel> {
    MovePackageServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}
