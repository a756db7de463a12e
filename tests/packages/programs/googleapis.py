"""googleapis-common-protos: every module of it, and options that are extensions."""

import importlib
import pkgutil

import google.api
import google.cloud
import google.logging
import google.longrunning
import google.rpc
import google.type
from google.api import annotations_pb2, client_pb2, http_pb2
from google.longrunning import operations_pb2
from google.protobuf import json_format, message

found = []
for package in (google.api, google.cloud, google.logging, google.longrunning, google.rpc, google.type):  # fmt: skip
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        made = importlib.import_module(module.name)
        for name in sorted(dir(made)):
            value = getattr(made, name)
            if isinstance(value, type) and issubclass(value, message.Message):
                found.append((module.name, name, len(value.DESCRIPTOR.fields), str(value())))
print(len(found), found)
service = operations_pb2.DESCRIPTOR.services_by_name["Operations"]
method = service.methods_by_name["ListOperations"]
rule = method.GetOptions().Extensions[annotations_pb2.http]
assert isinstance(rule, http_pb2.HttpRule)
print(rule, method.GetOptions().Extensions[client_pb2.method_signature])
print(json_format.MessageToJson(method.GetOptions(), sort_keys=True))
print(service.GetOptions())
