//! `SignatureVerificationService` and `NameService`.

use sui_crypto::{SuiVerifier, UserSignatureVerifier};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, name_service_server::NameService,
    signature_verification_service_server::SignatureVerificationService,
};
use sui_sdk_types::{PersonalMessage, Transaction, UserSignature};
use tonic::{Request, Response, Status};

use super::{
    error::{RpcError, RpcResult},
    parse,
    service::Rpc,
};

#[tonic::async_trait]
impl SignatureVerificationService for Rpc {
    async fn verify_signature(
        &self,
        request: Request<proto::VerifySignatureRequest>,
    ) -> Result<Response<proto::VerifySignatureResponse>, Status> {
        let request = request.into_inner();
        let verdict = self.compute(move |_| verify(&request)).await?;
        let mut response = proto::VerifySignatureResponse::default();
        response.is_valid = Some(verdict.is_ok());
        response.reason = verdict.err();
        Ok(Response::new(response))
    }
}

/// `Err` with the reason if the signature is not valid.
fn verify(request: &proto::VerifySignatureRequest) -> RpcResult<Result<(), String>> {
    let message = request
        .message
        .as_ref()
        .ok_or_else(|| RpcError::missing("message"))?;
    let signature = request
        .signature
        .as_ref()
        .ok_or_else(|| RpcError::missing("signature"))?;
    let signature =
        UserSignature::try_from(signature).map_err(|error| error.nested("signature"))?;
    if request.address.is_some() {
        let address = parse::address("address", request.address.as_deref())?;
        if !signature.derive_addresses().any(|own| own == address) {
            return Ok(Err(format!("the signature is not of {address}")));
        }
    }
    // Without keys of identity providers, zkLogin signatures are refused with that reason.
    let verifier = UserSignatureVerifier::new();
    let invalid = |error| RpcError::invalid("message.value", error);
    let verdict = match message.name() {
        "PersonalMessage" => {
            let content: Vec<u8> = message.deserialize().map_err(invalid)?;
            verifier.verify_personal_message(&PersonalMessage(content.into()), &signature)
        }
        "TransactionData" => {
            let transaction: Transaction = message.deserialize().map_err(invalid)?;
            verifier.verify_transaction(&transaction, &signature)
        }
        _ => {
            return Err(RpcError::invalid(
                "message.name",
                "neither PersonalMessage nor TransactionData",
            ));
        }
    };
    Ok(verdict.map_err(|error| {
        let source = std::error::Error::source(&error);
        source.map_or_else(|| error.to_string(), ToString::to_string)
    }))
}

/// There is no name service on this ledger, so that no name has a record.
#[tonic::async_trait]
impl NameService for Rpc {
    async fn lookup_name(
        &self,
        request: Request<proto::LookupNameRequest>,
    ) -> Result<Response<proto::LookupNameResponse>, Status> {
        match request.get_ref().name.as_deref() {
            None | Some("") => Err(RpcError::missing("name").into()),
            Some(name) => Err(RpcError::not_found(format!("name {name} not found")).into()),
        }
    }

    async fn reverse_lookup_name(
        &self,
        request: Request<proto::ReverseLookupNameRequest>,
    ) -> Result<Response<proto::ReverseLookupNameResponse>, Status> {
        let address = parse::address("address", request.get_ref().address.as_deref())?;
        Err(RpcError::not_found(format!("{address} has no name")).into())
    }
}
