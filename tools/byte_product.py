"""Write the model of one operator that multiplies bytes: python -m tools.byte_product.

Needs the package onnx. The file is the same whatever release of onnx writes it: the operator set
and the format are fixed below.
"""

import sys
from pathlib import Path

from spikeref.arith import byte_products

OPERATOR_SET = 10
"""The first with MatMulInteger."""

FORMAT = 5
"""The format of model files that came with it."""


def model_bytes() -> bytes:
    """Return a model of y = (a − a_zero_point)·b: a uint8 [T, K], b int8 [K, M], y int32 [T, M]."""
    from onnx import TensorProto, helper

    node = helper.make_node("MatMulInteger", ["a", "b", "a_zero_point"], ["y"])
    inputs = [
        helper.make_tensor_value_info("a", TensorProto.UINT8, ["T", "K"]),
        helper.make_tensor_value_info("b", TensorProto.INT8, ["K", "M"]),
        helper.make_tensor_value_info("a_zero_point", TensorProto.UINT8, []),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.INT32, ["T", "M"])
    graph = helper.make_graph([node], "byte_product", inputs, [output])
    opset = helper.make_opsetid("", OPERATOR_SET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=FORMAT)
    written: bytes = model.SerializeToString(deterministic=True)
    return written


def main() -> int:
    """Write the file into the package."""
    target = Path(byte_products.__file__).with_name(byte_products.MODEL_NAME)
    target.write_bytes(model_bytes())
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
