"""OpenVINO: a stateful graph whose attention the CPU plugin fuses with its KV cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
from benchmarks.peers import Floats, Stepper
from benchmarks.peers.weights import made_once
from openvino import opset15 as op
from openvino.op.util import Variable, VariableInfo

PACKAGES = ("openvino",)
# Our name -> bits of the weights, and the number of inputs that share a scale (0: all).
BITS = {"fp32": (32, 0), "int8": (8, 0), "int8 group 128": (8, 128), "int4": (4, 32),
        "int4 group 128": (4, 128)}  # fmt: skip


def whole(*values: int) -> Any:
    return op.constant(np.array(values, np.int64))


def compressed(matrix: npt.NDArray[Any], bits: int, group: int) -> Any:
    """A matrix [outputs, inputs] as OpenVINO's compressed weights: integers times scales."""
    outputs, inputs = matrix.shape
    if bits == 32:
        return op.constant(np.ascontiguousarray(matrix))
    w = np.ascontiguousarray(matrix).reshape(outputs, inputs // (group or inputs), -1)
    scale = np.abs(w).max(-1, keepdims=True) / ((1 << (bits - 1)) - 1)
    q = np.rint(w / scale).astype(np.int8)
    if bits == 4:
        pairs = q.view(np.uint8) & 15
        packed = pairs[..., 0::2] | (pairs[..., 1::2] << 4)
        tensor = ov.Tensor(ov.Type.i4, ov.Shape(q.shape))  # with its own KV cache
        tensor.data.reshape(-1)[:] = packed.reshape(-1)
        stored = op.constant(tensor)
    else:
        stored = op.constant(q if group else q[:, 0])
    scale = scale if group else scale[:, 0]
    back = op.multiply(op.convert(stored, "f16"), op.constant(scale.astype(np.float16)))
    if group:
        back = op.reshape(back, whole(outputs, inputs), False)
    return op.convert(back, "f32")


def build(weights: Path, bits: int, group: int) -> ov.Model:
    from gpt2.checkpoint import read_checkpoint

    found = read_checkpoint(weights)
    config, tensors = found.config, found.tensors
    heads, width = config.n_head, config.head_dim
    ids = op.parameter([-1, -1], ov.Type.i64, "ids")
    at = op.parameter([-1, -1], ov.Type.i64, "at")
    order = op.parameter([-1], ov.Type.i32, "order")
    rows = op.gather(op.shape_of(ids), whole(0), whole(0))
    empty = op.broadcast(
        op.constant(np.float32(0)),
        op.concat([rows, whole(heads, 0, width)], 0),
    )
    sinks = []

    def linear(x: Any, name: str) -> Any:
        matrix = compressed(tensors[f"{name}.weight"].T, bits, group)
        return op.add(op.matmul(x, matrix, False, True), op.constant(tensors[f"{name}.bias"]))

    def norm(x: Any, name: str) -> Any:
        normal = op.mvn(x, whole(-1), True, config.layer_norm_epsilon, "INSIDE_SQRT")
        gain, bias = (op.constant(tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
        return op.add(op.multiply(normal, gain), bias)

    def remembered(x: Any, name: str) -> Any:
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, heads, -1, width])
        info.data_type, info.variable_id = ov.Type.f32, name
        variable = Variable(info)
        before = op.gather(op.read_value(empty, variable), order, op.constant(np.int64(0)))
        joined = op.concat([before, x], 2)
        sinks.append(op.assign(joined, variable))
        return joined

    def attention(x: Any, layer: int) -> Any:
        split = op.reshape(x, whole(0, 0, 3, heads, width), True)
        split = op.transpose(split, whole(2, 0, 3, 1, 4))
        q, k, v = (op.gather(split, whole(i), whole(0)) for i in range(3))
        q, k, v = (op.squeeze(part, whole(0)) for part in (q, k, v))  # [B, H, T, d]
        k, v = remembered(k, f"k{layer}"), remembered(v, f"v{layer}")
        mixed = op.scaled_dot_product_attention(q, k, v, mask)
        return op.reshape(op.transpose(mixed, whole(0, 2, 1, 3)), whole(0, 0, heads * width), True)

    # [B, 1, T, S]: a token attends to the positions up to its own.
    most = op.reduce_max(at, whole(0, 1), False)
    seen = op.range(op.constant(np.int64(0)), op.add(most, op.constant(np.int64(1))),
                    op.constant(np.int64(1)), "i64")  # fmt: skip
    allowed = op.less_equal(seen, op.unsqueeze(op.unsqueeze(at, whole(1)), whole(3)))
    mask = op.select(allowed, op.constant(np.float32(0)), op.constant(np.float32(-65504)))

    table = compressed(tensors["transformer.wte.weight"], bits if bits == 32 else 8, 0)
    head = compressed(tensors["transformer.wte.weight"], bits, group)
    axis = op.constant(np.int64(0))
    x = op.add(
        op.gather(table, ids, axis),
        op.gather(op.constant(tensors["transformer.wpe.weight"]), at, axis),
    )
    for i in range(config.n_layer):
        name = f"transformer.h.{i}"
        mixed = attention(linear(norm(x, f"{name}.ln_1"), f"{name}.attn.c_attn"), i)
        x = op.add(x, linear(mixed, f"{name}.attn.c_proj"))
        up = op.gelu(linear(norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc"), "TANH")
        x = op.add(x, linear(up, f"{name}.mlp.c_proj"))
    last = op.gather(x, whole(-1), whole(1))  # [B, 1, D]
    logits = op.matmul(norm(last, "transformer.ln_f"), head, False, True)
    return ov.Model([op.result(logits)], sinks, [ids, at, order], "gpt2")


def prepare(weights: Path, place: Path, precision: str) -> Path:
    file = place / f"{weights.name}-{precision.replace(' ', '-')}-openvino"

    def make(folder: Path) -> None:
        ov.save_model(build(weights, *BITS[precision]), folder / "model.xml", False)

    return made_once(file, make)


class OpenVino(Stepper):
    def __init__(self, model: ov.CompiledModel) -> None:
        self.request = model.create_infer_request()

    def read(self, ids: npt.NDArray[Any], position: int) -> Floats:
        rows, count = ids.shape
        self.length = position + count
        places = np.tile(np.arange(position, self.length, dtype=np.int64), (rows, 1))
        inputs = {
            0: np.ascontiguousarray(ids, np.int64),
            1: places,
            2: np.arange(rows, dtype=np.int32),
        }
        done = self.request.infer(inputs, share_inputs=True, share_outputs=True)
        return done[0][:, -1]

    def start(self, prompts: Sequence[Sequence[int]]) -> Floats:
        self.request.reset_state()
        return self.read(np.array(prompts), 0)

    def step(self, tokens: npt.NDArray[Any]) -> Floats:
        return self.read(tokens[:, None], self.length)


def load(file: Path, precision: str, threads: int, **settings: Any) -> OpenVino:
    """Load a model; ``settings`` are OpenVINO's, such as KV_CACHE_PRECISION."""
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
              "NUM_STREAMS": 1, **settings}  # fmt: skip
    return OpenVino(ov.Core().compile_model(file / "model.xml", "CPU", config))
