"""onnx: a model that is made, checked by its C++ core, inferred, printed, written and read."""

import pathlib

import numpy
import onnx
from onnx import TensorProto, checker, helper, numpy_helper, parser, printer, shape_inference

weights = numpy_helper.from_array(numpy.arange(6, dtype=numpy.float32).reshape(2, 3), name="W")
x = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", 2])
y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["n", 3])
nodes = [
    helper.make_node("MatMul", ["X", "W"], ["Z"]),
    helper.make_node("Relu", ["Z"], ["Y"], name="r"),
]
graph = helper.make_graph(nodes, "g", [x], [y], [weights])
model = helper.make_model(graph, producer_name="p", opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
checker.check_model(model, full_check=True)
inferred = shape_inference.infer_shapes(model)
print(inferred.graph.value_info)
print(printer.to_text(model))
onnx.save(model, "m.onnx")
again = onnx.load("m.onnx")
print(
    again == model,
    numpy_helper.to_array(again.graph.initializer[0]).sum(),
    len(again.SerializeToString()),
)
print(parser.parse_graph("agraph (float[N, 128] X) => (float[N] Y) { Y = Softmax(X) }"))
onnx.save_model(again, "m.json", "json")
print(pathlib.Path("m.json").read_text()[:300])
try:
    checker.check_model(
        helper.make_model(
            helper.make_graph([helper.make_node("Nope", ["X"], ["Y"])], "g", [x], [y])
        )
    )
except checker.ValidationError as error:
    print(str(error).splitlines()[0])
from onnx.reference import ReferenceEvaluator  # noqa: E402

print(ReferenceEvaluator(model).run(None, {"X": numpy.array([[1, -2]], dtype=numpy.float32)}))
