//! The cases, each as the test descriptions ask for it.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use crate::pb::test_service_client::TestServiceClient;
use crate::pb::unimplemented_service_client::UnimplementedServiceClient;
use crate::pb::{
    BoolValue, EchoStatus, Empty, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest,
};
use crate::{Failure, INITIAL_KEY, TRAILING_KEY, flag, payload};

type Client = TestServiceClient<Channel>;
type Outcome = Result<(), Failure>;

/// For a case.
const LIMIT: Duration = Duration::from_secs(20);

const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
const RESPONSE_SIZES: [i32; 4] = [31415, 9, 2653, 58979];
const LARGE_REQUEST: usize = 271_828;
const LARGE_RESPONSE: usize = 314_159;
const SPECIAL: &str = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

/// Calls of the soak and concurrency cases.
const REPEATED: usize = 10;
const CONCURRENT: usize = 50;

fn check(right: bool, what: &str) -> Outcome {
    if right { Ok(()) } else { Err(what.into()) }
}

fn refused<T>(answer: Result<T, Status>, code: Code, message: Option<&str>) -> Outcome {
    let Err(status) = answer else {
        return Err(format!("the call succeeded; {code:?} was expected").into());
    };
    let right = status.code() == code && message.is_none_or(|message| status.message() == message);
    check(right, &format!("{status:?}; {code:?} was expected"))
}

fn outputs(sizes: &[i32], compressed: bool) -> Vec<ResponseParameters> {
    let wish = compressed.then_some(BoolValue { value: true });
    sizes
        .iter()
        .map(|&size| ResponseParameters {
            size,
            interval_us: 0,
            compressed: wish,
        })
        .collect()
}

fn output_request(request_size: usize, response_size: i32) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: outputs(&[response_size], false),
        payload: payload(request_size),
        ..Default::default()
    }
}

fn large_request() -> SimpleRequest {
    SimpleRequest {
        response_size: 314_159,
        payload: payload(LARGE_REQUEST),
        ..Default::default()
    }
}

async fn large(mut client: Client, request: SimpleRequest) -> Outcome {
    let answer = client.unary_call(request).await?.into_inner();
    check(
        answer
            .payload
            .is_some_and(|payload| payload.body == vec![0; LARGE_RESPONSE]),
        "the response's payload",
    )
}

async fn client_streaming(mut client: Client, sizes: &[usize], compressed: bool) -> Outcome {
    let expect_compressed = compressed.then_some(BoolValue { value: true });
    let requests: Vec<_> = sizes
        .iter()
        .map(|&size| StreamingInputCallRequest {
            payload: payload(size),
            expect_compressed,
        })
        .collect();
    let answer = client
        .streaming_input_call(tokio_stream::iter(requests))
        .await?
        .into_inner();
    check(
        usize::try_from(answer.aggregated_payload_size)? == sizes.iter().sum(),
        "the aggregated size",
    )
}

async fn server_streaming(mut client: Client, compressed: bool) -> Outcome {
    let request = StreamingOutputCallRequest {
        response_parameters: outputs(&RESPONSE_SIZES, compressed),
        ..Default::default()
    };
    let mut responses = client.streaming_output_call(request).await?.into_inner();
    for size in RESPONSE_SIZES {
        let response = responses.message().await?.ok_or("the stream ended early")?;
        check(
            response
                .payload
                .is_some_and(|payload| Ok(payload.body.len()) == size.try_into()),
            "a response's size",
        )?;
    }
    check(responses.message().await?.is_none(), "the stream goes on")
}

async fn ping_pong(mut client: Client) -> Outcome {
    let (sender, receiver) = mpsc::channel(1);
    let mut pairs = REQUEST_SIZES.into_iter().zip(RESPONSE_SIZES);
    let mut expected = pairs.next();
    if let Some((request, response)) = expected {
        sender.send(output_request(request, response)).await?;
    }
    let mut responses = client
        .full_duplex_call(ReceiverStream::new(receiver))
        .await?
        .into_inner();
    while let Some((_, size)) = expected {
        let response = responses.message().await?.ok_or("the stream ended early")?;
        check(
            response
                .payload
                .is_some_and(|payload| Ok(payload.body.len()) == size.try_into()),
            "a response's size",
        )?;
        expected = pairs.next();
        if let Some((request, response)) = expected {
            sender.send(output_request(request, response)).await?;
        }
    }
    drop(sender);
    check(responses.message().await?.is_none(), "the stream goes on")
}

