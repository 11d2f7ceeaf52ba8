"""The contenders: every peer at each of its precisions, with every setting worth trying."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.rotate import Entry

FLASH = [{}, {"flash": False}]  # llama.cpp: flash attention is on by default
LLAMA: list[dict[str, Any]] = [*FLASH, {"kv": "q8_0"}, {"ubatch": 128}]
LLAMA_MORE = [*LLAMA, {"flash": False, "ubatch": 64}, {"ubatch": 256}, {"unified": True},
              {"repack": False}]  # fmt: skip
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}  # else OpenVINO computes in bf16 if faster
OPENVINO = [
    {},
    EXACT,
    {"KV_CACHE_PRECISION": "f16"},
    {**EXACT, "KV_CACHE_PRECISION": "f16"},
    {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"},
]
ORT: list[dict[str, Any]] = [{}, {"dynamic_block": 4}]
MKL = [{}, {"CT2_USE_MKL": "1"}]  # CTranslate2's GEMM: oneDNN unless the processor is Intel's


def many(peer: str, precision: str, settings: list[dict[str, Any]]) -> list[Entry]:
    return [Entry(peer, precision, one) for one in settings]


# Number format -> the contenders. The first of each is this package.
CLASSES: dict[str, list[Entry]] = {
    "fp32": [
        *many("gpt2", "fp32", [{}]),
        *many("transformers", "fp32", [{}, {"attention": "eager"}]),
        *(Entry("CTranslate2", "float32", {}, environment) for environment in MKL),
        *many("ONNX Runtime", "fp32", ORT),
        *many("OpenVINO", "fp32", [{**EXACT, "KV_CACHE_PRECISION": "f32"},
                                   {**EXACT, "KV_CACHE_PRECISION": "f16"}, EXACT]),
        *many("llama.cpp", "f32", LLAMA),
    ],
    "fp16": [
        *many("gpt2", "fp16", [{}]),
        *many("gpt2", "bf16", [{}]),
        *many("transformers", "bf16", [{}]),
        *many("OpenVINO", "fp32", [{}, {"KV_CACHE_PRECISION": "bf16"}]),
        *many("llama.cpp", "f16", LLAMA),
        *many("llama.cpp", "bf16", FLASH),
    ],
    "int8": [
        *many("gpt2", "int8", [{}]),
        *(Entry("CTranslate2", "int8", {}, environment) for environment in MKL),
        *many("ONNX Runtime", "int8", ORT),
        *many("ONNX Runtime", "uint8", [{}]),
        *many("ONNX Runtime", "int8 block 32", [{}]),
        *many("ONNX Runtime", "int8 block 128", [{}]),
        *many("OpenVINO", "int8", OPENVINO),
        *many("OpenVINO", "int8 group 128", [{}]),
        *many("llama.cpp", "q8_0", LLAMA_MORE),
    ],
    "int4": [
        *many("gpt2", "int4", [{"head_dtype": "int4"}]),
        *many("ONNX Runtime", "int4 block 32", [{}]),
        *many("ONNX Runtime", "int4 block 128", [{}]),
        *many("OpenVINO", "int4", [{}, EXACT]),
        *many("OpenVINO", "int4 group 128", [{}]),
        *many("llama.cpp", "q4_0 pure", LLAMA),
        *many("llama.cpp", "q4_0", LLAMA_MORE),
        *many("llama.cpp", "q4_K_M", LLAMA),
    ],
    "int4, head in int8": [*many("gpt2", "int4", [{}])],
}  # fmt: skip

# The contenders without tuning: each peer once per number format, llama.cpp with and without flash
# attention. Its q4_0 keeps the head in 6 bits, so it is compared with ours in 8.
USUAL: list[tuple[str, Entry]] = [
    ("fp32", Entry("gpt2", "fp32")),
    ("fp32", Entry("transformers", "fp32")),
    ("fp32", Entry("CTranslate2", "float32")),
    ("fp32", Entry("ONNX Runtime", "fp32")),
    ("fp32", Entry("OpenVINO", "fp32", EXACT)),
    *(("fp32", entry) for entry in many("llama.cpp", "f32", FLASH)),
    ("fp16", Entry("gpt2", "fp16")),
    *(("fp16", entry) for entry in many("llama.cpp", "f16", FLASH)),
    ("int8", Entry("gpt2", "int8")),
    ("int8", Entry("CTranslate2", "int8")),
    ("int8", Entry("ONNX Runtime", "int8")),
    ("int8", Entry("OpenVINO", "int8")),
    *(("int8", entry) for entry in many("llama.cpp", "q8_0", FLASH)),
    ("int4", Entry("gpt2", "int4", {"head_dtype": "int4"})),
    ("int4", Entry("ONNX Runtime", "int4 block 32")),
    ("int4", Entry("OpenVINO", "int4")),
    *(("int4", entry) for entry in many("llama.cpp", "q4_0 pure", FLASH)),
    ("int4, head in int8", Entry("gpt2", "int4")),
    *(("int4, head in int8", entry) for entry in many("llama.cpp", "q4_0", FLASH)),
]
