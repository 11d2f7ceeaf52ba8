"""GPT-2 in PyTorch, top to bottom: linear map, attention, MLP, block, model, language model.

Shapes are at the line ends: B rows, T new tokens, S tokens seen, D = n_embd, H heads, d = D / H,
V = vocab_size. Parameters have the checkpoint's names, so loading and saving need no list of names.
Sources: Radford et al. 2019 (section 2.3), Vaswani et al. 2017; the plainest form of the same
mathematics is `gpt2.reference`. Optimisations live elsewhere and replace the modules defined here:
`gpt2.model.inference`, `gpt2.model.lean`, `gpt2.model.lora`; so do the taps that expose
activations, `gpt2.model.taps`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2.config import GELU_TANH, GPT2Config
from gpt2.generation import LanguageModel
from gpt2.model import checks
from gpt2.model.cache import TorchCache, Window
from gpt2.model.engine import TorchEngine
from gpt2.model.loops import OwnLoops
from gpt2.model.loss import next_token_loss, next_token_loss_from_hidden
from gpt2.model.outputs import BaseModelOutput, CausalLMOutput, select
from gpt2.model.pretrained import PreTrainedModel

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(GELU_TANH, partial(F.gelu, approximate="tanh")),
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": torch.tanh,
}


class Conv1D(nn.Module):
    """x W + b with W [inputs, outputs], as in OpenAI's code (a convolution of width 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nx, self.nf = inputs, outputs  # the names in transformers
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def extra_repr(self) -> str:
        """The shape, for printing the module."""
        return f"nf={self.nf}, nx={self.nx}"

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] to [..., outputs]."""
        # one matmul with the bias added, over all positions at once
        y = torch.addmm(self.bias, x.reshape(-1, x.shape[-1]), self.weight)  # [B T, outputs]
        return y.view(*x.shape[:-1], -1)


class CausalSelfAttention(nn.Module):
    """Masked multi-head self-attention (Vaswani et al., section 3.2)."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        self.scale = config.attention_scale(layer)  # 1 / sqrt(d), unless the configuration differs
        self.num_heads, self.head_dim = config.n_head, config.head_dim
        self.embed_dim = self.split_size = config.n_embd  # the names in transformers
        self.c_attn = Conv1D(config.n_embd, 3 * config.n_embd)  # queries, keys, values in one
        self.c_proj = Conv1D(config.n_embd, config.n_embd)
        self.attn_dropout = nn.Dropout(config.attn_pdrop)
        self.resid_dropout = nn.Dropout(config.resid_pdrop)

    def forward(
        self, x: Tensor, window: Window | None = None, eager: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output [B, T, D] and, if ``eager``, the attention weights [B, H, T, S]."""
        return self.attend(self.c_attn(x), window or Window(None, x.shape[1], x.device), eager)

    def attend(self, qkv: Tensor, window: Window, eager: bool) -> tuple[Tensor, Tensor | None]:
        """Compute the same from the output of c_attn [B, T, 3 D]."""
        q, k, v = self.split_heads(qkv)  # each [B, H, T, d]
        k, v = window.append(self.layer, k, v)  # [B, H, S, d]: cached ones, then the new
        weights = None
        if eager:
            y, weights = self.attend_eagerly(q, k, v, window)
        else:  # PyTorch's fused kernel never writes the weights
            p = self.attn_dropout.p if self.training else 0.0
            y = F.scaled_dot_product_attention(
                q, k, v, window.mask, p, window.causal, scale=self.scale
            )  # [B, H, T, d]
        return self.resid_dropout(self.c_proj(self.merge_heads(y))), weights

    def attend_eagerly(
        self, q: Tensor, k: Tensor, v: Tensor, window: Window
    ) -> tuple[Tensor, Tensor]:
        """Attention step by step: scores, mask, softmax, weighted sum."""
        if self.config.reorder_and_upcast_attn:
            q, k = q.float(), k.float()  # scores of low precision would overflow or round
        scores = q @ k.transpose(-1, -2) * self.scale  # [B, H, T, S]
        mask = window.mask  # True where a token may attend
        if window.causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        if mask is not None and mask.dtype == torch.bool:
            # the lowest finite number rather than -inf: a fully masked row must not give NaN
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        elif mask is not None:
            scores = scores + mask
        weights = self.normalize(scores, v.dtype)  # [B, H, T, S]
        weights = F.dropout(weights, self.attn_dropout.p, self.training)
        return weights @ v, weights

    def normalize(self, scores: Tensor, dtype: torch.dtype) -> Tensor:
        """Turn scores [B, H, T, S] into weights whose rows sum to 1."""
        return scores.softmax(-1).to(dtype)

    def split_heads(self, qkv: Tensor) -> list[Tensor]:
        """Split [B, T, 3 D] into queries, keys and values, each [B, H, T, d]."""
        B, T, _ = qkv.shape
        parts = qkv.chunk(3, -1)  # three of [B, T, D]
        return [p.view(B, T, self.num_heads, self.head_dim).transpose(1, 2) for p in parts]

    def merge_heads(self, y: Tensor) -> Tensor:
        """Concatenate the heads: [B, H, T, d] to [B, T, D]."""
        return y.transpose(1, 2).flatten(2)


class MLP(nn.Module):
    """The position-wise feed-forward network (Vaswani et al., equation 2), with GELU."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__()
        self.c_fc = Conv1D(config.n_embd, config.inner)
        self.c_proj = Conv1D(config.inner, config.n_embd)
        self.act = ACTIVATIONS[config.activation_function]
        self.dropout = nn.Dropout(config.resid_pdrop)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] to [B, T, D]."""
        hidden = self.act(self.c_fc(x))  # [B, T, 4 D]
        return self.dropout(self.c_proj(hidden))


class Block(nn.Module):
    """One layer: both sub-blocks take a normed input and add to the residual stream."""

    def __init__(self, config: GPT2Config, layer: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = CausalSelfAttention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, window: Window | None = None, eager: bool = False) -> Tensor:
        """Return the residual stream after this layer [B, T, D]; alone, of a text without padding.

        The attention weights are appended to ``window.patterns``, if that is a list.
        """
        # the norms come before the sub-blocks (GPT-2), not after the sums (Vaswani et al.)
        y, weights = self.attn(self.ln_1(x), window, eager)
        if window is not None and window.patterns is not None:
            window.patterns.append(weights)
        x = x + y
        return x + self.mlp(self.ln_2(x))


def embedding(rows: int, width: int) -> nn.Embedding:
    """An uninitialised table: torch would initialise it twice, and import sympy on meta."""
    return nn.Embedding(rows, width, _weight=torch.empty(rows, width))


class GPT2Model(PreTrainedModel):
    """GPT-2 without its head: embeddings, blocks and the final norm; ids to hidden states."""

    def __init__(self, config: GPT2Config) -> None:
        super().__init__(config)
        config = self.config
        self.wte = embedding(config.vocab_size, config.n_embd)  # tokens
        self.wpe = embedding(config.n_positions, config.n_embd)  # positions, learned
        self.drop = nn.Dropout(config.embd_pdrop)
        self.h = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
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
        """Return hidden states [B, T, D] of ``input_ids`` [B, T]; arguments as in transformers.

        Ids may have no or further dimensions before T: they are in the result too.
        ``attention_mask`` [B, past + T] hides padding; [B, 1, T, past + T] says what each token may
        attend to, in booleans or in numbers that are added to the scores. ``past_key_values`` is
        the cache of an earlier call and grows in place. By default, a cache is created if
        ``config.use_cache`` is set and the model is not training. If one of the last four is None,
        the configuration decides. Raises `InputError` or `ContextLengthError`.
        """
        config = self.config
        checks.check_keywords(more)
        shape = input_ids.shape if isinstance(input_ids, Tensor) else ()
        input_ids, token_type_ids = checks.as_rows(input_ids), checks.as_rows(token_type_ids)
        position_ids = checks.as_rows(position_ids)
        checks.check_inputs(input_ids, inputs_embeds, config)
        x = self.wte(input_ids) if inputs_embeds is None else inputs_embeds  # [B, T, D]
        B, T, _ = x.shape
        checks.check_cache(past_key_values, B)
        checks.check_length(T, config)
        if use_cache is None:
            use_cache = config.use_cache and not self.training
        cache = past_key_values
        if use_cache and cache is None and not self.gradient_checkpointing:
            cache = self.new_cache(B, T, grows=True)  # a full context would take most of the memory
        window = Window(cache, T, x.device)
        if attention_mask is not None:
            window.hide(attention_mask, B)
        if position_ids is not None:
            checks.check_positions(position_ids, config)
        if token_type_ids is not None:
            checks.check_types(token_type_ids, config)
            x = x + self.wte(token_type_ids)  # GPT-2 looks types up among its tokens
        output = self.run(
            x,
            window.positions if position_ids is None else position_ids,
            window,
            config.resolve("output_attentions", output_attentions),
            config.resolve("output_hidden_states", output_hidden_states),
            cache if use_cache else None,
        )
        if len(shape) not in (0, 2) and output.last_hidden_state is not None:
            output.last_hidden_state = output.last_hidden_state.view(*shape, -1)
        return output if config.resolve("return_dict", return_dict) else output.to_tuple()

    def set_input_embeddings(self, new_embeddings: nn.Embedding) -> None:
        """Replace the token embedding; the parameter has another name than in the other models."""
        self.wte = new_embeddings

    def check(self, input_ids: Tensor) -> None:
        """Raise `InputError` unless ``input_ids`` is [B, T] of known ids."""
        checks.check_tokens(input_ids, self.config)

    def embed(self, input_ids: Tensor) -> Tensor:
        """Return token embeddings [B, T, D]. Raises `InputError` unless given known ids [B, T]."""
        self.check(input_ids)
        return self.wte(input_ids)

    def run(
        self,
        x: Tensor,
        positions: Tensor,
        window: Window,
        attentions: bool = False,
        hidden_states: bool = False,
        cache: TorchCache | None = None,
    ) -> BaseModelOutput:
        """Run the blocks on token embeddings [B, T, D]; ``cache`` is only put into the output."""
        x = self.drop(x + self.wpe(positions))  # [B, T, D]: the residual stream begins
        eager = attentions or self.config.eager_attention
        states: tuple[Tensor, ...] = ()
        window.patterns = [] if attentions else None
        for layer, block in enumerate(self.h):
            if hidden_states:
                states += (x,)
            x = self._checkpoint_block(block, layer)(x, window, eager)
        window.close()  # only now are the new tokens added to the cache's lengths
        x = self.ln_f(x)
        # the last hidden state is the normed one, as in transformers
        patterns = None if window.patterns is None else tuple(window.patterns)
        return BaseModelOutput(x, cache, (*states, x) if hidden_states else None, patterns)

    def new_cache(self, rows: int, capacity: int | None = None, grows: bool = False) -> TorchCache:
        """Create an empty cache on this model's device, in its precision."""
        kind: dict[str, Any] = {"dtype": self.dtype, "device": self.device, "grows": grows}
        return TorchCache(self.config, rows, capacity, **kind)


