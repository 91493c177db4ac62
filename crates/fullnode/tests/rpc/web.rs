//! gRPC-web, as browsers and the official client speak it.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use sui_rpc::proto::sui::rpc::v2 as proto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::Code;

use super::Fixture;

/// An HTTP answer.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One request on a connection of its own; streams are cut off after their first bytes.
async fn http(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{head}\r\nhost: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        // A subscription that answers goes on for ever.
        let is_endless = head.contains("Subscribe") && !body.is_empty();
        if count == 0 || is_endless || body.contains("grpc-status") {
            break;
        }
    }
    let split = bytes.windows(4).position(|own| own == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head,
        body: bytes[split + 4..].to_vec(),
    }
}

fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// Calls a method with arbitrary bytes; its code and message.
pub(crate) async fn call(address: SocketAddr, method: &str, message: &[u8]) -> (Code, String) {
    let head = format!("POST {method} HTTP/1.1\r\ncontent-type: application/grpc-web+proto");
    let answer = http(address, &head, &frame(message)).await;
    let everything = format!("{}\n{}", answer.head, String::from_utf8_lossy(&answer.body));
    let after = |name: &str| {
        everything
            .split(&format!("{name}:"))
            .nth(1)
            .map(|rest| rest.lines().next().unwrap_or_default().trim().to_owned())
    };
    let code = after("grpc-status").map_or(Code::Ok, |code| {
        Code::from(code.parse::<i32>().unwrap_or(2))
    });
    (code, after("grpc-message").unwrap_or_default())
}

fn chunks(body: &[u8]) -> Vec<u8> {
    let mut rest = body;
    let mut joined = Vec::new();
    while let Some(end) = rest.windows(2).position(|own| own == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        joined.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    joined
}

/// The message that a method answers, in one of the encodings.
async fn answer(address: SocketAddr, path: &str, message: &[u8], content_type: &str) -> Vec<u8> {
    let is_text = content_type.ends_with("text");
    let mut body = frame(message);
    if is_text {
        body = STANDARD.encode(&body).into_bytes();
    }
    let head =
        format!("POST {path} HTTP/1.1\r\ncontent-type: {content_type}\r\naccept: {content_type}");
    let answer = http(address, &head, &body).await;
    assert_eq!(answer.status, 200);
    let mut bytes = match answer.header("transfer-encoding") {
        Some(_) => chunks(&answer.body),
        None => answer.body.clone(),
    };
    if is_text {
        // The message and the trailers are padded, each on its own.
        let groups = bytes.chunks(4);
        bytes = groups
            .flat_map(|group| STANDARD.decode(group).unwrap())
            .collect();
    }
    let len = usize::try_from(u32::from_be_bytes(bytes[1..5].try_into().unwrap())).unwrap();
    let trailer = String::from_utf8_lossy(&bytes[5 + len..]).into_owned();
    assert!(trailer.contains("grpc-status:0"), "{trailer:?}");
    bytes[5..5 + len].to_vec()
}

#[tokio::test]
async fn binary_and_text_frames_carry_the_same_message() {
    let fixture = Fixture::start().await;
    let path = "/sui.rpc.v2.LedgerService/BatchGetObjects";
    for count in [1, 1000] {
        let mut one = proto::GetObjectRequest::default();
        one.object_id = Some("0x6".to_owned());
        let mut request = proto::BatchGetObjectsRequest::default();
        request.requests = vec![one; count];
        request.read_mask = super::mask("object_id,digest,version");
        let request = request.encode_to_vec();
        let binary = "application/grpc-web+proto";
        let binary = answer(fixture.address, path, &request, binary).await;
        let text = "application/grpc-web-text";
        let text = answer(fixture.address, path, &request, text).await;
        assert_eq!(binary, text);
        let response = proto::BatchGetObjectsResponse::decode(binary.as_slice()).unwrap();
        assert_eq!(response.objects.len(), count);
        assert!(
            response
                .objects
                .last()
                .unwrap()
                .object()
                .object_id()
                .ends_with('6')
        );
        // The longer one does not fit into one part of an answer.
        assert!(count == 1 || binary.len() > 100_000);
    }
    fixture.stop().await;
}

#[tokio::test]
async fn errors_are_told_in_words_that_survive_http() {
    let fixture = Fixture::start().await;
    let mut request = proto::GetObjectRequest::default();
    request.object_id = Some("kein Objekt, sondern Ärger %".to_owned());
    let path = "/sui.rpc.v2.LedgerService/GetObject";
    let (code, message) = call(fixture.address, path, &request.encode_to_vec()).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.starts_with("object_id"), "{message}");
    fixture.stop().await;
}

#[tokio::test]
async fn every_answer_tells_chain_and_height_and_pages_may_read_it() {
    let fixture = Fixture::start().await;
    let head = "POST /sui.rpc.v2.LedgerService/GetServiceInfo HTTP/1.1\r\n\
                content-type: application/grpc-web+proto\r\norigin: https://example.org";
    let answer = http(fixture.address, head, &frame(&[])).await;
    let chain = fixture.node.handle.reader().unwrap().chain_id().to_string();
    assert_eq!(answer.header("x-sui-chain-id"), Some(chain.as_str()));
    assert!(answer.header("x-sui-checkpoint-height").is_some());
    let time = answer.header("x-sui-timestamp").unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("grpc-status") && exposed.contains("x-sui-chain-id"));
    let head = "OPTIONS /sui.rpc.v2.LedgerService/GetServiceInfo HTTP/1.1\r\n\
                origin: https://example.org\r\naccess-control-request-method: POST\r\n\
                access-control-request-headers: x-grpc-web,content-type";
    let answer = http(fixture.address, head, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    fixture.stop().await;
}

#[tokio::test]
async fn half_a_request_holds_nobody_up() {
    let fixture = Fixture::start().await;
    let mut halves = Vec::new();
    for part in [
        "",
        "POST /sui.rpc",
        "POST /sui.rpc.v2.LedgerService/GetObject HTTP/1.1\r\nhost: x\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(fixture.address)
            .await
            .unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        halves.push(stream);
    }
    let path = "/sui.rpc.v2.LedgerService/GetServiceInfo";
    let (code, _) = call(fixture.address, path, &[]).await;
    assert_eq!(code, Code::Ok);
    drop(halves);
    fixture.stop().await;
}
