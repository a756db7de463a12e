//! Our connection beside the `h2` crate's: calls of any shape, through a pipe of any width, arrive at the other end as they were made, whichever end is ours.
#![no_main]

mod choices;

use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use choices::Choices;
use h2::RecvStream;
use h2::client::SendRequest;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use russet_rpc::client::StartCall;
use russet_rpc::{CallId, Code, Encoding, MessageOptions, Metadata, Status, client, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::{LocalSet, spawn_local};

/// A call: what both ends send.
struct Call {
    path: String,
    metadata: Vec<(String, Vec<u8>)>,
    requests: Vec<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    code: Code,
    message: String,
}

impl Call {
    /// The bytes of all messages.
    fn size(&self) -> usize {
        self.requests
            .iter()
            .chain(&self.responses)
            .map(Vec::len)
            .sum()
    }
}

fn messages(choices: &mut Choices<'_>, content: u8) -> Vec<Vec<u8>> {
    (0..choices.byte() % 4)
        .map(|_| {
            let size = usize::from(choices.byte()) << (choices.byte() % 10);
            vec![content; size]
        })
        .collect()
}

fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| char::from(b'a' + byte % 26))
        .collect()
}

fn calls(choices: &mut Choices<'_>) -> Vec<Call> {
    (0..1 + choices.byte() % 6)
        .map(|number| Call {
            path: format!("/fuzz.Service/{number}"),
            metadata: (0..choices.byte() % 4)
                .map(|at| {
                    let key = format!("x-{at}{}", text(choices.bytes(10)));
                    let binary = choices.byte() & 1 == 0;
                    let value = choices.bytes(100);
                    if binary {
                        (key + "-bin", value.to_vec())
                    } else {
                        (key, text(value).into_bytes())
                    }
                })
                .collect(),
            requests: messages(choices, 2 * number),
            responses: messages(choices, 2 * number + 1),
            code: [Code::Ok, Code::NotFound, Code::Internal][usize::from(choices.byte() % 3)],
            message: String::from_utf8_lossy(choices.bytes(40)).into_owned(),
        })
        .collect()
}

fn metadata(entries: &[(String, Vec<u8>)]) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in entries {
        metadata.push(key, value).expect("valid metadata");
    }
    metadata
}

/// gRPC's frames of messages.
fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.push(0);
        out.extend_from_slice(&u32::try_from(message.len()).expect("short").to_be_bytes());
        out.extend_from_slice(message);
    }
    out
}

/// Metadata as `h2` sends it; text and binary values are made as gRPC says.
fn headers(entries: &[(String, Vec<u8>)], into: &mut HeaderMap) {
    for (key, value) in entries {
        let value = if key.ends_with("-bin") {
            base64(value).into_bytes()
        } else {
            value.clone()
        };
        let name = HeaderName::from_bytes(key.as_bytes()).expect("a valid name");
        into.append(
            name,
            HeaderValue::from_bytes(&value).expect("a valid value"),
        );
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = 0_u32;
        for at in 0..3 {
            group = group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..=chunk.len() {
            out.push(char::from(DIGITS[(group >> (18 - 6 * at)) as usize & 63]));
        }
    }
    out
}

async fn body(stream: &mut RecvStream) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data.expect("a whole body");
        out.extend_from_slice(&data);
        stream
            .flow_control()
            .release_capacity(data.len())
            .expect("credit of data that came");
    }
    out
}

/// The most bytes that are offered to the pipe at once: a pipe of one byte would else have all that waits copied for each.
const OFFERED: usize = 2_000;

