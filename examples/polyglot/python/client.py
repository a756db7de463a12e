"""Calls the Greeter from Python, in all four ways."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import polyglot_pb2
import polyglot_pb2_grpc
from russet import grpc

# Seconds for a call.
TIMEOUT = 10


def people() -> Iterator[polyglot_pb2.Person]:
    for name in ("Ada", "Grace", "Mary"):
        yield polyglot_pb2.Person(name=name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    caller = (("caller", "python"),)
    with grpc.insecure_channel(f"127.0.0.1:{parser.parse_args().port}") as channel:
        stub = polyglot_pb2_grpc.GreeterStub(channel)

        ada = polyglot_pb2.Person(name="Ada")
        greeting, call = stub.Greet.with_call(ada, timeout=TIMEOUT, metadata=caller)
        print(f"unary: {greeting.text}")
        print(f"metadata: {dict(call.initial_metadata())['served-by']}")

        often = polyglot_pb2.Often(name="Ada", times=3)
        greetings = stub.GreetOften(often, timeout=TIMEOUT)
        print("server streaming:", *(greeting.text for greeting in greetings))

        print("client streaming:", stub.GreetAll(people(), timeout=TIMEOUT).text)

        greetings = stub.Chat(people(), timeout=TIMEOUT)
        print("both streaming:", *(greeting.text for greeting in greetings))

        try:
            stub.Greet(polyglot_pb2.Person(), timeout=TIMEOUT, metadata=caller)
        except grpc.RpcError as error:
            refused = dict(error.trailing_metadata())["refused"]
            print(f"error: {error.code().value[0]}, {error.details()}, to {refused}")


if __name__ == "__main__":
    main()
