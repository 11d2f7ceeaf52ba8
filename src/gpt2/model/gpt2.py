"""GPT-2 in PyTorch, top to bottom: linear maps, attention, MLP, block, model, language model.

Shapes at the line ends: B rows, T new tokens, S tokens seen, D = n_embd, H heads, d = D / H,
V = vocab_size. Module names are the checkpoint's, so loading and saving need no list of names.
Sources: Radford et al. 2019 (section 2.3), Vaswani et al. 2017; the plainest form of the same
mathematics is `gpt2.reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gpt2.config import GELU_TANH, GPT2Config
from gpt2.errors import ContextLengthError, InputError
from gpt2.generation import GenerationMixin
from gpt2.model.cache import TorchCache, Window
from gpt2.model.checks import check_cache, check_embeddings, check_ids, check_keywords
from gpt2.model.engine import Tap, TorchEngine
from gpt2.model.inference import PackedLinear
from gpt2.model.lean import gelu_linear, norm_linear
from gpt2.model.loops import OwnLoops
from gpt2.model.loss import next_token_loss, next_token_loss_from_hidden
from gpt2.model.outputs import BaseModelOutput, CausalLMOutput
from gpt2.model.pretrained import PreTrainedModel

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(GELU_TANH, partial(F.gelu, approximate="tanh")),
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": torch.tanh,
}


def at(tap: Tap | None, name: str, x: Tensor) -> Tensor:
    """A named point: ``x`` itself, or what the tap puts in its place."""
    changed = None if tap is None else tap(name, x)
    return x if changed is None else changed


class Conv1D(PackedLinear):
    """x W + b with W [inputs, outputs], as OpenAI's code has it (a convolution of width 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    @property
    def nx(self) -> int:
        """The number of inputs, under transformers' name."""
        return self.weight.shape[0]

    @property
    def nf(self) -> int:
        """The number of outputs, under transformers' name."""
        return self.weight.shape[1]

    def extra_repr(self) -> str:
        """The shape, where the module is printed."""
        return f"nf={self.nf}, nx={self.nx}"

    def _outputs_first(self) -> Tensor:
        return self.weight.t()

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs]."""
        if (y := self.packed(x, self.bias)) is not None:
            return y
        y = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)
        return y.view(*x.shape[:-1], -1)


def normed(x: Tensor, norm: nn.LayerNorm, map_: Conv1D) -> Tensor:
    """A linear map of norm(x), of which the backward pass keeps only ``x``."""
    return norm_linear(x, norm, map_.weight, map_.bias)


class CausalSelfAttention(nn.Module):
    """Masked multi-head self-attention (Vaswani et al., section 3.2)."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        self.scale = config.attention_scale(layer)
        self.num_heads, self.head_dim = config.n_head, config.head_dim
        self.embed_dim = self.split_size = config.n_embd  # names that people reach for
        self.c_attn = Conv1D(config.n_embd, 3 * config.n_embd)
        self.c_proj = Conv1D(config.n_embd, config.n_embd)
        self.resid_dropout = nn.Dropout(config.resid_pdrop)

    def forward(
        self,
        x: Tensor,
        window: Window,
        tap: Tap | None,
        plain: bool,
        norm: nn.LayerNorm | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output [B, T, D] and, in the plain form, the weights [B, H, T, S].

        With ``norm``, ``x`` is what it is still to be applied to: see `gpt2.model.lean`.
        """
        B, T, D = x.shape
        H, d = self.config.n_head, self.config.head_dim
        name = f"h.{self.layer}.attn"
        qkv = self.c_attn(x) if norm is None else normed(x, norm, self.c_attn)  # [B, T, 3 D]
        q, k, v = (part.view(B, T, H, d).transpose(1, 2) for part in qkv.split(D, -1))
        q, k, v = at(tap, f"{name}.q", q), at(tap, f"{name}.k", k), at(tap, f"{name}.v", v)
        k, v = window.append(self.layer, k, v)  # [B, H, S, d]
        if plain:
            y, pattern = self.plain(q, k, v, window, tap)
        else:
            p = self.config.attn_pdrop if self.training else 0.0
            y, pattern = (
                F.scaled_dot_product_attention(
                    q, k, v, window.mask, p, window.causal, scale=self.scale
                ),
                None,
            )  # [B, H, T, d]
        y = at(tap, f"{name}.heads", y)
        y = self.resid_dropout(self.c_proj(y.transpose(1, 2).reshape(B, T, D)))
        return at(tap, name, y), pattern

    def plain(
        self, q: Tensor, k: Tensor, v: Tensor, window: Window, tap: Tap | None
    ) -> tuple[Tensor, Tensor]:
        """The same in the open: scores, mask, softmax, weighted sum."""
        name = f"h.{self.layer}.attn"
        if self.config.reorder_and_upcast_attn:
            q, k = q.float(), k.float()
        scores = q @ k.transpose(-1, -2) * self.scale  # [B, H, T, S]
        mask = window.mask
        if window.causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        scores = at(tap, f"{name}.scores", scores)
        pattern = at(tap, f"{name}.pattern", scores.softmax(-1).to(v.dtype))
        return F.dropout(pattern, self.config.attn_pdrop, self.training) @ v, pattern


class MLP(nn.Module):
    """The position-wise feed-forward network (Vaswani et al., equation 2), with GELU."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.c_fc = Conv1D(config.n_embd, config.inner)
        self.c_proj = Conv1D(config.inner, config.n_embd)
        self.act = ACTIVATIONS[config.activation_function]
        self.dropout = nn.Dropout(config.resid_pdrop)

    def forward(self, x: Tensor, tap: Tap | None, norm: nn.LayerNorm | None = None) -> Tensor:
        """[B, T, D] to [B, T, D]; ``norm`` as in attention, where GELU has its tanh form."""
        if norm is not None:
            before = normed(x, norm, self.c_fc)
            return self.dropout(gelu_linear(before, self.c_proj.weight, self.c_proj.bias))
        hidden = at(tap, f"h.{self.layer}.mlp.hidden", self.act(self.c_fc(x)))  # [B, T, 4 D]
        return at(tap, f"h.{self.layer}.mlp", self.dropout(self.c_proj(hidden)))


class Block(nn.Module):
    """One layer: both sub-blocks take a normed input and add to the residual stream."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.layer = layer
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config, layer)
        self.tanh_gelu = config.activation_function in GELU_TANH
        self.lean = False  # keep less for the backward pass; only the first derivative exists then

    def forward(
        self, x: Tensor, window: Window, tap: Tap | None, plain: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Return the residual stream after this layer [B, T, D] and the attention weights."""
        name = f"h.{self.layer}"
        if self.lean and tap is None and self._can_be_lean(x):
            y, pattern = self.attn(x, window, tap, plain, self.ln_1)
            x = y.add_(x)  # in place: nothing keeps the sub-block's output
            return self.mlp(x, tap, self.ln_2).add_(x), pattern
        y, pattern = self.attn(at(tap, f"{name}.ln_1", self.ln_1(x)), window, tap, plain)
        x = x + y
        x = x + self.mlp(at(tap, f"{name}.ln_2", self.ln_2(x)), tap)
        return at(tap, name, x), pattern

    def _can_be_lean(self, x: Tensor) -> bool:
        """In fp32, not under the compiler, and where no adapter takes a map's place."""
        maps = (self.attn.c_attn, self.mlp.c_fc, self.mlp.c_proj)
        usual = self.tanh_gelu and all(type(map_) is Conv1D for map_ in maps)
        low = torch.is_autocast_enabled(x.device.type) or torch.compiler.is_compiling()
        return usual and self.training and torch.is_grad_enabled() and not low


def embedding(rows: int, width: int) -> nn.Embedding:
    """A table not yet filled: torch would draw it twice, and on the meta device import sympy."""
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width))