/// Moves bytes between a pipe and an engine, which `step` lets do what it can; until either ends.
async fn drive<E>(
    mut io: DuplexStream,
    engine: &mut E,
    mut step: impl FnMut(&mut E) -> bool,
    input: impl Fn(&mut E, &[u8]),
    output: impl Fn(&E) -> &[u8],
    written: impl Fn(&mut E, usize),
) {
    let mut buffer = vec![0; 20_000];
    while step(engine) {
        let waiting = output(engine);
        let waiting = waiting[..waiting.len().min(OFFERED)].to_vec();
        let (mut read, mut write) = tokio::io::split(&mut io);
        tokio::select! {
            biased;
            count = write.write(&waiting), if !waiting.is_empty() => match count {
                Ok(count) => written(engine, count),
                Err(_) => return,
            },
            count = read.read(&mut buffer) => match count {
                Ok(0) | Err(_) => return,
                Ok(count) => input(engine, &buffer[..count]),
            },
        }
    }
}

async fn their_client(io: DuplexStream, calls: Rc<Vec<Call>>) {
    let (send, connection) = h2::client::handshake(io).await.expect("a handshake");
    let driver = spawn_local(connection);
    let tasks: Vec<_> = (0..calls.len())
        .map(|at| spawn_local(their_call(send.clone(), calls.clone(), at)))
        .collect();
    for task in tasks {
        task.await.expect("a call that ends well");
    }
    driver.abort();
}

async fn their_call(send: SendRequest<Bytes>, calls: Rc<Vec<Call>>, at: usize) {
    let call = &calls[at];
    let mut request = Request::post(format!("http://localhost{}", call.path))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .expect("a valid request");
    headers(&call.metadata, request.headers_mut());
    let mut send = send.ready().await.expect("an open connection");
    let (response, mut stream) = send.send_request(request, false).expect("a new stream");
    // A server may answer before it has read all.
    let _ = stream.send_data(framed(&call.requests).into(), true);
    let mut stream = response.await.expect("a response").into_body();
    assert_eq!(body(&mut stream).await, framed(&call.responses));
    let trailers = stream
        .trailers()
        .await
        .expect("whole trailers")
        .expect("trailers");
    let code = (call.code as u32).to_string();
    assert_eq!(trailers["grpc-status"].as_bytes(), code.as_bytes());
}

async fn our_server(io: DuplexStream, calls: Rc<Vec<Call>>) {
    let mut engine = server::Connection::new(Arc::default(), Instant::now());
    let mut open: HashMap<CallId, (usize, usize)> = HashMap::new();
    let step = |engine: &mut server::Connection| {
        while let Some(event) = engine.poll_event() {
            match event {
                server::Event::Call(incoming) => {
                    let at = calls.iter().position(|call| *call.path == *incoming.path);
                    let at = at.expect("a path that was called");
                    let sent = metadata(&calls[at].metadata);
                    for (key, value) in sent.iter() {
                        assert_eq!(incoming.metadata.get(key), Some(value), "{key}");
                    }
                    open.insert(incoming.call, (at, 0));
                }
                server::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    let (at, seen) = open.get_mut(&call).expect("an open call");
                    assert_eq!(message.into_bytes(), Ok(calls[*at].requests[*seen].clone()));
                    *seen += 1;
                    engine.message_consumed(call, credit);
                }
                server::Event::HalfClosed { call } => {
                    let (at, seen) = open[&call];
                    let made = &calls[at];
                    assert_eq!(seen, made.requests.len());
                    for response in &made.responses {
                        engine
                            .send_message(call, response, MessageOptions::default())
                            .expect("an open call");
                    }
                    let status = Status::new(made.code, made.message.clone());
                    // Headers of their own, which the other end waits for.
                    let _sent_already = engine.send_initial_metadata(call, &Metadata::EMPTY);
                    engine
                        .send_status(call, &status, &Metadata::EMPTY)
                        .expect("an open call");
                }
                server::Event::Writable { .. } | server::Event::Finished { .. } => {}
                server::Event::Cancelled { call, reason, .. } => panic!("{call:?}: {reason:?}"),
            }
        }
        true
    };
    drive(
        io,
        &mut engine,
        step,
        |engine, bytes| engine.handle_input(bytes, Instant::now()),
        server::Connection::output,
        |engine, count| {
            engine.output_written(count);
        },
    )
    .await;
}

