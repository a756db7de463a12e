"""The server that h2spec attacks: one method, plaintext or TLS. Prints its port, and ends when its input does."""

from __future__ import annotations

import sys
from concurrent import futures

from russet import grpc


def main() -> None:
    echo = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    server = grpc.server(
        futures.ThreadPoolExecutor(4),
        handlers=[grpc.method_handlers_generic_handler("h2spec", {"Echo": echo})],
    )
    credentials = grpc.insecure_server_credentials()
    if "--tls" in sys.argv:
        import trustme

        made = trustme.CA().issue_cert("127.0.0.1")
        chain = made.cert_chain_pems[0].bytes()
        credentials = grpc.ssl_server_credentials([(made.private_key_pem.bytes(), chain)])
    print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


if __name__ == "__main__":
    main()
