//! `MovePackageService`: packages, datatypes and functions.

pub(crate) mod describe;

use floe_ledger::{Module, Package, Registry, object_id};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, move_package_service_server::MovePackageService,
};
use sui_sdk_types::ObjectData;
use tonic::{Request, Response, Status};

use super::{
    error::{RpcError, RpcResult},
    page::PageScope,
    parse,
    service::Rpc,
};
use crate::Reader;

/// Version of a package whose object is not in the store.
const FIRST_VERSION: u64 = 1;

#[tonic::async_trait]
impl MovePackageService for Rpc {
    async fn get_package(
        &self,
        request: Request<proto::GetPackageRequest>,
    ) -> Result<Response<proto::GetPackageResponse>, Status> {
        let package = package(request.get_ref().package_id.as_deref())?;
        let described = self.read(move |reader| describe_package(reader, package));
        let mut response = proto::GetPackageResponse::default();
        response.package = Some(described.await?);
        Ok(Response::new(response))
    }

    async fn get_datatype(
        &self,
        request: Request<proto::GetDatatypeRequest>,
    ) -> Result<Response<proto::GetDatatypeResponse>, Status> {
        let request = request.get_ref();
        let module = module(
            request.package_id.as_deref(),
            request.module_name.as_deref(),
        )?;
        let name = parse::identifier("name", request.name.as_deref())?;
        let datatype = module.datatypes.get(name.as_str()).ok_or_else(|| {
            RpcError::not_found(format!("datatype {}::{name} not found", module.name))
        })?;
        let mut response = proto::GetDatatypeResponse::default();
        response.datatype = Some(describe::datatype(datatype));
        Ok(Response::new(response))
    }

    async fn get_function(
        &self,
        request: Request<proto::GetFunctionRequest>,
    ) -> Result<Response<proto::GetFunctionResponse>, Status> {
        let request = request.get_ref();
        let module = module(
            request.package_id.as_deref(),
            request.module_name.as_deref(),
        )?;
        let name = parse::identifier("name", request.name.as_deref())?;
        let function = module.functions.get(name.as_str()).ok_or_else(|| {
            RpcError::not_found(format!("function {}::{name} not found", module.name))
        })?;
        let mut response = proto::GetFunctionResponse::default();
        response.function = Some(describe::function(function));
        Ok(Response::new(response))
    }

    async fn list_package_versions(
        &self,
        request: Request<proto::ListPackageVersionsRequest>,
    ) -> Result<Response<proto::ListPackageVersionsResponse>, Status> {
        let request = request.into_inner();
        let package = package(request.package_id.as_deref())?;
        let version = self.read(move |reader| {
            let id = package.storage_id.0.to_string();
            if let Some(token) = &request.page_token {
                // Every package has one version, so no page has a next one.
                let scope = PageScope::new(reader.chain_id(), "ListPackageVersions", &[&id]);
                scope.position("page_token", token)?;
            }
            let mut message = proto::PackageVersion::default();
            message.version = describe_package(reader, package)?.version;
            message.package_id = Some(id);
            Ok(message)
        });
        let mut response = proto::ListPackageVersionsResponse::default();
        response.versions = vec![version.await?];
        Ok(Response::new(response))
    }
}

fn package(id: Option<&str>) -> RpcResult<&'static Package> {
    let id = parse::address("package_id", id)?;
    Registry::embedded()
        .package(&id)
        .ok_or_else(|| RpcError::not_found(format!("package {id} not found")))
}

fn module(id: Option<&str>, name: Option<&str>) -> RpcResult<&'static Module> {
    let package = package(id)?;
    let name = parse::identifier("module_name", name)?;
    package.modules.get(name.as_str()).ok_or_else(|| {
        RpcError::not_found(format!("module {}::{name} not found", package.storage_id.0))
    })
}

/// The package as the store has it, with what the registry knows.
fn describe_package(reader: &Reader, package: &Package) -> RpcResult<proto::Package> {
    let stored = reader.object(&object_id(&package.storage_id.0))?;
    let version = match stored.as_ref().map(|object| object.data()) {
        Some(ObjectData::Package(stored)) => stored.version,
        _ => FIRST_VERSION,
    };
    Ok(describe::package(package, version))
}