async fn empty_stream(mut client: Client) -> Outcome {
    let mut responses = client
        .full_duplex_call(tokio_stream::empty())
        .await?
        .into_inner();
    check(responses.message().await?.is_none(), "a response came")
}

/// A call whose future is dropped is cancelled; what follows shows that the connection is well.
async fn cancel_after_begin(mut client: Client) -> Outcome {
    let (sender, receiver) = mpsc::channel(1);
    let mut other = client.clone();
    let call = tokio::spawn(async move {
        other
            .streaming_input_call(ReceiverStream::new(receiver))
            .await
    });
    sender.send(StreamingInputCallRequest::default()).await?;
    call.abort();
    check(
        call.await.is_err_and(|error| error.is_cancelled()),
        "the call was not cancelled",
    )?;
    client.empty_call(Empty {}).await?;
    Ok(())
}

async fn cancel_after_first_response(mut client: Client) -> Outcome {
    let (sender, receiver) = mpsc::channel(1);
    sender.send(output_request(27182, 31415)).await?;
    let mut responses = client
        .full_duplex_call(ReceiverStream::new(receiver))
        .await?
        .into_inner();
    check(
        responses.message().await?.is_some(),
        "the stream ended early",
    )?;
    drop(responses);
    client.empty_call(Empty {}).await?;
    Ok(())
}

async fn timeout_on_sleeping_server(mut client: Client) -> Outcome {
    let mut asked = output_request(27182, 31415);
    asked.response_parameters[0].interval_us = 2_000_000;
    let (sender, receiver) = mpsc::channel(1);
    sender.send(asked).await?;
    let mut request = Request::new(ReceiverStream::new(receiver));
    request.set_timeout(Duration::from_millis(1));
    let answer = async {
        client
            .full_duplex_call(request)
            .await?
            .into_inner()
            .message()
            .await
    }
    .await;
    // A deadline that tonic itself sees pass is `Cancelled` there, with this message; one that the server tells is `DeadlineExceeded`.
    if answer.as_ref().is_err_and(|status| {
        status.code() == Code::Cancelled && status.message() == "Timeout expired"
    }) {
        return Ok(());
    }
    refused(answer, Code::DeadlineExceeded, None)
}

async fn custom_metadata(mut client: Client) -> Outcome {
    let initial = "test_initial_metadata_value";
    let trailing = MetadataValue::from_bytes(&[0xab, 0xab, 0xab]);
    let unary = SimpleRequest {
        response_size: 1,
        payload: payload(1),
        ..Default::default()
    };
    let mut request = Request::new(unary);
    request.metadata_mut().insert(INITIAL_KEY, initial.parse()?);
    request
        .metadata_mut()
        .insert_bin(TRAILING_KEY, trailing.clone());
    let response = client.unary_call(request).await?;
    // A unary response's metadata has the headers and the trailers.
    check(
        response
            .metadata()
            .get(INITIAL_KEY)
            .is_some_and(|value| value == initial),
        "the unary call's headers",
    )?;
    check(
        response.metadata().get_bin(TRAILING_KEY) == Some(&trailing),
        "the unary call's trailers",
    )?;

    let mut request = Request::new(tokio_stream::once(output_request(1, 1)));
    request.metadata_mut().insert(INITIAL_KEY, initial.parse()?);
    request
        .metadata_mut()
        .insert_bin(TRAILING_KEY, trailing.clone());
    let response = client.full_duplex_call(request).await?;
    check(
        response
            .metadata()
            .get(INITIAL_KEY)
            .is_some_and(|value| value == initial),
        "the stream's headers",
    )?;
    let mut responses = response.into_inner();
    while responses.message().await?.is_some() {}
    let trailers = responses
        .trailers()
        .await?
        .ok_or("the stream had no trailers")?;
    check(
        trailers.get_bin(TRAILING_KEY) == Some(&trailing),
        "the stream's trailers",
    )
}

async fn status(mut client: Client, message: &str) -> Outcome {
    let response_status = Some(EchoStatus {
        code: 2,
        message: message.into(),
    });
    let unary = SimpleRequest {
        response_status: response_status.clone(),
        ..Default::default()
    };
    refused(client.unary_call(unary).await, Code::Unknown, Some(message))?;
    let request = StreamingOutputCallRequest {
        response_status,
        ..Default::default()
    };
    let call = client.full_duplex_call(tokio_stream::once(request)).await;
    let answer = match call {
        Ok(response) => response.into_inner().message().await,
        Err(status) => Err(status),
    };
    refused(answer, Code::Unknown, Some(message))
}

