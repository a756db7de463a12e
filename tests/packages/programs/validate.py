"""protovalidate: rules of messages, fields, items, keys, values and oneofs, kept and broken.

The argument is the folder of the generated code.
"""

import sys

sys.path.insert(0, sys.argv[1])

import protovalidate
from google.protobuf import timestamp_pb2
from validated_pb2 import User

born = timestamp_pb2.Timestamp(seconds=1)
good = User(name="ada", age=36, mail="a@b.org", tags=["x", "y"], born=born, phone="1")
protovalidate.validate(good)
print(protovalidate.collect_violations(good))
bad = User(name="A", age=200, mail="nobody", tags=["x", "", "y"], level=7)
bad.scores.update({"x": 1, "k": 11})
bad.friend.CopyFrom(good)
bad.friend.mail = "?"
try:
    protovalidate.validate(bad)
except protovalidate.ValidationError as error:
    # A map has no order, and neither have the rules of a message.
    for text in sorted(f"{each.proto}{each.field_value}" for each in error.violations):
        print(text)
    print(len(error.to_proto().violations))
