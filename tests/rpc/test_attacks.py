"""Attacks of `interop/attacks` on servers with small limits: what the server's memory grows by stays below what docs/limits.md says, it lives on, and a good client's calls succeed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ATTACKS = Path(__file__).parents[2] / "interop" / "attacks"
sys.path.insert(0, str(ATTACKS))

attack_servers = pytest.importorskip("attack_servers", reason="the programs that attack")
attack_at_random = pytest.importorskip("attack_at_random", reason="the programs that attack")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# Those that make a server hold something.
HOLDING = (
    "bombs_to_no_method",
    "zstd_bombs_to_no_method",
    "bombs_that_are_echoed",
    "bombs_over_the_limit",
    "answers_that_nobody_reads",
    "answers_that_the_socket_keeps",
    "messages_that_never_end",
    "long_header_lists",
)
# Those whose handlers wait for the end of their call, which a loop has room for and sixteen threads have not.
WAITING = (
    "bombs_that_nobody_takes",
    "bombs_that_are_held",
    "metadata_of_calls_that_wait",
    "long_names_of_calls_that_wait",
)


@pytest.mark.parametrize(
    ("attack", "kind"),
    [(attack, kind) for attack in HOLDING for kind in ("sync", "asyncio")]
    + [(attack, "asyncio") for attack in WAITING],
)
def test_memory_is_bounded_and_others_are_served(attack: str, kind: str) -> None:
    outcome = attack_servers.measure(attack, f"russet-{kind}", seconds=1.0, small=True)
    assert outcome.lived
    assert outcome.failed == ()
    assert outcome.memory <= attack_at_random.most(kind)


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_a_peer_sends(kind: str, seed: int) -> None:
    assert attack_at_random.run(kind, 2.0, seed)
