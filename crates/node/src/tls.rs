//! The node's end of TLS (`docs/spec/node-api.md` §1.1).

use std::path::Path;
use std::sync::Arc;

use floe_core::keys::NetworkSecretKey;
use floe_env::Disk;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::config::Transport;
use crate::error::BuildError;

/// Longest file of certificates, in bytes.
const CERTIFICATES_BYTES_MAX: usize = 1 << 20;

/// The settings of the server, or `None` for plain HTTP.
pub(crate) fn server_config(
    transport: &Transport,
    key: &NetworkSecretKey,
    disk: &dyn Disk,
) -> Result<Option<Arc<ServerConfig>>, BuildError> {
    let certificates = match transport {
        Transport::PlainOnLoopback | Transport::PlainBehindProxy | Transport::PlainEverywhere => {
            return Ok(None);
        }
        Transport::SelfSigned { public_host } => vec![self_signed(key, public_host)?],
        Transport::Certificate { path } => from_file(disk, path)?,
    };
    let der = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::Pkcs8(der))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// A certificate over the network key for the name that follows from it, and the public host.
fn self_signed(
    key: &NetworkSecretKey,
    public_host: &str,
) -> Result<CertificateDer<'static>, BuildError> {
    let wrong = |error: rcgen::Error| BuildError::Certificate(error.to_string());
    let name = key.public_key().server_name();
    let der = PrivatePkcs8KeyDer::from(key.to_pkcs8_der().to_vec());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ECDSA_P256_SHA256);
    let pair = pair.map_err(wrong)?;
    let names = vec![name.clone(), public_host.to_owned()];
    let mut params = CertificateParams::new(names).map_err(wrong)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&pair).map_err(wrong)?;
    Ok(certificate.der().clone())
}

fn from_file(disk: &dyn Disk, path: &Path) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let wrong = |error: &dyn std::fmt::Display| {
        BuildError::Certificate(format!("{}: {error}", path.display()))
    };
    let pem = disk.read(path, CERTIFICATES_BYTES_MAX);
    let pem = pem.map_err(|error| wrong(&error))?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| wrong(&error))?;
    if certificates.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use floe_env::testing::CrashDisk;

    use super::*;

    #[test]
    fn a_node_makes_a_certificate_for_its_key() {
        let key = NetworkSecretKey::from_bytes(&[7; 32]).unwrap();
        let disk = CrashDisk::new();
        let transport = Transport::SelfSigned {
            public_host: "127.0.0.1".into(),
        };
        let config = server_config(&transport, &key, &disk).unwrap().unwrap();
        assert_eq!(config.alpn_protocols.len(), 2);
        assert!(
            server_config(&Transport::PlainOnLoopback, &key, &disk)
                .unwrap()
                .is_none()
        );
        let missing = Transport::Certificate {
            path: "/none".into(),
        };
        assert!(server_config(&missing, &key, &disk).is_err());
    }
}
