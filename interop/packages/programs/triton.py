"""tritonclient: synchronous, asynchronous, streaming and asyncio inference, with a local server of its generated code."""

import asyncio
import queue
from concurrent import futures

import grpc
import numpy
import tritonclient.grpc as client
import tritonclient.grpc.aio as aio
from tritonclient.grpc import service_pb2, service_pb2_grpc


class Server(service_pb2_grpc.GRPCInferenceServiceServicer):
    def ServerLive(self, request, context):
        return service_pb2.ServerLiveResponse(live=True)

    def ModelMetadata(self, request, context):
        answer = service_pb2.ModelMetadataResponse(name=request.name, versions=["1"])
        answer.inputs.add(name="X", datatype="FP32", shape=[-1, 2])
        return answer

    def ModelInfer(self, request, context):
        if request.model_name == "none":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        array = numpy.frombuffer(request.raw_input_contents[0], numpy.float32) * 2
        answer = service_pb2.ModelInferResponse(model_name=request.model_name, id=request.id)
        answer.outputs.add(name="Y", datatype="FP32", shape=[1, 2])
        answer.raw_output_contents.append(array.tobytes())
        return answer

    def ModelStreamInfer(self, requests, context):
        for request in requests:
            yield service_pb2.ModelStreamInferResponse(
                infer_response=self.ModelInfer(request, context)
            )


server = grpc.server(futures.ThreadPoolExecutor(4))
service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Server(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
url = f"127.0.0.1:{port}"
value = client.InferInput("X", [1, 2], "FP32")
value.set_data_from_numpy(numpy.array([[1, 2]], dtype=numpy.float32))
with client.InferenceServerClient(url) as one:
    print(
        one.is_server_live(), one.get_model_metadata("m"), one.get_model_metadata("m", as_json=True)
    )
    print(one.infer("m", [value], request_id="7", compression_algorithm="gzip").as_numpy("Y"))
    done = queue.Queue()
    one.async_infer(
        "m",
        [value],
        callback=lambda result, error: done.put((result.as_numpy("Y").tolist(), error)),
    )
    print(done.get(timeout=20))
    one.start_stream(
        callback=lambda result, error: done.put((result.as_numpy("Y").tolist(), error))
    )
    for _ in range(3):
        one.async_stream_infer("m", [value])
    print(*(done.get(timeout=20) for _ in range(3)))
    one.stop_stream()
    try:
        one.infer("none", [value])
    except client.InferenceServerException as error:
        print(error)


async def main():
    async with aio.InferenceServerClient(url) as one:
        print(await one.is_server_live(), (await one.infer("m", [value])).as_numpy("Y"))

        async def requests():
            for number in range(2):
                yield {"model_name": "m", "inputs": [value], "request_id": str(number)}

        async for result, error in one.stream_infer(requests()):
            print(result.get_response().id, result.as_numpy("Y"), error)


asyncio.run(main())
server.stop(None).wait()
