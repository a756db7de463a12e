"""mypy-protobuf: what its plugins write for a file with everything in it."""

import pathlib
import subprocess
import sys

from google.protobuf import any_pb2, descriptor_pb2, struct_pb2, timestamp_pb2
from google.protobuf.compiler import plugin_pb2

request = plugin_pb2.CodeGeneratorRequest()
for module in (any_pb2, struct_pb2, timestamp_pb2):
    file = request.proto_file.add()
    module.DESCRIPTOR.CopyToProto(file)
    request.file_to_generate.append(file.name)
mine = request.proto_file.add(
    name="shop.proto", package="shop", syntax="proto3", dependency=["google/protobuf/any.proto"]
)
order = mine.message_type.add(name="Order")
order.field.add(name="id", number=1, type=descriptor_pb2.FieldDescriptorProto.TYPE_INT64, label=1)
order.field.add(
    name="more",
    number=2,
    type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
    type_name=".google.protobuf.Any",
    label=3,
)
service = mine.service.add(name="Shop")
service.method.add(
    name="Get", input_type=".shop.Order", output_type=".shop.Order", server_streaming=True
)
request.file_to_generate.append("shop.proto")
for plugin in ("protoc-gen-mypy", "protoc-gen-mypy_grpc"):
    command = [str(pathlib.Path(sys.executable).with_name(plugin))]
    done = subprocess.run(
        command, input=request.SerializeToString(), capture_output=True, check=True
    )
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    for file in response.file:
        print(file.name, file.content)
