"""mlflow: its service messages and JSON, and runs tracked in files."""

import os

os.environ.update(
    MLFLOW_ALLOW_FILE_STORE="true",
    MLFLOW_TRACKING_URI="file:./mlruns",
    MLFLOW_ENABLE_TELEMETRY="false",
    DO_NOT_TRACK="true",
)
from mlflow.entities import Metric, Param, RunTag
from mlflow.protos import service_pb2
from mlflow.utils.proto_json_utils import message_to_json, parse_dict

message = service_pb2.LogBatch(
    run_id="r",
    metrics=[Metric("m", 1.5, 2**40, 3).to_proto()],
    params=[Param("p", "v").to_proto()],
    tags=[RunTag("t", "u").to_proto()],
)
text = message_to_json(message)
print(text)
again = service_pb2.LogBatch()
parse_dict(
    {"run_id": "r", "metrics": [{"key": "m", "value": 1.5, "timestamp": 2**40, "step": 3}]}, again
)
print(again, again.metrics[0].timestamp)
print(
    [method.name for method in service_pb2.DESCRIPTOR.services_by_name["MlflowService"].methods][
        :60
    ]
)
