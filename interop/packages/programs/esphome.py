"""aioesphomeapi: its messages, models and the frames that it packs."""

from aioesphomeapi import api_pb2, model
from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO
from google.protobuf import json_format

state = api_pb2.LightStateResponse(key=7, state=True, brightness=0.5, color_mode=3)
print(model.LightState.from_pb(state), state.SerializeToString().hex())
info = api_pb2.DeviceInfoResponse(name="n", mac_address="AA", esphome_version="2026.1.0")
print(model.DeviceInfo.from_pb(info).to_dict())
print(
    len(MESSAGE_TYPE_TO_PROTO),
    sorted(kind.DESCRIPTOR.full_name for kind in MESSAGE_TYPE_TO_PROTO.values())[:40],
)
for kind in MESSAGE_TYPE_TO_PROTO.values():
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if field.type == field.TYPE_STRING and not field.is_repeated:
            setattr(message, field.name, field.name)
    assert kind.FromString(message.SerializeToString()) == message
print(json_format.MessageToJson(state))
