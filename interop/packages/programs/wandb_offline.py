"""wandb offline: a run whose records go to its core as messages, and are read back from its file."""

import os
import pathlib

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=".")
import wandb
from wandb.proto import wandb_internal_pb2

run = wandb.init(
    project="p",
    config={"lr": 0.1, "deep": {"a": [1, 2]}},
    settings=wandb.Settings(
        x_disable_stats=True, x_disable_meta=True, console="off", disable_git=True, save_code=False
    ),
)
for step in range(3):
    run.log({"loss": 1 / (step + 1), "n": step})
run.summary["best"] = 7
run.finish()
(path,) = pathlib.Path().glob("wandb/offline-run-*/*.wandb")
data = path.read_bytes()
print(
    data[:4],
    b"loss" in data,
    b"deep" in data,
    sorted(
        field.name
        for field in wandb_internal_pb2.Record.DESCRIPTOR.oneofs_by_name["record_type"].fields
    ),
)
