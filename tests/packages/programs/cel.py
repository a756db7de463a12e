"""cel-python, which protovalidate evaluates its rules with, on messages and well-known types."""

import celpy
from google.protobuf import duration_pb2, json_format, struct_pb2

environment = celpy.Environment()
rule = environment.program(environment.compile("this.a > 1.0 && size(this.b) == 2"))
this = struct_pb2.Struct()
this.update({"a": 2.0, "b": ["x", "y"]})
print(rule.evaluate({"this": celpy.json_to_cel(json_format.MessageToDict(this))}))
span = duration_pb2.Duration(seconds=3)
print(repr(celpy.celtypes.DurationType(seconds=span.seconds, nanos=span.nanos)))
