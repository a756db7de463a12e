"""temporalio: payloads, failures and commands, converted and read back; no server."""

import asyncio
import dataclasses

from google.protobuf import duration_pb2, json_format
from temporalio import common, converter, exceptions
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest


@dataclasses.dataclass
class Order:
    name: str
    parts: list[int]


async def main():
    values = [
        Order("a", [1, 2]),
        None,
        b"raw",
        7,
        duration_pb2.Duration(seconds=3),
        WorkflowExecution(workflow_id="w"),
    ]
    data = converter.DataConverter()
    payloads = await data.encode(values)
    print(*payloads, sep="\n")
    print(
        await data.decode(
            payloads, [Order, None, bytes, int, duration_pb2.Duration, WorkflowExecution]
        )
    )
    failure = Failure()
    error = exceptions.ApplicationError("outer", 5, type="T", non_retryable=True)
    error.__cause__ = ValueError("inner")
    await data.encode_failure(error, failure)
    print(
        failure.message,
        failure.cause.message,
        failure.application_failure_info.non_retryable,
        failure.WhichOneof("failure_info"),
    )
    print(repr(await data.decode_failure(failure)))
    request = StartWorkflowExecutionRequest(
        namespace="n", workflow_id="w", input=Payloads(payloads=payloads)
    )
    request.memo.fields["k"].CopyFrom(Payload(data=b"v"))
    common.RetryPolicy(maximum_attempts=3).apply_to_proto(request.retry_policy)
    print(json_format.MessageToJson(request, sort_keys=True), WorkflowExecutionStatus.Name(2))


asyncio.run(main())
