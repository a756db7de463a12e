"""The service configs of the page on call policy are valid, and do what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from russet import grpc

PAGE = Path(__file__).parents[2] / "docs" / "call-policy.md"
CONFIGS = {"methodConfig", "loadBalancingConfig"}
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs_and_its_config_is_valid(number: int) -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[number], names)  # the page is ours
    configs = (value for value in names.values() if isinstance(value, dict))
    config = next((value for value in configs if CONFIGS & value.keys()), None)
    if config is None:
        # A server's side.
        return
    named = config.get("methodConfig", [{"name": [{"service": "s", "method": "m"}]}])
    method = "/{service}/{method}".format(**named[0]["name"][0])
    options = [("grpc.service_config", json.dumps(config))]
    with grpc.insecure_channel("127.0.0.1:1", options=options) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(method)(b"", timeout=0.2)
        codes = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        assert caught.value.code() in codes
