"""ONNX Runtime on a graph of its fused operators, with keys and values in one buffer per layer.

The graph is built here rather than exported: an export has no shared buffer, and copies all keys
and values for every token.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from benchmarks.peers import Floats, Stepper
from benchmarks.peers.weights import made_once
from onnx import TensorProto, helper, numpy_helper

PACKAGES = ("onnxruntime", "onnx")
# Our name -> bits and block of weight-only quantization, with 8-bit activations in matmuls.
BLOCKS = {
    "int8 block 32": (8, 32),
    "int8 block 128": (8, 128),
    "int4 block 32": (4, 32),
    "int4 block 128": (4, 128),
}


@dataclasses.dataclass
class Graph:
    """Nodes and constants as they are added."""

    blocks: tuple[int, int] | None
    nodes: list[Any] = dataclasses.field(default_factory=list)
    constants: list[Any] = dataclasses.field(default_factory=list)

    def add(self, kind: str, *inputs: str, domain: str = "", outputs: int = 1, **more: Any) -> Any:
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **more))
        return names[0] if outputs == 1 else names

    def constant(self, values: npt.NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def product(self, x: str, matrix: npt.NDArray[Any]) -> str:
        """Multiply x by a matrix [inputs, outputs]."""
        if self.blocks is None:
            return self.add("MatMul", x, self.constant(matrix))
        bits, block = self.blocks
        packed, scales = in_blocks(matrix, bits, block)
        inputs, outputs = matrix.shape
        return self.add(
            *("MatMulNBits", x, self.constant(packed), self.constant(scales)),
            domain="com.microsoft",
            K=inputs,
            N=outputs,
            bits=bits,
            block_size=block,
            accuracy_level=4,
        )


def in_blocks(matrix: npt.NDArray[Any], bits: int, block: int) -> tuple[Any, Any]:
    """Symmetric blocks along the inputs: [outputs, blocks, bytes] and one scale per block."""
    inputs, outputs = matrix.shape
    w = np.ascontiguousarray(matrix.T).reshape(outputs, inputs // block, block)
    middle = 1 << (bits - 1)
    scale = np.abs(w).max(-1, keepdims=True) / (middle - 1)
    q = (np.rint(w / scale) + middle).astype(np.uint8)
    if bits == 4:
        q = q[..., 0::2] | (q[..., 1::2] << 4)
    return q, scale.reshape(-1).astype(np.float32)


def build(weights: Path, blocks: tuple[int, int] | None) -> onnx.ModelProto:
    from gpt2.checkpoint import read_checkpoint

    found = read_checkpoint(weights)
    config, tensors = found.config, found.tensors
    graph = Graph(blocks)

    def linear(x: str, name: str) -> str:
        product = graph.product(x, tensors[f"{name}.weight"])
        return graph.add("Add", product, graph.constant(tensors[f"{name}.bias"]))

    def norm(x: str, name: str) -> str:
        gain, bias = (graph.constant(tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
        epsilon = config.layer_norm_epsilon
        return graph.add("LayerNormalization", x, gain, bias, axis=-1, epsilon=epsilon)

    tokens = graph.constant(tensors["transformer.wte.weight"])
    places = graph.constant(tensors["transformer.wpe.weight"])
    x = graph.add("Add", graph.add("Gather", tokens, "ids"), graph.add("Gather", places, "at"))
    memories = []
    for i in range(config.n_layer):
        at = f"transformer.h.{i}"
        qkv = linear(norm(x, f"{at}.ln_1"), f"{at}.attn.c_attn")
        mixed = graph.add(
            *("GroupQueryAttention", qkv, "", "", f"past_{i}_k", f"past_{i}_v", "last", "total"),
            domain="com.microsoft",
            outputs=3,
            num_heads=config.n_head,
            kv_num_heads=config.n_head,
        )
        graph.nodes[-1].output[1:] = [f"present_{i}_k", f"present_{i}_v"]
        x = graph.add("Add", x, linear(mixed[0], f"{at}.attn.c_proj"))
        up = linear(norm(x, f"{at}.ln_2"), f"{at}.mlp.c_fc")
        x = graph.add("Add", x, linear(graph.add("FastGelu", up, domain="com.microsoft"),
                                       f"{at}.mlp.c_proj"))  # fmt: skip
        memories += [f"{i}_k", f"{i}_v"]
    last = graph.add("Gather", norm(x, "transformer.ln_f"), graph.constant(np.array(-1)), axis=1)
    graph.product(last, tensors["transformer.wte.weight"].T)
    graph.nodes[-1].output[0] = "logits"

    whole, real = TensorProto.INT64, TensorProto.FLOAT
    shape = ["rows", config.n_head, "room", config.head_dim]
    inputs = [("ids", whole, ["rows", "new"]), ("at", whole, ["rows", "new"]),
              ("last", TensorProto.INT32, ["rows"]), ("total", TensorProto.INT32, []),
              *((f"past_{m}", real, shape) for m in memories)]  # fmt: skip
    outputs = [("logits", real, ["rows", config.vocab_size]),
               *((f"present_{m}", real, shape) for m in memories)]  # fmt: skip
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "gpt2",
            [helper.make_tensor_value_info(*value) for value in inputs],
            [helper.make_tensor_value_info(*value) for value in outputs],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=10,
    )


def prepare(weights: Path, place: Path, precision: str) -> Path:
    """A model file; "int8" is made from the float one by ONNX Runtime's dynamic quantization."""
    file = place / f"{weights.name}-{precision.replace(' ', '-')}.onnx"
    if precision not in ("int8", "uint8"):
        return made_once(file, lambda p: onnx.save(build(weights, BLOCKS.get(precision)), p))
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kind = QuantType.QInt8 if precision == "int8" else QuantType.QUInt8
    whole = prepare(weights, place, "fp32")
    return made_once(
        file,
        lambda p: quantize_dynamic(
            whole,
            p,
            ["MatMul", "Gather"],
            per_channel=True,
            weight_type=kind,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},  # of the fused operators
        ),
    )


