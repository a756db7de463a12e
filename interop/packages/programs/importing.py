"""A package's modules that need grpc or protobuf: all are imported, and each message of theirs makes a round trip in every form."""

import hashlib
import importlib
import pkgutil
import sys
import warnings

warnings.simplefilter("ignore")
from google.protobuf import json_format, text_format  # noqa: E402
from google.protobuf.message import Message  # noqa: E402

names = sys.argv[1].split(",")
digest, count, failed, modules = hashlib.sha256(), 0, [], 0
for name in names:
    package = importlib.import_module(name)
    found = [
        name,
        *(
            module.name
            for module in pkgutil.walk_packages(
                getattr(package, "__path__", []), name + ".", onerror=lambda _: None
            )
        ),
    ]
    for module_name in sorted(found):
        if not module_name.endswith(("_pb2", "_pb2_grpc")) and module_name not in names:
            continue
        try:
            module = importlib.import_module(module_name)
        except Exception as error:
            failed.append((module_name, type(error).__name__))
            continue
        modules += 1
        for key in sorted(
            vars(module)
            if not module_name.endswith("_pb2")
            else module.DESCRIPTOR.message_types_by_name
        ):
            kind = getattr(module, key)
            if not (isinstance(kind, type) and issubclass(kind, Message) and kind is not Message):
                continue
            message = kind()
            for field in kind.DESCRIPTOR.fields:
                if field.message_type is None and not field.is_repeated:
                    value = {
                        1: 0.5,
                        2: 0.25,
                        8: True,
                        9: "text \u00e9",
                        12: b"\x00\xff",
                        14: field.enum_type and field.enum_type.values[-1].number,
                    }.get(field.type, field.number % 50)
                    setattr(message, field.name, value)
                elif (
                    field.message_type is not None
                    and not field.is_repeated
                    and field.message_type.full_name != kind.DESCRIPTOR.full_name
                ):
                    getattr(message, field.name).SetInParent()
            try:
                data = message.SerializePartialToString(deterministic=True)
                digest.update(
                    data
                    + text_format.MessageToString(message).encode()
                    + json_format.MessageToJson(message, sort_keys=True).encode()
                )
                assert kind.FromString(data) == message or not message.IsInitialized()
            except Exception as error:
                digest.update(type(error).__name__.encode())
            count += 1
print(modules, "modules", count, "messages", digest.hexdigest(), failed)
