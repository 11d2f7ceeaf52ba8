"""The model of nanoGPT (model.py), written anew with its names, shapes and checkpoint."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclasses.dataclass
class NanoConfig:
    block_size: int = 32
    vocab_size: int = 67
    n_layer: int = 2
    n_head: int = 3
    n_embd: int = 24
    dropout: float = 0.0
    bias: bool = True


class Norm(nn.Module):
    def __init__(self, width: int, bias: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, c: NanoConfig) -> None:
        super().__init__()
        self.c_attn = nn.Linear(c.n_embd, 3 * c.n_embd, bias=c.bias)
        self.c_proj = nn.Linear(c.n_embd, c.n_embd, bias=c.bias)
        self.heads = c.n_head
        mask = torch.tril(torch.ones(c.block_size, c.block_size))  # kept by old versions of torch
        self.register_buffer("bias", mask.view(1, 1, c.block_size, c.block_size))

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = (
            part.view(B, T, self.heads, D // self.heads).transpose(1, 2)
            for part in self.c_attn(x).split(D, dim=2)
        )
        scores = (q @ k.transpose(-2, -1)) * k.shape[-1] ** -0.5
        scores = scores.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        return self.c_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))


class MLP(nn.Module):
    def __init__(self, c: NanoConfig) -> None:
        super().__init__()
        self.c_fc = nn.Linear(c.n_embd, 4 * c.n_embd, bias=c.bias)
        self.gelu = nn.GELU()
        self.c_proj = nn.Linear(4 * c.n_embd, c.n_embd, bias=c.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, c: NanoConfig) -> None:
        super().__init__()
        self.ln_1, self.attn = Norm(c.n_embd, c.bias), Attention(c)
        self.ln_2, self.mlp = Norm(c.n_embd, c.bias), MLP(c)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class NanoGPT(nn.Module):
    def __init__(self, c: NanoConfig) -> None:
        super().__init__()
        self.config = c
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(c.vocab_size, c.n_embd),
                "wpe": nn.Embedding(c.block_size, c.n_embd),
                "drop": nn.Dropout(c.dropout),
                "h": nn.ModuleList([Block(c) for _ in range(c.n_layer)]),
                "ln_f": Norm(c.n_embd, c.bias),
            }
        )
        self.lm_head = nn.Linear(c.n_embd, c.vocab_size, bias=False)
        self.transformer["wte"].weight = self.lm_head.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.transformer["wte"](ids) + self.transformer["wpe"](torch.arange(ids.shape[1]))
        for block in cast(nn.ModuleList, self.transformer["h"]):
            x = block(x)
        return self.lm_head(self.transformer["ln_f"](x))


def random_nanogpt(**shape: Any) -> NanoGPT:
    generator = torch.Generator().manual_seed(0)
    model = NanoGPT(NanoConfig(**shape)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator) * 0.2
            parameter.copy_(values + 1 if "ln_" in name and name.endswith("weight") else values)
    return model


def save_nanogpt(model: NanoGPT, path: Path, compiled: bool = False) -> None:
    """As nanoGPT's train.py does, whose optimiser and run are in the file too."""
    prefix = "_orig_mod." if compiled else ""
    state = {prefix + name: value for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters())
    arguments = dataclasses.asdict(model.config)
    torch.save(
        {"model": state, "optimizer": optimizer.state_dict(), "model_args": arguments,
         "iter_num": 7, "best_val_loss": torch.tensor(2.5), "config": {"dataset": "x"}},
        path,
    )  # fmt: skip