class Onnx(Stepper):
    def __init__(self, session: ort.InferenceSession) -> None:
        self.session = session
        self.rows = 0

    def _make_room(self, rows: int) -> None:
        if rows == self.rows:
            return
        self.rows, self.binding = rows, self.session.io_binding()
        for value in self.session.get_inputs():
            if value.name.startswith("past_"):
                heads, room, width = value.shape[1], 1024 if rows == 1 else 256, value.shape[3]
                empty = np.zeros((rows, heads, room, width), np.float32)
                memory = ort.OrtValue.ortvalue_from_numpy(empty)
                self.binding.bind_ortvalue_input(value.name, memory)
                self.binding.bind_ortvalue_output(value.name.replace("past", "present"), memory)
        vocabulary = self.session.get_outputs()[0].shape[1]
        self.out = np.zeros((rows, vocabulary), np.float32)  # written in place
        place = self.out.ctypes.data
        self.binding.bind_output("logits", "cpu", 0, np.float32, self.out.shape, place)

    def read(self, ids: npt.NDArray[Any], position: int) -> Floats:
        rows, count = ids.shape
        self.length = position + count
        places = np.tile(np.arange(position, self.length, dtype=np.int64), (rows, 1))
        self.binding.bind_cpu_input("ids", np.ascontiguousarray(ids, np.int64))
        self.binding.bind_cpu_input("at", places)
        self.binding.bind_cpu_input("last", np.full(rows, self.length - 1, np.int32))
        self.binding.bind_cpu_input("total", np.array(self.length, np.int32))
        self.session.run_with_iobinding(self.binding)
        return self.out

    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        self._make_room(len(prompts))
        return self.read(np.array(prompts), 0)

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return self.read(tokens[:, None], self.length)


def load(
    file: Path, precision: str, threads: int, spinning: bool = True, dynamic_block: int = 0
) -> Onnx:
    """Load a model; ``spinning``: threads spin briefly; ``dynamic_block``: how work is split."""
    warnings.simplefilter("ignore")
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.add_session_config_entry("session.dynamic_block_base", str(dynamic_block))
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return Onnx(session)
