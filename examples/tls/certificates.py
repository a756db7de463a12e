"""Makes an authority and two certificates of it, for a server and for a client, in this folder. For trying out, not for production."""

from __future__ import annotations

from pathlib import Path

import trustme

authority = trustme.CA(organization_name="Greeter's authority")
authority.cert_pem.write_to_path("authority.pem")
for name, certificate in (
    ("server", authority.issue_cert("localhost", common_name="localhost")),
    ("client", authority.issue_cert("ada@example.com", common_name="Ada")),
):
    certificate.private_key_pem.write_to_path(f"{name}-key.pem")
    chain = b"".join(part.bytes() for part in certificate.cert_chain_pems)
    Path(f"{name}-chain.pem").write_bytes(chain)
print("authority.pem, and a key and a chain for server and client")
