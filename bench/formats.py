"""Protocol Buffers beside JSON, Apache Avro and Apache Thrift, and gRPC beside JSON over HTTP/1.1: bytes and CPU time.

Each format turns the same 100 orders, plain Python values, into bytes, and the bytes into values that are all read. Then a server of each kind answers the same calls. The order of the sides changes from round to round; the table shows medians of CPU time. Run by `make bench-formats`; `docs/comparison.md` has a run's figures.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import orjson
import thriftpy2
from russet import grpc
from thriftpy2.protocol.compact import TCompactProtocolFactory
from thriftpy2.utils import deserialize, serialize

ROUNDS = 7
REPEATS = 40
CALLS = 16_000
IN_FLIGHT = 32

PROTO = """
syntax = "proto3";
package formats;
message Order {
  int64 id = 1;
  string customer = 2;
  double price = 3;
  int32 quantity = 4;
  bool paid = 5;
  int64 placed_at = 6;
  repeated string tags = 7;
}
message Orders { repeated Order orders = 1; }
service Shop { rpc Find (Order) returns (Orders); }
"""
THRIFT = """
struct Order {
  1: i64 id, 2: string customer, 3: double price, 4: i32 quantity,
  5: bool paid, 6: i64 placed_at, 7: list<string> tags
}
struct Orders { 1: list<Order> orders }
"""
AVRO = {
    "type": "record", "name": "Orders", "fields": [{"name": "orders", "type": {"type": "array", "items": {
        "type": "record", "name": "Order", "fields": [
            {"name": "id", "type": "long"}, {"name": "customer", "type": "string"},
            {"name": "price", "type": "double"}, {"name": "quantity", "type": "int"},
            {"name": "paid", "type": "boolean"}, {"name": "placed_at", "type": "long"},
            {"name": "tags", "type": {"type": "array", "items": "string"}}]}}}],
}  # fmt: skip
FIELDS = ("id", "customer", "price", "quantity", "paid", "placed_at", "tags")


def orders(count: int) -> list[tuple[Any, ...]]:
    """The same orders each time."""
    tags = ["gift", "express", "fragile", "return"]
    return [
        (10**9 + 7919 * n, f"customer-{n * 31 % 1000:04}", 0.01 * (n * 7907 % 100_000), n % 9 + 1, n % 3 > 0, 1_763_000_000_000 + n * 61_007, tags[: n % 4])
        for n in range(count)
    ]  # fmt: skip


class Format(NamedTuple):
    """How a format writes values, and reads all of them again."""

    name: str
    encode: Callable[[list[tuple[Any, ...]]], bytes]
    decode: Callable[[bytes], list[tuple[Any, ...]]]


def messages(prefix: str, folder: Path) -> Format:
    """Protocol Buffers, with the messages of a runtime."""
    runtime = "russet" if prefix == "ours" else "google"
    (folder / f"{prefix}.proto").write_text(PROTO.replace("formats;", f"{prefix};"))
    from russet import protoc

    protoc.main(["protoc", f"-I{folder}", f"--python_out=runtime={runtime}:{folder}", f"{prefix}.proto"])  # fmt: skip
    module: Any = import_module(f"{prefix}_pb2")
    order, listed = module.Order, module.Orders

    def encode(values: list[tuple[Any, ...]]) -> bytes:
        made = [order(id=i, customer=c, price=p, quantity=q, paid=d, placed_at=a, tags=t) for i, c, p, q, d, a, t in values]  # fmt: skip
        data: bytes = listed(orders=made).SerializeToString()
        return data

    def decode(data: bytes) -> list[tuple[Any, ...]]:
        return [(o.id, o.customer, o.price, o.quantity, o.paid, o.placed_at, list(o.tags)) for o in listed.FromString(data).orders]  # fmt: skip

    name = "Protocol Buffers, Russet" if prefix == "ours" else "Protocol Buffers, protobuf (upb)"
    return Format(name, encode, decode)


def dictionaries(name: str, dump: Callable[[Any], bytes], load: Callable[[bytes], Any]) -> Format:
    """A format whose library takes and gives dictionaries."""

    def encode(values: list[tuple[Any, ...]]) -> bytes:
        return dump({"orders": [dict(zip(FIELDS, value)) for value in values]})

    def decode(data: bytes) -> list[tuple[Any, ...]]:
        return [(o["id"], o["customer"], o["price"], o["quantity"], o["paid"], o["placed_at"], o["tags"]) for o in load(data)["orders"]]  # fmt: skip

    return Format(name, encode, decode)


def avro() -> Format:
    schema = fastavro.parse_schema(AVRO)

    def dump(value: Any) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()

    def load(data: bytes) -> Any:
        return fastavro.schemaless_reader(io.BytesIO(data), schema, None)

    return dictionaries("Avro, fastavro", dump, load)


def thrift(folder: Path) -> Format:
    path = folder / "formats.thrift"
    path.write_text(THRIFT)
    module = thriftpy2.load(str(path), module_name="formats_thrift")
    protocol = TCompactProtocolFactory()

    def encode(values: list[tuple[Any, ...]]) -> bytes:
        data: bytes = serialize(module.Orders(orders=[module.Order(*value) for value in values]), protocol)  # fmt: skip
        return data

    def decode(data: bytes) -> list[tuple[Any, ...]]:
        read = deserialize(module.Orders(), data, protocol)
        return [(o.id, o.customer, o.price, o.quantity, o.paid, o.placed_at, o.tags) for o in read.orders]  # fmt: skip

    return Format("Thrift compact, thriftpy2", encode, decode)


def measure(work: Callable[[], Any]) -> float:
    """Microseconds of CPU time of one run."""
    start = time.process_time_ns()
    for _ in range(REPEATS):
        work()
    return (time.process_time_ns() - start) / REPEATS / 1000


def compare_formats(folder: Path) -> None:
    values = orders(100)
    formats = [
        messages("ours", folder),
        messages("theirs", folder),
        dictionaries("JSON, json", lambda value: json.dumps(value, separators=(",", ":")).encode(), json.loads),
        dictionaries("JSON, orjson", orjson.dumps, orjson.loads),
        avro(),
        thrift(folder),
    ]  # fmt: skip
    times: dict[str, tuple[list[float], list[float]]] = {f.name: ([], []) for f in formats}
    data = {f.name: f.encode(values) for f in formats}
    for f in formats:
        assert f.decode(data[f.name]) == values, f.name
    for turn in range(ROUNDS):
        for f in formats[turn % len(formats) :] + formats[: turn % len(formats)]:
            times[f.name][0].append(measure(lambda f=f: f.encode(values)))  # type: ignore[misc]
            times[f.name][1].append(measure(lambda f=f: f.decode(data[f.name])))  # type: ignore[misc]
    print("| format, library | bytes | gzip | write, us | read, us |\n|---|---|---|---|---|")
    for f in formats:
        size, packed = len(data[f.name]), len(gzip.compress(data[f.name]))
        write, read = (statistics.median(part) for part in times[f.name])
        print(f"| {f.name} | {size:,} | {packed:,} | {write:,.0f} | {read:,.0f} |", flush=True)


# The servers: each answers with ten orders.


def serve(kind: str) -> None:
    """A server in this process, on a port that it prints."""
    answer = orders(10)
    asyncio.run(serve_grpc(answer) if kind == "grpc" else serve_http(answer))


async def serve_grpc(answer: list[tuple[Any, ...]]) -> None:
    pb2: Any = import_module("ours_pb2")

    async def find(request: Any, context: Any) -> Any:
        assert request.id
        return pb2.Orders(orders=[pb2.Order(**dict(zip(FIELDS, value))) for value in answer])

    handler = grpc.unary_unary_rpc_method_handler(
        find, pb2.Order.FromString, pb2.Orders.SerializeToString
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("ours.Shop", {"Find": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


async def serve_http(answer: list[tuple[Any, ...]]) -> None:
    from aiohttp import web

    async def find(request: web.Request) -> web.Response:
        assert orjson.loads(await request.read())["id"]
        body = orjson.dumps({"orders": [dict(zip(FIELDS, value)) for value in answer]})
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/find", find)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def call_grpc(port: int) -> None:
    pb2: Any = import_module("ours_pb2")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        method = channel.unary_unary("/ours.Shop/Find", pb2.Order.SerializeToString, pb2.Orders.FromString)  # fmt: skip

        async def caller() -> None:
            for n in range(CALLS // IN_FLIGHT):
                reply = await method(pb2.Order(id=n + 1))
                assert len(reply.orders) == 10

        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))


async def call_http(port: int) -> None:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def caller() -> None:
            for n in range(CALLS // IN_FLIGHT):
                async with session.post(f"http://127.0.0.1:{port}/find", data=orjson.dumps({"id": n + 1})) as reply:  # fmt: skip
                    assert len(orjson.loads(await reply.read())["orders"]) == 10

        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))


def cpu_time(process: int) -> float:
    """Seconds of user and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare_calls(folder: Path) -> None:
    figures: dict[str, list[tuple[float, float]]] = {"grpc": [], "http": []}
    for turn in range(ROUNDS):
        for kind in ("grpc", "http") if turn % 2 else ("http", "grpc"):
            server = subprocess.Popen(
                [sys.executable, __file__, "serve", kind],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(folder)},
            )
            assert server.stdout
            port = int(server.stdout.readline())
            # What starting took does not count.
            before, own = cpu_time(server.pid), time.process_time()
            asyncio.run(call_grpc(port) if kind == "grpc" else call_http(port))
            spent, own = cpu_time(server.pid) - before, time.process_time() - own
            server.terminate()
            server.communicate()
            figures[kind].append((spent / CALLS * 1e6, own / CALLS * 1e6))
    print("\n| call | server, us | client, us | connections |\n|---|---|---|---|")
    for kind, name, connections in (("grpc", "gRPC, Russet (asyncio)", 1), ("http", "JSON over HTTP/1.1, aiohttp and orjson", IN_FLIGHT)):  # fmt: skip
        server_time, client_time = (statistics.median(part) for part in zip(*figures[kind]))
        print(f"| {name} | {server_time:,.0f} | {client_time:,.0f} | {connections} |")


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
        return
    with tempfile.TemporaryDirectory() as name:
        sys.path.insert(0, name)
        compare_formats(Path(name))
        compare_calls(Path(name))


if __name__ == "__main__":
    main()
