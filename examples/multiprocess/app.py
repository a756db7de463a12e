"""A server that computes, for `russet serve`: it calls `make_server` once in each process."""

from __future__ import annotations

import math
import os
from concurrent import futures

import primes_pb2
import primes_pb2_grpc
from russet import grpc


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


class Primes(primes_pb2_grpc.PrimesServicer):
    def Check(
        self, request: primes_pb2.Candidate, context: grpc.ServicerContext
    ) -> primes_pb2.Verdict:
        return primes_pb2.Verdict(is_prime=is_prime(request.number), process=os.getpid())


def make_server() -> grpc.Server:
    # Python computes in one thread of a process at a time: a second thread would only wait.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    primes_pb2_grpc.add_PrimesServicer_to_server(Primes(), server)
    return server
