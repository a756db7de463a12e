"""betterproto2's compiler: protoc runs it as a plugin, and what it wrote serves and calls."""

import asyncio
import hashlib
import os
import subprocess
import sys
from pathlib import Path

SCHEMA = """
syntax = "proto3";
package shop;
import "google/protobuf/duration.proto";
import "google/protobuf/timestamp.proto";

// What may be bought.
message Item {
  string name = 1;
  repeated int64 prices = 2;
  map<string, Part> parts = 3;
  oneof which {
    Size size = 4;
    google.protobuf.Duration lasts = 5;
  }
  google.protobuf.Timestamp made = 6;
  optional bytes data = 7;
  message Part { double weight = 1; }
}
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 1; }
service Store {
  // One.
  rpc Get(Item) returns (Item);
  rpc List(stream Item) returns (stream Item);
}
"""
folder = Path("generated")
folder.mkdir()
Path("shop.proto").write_text(SCHEMA)
subprocess.run(
    [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"--plugin=protoc-gen-python_betterproto2={Path(sys.executable).with_name('protoc-gen-python_betterproto2')}",
        "-I.",
        f"--python_betterproto2_out={folder}",
        "--python_betterproto2_opt=client_generation=async,server_generation=async",
        "shop.proto",
    ],
    check=True,
    # Where the plugin finds ruff.
    env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
)
for path in sorted(folder.rglob("*.py")):
    print(path, hashlib.sha256(path.read_bytes()).hexdigest())

sys.path.insert(0, ".")
from generated import shop  # noqa: E402
from grpclib.testing import ChannelFor  # noqa: E402


class Store(shop.StoreBase):
    async def get(self, message):
        return shop.Item(name=message.name.upper(), size=shop.Size.LARGE)

    async def list(self, messages):
        async for message in messages:
            yield message


async def main():
    async with ChannelFor([Store()]) as channel:
        stub = shop.StoreStub(channel)
        print(await stub.get(shop.Item(name="a")))
        items = [
            shop.Item(name="b", prices=[1, -1]),
            shop.Item(data=b"\0", parts={"x": shop.ItemPart(2.5)}),
        ]
        async for item in stub.list(items):
            print(item.to_json())


asyncio.run(main())
