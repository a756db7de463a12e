"""The messages of `google.rpc` that gRPC's richer error model uses: `status_pb2`, `error_details_pb2`, `code_pb2`.

They are those of `googleapis-common-protos`, for programs that do not install it; with `russet.install()`, both may be used side by side.
"""

from __future__ import annotations

import sys

# One set of classes: those of `googleapis-common-protos` where they were imported before and are made by Russet, as after `import google.protobuf` from a wheel of `russet shims`.
if sys.modules.get("google.protobuf") is sys.modules.get("russet.protobuf", sys):
    for _name in ("code_pb2", "error_details_pb2", "status_pb2"):
        _loaded = sys.modules.get(f"google.rpc.{_name}")
        if _loaded is not None:
            sys.modules[f"{__name__}.{_name}"] = globals()[_name] = _loaded