class GPT2Model(PreTrainedModel):
    """Embeddings, blocks and the last norm: token ids to hidden states.

    ``tap`` sees and may change what stands at the points that `gpt2.points` names.
    """

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        config = self.config
        self.wte = embedding(config.vocab_size, config.n_embd)
        self.wpe = embedding(config.n_positions, config.n_embd)
        self.drop = nn.Dropout(config.embd_pdrop)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.tap: Tap | None = None
        self.gradient_checkpointing = False
        self.checkpoint_options: dict[str, Any] = {"use_reentrant": False}
        self.checkpoint_every = 1
        self.init_weights()

    def forward(
        self,
        input_ids: Tensor | None = None,
        past_key_values: TorchCache | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        **more: Any,
    ) -> Any:
        """Hidden states [B, T, D] of ``input_ids`` [B, T]; arguments as in transformers.

        ``attention_mask`` [B, past + T] hides padding. ``past_key_values`` goes on from an earlier
        call and grows in place. A cache is made when ``use_cache`` and the model is not training.
        What is None of the last four is the configuration's. Raises `InputError` or
        `ContextLengthError`.
        """
        check_keywords(more)
        asked = self.config.asked
        if (input_ids is None) == (inputs_embeds is None):
            raise InputError("give either input_ids or inputs_embeds.")
        if input_ids is not None:
            inputs_embeds = self.embed(input_ids)
        assert inputs_embeds is not None
        check_embeddings(inputs_embeds, self.config.n_embd)
        B, T, _ = inputs_embeds.shape
        check_cache(past_key_values, B)
        if use_cache is None:
            use_cache = self.config.use_cache and not self.training
        cache = past_key_values
        if use_cache and cache is None and not self.gradient_checkpointing:
            cache = self.new_cache(B)
        window = self.window(cache, T, inputs_embeds.device)
        if attention_mask is not None:
            window.hide(attention_mask, B)
        if position_ids is None:
            position_ids = window.positions
        else:
            limit = self.config.n_positions
            check_ids("position_ids", position_ids, limit, "position", "context")
        if token_type_ids is not None:
            size = self.config.vocab_size
            check_ids("token_type_ids", token_type_ids, size, "token type", "vocabulary")
            inputs_embeds = inputs_embeds + self.wte(token_type_ids)
        output = self.run(
            inputs_embeds,
            position_ids,
            window,
            asked("output_attentions", output_attentions),
            asked("output_hidden_states", output_hidden_states),
            cache if use_cache else None,
        )
        return output if asked("return_dict", return_dict) else output.to_tuple()

    def embed(self, input_ids: Tensor) -> Tensor:
        """Token embeddings [B, T, D]; raises `InputError` for what is no [B, T] of known ids."""
        self.check(input_ids)
        return self.wte(input_ids)

    def check(self, input_ids: Tensor) -> None:
        """Raise `InputError` for what is no [B, T] of known ids."""
        check_ids("input_ids", input_ids, self.config.vocab_size, "token id", "vocabulary")

    def window(
        self,
        cache: TorchCache | None,
        T: int,
        device: torch.device,
        rows: Sequence[int] | None = None,
        counts: Sequence[int] | None = None,
    ) -> Window:
        """Where ``T`` new tokens go, checked against the context's length."""
        if self.config.n_positions < T:
            raise ContextLengthError(
                f"{T} tokens do not fit: this model has {self.config.n_positions} positions."
            )
        return Window(cache, T, device, rows, counts)

    def run(
        self,
        embedded: Tensor,
        positions: Tensor,
        window: Window,
        attentions: bool = False,
        hidden_states: bool = False,
        cache: TorchCache | None = None,
    ) -> BaseModelOutput:
        """The blocks, over tokens already embedded [B, T, D]; ``cache`` is for the output."""
        x = at(self.tap, "embed", self.drop(embedded + self.wpe(positions)))
        plain = attentions or self.tap is not None or self.config.plain_attention
        states: list[Tensor] = [x]
        patterns: list[Tensor | None] = []
        again = self.gradient_checkpointing and self.training
        for layer, block in enumerate(self.h):
            if again and layer % self.checkpoint_every == 0:
                x, pattern = checkpoint(
                    block, x, window, self.tap, plain, **self.checkpoint_options
                )
            else:
                x, pattern = block(x, window, self.tap, plain)
            if hidden_states:
                states.append(x)
            patterns.append(pattern)
        window.close()
        x = at(self.tap, "ln_f", self.ln_f(x))
        return BaseModelOutput(
            last_hidden_state=x,
            past_key_values=cache,
            hidden_states=(*states[:-1], x) if hidden_states else None,
            attentions=tuple(p for p in patterns if p is not None) if attentions else None,
        )

    def new_cache(self, rows: int, capacity: int | None = None) -> TorchCache:
        """An empty cache on this model's device, in its precision."""
        return TorchCache(self.config, rows, capacity, dtype=self.dtype, device=self.device)


