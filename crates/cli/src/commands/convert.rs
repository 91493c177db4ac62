//! `floe convert-blob-id`: one id in all its forms.

use std::fmt;

use clap::ValueEnum;
use floe_core::BlobId;
use serde::Serialize;

use crate::{
    error::{Failure, Reason},
    output::{Facts, Output},
};

/// Arguments of `floe convert-blob-id`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id: base64url (43 characters), a decimal number as on chain, or the bytes in
    /// hexadecimal, with or without 0x
    #[arg(id = "blob_id_decimal", value_name = "ID", allow_hyphen_values = true)]
    id: String,
    /// Print only this form
    #[arg(long, value_name = "FORM")]
    to: Option<Form>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// URL-safe base64 without padding, the usual form
    Base64,
    /// The number it is on chain, decimal
    Decimal,
    /// The bytes, hexadecimal
    Hex,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    decimal: String,
    hex: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add("base64", self.blob_id)
            .add("decimal", &self.decimal)
            .add("hex", &self.hex)
            .fmt(f)
    }
}

/// Prints an id in other forms.
///
/// # Errors
/// [`Failure`] if it is none.
pub fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let blob_id = parse(args.id.trim())?;
    let report = Report {
        blob_id,
        decimal: blob_id.to_u256_decimal(),
        hex: hex::encode(blob_id.as_bytes()),
    };
    match args.to {
        None => output.print(&report),
        Some(Form::Base64) => output.print(&report.blob_id.to_string()),
        Some(Form::Decimal) => output.print(&report.decimal),
        Some(Form::Hex) => output.print(&report.hex),
    }
}

/// Reads an id in any form. Only digits are a decimal number, whatever else they might be.
fn parse(text: &str) -> Result<BlobId, Failure> {
    let parsed = if let Some(digits) = text.strip_prefix("0x") {
        from_hex(digits)
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        BlobId::from_u256_decimal(text).map_err(|error| error.to_string())
    } else if text.len() == 64 {
        from_hex(text)
    } else {
        text.parse()
            .map_err(|error: floe_core::ParseIdError| error.to_string())
    };
    parsed.map_err(|cause| {
        Failure::new(Reason::InvalidArgument, format!("{text:?} is no blob id"))
            .caused_by(cause)
            .help("expected 43 characters of base64url, a decimal number, or 64 hexadecimal digits")
    })
}

fn from_hex(digits: &str) -> Result<BlobId, String> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|error| error.to_string())?;
    Ok(BlobId(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let id: BlobId = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY"
            .parse()
            .unwrap();
        let hex = hex::encode(id.as_bytes());
        for text in [
            id.to_string(),
            id.to_u256_decimal(),
            hex.clone(),
            format!("0x{hex}"),
            hex.to_uppercase(),
        ] {
            assert_eq!(parse(&text).unwrap(), id, "{text}");
        }
        assert_eq!(parse("0").unwrap(), BlobId::ZERO);
        let too_large = format!("{}0", "9".repeat(78));
        for text in ["", "0x", "0x12", "-1", "RcU8", &too_large, &"g".repeat(64)] {
            assert_eq!(parse(text).unwrap_err().reason(), Reason::InvalidArgument);
        }
    }
}
