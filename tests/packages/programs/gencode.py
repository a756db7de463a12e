"""A generated module: every kind of field, extension, enum and service that it binds. The folder of the module is the argument."""

import pickle
import sys

sys.path.insert(0, sys.argv[1])
import gencode_pb2 as g
import gencode_pb2_grpc
from google.protobuf import descriptor_pb2, json_format, text_format

item = g.Item(name="n", number=5, packed=[1, 2])
item.parts.add(size=g.Item.Part.LARGE)
item.by_name["a"].size = g.Item.Part.SMALL
item.old.data = b"\0"
# Before the extensions, whose order on the wire is free.
print(item.SerializeToString(deterministic=True).hex())
inside = getattr(g, "inside", None) or g.Item.inside
item.Extensions[inside].name = "deep"
item.Extensions[g.weight] = 1.5
item.Extensions[g.notes].extend(["x", "y"])
print(text_format.MessageToString(item))
print(json_format.MessageToJson(item, sort_keys=True))
assert g.Item.FromString(item.SerializeToString()) == item
assert pickle.loads(pickle.dumps(item)) == item
print(g.Item().name, g.Item().color == g.GREEN, g.Item().old.data, item.WhichOneof("which"))
print(
    g.Color.Name(5),
    g.Color.Value("RED"),
    g.Item.Part.Size.items(),
    g.RED,
    g.Item.LARGE if hasattr(g.Item, "LARGE") else "",
)
print(
    g.DESCRIPTOR.name,
    g.WEIGHT_FIELD_NUMBER,
    g.Item.NAME_FIELD_NUMBER,
    g.Item.Part.__qualname__,
    g.Item.__module__,
)
print(g.Item.DESCRIPTOR.fields_by_name["name"].GetOptions().Extensions[g.label])
print([m.name for m in g.DESCRIPTOR.services_by_name["Store"].methods])
print(sorted(n for n in vars(gencode_pb2_grpc) if n.startswith(("Store", "add"))))
proto = descriptor_pb2.FileDescriptorProto()
g.DESCRIPTOR.CopyToProto(proto)
print(
    proto.SerializeToString(deterministic=True) == g.DESCRIPTOR.serialized_pb,
    len(proto.message_type),
)
try:
    g.Item(parts=[{}]).SerializeToString()
except Exception as error:
    print(type(error).__name__, error)
