"""A client that reads each block as an array, without a copy."""

from __future__ import annotations

import argparse

import numpy as np
import samples_pb2
import samples_pb2_grpc
from russet import grpc


def run(port: int) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = samples_pb2_grpc.SensorStub(channel)
        request = samples_pb2.SampleRequest(blocks=100, samples_per_block=10_000)
        count, power, highest = 0, 0.0, 0.0
        for block in stub.Sample(request, timeout=30):
            # The message's own memory: it stays as long as the array is held.
            samples = np.asarray(block.samples)
            count += len(samples)
            power += float(samples @ samples)
            highest = max(highest, float(samples.max()))
    print(f"{count} samples, mean power {power / count:.3f}, highest {highest:.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    run(parser.parse_args().port)