async fn pick_first_unary(mut client: Client) -> Outcome {
    let request = SimpleRequest {
        response_size: 1,
        payload: payload(1),
        fill_server_id: true,
        ..Default::default()
    };
    let first = client
        .unary_call(request.clone())
        .await?
        .into_inner()
        .server_id;
    check(!first.is_empty(), "the server gave no id")?;
    for _ in 0..REPEATED {
        let next = client
            .unary_call(request.clone())
            .await?
            .into_inner()
            .server_id;
        check(next == first, "another server answered")?;
    }
    Ok(())
}

fn endpoint() -> Result<Endpoint, Failure> {
    let tls = flag("use_tls") == "true";
    let scheme = if tls { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!(
        "{scheme}://{}:{}",
        flag("server_host"),
        flag("server_port")
    ))?;
    if !tls {
        return Ok(endpoint);
    }
    let authority = Certificate::from_pem(std::fs::read(flag("ca_file"))?);
    let config = ClientTlsConfig::new()
        .ca_certificate(authority)
        .domain_name(flag("server_host_override"));
    Ok(endpoint.tls_config(config)?)
}

async fn run(case: &str, channel: Channel) -> Outcome {
    let mut client =
        TestServiceClient::new(channel.clone()).accept_compressed(CompressionEncoding::Gzip);
    let packing = client.clone().send_compressed(CompressionEncoding::Gzip);
    match case {
        "empty_unary" => Ok(client.empty_call(Empty {}).await.map(|_| ())?),
        "large_unary" => large(client, large_request()).await,
        "client_compressed_unary" => {
            let mut request = large_request();
            request.expect_compressed = Some(BoolValue { value: true });
            large(packing, request.clone()).await?;
            request.expect_compressed = Some(BoolValue { value: false });
            large(client, request).await
        }
        "server_compressed_unary" => {
            for value in [true, false] {
                let request = SimpleRequest {
                    response_compressed: Some(BoolValue { value }),
                    ..large_request()
                };
                large(client.clone(), request).await?;
            }
            Ok(())
        }
        "client_streaming" => client_streaming(client, &REQUEST_SIZES, false).await,
        "client_compressed_streaming" => client_streaming(packing, &[27182, 45904], true).await,
        "server_streaming" => server_streaming(client, false).await,
        "server_compressed_streaming" => server_streaming(client, true).await,
        "ping_pong" => ping_pong(client).await,
        "empty_stream" => empty_stream(client).await,
        "cancel_after_begin" => cancel_after_begin(client).await,
        "cancel_after_first_response" => cancel_after_first_response(client).await,
        "timeout_on_sleeping_server" => timeout_on_sleeping_server(client).await,
        "custom_metadata" => custom_metadata(client).await,
        "status_code_and_message" => status(client, "test status message").await,
        "special_status_message" => status(client, SPECIAL).await,
        "unimplemented_method" => refused(
            client.unimplemented_call(Empty {}).await,
            Code::Unimplemented,
            None,
        ),
        "unimplemented_service" => {
            let answer = UnimplementedServiceClient::new(channel)
                .unimplemented_call(Empty {})
                .await;
            refused(answer, Code::Unimplemented, None)
        }
        "pick_first_unary" => pick_first_unary(client).await,
        "concurrent_large_unary" => {
            try_join_all((0..CONCURRENT).map(|_| large(client.clone(), large_request()))).await?;
            Ok(())
        }
        "rpc_soak" => {
            for _ in 0..REPEATED {
                large(client.clone(), large_request()).await?;
            }
            Ok(())
        }
        "channel_soak" => {
            for _ in 0..REPEATED {
                large(
                    TestServiceClient::new(endpoint()?.connect().await?),
                    large_request(),
                )
                .await?;
            }
            Ok(())
        }
        _ => Err("this peer has no such case".into()),
    }
}

/// Runs the cases one after the other on one channel, and prints `name: ok` or `name: what went wrong`.
pub async fn call() -> Result<(), Failure> {
    let channel = endpoint()?.connect().await?;
    for case in flag("test_case").split(',') {
        let outcome = match tokio::time::timeout(LIMIT, run(case, channel.clone())).await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => error.to_string().replace('\n', " "),
            Err(_) => format!("no end within {} s", LIMIT.as_secs()),
        };
        println!("{case}: {outcome}");
    }
    Ok(())
}
