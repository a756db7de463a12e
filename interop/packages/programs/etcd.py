"""etcd3 with a real etcd: keys, transactions, leases, locks, watches and errors."""

import shutil
import socket
import subprocess
import sys
import time

import etcd3

program = shutil.which("etcd")
if program is None:
    sys.exit("etcd is not installed (Debian: etcd-server)")
ports = []
for _ in range(2):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ports.append(free.getsockname()[1])
urls = [f"http://127.0.0.1:{port}" for port in ports]
server = subprocess.Popen(
    [
        program,
        "--data-dir",
        "data",
        "--listen-client-urls",
        urls[0],
        "--advertise-client-urls",
        urls[0],
        "--listen-peer-urls",
        urls[1],
        "--initial-advertise-peer-urls",
        urls[1],
        "--initial-cluster",
        f"default={urls[1]}",
    ],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    client = etcd3.client(port=ports[0], timeout=10)
    for _ in range(200):
        try:
            client.status()
            break
        except etcd3.exceptions.Etcd3Exception:
            time.sleep(0.1)
    events, cancel = client.watch_prefix("/a/")
    client.put("/a/1", "one")
    client.put("/a/2", b"\x00two")
    print(
        client.get("/a/1")[0],
        client.get("/none"),
        [(value, item.key) for value, item in client.get_prefix("/a/", sort_order="descend")],
    )
    print(
        [(type(event).__name__, event.key, event.value) for event in (next(events), next(events))]
    )
    cancel()
    print(
        client.transaction(
            compare=[client.transactions.value("/a/1") == "one"],
            success=[client.transactions.put("/a/1", "new")],
            failure=[],
        )
    )
    print(
        client.replace("/a/1", "old", "x"),
        client.replace("/a/1", "new", "x"),
        client.delete("/a/1"),
        client.delete("/a/1"),
    )
    lease = client.lease(30)
    client.put("/leased", "x", lease=lease)
    print(lease.granted_ttl, lease.keys)
    lease.revoke()
    print(client.get("/leased"))
    with client.lock("mine", ttl=20) as lock:
        print(lock.is_acquired())
    print(lock.is_acquired(), len(list(client.members)))
    try:
        client.compact(1000000)
    except Exception as error:
        print(type(error).__name__, str(error)[:60])
    client.close()
finally:
    server.kill()
    server.wait()
