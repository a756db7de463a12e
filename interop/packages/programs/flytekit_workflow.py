"""flytekit: a workflow runs here, its specification makes a trip through Flyte's messages, and a client registers and asks for it at a server that plays the control plane."""

import hashlib
import logging
from collections import OrderedDict
from concurrent import futures

import flytekit
import grpc
from flyteidl.admin import common_pb2, task_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service import admin_pb2_grpc
from flytekit.clients.raw import RawSynchronousFlyteClient
from flytekit.configuration import Image, ImageConfig, PlatformConfig, SerializationSettings
from flytekit.models import literals
from flytekit.models import task as task_models
from flytekit.tools.translator import get_serializable
from google.protobuf import json_format

logging.disable(logging.CRITICAL)


@flytekit.task
def add(a: int, b: int) -> int:
    return a + b


@flytekit.task
def tell(total: int, words: list[str]) -> dict[str, int]:
    return dict.fromkeys(words, total)


@flytekit.workflow
def total(a: int = 1, words: list[str] = ["x", "y"]) -> dict[str, int]:  # noqa: B006
    return tell(total=add(a=a, b=41), words=words)


print(total(), total(a=2, words=["z"]))
image = Image("default", "example.com/image", "tag")
settings = SerializationSettings(
    ImageConfig(image, [image]), project="project", domain="domain", version="v1"
)
specification = get_serializable(OrderedDict(), settings, add).to_flyte_idl()
text = json_format.MessageToJson(specification, sort_keys=True)
print(specification.template.id.name, hashlib.sha256(text.encode()).hexdigest())
whole = get_serializable(OrderedDict(), settings, total).to_flyte_idl()
print(
    len(whole.template.nodes),
    sorted(node.id for node in whole.template.nodes),
    len(whole.SerializeToString()),
)
again = task_models.TaskSpec.from_flyte_idl(
    type(specification).FromString(specification.SerializeToString())
)
print(again.to_flyte_idl() == specification)
literal = literals.Literal(scalar=literals.Scalar(primitive=literals.Primitive(integer=2**62)))
print(literals.Literal.from_flyte_idl(literal.to_flyte_idl()) == literal)


class Admin(admin_pb2_grpc.AdminServiceServicer):
    def __init__(self):
        self.tasks = {}

    def CreateTask(self, request, context):
        key = request.id.SerializeToString(deterministic=True)
        if key in self.tasks:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "there is one")
        self.tasks[key] = request
        return task_pb2.TaskCreateResponse()

    def GetTask(self, request, context):
        found = self.tasks[request.id.SerializeToString(deterministic=True)]
        return task_pb2.Task(
            id=found.id, closure={"compiled_task": {"template": found.spec.template}}
        )

    def ListTaskIds(self, request, context):
        names = [common_pb2.NamedEntityIdentifier(name=f"{request.project}.{n}") for n in range(3)]
        return common_pb2.NamedEntityIdentifierList(entities=names, token="next")


server = grpc.server(futures.ThreadPoolExecutor(4))
admin_pb2_grpc.add_AdminServiceServicer_to_server(Admin(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
client = RawSynchronousFlyteClient(PlatformConfig(endpoint=f"127.0.0.1:{port}", insecure=True))
name = identifier_pb2.Identifier(resource_type=1, project="p", domain="d", name="n", version="1")
client.create_task(task_pb2.TaskCreateRequest(id=name, spec=specification))
found = client.get_task(common_pb2.ObjectGetRequest(id=name))
print(found.closure.compiled_task.template == specification.template)
try:
    client.create_task(task_pb2.TaskCreateRequest(id=name, spec=specification))
except Exception as error:
    print(type(error).__name__, type(error.__cause__).__name__)
print(
    client.list_task_ids_paginated(common_pb2.NamedEntityIdentifierListRequest(project="p")).token
)
server.stop(None).wait()
