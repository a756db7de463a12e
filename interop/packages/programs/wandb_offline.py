"""wandb offline: a run whose records go to its core as messages, and are read back from its file."""

import glob
import os

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=".")
import wandb  # noqa: E402
from wandb.proto import wandb_internal_pb2  # noqa: E402
from wandb.sdk.internal import datastore  # noqa: E402

run = wandb.init(project="p", config={"lr": 0.1, "deep": {"a": [1, 2]}}, settings=wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off", disable_git=True, save_code=False))
for step in range(3):
    run.log({"loss": 1 / (step + 1), "n": step})
run.summary["best"] = 7
run.finish()
(path,) = glob.glob("wandb/offline-run-*/*.wandb")
store = datastore.DataStore()
store.open_for_scan(path)
history, kinds = [], set()
while (data := store.scan_data()) is not None:
    record = wandb_internal_pb2.Record.FromString(data)
    kinds.add(record.WhichOneof("record_type"))
    if record.WhichOneof("record_type") == "history":
        history.append(sorted((item.key or "/".join(item.nested_key), item.value_json) for item in record.history.item if (item.key or item.nested_key[0])[0] != "_"))
print(history, {"run", "history", "exit"} <= kinds)
