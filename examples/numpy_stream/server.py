"""A server that streams blocks of samples, made by numpy."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from concurrent import futures

import numpy as np
import samples_pb2
import samples_pb2_grpc
from russet import grpc

# Samples of one turn of the wave.
PERIOD = 1000


class Sensor(samples_pb2_grpc.SensorServicer):
    def Sample(
        self, request: samples_pb2.SampleRequest, context: grpc.ServicerContext
    ) -> Iterator[samples_pb2.Block]:
        size = request.samples_per_block
        for number in range(request.blocks):
            turns = np.arange(number * size, (number + 1) * size) / PERIOD
            yield samples_pb2.Block(samples=np.sin(2 * np.pi * turns))


def serve(port: int) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    samples_pb2_grpc.add_SensorServicer_to_server(Sensor(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        print(f"Server started, listening on {bound}", flush=True)
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(grace=1).wait()


if __name__ == "__main__":
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50051)
    serve(parser.parse_args().port)
