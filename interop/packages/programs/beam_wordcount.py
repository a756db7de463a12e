"""Apache Beam: words are counted by workers that its runner reaches by gRPC; the pipeline makes a trip through the portable protos."""

import hashlib
import logging

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_fn_api_pb2, beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from google.protobuf import json_format

logging.disable(logging.CRITICAL)
LINES = ["the king and the queen", "the fool", "exit the king, pursued by the fool"]


def words(line):
    return line.replace(",", " ").split()


def pipeline(made):
    return (
        made
        | beam.Create(LINES)
        | beam.FlatMap(words)
        | beam.Map(lambda word: (word, 1))
        | beam.CombinePerKey(sum)
        | beam.MapTuple(lambda word, count: f"{count} {word}")
    )


# In this process, then with threads and with processes as workers: their control, data, state and logs go by gRPC.
for mode in ("in_memory", "multi_threading", "multi_processing"):
    options = PipelineOptions(direct_running_mode=mode, direct_num_workers=2, environment_type=None)
    with beam.Pipeline(runner=FnApiRunner(), options=options) as made:
        (
            pipeline(made)
            | beam.combiners.ToList()
            | beam.Map(lambda counts: print(*sorted(counts), sep="\n"))
        )
    print(mode)

made = beam.Pipeline()
pipeline(made)
proto = made.to_runner_api()
kinds = sorted({one.spec.urn for one in proto.components.transforms.values()})
print(kinds)
again = beam_runner_api_pb2.Pipeline.FromString(proto.SerializeToString())
print(again == proto, json_format.Parse(json_format.MessageToJson(proto), type(proto)()) == proto)
names = sorted(one.unique_name for one in again.components.transforms.values())
print(len(names), hashlib.sha256("\n".join(names).encode()).hexdigest())
restored = beam.Pipeline.from_runner_api(again, FnApiRunner(), PipelineOptions([]))
print(restored.run().wait_until_finish())
print(sorted(beam_fn_api_pb2.DESCRIPTOR.services_by_name))
