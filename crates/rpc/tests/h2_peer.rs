//! Both engines against another HTTP/2 implementation, `h2`, over a pipe that holds little at a time.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use russet_rpc::client::{self, StartCall};
use russet_rpc::server;
use russet_rpc::{CallId, Code, Encoding, MessageOptions, Metadata, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Bytes that the pipe holds: frames are cut everywhere.
const PIPE: usize = 700;
/// Calls of each test, all at once.
const CALLS: usize = 40;

/// A message of a length that differs with each call: from nothing to several windows.
fn message_of(call: usize) -> Vec<u8> {
    let length = [0, 1, 100, 16_384, 70_000, 300_000][call % 6] + call;
    (0..length)
        .map(|at| u8::try_from((at * 7 + call) % 256).unwrap())
        .collect()
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

/// Moves bytes between a pipe and an engine until the engine is closed or the pipe ends. `step` acts on events after each move.
macro_rules! drive {
    ($connection:expr, $io:expr, $step:expr) => {{
        let (mut reader, mut writer) = tokio::io::split($io);
        let mut buffer = [0; 4096];
        loop {
            $step(&mut $connection);
            let output = $connection.output().to_vec();
            if output.is_empty() && $connection.is_closed() {
                break;
            }
            tokio::select! {
                read = reader.read(&mut buffer) => match read {
                    Ok(count @ 1..) => $connection.handle_input(&buffer[..count], Instant::now()),
                    _ => $connection.handle_eof(Instant::now()),
                },
                written = writer.write(&output), if !output.is_empty() => match written {
                    Ok(count) => $connection.output_written(count),
                    Err(_) => break,
                },
            }
        }
    }};
}

/// Echoes each message, with the request's `x-call` in the initial and the trailing metadata; then `NOT_FOUND` for odd calls.
async fn echo_server(io: DuplexStream) {
    let mut connection = server::Connection::new(Arc::default(), Instant::now());
    let mut numbers: Vec<(CallId, Metadata)> = Vec::new();
    drive!(connection, io, |connection: &mut server::Connection| {
        while let Some(event) = connection.poll_event() {
            match event {
                server::Event::Call(call) => {
                    let mut metadata = Metadata::new();
                    metadata
                        .push("x-call", call.metadata.get("x-call").unwrap())
                        .unwrap();
                    connection
                        .send_initial_metadata(call.call, &metadata)
                        .unwrap();
                    numbers.push((call.call, metadata));
                }
                server::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    connection.message_consumed(call, credit);
                    connection
                        .send_message(
                            call,
                            &message.into_bytes().unwrap(),
                            MessageOptions::default(),
                        )
                        .unwrap();
                }
                server::Event::HalfClosed { call } => {
                    let metadata = &numbers.iter().find(|(id, _)| *id == call).unwrap().1;
                    let number: usize = str::from_utf8(metadata.get("x-call").unwrap())
                        .unwrap()
                        .parse()
                        .unwrap();
                    let status = if number % 2 == 1 {
                        Status::new(Code::NotFound, "odd ✗")
                    } else {
                        Status::OK
                    };
                    connection.send_status(call, &status, metadata).unwrap();
                }
                server::Event::Cancelled { reason, .. } => panic!("{reason:?}"),
                _ => {}
            }
        }
    });
}

async fn h2_call(mut sender: h2::client::SendRequest<Bytes>, number: usize) {
    let request = Request::post("http://localhost/test.Echo/Echo")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-call", number.to_string())
        .body(())
        .unwrap();
    sender = sender.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(request, false).unwrap();
    let message = message_of(number);
    let mut rest = framed(&message);
    while !rest.is_empty() {
        stream.reserve_capacity(rest.len());
        let capacity = std::future::poll_fn(|context| stream.poll_capacity(context))
            .await
            .unwrap()
            .unwrap();
        stream
            .send_data(rest.split_to(capacity.min(rest.len())), false)
            .unwrap();
    }
    stream.send_data(Bytes::new(), true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["x-call"], number.to_string());
    let mut body = response.into_body();
    let mut got = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        got.extend_from_slice(&piece);
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    assert_eq!(got, framed(&message));
    let trailers = body.trailers().await.unwrap().unwrap();
    assert_eq!(trailers["x-call"], number.to_string());
    if number % 2 == 1 {
        assert_eq!(
            (&trailers["grpc-status"], &trailers["grpc-message"]),
            (&"5".parse().unwrap(), &"odd %E2%9C%97".parse().unwrap())
        );
    } else {
        assert_eq!(trailers["grpc-status"], "0");
    }
}

#[tokio::test]
async fn an_h2_client_calls_our_server() {
    let (here, there) = duplex(PIPE);
    let server = tokio::spawn(echo_server(there));
    let (sender, connection) = h2::client::handshake(here).await.unwrap();
    let driver = tokio::spawn(connection);
    let calls: Vec<_> = (0..CALLS)
        .map(|number| tokio::spawn(h2_call(sender.clone(), number)))
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    drop(sender);
    driver.await.unwrap().unwrap();
    server.await.unwrap();
}

/// Echoes bodies, with trailers.
async fn h2_echo_server(io: DuplexStream) {
    let mut connection = h2::server::handshake(io).await.unwrap();
    while let Some(accepted) = connection.accept().await {
        let Ok((request, mut respond)) = accepted else {
            break;
        };
        tokio::spawn(async move {
            assert_eq!(request.headers()["te"], "trailers");
            assert_eq!(
                request.headers()["grpc-timeout"]
                    .to_str()
                    .unwrap()
                    .chars()
                    .last(),
                Some('u')
            );
            let number = request.headers()["x-call"].clone();
            let response = Response::builder()
                .header("content-type", "application/grpc+proto")
                .header("x-call", &number);
            let mut stream = respond
                .send_response(response.body(()).unwrap(), false)
                .unwrap();
            let mut body = request.into_body();
            while let Some(piece) = body.data().await {
                let mut piece = piece.unwrap();
                body.flow_control().release_capacity(piece.len()).unwrap();
                while !piece.is_empty() {
                    stream.reserve_capacity(piece.len());
                    let capacity = std::future::poll_fn(|context| stream.poll_capacity(context))
                        .await
                        .unwrap()
                        .unwrap();
                    stream
                        .send_data(piece.split_to(capacity.min(piece.len())), false)
                        .unwrap();
                }
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "7".parse().unwrap());
            trailers.insert("grpc-message", "no%20entry".parse().unwrap());
            trailers.insert("raw-bin", "AAECAw==".parse().unwrap());
            trailers.insert("x-call", number);
            stream.send_trailers(trailers).unwrap();
        });
    }
}

#[tokio::test]
async fn our_client_calls_an_h2_server() {
    let (here, there) = duplex(PIPE);
    let server = tokio::spawn(h2_echo_server(there));
    let mut connection = client::Connection::new(Arc::default(), Instant::now());
    let mut calls: Vec<(CallId, Vec<u8>)> = Vec::new();
    let mut ended = 0;
    drive!(connection, here, |connection: &mut client::Connection| {
        while let Some(event) = connection.poll_event() {
            let number = |call: CallId| calls.iter().position(|(id, _)| *id == call).unwrap();
            match event {
                client::Event::Ready => {
                    for number in 0..CALLS {
                        let mut metadata = Metadata::new();
                        metadata
                            .push("x-call", number.to_string().as_bytes())
                            .unwrap();
                        let start = StartCall {
                            path: "/test.Echo/Echo",
                            authority: "localhost",
                            scheme: "http",
                            user_agent: "",
                            metadata: &metadata,
                            deadline: Some(Instant::now() + std::time::Duration::from_secs(60)),
                            encoding: Encoding::Identity,
                        };
                        let call = connection.start_call(&start, Instant::now()).unwrap();
                        connection
                            .send_last_message(call, &message_of(number), MessageOptions::default())
                            .unwrap();
                        calls.push((call, Vec::new()));
                    }
                }
                client::Event::InitialMetadata { call, metadata } => {
                    assert_eq!(
                        metadata.get("x-call"),
                        Some(number(call).to_string().as_bytes())
                    );
                }
                client::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    connection.message_consumed(call, credit);
                    let number = number(call);
                    calls[number].1 = message.into_bytes().unwrap();
                }
                client::Event::Status {
                    call,
                    status,
                    trailing,
                    reach,
                    ..
                } => {
                    let number = number(call);
                    assert_eq!(reach, client::Reach::Processed);
                    assert_eq!(status, Status::new(Code::PermissionDenied, "no entry"));
                    assert_eq!(trailing.get("raw-bin"), Some(&[0, 1, 2, 3][..]));
                    assert_eq!(trailing.get("x-call"), Some(number.to_string().as_bytes()));
                    assert_eq!(calls[number].1, message_of(number));
                    ended += 1;
                    if ended == CALLS {
                        connection.shutdown(Instant::now());
                    }
                }
                _ => {}
            }
        }
    });
    assert_eq!(ended, CALLS);
    server.await.unwrap();
}
