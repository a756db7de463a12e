"""The benchmark's service with the synchronous API. Prints `listening on <port>`."""

from __future__ import annotations

import time
from concurrent import futures

import runtime

modules, arguments = runtime.load(__doc__)
Pong = modules.messages.Pong


class Echo(modules.stubs.EchoServicer):
    def Unary(self, request, context):
        return Pong(text=request.text)

    def ServerStream(self, request, context):
        for _ in range(request.count):
            yield Pong(text=request.text)

    def ClientStream(self, request_iterator, context):
        text, count = "", 0
        for request in request_iterator:
            text = request.text
            count += 1
        return Pong(text=text, count=count)

    def Bidirectional(self, request_iterator, context):
        for request in request_iterator:
            yield Pong(text=request.text)


class SleepingEcho(Echo):
    def Unary(self, request, context):
        time.sleep(arguments.sleep_ms / 1000)
        return Pong(text=request.text)


def main() -> None:
    server = modules.grpc.server(futures.ThreadPoolExecutor(max_workers=arguments.threads))
    service = SleepingEcho() if arguments.sleep_ms else Echo()
    modules.stubs.add_EchoServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print("listening on", port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