class LMHead(nn.Linear):
    """Maps hidden states to logits; the weight [V, D] is the token embedding's, unless untied."""

    def __init__(self, config: GPT2Config) -> None:
        nn.Module.__init__(self)  # Linear's would initialise a weight that is replaced at once
        self.in_features, self.out_features = config.n_embd, config.vocab_size
        self.weight = nn.Parameter(torch.empty(config.vocab_size, config.n_embd))
        self.register_parameter("bias", None)


class GPT2LMHeadModel(PreTrainedModel, TorchEngine, OwnLoops, LanguageModel):
    """GPT-2 with its language-modelling head; also an `gpt2.engine.Engine`."""

    name = "torch"
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

    @property
    def facts(self) -> dict[str, Any]:
        """The engine's name, precision and device."""
        return super().facts | {"device": str(self.device)}

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
        """Return logits [B, T, V], and the loss if ``labels`` [B, T] are given.

        The labels are the input ids themselves: they are shifted by one here, unless
        ``shift_labels`` are given too. A label of -100 is ignored. The loss is the mean, or with
        ``num_items_in_batch`` the sum divided by it. ``logits_to_keep`` n > 0 computes only the
        logits of the last n positions, a tensor [N] or [B, N] those of the given positions, a
        boolean mask [B, T] those of the selected ones, as [N, V].
        """
        shifted = more.pop("shift_labels", None)  # not a parameter: Trainer collects all *labels
        body = self.transformer(
            input_ids, past_key_values, attention_mask, token_type_ids, position_ids, inputs_embeds,
            use_cache, output_attentions, output_hidden_states, True, **more,
        )  # fmt: skip
        logits = self.lm_head(select(body.last_hidden_state, logits_to_keep))  # [B, T, V]
        loss = None
        if labels is not None:
            loss = next_token_loss(logits, labels, num_items_in_batch, shifted)
        output = CausalLMOutput(
            loss, logits, body.past_key_values, body.hidden_states, body.attentions
        )
        return output if self.config.resolve("return_dict", return_dict) else output.to_tuple()

    def loss(self, input_ids: Tensor, labels: Tensor | None = None, chunk: int = 1024) -> Tensor:
        """The mean loss of ``labels`` (default: the inputs), without holding all logits in memory.

        The logits of ``chunk`` positions exist at a time, in the backward pass too.
        """
        hidden = self.transformer(input_ids, use_cache=False).last_hidden_state  # [B, T, D]
        labels = input_ids if labels is None else labels
        return next_token_loss_from_hidden(hidden, self.lm_head.weight, labels, chunk)