def kept_positions(hidden: Tensor, which: int | Tensor) -> Tensor:
    """Of hidden states [B, T, D] those at the positions: see `GPT2LMHeadModel.forward`."""
    if not isinstance(which, Tensor):
        return hidden[:, -which:]
    if which.dim() != 2:
        return hidden[:, which]
    if which.dtype == torch.bool:
        return hidden[which]
    return torch.take_along_dim(hidden, which[..., None], dim=1)


class LMHead(PackedLinear):
    """Hidden states to logits; the weight [V, D] is the token embedding's, unless untied."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config.vocab_size, config.n_embd))

    @property
    def in_features(self) -> int:
        """D, as of torch's Linear."""
        return self.weight.shape[1]

    @property
    def out_features(self) -> int:
        """V, as of torch's Linear."""
        return self.weight.shape[0]

    def _outputs_first(self) -> Tensor:
        return self.weight

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] to [..., V]."""
        y = self.packed(x, None)
        return F.linear(x, self.weight) if y is None else y


class GPT2LMHeadModel(PreTrainedModel, TorchEngine, OwnLoops, GenerationMixin):
    """GPT-2 with its language-modelling head; also an `gpt2.engine.Engine`."""

    accepts_loss_kwargs = True
    _tied_weights_keys: ClassVar[dict[str, str]] = {"lm_head.weight": "transformer.wte.weight"}
    has_head = True

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        config = self.config
        self.transformer = GPT2Model(config)
        self.lm_head = LMHead(config)
        self.tie_weights()
        if not (config.tie_word_embeddings or self.lm_head.weight.is_meta):
            nn.init.normal_(self.lm_head.weight, std=config.initializer_range)

    def _loaded(self, generation: Mapping[str, Any] | None, folder: str) -> None:
        self.use_generation_file(generation, folder)

    def forward(
        self,
        input_ids: Tensor | None = None,
        past_key_values: TorchCache | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        num_items_in_batch: int | Tensor | None = None,
        **more: Any,
    ) -> Any:
        """Logits [B, T, V], and the loss where ``labels`` [B, T] are given.

        The labels are the input ids themselves: the shift by one is made here, unless
        ``shift_labels`` are given too. A label of -100 does not count. The loss is the mean, or
        with ``num_items_in_batch`` the sum over it. ``logits_to_keep`` n > 0 computes the last n
        positions' logits only, a tensor [N] or [B, N] those positions', a mask [B, T] what it
        shows, as [N, V].
        """
        shifted = more.pop("shift_labels", None)  # no parameter: Trainer asks for all *labels
        hidden = self.transformer(
            input_ids,
            past_key_values,
            attention_mask,
            token_type_ids,
            position_ids,
            inputs_embeds,
            use_cache,
            output_attentions,
            output_hidden_states,
            True,
            **more,
        )
        logits = self.lm_head(kept_positions(hidden.last_hidden_state, logits_to_keep))
        loss = None
        if labels is not None:
            loss = next_token_loss(logits, labels, num_items_in_batch, shifted)
        output = CausalLMOutput(
            loss=loss,
            logits=logits,
            past_key_values=hidden.past_key_values,
            hidden_states=hidden.hidden_states,
            attentions=hidden.attentions,
        )
        return output if self.config.asked("return_dict", return_dict) else output.to_tuple()

    def loss(self, input_ids: Tensor, labels: Tensor | None = None, chunk: int = 1024) -> Tensor:
        """The mean loss of ``labels`` (default: the inputs), the full logits never in memory.

        ``chunk`` positions' logits exist at a time, in the backward pass too.
        """
        hidden = self.transformer(input_ids, use_cache=False).last_hidden_state  # [B, T, D]
        labels = input_ids if labels is None else labels
        return next_token_loss_from_hidden(hidden, self.lm_head.weight, labels, chunk)

    def get_output_embeddings(self) -> LMHead:
        """The head."""
        return self.lm_head

    def set_output_embeddings(self, new_embeddings: Any) -> None:
        """Put another head in its place."""
        self.lm_head = new_embeddings

    def tie_weights(self) -> None:
        """Let the head be the token embedding, where the configuration says so."""
        if self.config.tie_word_embeddings:
            self.lm_head.weight = self.transformer.wte.weight
