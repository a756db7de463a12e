"""protoc-gen-validate: its options and the functions that it generates for them."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from protoc_gen_validate.validator import ValidationFailed, validate
from validate import validate_pb2

file = descriptor_pb2.FileDescriptorProto(name="v.proto", package="v", syntax="proto3", dependency=["validate/validate.proto"])
message = file.message_type.add(name="Person")
name = message.field.add(name="name", number=1, type=9, label=1)
name.options.Extensions[validate_pb2.rules].string.min_len = 2
age = message.field.add(name="age", number=2, type=5, label=1)
age.options.Extensions[validate_pb2.rules].int32.gte = 0
age.options.Extensions[validate_pb2.rules].int32.lt = 150
mail = message.field.add(name="mail", number=3, type=9, label=1)
mail.options.Extensions[validate_pb2.rules].string.email = True
mail.options.Extensions[validate_pb2.rules].string.ignore_empty = True
tags = message.field.add(name="tags", number=4, type=9, label=3)
tags.options.Extensions[validate_pb2.rules].repeated.unique = True
pool = descriptor_pool.Default()
pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
Person = message_factory.GetMessageClass(pool.FindMessageTypeByName("v.Person"))
print(Person.DESCRIPTOR.fields_by_name["age"].GetOptions().Extensions[validate_pb2.rules])
for given in ({"name": "Ann", "age": 3}, {"name": "A"}, {"name": "Ann", "age": 150}, {"name": "Ann", "mail": "no"}, {"name": "Ann", "mail": "a@b.example"}, {"name": "Ann", "tags": ["a", "a"]}):
    try:
        print(given, validate(Person(**given)))
    except ValidationFailed as error:
        print(given, error)
