"""An agent of the A2A SDK behind its gRPC handler, asked by its gRPC client: messages, streams, tasks and errors with details."""

import asyncio
import logging

import grpc
from a2a.client import ClientConfig, ClientFactory
from a2a.helpers.proto_helpers import (
    get_message_text,
    new_task_from_user_message,
    new_text_message,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.request_handlers.grpc_handler import GrpcHandler
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types import a2a_pb2, a2a_pb2_grpc

logging.disable(logging.CRITICAL)


class Executor(AgentExecutor):
    async def execute(self, context, queue):
        text = get_message_text(context.message)
        if not text.startswith("task"):
            await queue.enqueue_event(
                new_text_message(f"you said {text}", role=a2a_pb2.Role.ROLE_AGENT)
            )
            return
        task = new_task_from_user_message(context.message)
        await queue.enqueue_event(task)
        updater = TaskUpdater(queue, task.id, task.context_id)
        await updater.start_work()
        for number in range(2):
            await updater.add_artifact([new_text_part(f"part {number}")], name=f"a{number}")
        await updater.complete()

    async def cancel(self, context, queue):
        raise NotImplementedError


def asked(text):
    return a2a_pb2.SendMessageRequest(message=new_text_message(text, role=a2a_pb2.Role.ROLE_USER))


async def main():
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    card = a2a_pb2.AgentCard(
        name="agent",
        version="1",
        capabilities=a2a_pb2.AgentCapabilities(streaming=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        supported_interfaces=[
            {"url": f"127.0.0.1:{port}", "protocol_binding": "GRPC", "protocol_version": "1.0"}
        ],
    )
    handler = DefaultRequestHandler(Executor(), InMemoryTaskStore(), card)
    a2a_pb2_grpc.add_A2AServiceServicer_to_server(GrpcHandler(handler), server)
    await server.start()
    config = ClientConfig(
        grpc_channel_factory=grpc.aio.insecure_channel, supported_protocol_bindings=["GRPC"]
    )
    client = ClientFactory(config).create(card)
    async for event in client.send_message(asked("hello \u00e9")):
        print(event.WhichOneof("payload"), get_message_text(event.message))
    task = None
    async for event in client.send_message(asked("task")):
        kind = event.WhichOneof("payload")
        task = event.task.id if kind == "task" else task
        print(kind, event.status_update.status.state, event.artifact_update.artifact.name)
    found = await client.get_task(a2a_pb2.GetTaskRequest(id=task))
    print(found.status.state, [one.name for one in found.artifacts], len(found.history))
    for call in (
        client.get_task(a2a_pb2.GetTaskRequest(id="none")),
        client.cancel_task(a2a_pb2.CancelTaskRequest(id=task)),
    ):
        try:
            await call
        except Exception as error:
            print(type(error).__name__, str(error).replace(task, "ID"))
    await client.close()
    await server.stop(5)


asyncio.run(main())
