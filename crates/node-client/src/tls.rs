//! TLS towards a node whose key is known (`docs/spec/node-api.md` §1.1).
//!
//! The key on chain *is* the node's identity: a server that signs the handshake with it is the node,
//! whatever its certificate says about names, dates and issuers; one that doesn't is not. So nothing
//! else of the certificate is looked at, self-signed ones are as good as others, and there is no trust
//! in certificate authorities.

use std::sync::Arc;

use floe_core::keys::NetworkPublicKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// What precedes the 65 bytes of an uncompressed P-256 point in a `SubjectPublicKeyInfo`.
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Settings with which only the holder of `key` is spoken to.
pub(crate) fn pinned(key: &NetworkPublicKey) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = PinnedKey::new(key, &provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts the certificates of one key.
#[derive(Debug)]
struct PinnedKey {
    spki: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl PinnedKey {
    fn new(key: &NetworkPublicKey, provider: &Arc<CryptoProvider>) -> Self {
        Self {
            spki: [&P256_SPKI_PREFIX[..], &key.to_uncompressed()].concat(),
            provider: Arc::clone(provider),
        }
    }
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if certificate.subject_public_key_info().as_ref() == self.spki {
            Ok(ServerCertVerified::assertion())
        } else {
            let error = CertificateError::ApplicationVerificationFailure;
            Err(Error::InvalidCertificate(error))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
