"""A client with several connections, so that several processes of the server get work."""

from __future__ import annotations

import argparse
from concurrent import futures

import primes_pb2
import primes_pb2_grpc
from russet import grpc

FIRST = 10**12
# The first channel to a worker that has none yet is a matter of luck; this many are enough.
CHANNELS = 16


def run(port: int) -> None:
    channels = [grpc.insecure_channel(f"localhost:{port}") for _ in range(CHANNELS)]
    stubs = [primes_pb2_grpc.PrimesStub(channel) for channel in channels]

    def check(number: int) -> primes_pb2.Verdict:
        stub = stubs[number % CHANNELS]
        request = primes_pb2.Candidate(number=number)
        return stub.Check(request, timeout=60, wait_for_ready=True)

    numbers = range(FIRST, FIRST + 200)
    with futures.ThreadPoolExecutor(CHANNELS) as threads:
        verdicts = dict(zip(numbers, threads.map(check, numbers)))
    for channel in channels:
        channel.close()
    primes = [number - FIRST for number, verdict in verdicts.items() if verdict.is_prime]
    print(f"primes after 10^12: +{', +'.join(map(str, primes))}")
    processes = {verdict.process for verdict in verdicts.values()}
    print(f"more than one process worked: {len(processes) > 1}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