async fn their_server(io: DuplexStream, calls: Rc<Vec<Call>>) {
    let mut connection = h2::server::handshake(io).await.expect("a handshake");
    while let Some(accepted) = connection.accept().await {
        // The client leaves when it has what it wants.
        let Ok((request, respond)) = accepted else {
            return;
        };
        spawn_local(their_answer(request, respond, calls.clone()));
    }
    let _ = poll_fn(|context| connection.poll_closed(context)).await;
}

async fn their_answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    calls: Rc<Vec<Call>>,
) {
    let call = calls.iter().find(|call| call.path == request.uri().path());
    let call = call.expect("a path that was called");
    let mut expected = HeaderMap::new();
    headers(&call.metadata, &mut expected);
    for (name, value) in &expected {
        assert_eq!(request.headers().get(name), Some(value), "{name}");
    }
    let mut stream = request.into_body();
    assert_eq!(body(&mut stream).await, framed(&call.requests));
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .body(())
        .expect("a valid response");
    let mut stream = respond
        .send_response(response, false)
        .expect("an open stream");
    stream
        .send_data(framed(&call.responses).into(), false)
        .expect("an open stream");
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from(call.code as u32));
    stream.send_trailers(trailers).expect("an open stream");
}

async fn our_client(io: DuplexStream, calls: Rc<Vec<Call>>) {
    let now = Instant::now();
    let mut engine = client::Connection::new(Arc::default(), now);
    let mut open: HashMap<CallId, (usize, usize)> = HashMap::new();
    for (at, call) in calls.iter().enumerate() {
        let metadata = metadata(&call.metadata);
        let start = StartCall {
            path: &call.path,
            authority: "localhost",
            scheme: "http",
            user_agent: "fuzz",
            metadata: &metadata,
            deadline: None,
            encoding: Encoding::Identity,
        };
        let id = engine.start_call(&start, now).expect("a new connection");
        for request in &call.requests {
            engine
                .send_message(id, request, MessageOptions::default())
                .expect("an open call");
        }
        engine.half_close(id).expect("an open call");
        open.insert(id, (at, 0));
    }
    let step = |engine: &mut client::Connection| {
        while let Some(event) = engine.poll_event() {
            match event {
                client::Event::Message {
                    call,
                    message,
                    credit,
                } => {
                    let (at, seen) = open.get_mut(&call).expect("an open call");
                    assert_eq!(message.into_bytes(), Ok(calls[*at].responses[*seen].clone()));
                    *seen += 1;
                    engine.message_consumed(call, credit);
                }
                client::Event::Status { call, status, .. } => {
                    let (at, seen) = open.remove(&call).expect("an open call");
                    assert_eq!(status.code, calls[at].code, "{status:?}");
                    assert_eq!(seen, calls[at].responses.len());
                }
                client::Event::Closed { reason } => panic!("{reason:?}"),
                _ => {}
            }
        }
        !open.is_empty()
    };
    drive(
        io,
        &mut engine,
        step,
        |engine, bytes| engine.handle_input(bytes, Instant::now()),
        client::Connection::output,
        |engine, count| {
            engine.output_written(count);
        },
    )
    .await;
    assert!(open.is_empty(), "{open:?}");
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let ours_serves = choices.byte() & 1 == 0;
    let width = 1 + (choices.number() as usize >> (choices.byte() % 32)) % 100_000;
    let calls = Rc::new(calls(&mut choices));
    // Many bytes take too long through a pipe of a few.
    let width = width.max(calls.iter().map(Call::size).sum::<usize>() / 2_000);
    let (left, right) = tokio::io::duplex(width);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers");
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        // The client's end says when all is done.
        if ours_serves {
            spawn_local(our_server(right, calls.clone()));
            their_client(left, calls).await;
        } else {
            spawn_local(their_server(right, calls.clone()));
            our_client(left, calls).await;
        }
    });
});
