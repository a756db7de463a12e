"""tensorboard: summaries that are written, then read by its event accumulator and by its data server over gRPC."""

import time

import numpy
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import event_pb2, graph_pb2, summary_pb2
from tensorboard.data import server_ingester
from tensorboard.plugins.scalar import metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util import grpc_util, tensor_util

writer = EventFileWriter("logs/run")
for step in range(5):
    summary = summary_pb2.Summary()
    summary.value.add(
        tag="loss",
        tensor=tensor_util.make_tensor_proto(numpy.float32(1 / (step + 1))),
        metadata=metadata.create_summary_metadata("loss", "how bad"),
    )
    writer.add_event(event_pb2.Event(step=step, wall_time=1000.0 + step, summary=summary))
graph = graph_pb2.GraphDef()
graph.node.add(name="a", op="Const").attr["value"].i = 7
writer.add_event(event_pb2.Event(graph_def=graph.SerializeToString()))
writer.close()
accumulator = event_accumulator.EventAccumulator("logs/run").Reload()
print(
    accumulator.Tags()["tensors"],
    [
        (event.step, event.wall_time, float(tensor_util.make_ndarray(event.tensor_proto)))
        for event in accumulator.Tensors("loss")
    ],
)
print(accumulator.Graph())
ingester = server_ingester.SubprocessServerDataIngester(
    server_binary=server_ingester.get_server_binary(),
    logdir="logs",
    reload_interval=1,
    channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
)
ingester.start()
source, context = ingester.data_provider, None
from tensorboard import context as contexts  # noqa: E402

context = contexts.RequestContext()
for _ in range(300):
    runs = source.list_runs(context, experiment_id="")
    found = source.read_scalars(context, experiment_id="", plugin_name="scalars", downsample=100)
    if found and len(next(iter(next(iter(found.values())).values()))) == 5:
        break
    time.sleep(0.1)
print(
    [run.run_name for run in runs],
    {
        run: {tag: [(datum.step, datum.value) for datum in data] for tag, data in tags.items()}
        for run, tags in found.items()
    },
)
# In any order.
print(sorted(source.list_plugins(context, experiment_id="")))
try:
    source.read_blob(context, blob_key="none")
except Exception as error:
    print(type(error).__name__, error)
