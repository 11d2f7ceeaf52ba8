"""Plans a training run: memory, FLOPs, time, cost, and the command that trains the model.

Nothing is trained. Memory is computed (`footprint`). The peak of a device comes from its data sheet
(`devices`) or is measured here. The fraction of that peak that training reaches is an assumption,
which the plan states.
"""

from __future__ import annotations

import dataclasses
import math
import re
import shlex
from typing import Any, Literal

from gpt2.config import PUBLISHED, GPT2Config
from gpt2.errors import OptionError, show
from gpt2.files import exists
from gpt2.options import option, validate
from gpt2.precision import short
from gpt2.training.config import Precision
from gpt2.training.planning.devices import DEVICES, Device
from gpt2.training.planning.flops import flops_per_token
from gpt2.training.planning.footprint import Footprint, Strategy, footprint
from gpt2.training.units import gib

OPTIMAL = 20  # training tokens per parameter (Hoffmann et al. 2022, table 3, rounded)
REACHED = {"cuda": 0.4, "cpu": 0.7}  # assumed model FLOPs utilisation; see --utilisation
RECOMPUTED = 0.75  # 3 passes out of 4 count
USABLE = {"cuda": 0.9, "cpu": 0.8}  # of the memory: the rest is for the runtime and fragmentation
ENOUGH = 4096  # tokens per micro-batch that keep a device busy
LARGEST = 64  # the largest micro-batch size: more gains nothing
# Learning rates by parameters, Brown et al. 2020, table 2.1
RATES = ((2e8, 6e-4), (5e8, 3e-4), (1e9, 2.5e-4), (2e9, 2e-4), (math.inf, 1.6e-4))
MOST_TOKENS = 1e18  # a thousand times more than any existing data set
UNITS = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12}


@dataclasses.dataclass
class PlanConfig:
    """The options of a plan. Raises `OptionError`."""

    device: str = option(
        "here", "Device to plan for; here is this machine.", choices=("here", *DEVICES)
    )
    gpus: int = option(1, "Number of devices per node.", minimum=1, maximum=1024)
    nodes: int = option(1, "Number of nodes.", minimum=1, maximum=100_000)
    tokens: str | None = option(
        None, "Number of training tokens, such as 300M or 10B.", unset="20 per parameter"
    )
    batch_tokens: int = option(
        524288, "Tokens per step, over all devices.", minimum=1, maximum=10**12
    )
    precision: Precision | None = option(
        None, "Precision of the matmuls.", unset="bf16 if the device has it, else fp16 or fp32"
    )
    optimizer: Literal["adamw", "muon"] = option("adamw", "Optimizer, as in gpt2 train.")
    utilisation: float | None = option(
        None,
        "Fraction of the peak throughput that training reaches (MFU).",
        minimum=0.001,
        maximum=1,
        unset="assumed",
    )
    price: float | None = option(
        None, "Price of one device per hour, to compute the cost.", minimum=0, maximum=10**9
    )

    def __post_init__(self) -> None:
        self.precision = short(self.precision) if self.precision else None
        validate(self)
        if self.tokens is not None:
            count_of(self.tokens)


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to distribute a model over the devices.

    Attributes:
        strategy: "one", "ddp", "fsdp".
        recompute: whether activations are recomputed instead of kept.
        rows: the largest micro-batch that fits on each device; 0: not even one row fits.
        memory: the estimate for that many rows, or for one row if none fits.
    """

    strategy: Strategy
    recompute: bool
    rows: int
    memory: Footprint

    @property
    def name(self) -> str:
        """A readable name such as "FSDP2, activation checkpointing"."""
        names = {"one": "one device", "ddp": "DDP", "fsdp": "FSDP2"}
        return names[self.strategy] + (", activation checkpointing" if self.recompute else "")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What training would need.

    Attributes:
        model, parameters, length: the model, its size, and the tokens per row.
        device, ranks, memory: the device, how many there are, and the usable bytes of each.
        precision, optimizer, peak: the precision and optimizer, and the device's FLOP/s in that
            precision.
        tokens, steps, batch_size: how long it trains; the batch size is in rows over all devices.
        ways: the ways to distribute the model; chosen: the recommended one, None if none fits.
        flops: the total. utilisation: assumed or given. seconds: the estimated time.
        cost: at the given price.
        optimal_tokens: for a model of this size; optimal_parameters: for this amount of compute.
        command: the command that trains the model.
        notes: what was not measured and what does not fit.
    """

    model: str
    parameters: int
    length: int
    device: str
    ranks: int
    memory: float
    precision: Precision
    optimizer: Literal["adamw", "muon"]
    peak: float
    tokens: float
    steps: int
    batch_size: int
    ways: list[Way]
    chosen: Way | None
    flops: float
    utilisation: float
    seconds: float
    cost: float | None
    optimal_tokens: float
    optimal_parameters: float
    command: str = ""
    notes: list[str] = dataclasses.field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The plan as a dict that can be written as JSON."""
        return dataclasses.asdict(self)


def shape_of(name: str) -> tuple[GPT2Config, list[str]]:
    """The configuration that a size stands for, and the options of `gpt2 train` for it.

    Args:
        name: a published size; "LAYERSxWIDTH", such as 6x384; or the folder or name of a model to
            train further.

    Raises:
        ConfigError, ModelFileError, HubError: the model does not exist.
    """
    if name in PUBLISHED:
        return GPT2Config.published(name), ["--size", name]
    if made := re.fullmatch(r"(\d{1,6})x(\d{1,6})", name):
        layers, width = map(int, made.groups())
        config = GPT2Config(n_layer=layers, n_embd=width, n_head=max(1, width // 64))
        return config, ["--layers", str(layers), "--width", str(width), "--context", "1024"]
    if re.fullmatch(r"\d+\W*\D{1,3}\W*\d+", name) and not exists(name):
        raise OptionError(f"{show(name)} is not a valid size: write LAYERSxWIDTH, such as 6x384.")
    from gpt2.hub import resolve

    return GPT2Config.from_json_file(resolve(name) / "config.json"), ["--from", name]


def make_plan(name: str, options: PlanConfig, machine: Device | None = None) -> Plan:
    """Plan the training of ``name`` (see `shape_of`); ``machine`` is the device called "here".

    Raises `OptionError` for invalid options, and what `shape_of` raises.
    """
    config, shape = shape_of(name)
    device = machine if options.device == "here" else DEVICES[options.device]
    if device is None:
        raise OptionError("device 'here' requires machine=here() (gpt2.training.planning.here).")
    kind = "cpu" if device.name == "cpu" else "cuda"
    precision: Precision = options.precision or ("bf16" if "bf16" in device.peaks else
                                      "fp16" if "fp16" in device.peaks else "fp32")  # fmt: skip
    if precision not in device.peaks:
        raise OptionError(
            f"{device.name} does not support {precision}, only {', '.join(device.peaks)}."
        )
    ranks, length = options.gpus * options.nodes, config.n_positions
    parameters = config.parameter_count()
    tokens = OPTIMAL * parameters if options.tokens is None else count_of(options.tokens)
    batch_size = max(ranks, round(options.batch_tokens / length / ranks) * ranks)
    usable = USABLE[kind] * device.memory
    ways = [
        _way(config, strategy, recompute, batch_size // ranks, usable, precision, options, kind)
        for strategy in (("ddp", "fsdp") if ranks > 1 else ("one",))
        for recompute in (False, True)
    ]
    chosen = _choose(ways, length, batch_size // ranks)
    flops = flops_per_token(config, length) * tokens
    reached = options.utilisation or REACHED[kind] * (
        RECOMPUTED if chosen and chosen.recompute else 1
    )
    seconds = flops / (ranks * device.peaks[precision] * reached)
    hours = seconds / 3600 * ranks
    steps = max(1, math.ceil(tokens / (batch_size * length)))
    plan = Plan(
        model=name,
        parameters=parameters,
        length=length,
        device=device.name,
        ranks=ranks,
        memory=usable,
        precision=precision,
        optimizer=options.optimizer,
        peak=device.peaks[precision],
        tokens=tokens,
        steps=steps,
        batch_size=batch_size,
        ways=ways,
        chosen=chosen,
        flops=flops,
        utilisation=reached,
        seconds=seconds,
        cost=None if options.price is None else hours * options.price,
        optimal_tokens=OPTIMAL * parameters,
        optimal_parameters=math.sqrt(flops / (6 * OPTIMAL)),
    )
    command, notes = _command(shape, options, plan), _notes(device, options, plan)
    return dataclasses.replace(plan, command=command, notes=notes)


def count_of(text: str) -> float:
    """Parse a count such as "300M" or "1.5e9". Raises `OptionError`."""
    match = re.fullmatch(r"([\d.]+(?:e\d+)?) *([KMBGT]?)", text.strip().replace(",", ""), re.I)
    try:
        assert match
        value = float(match[1]) * UNITS[match[2].upper()]
    except (AssertionError, ValueError):
        raise OptionError(f"tokens must be a number such as 300M or 10B, found {text!r}.") from None
    if not 1 <= value <= MOST_TOKENS:
        raise OptionError(f"tokens must be at least 1 and at most 1e18, found {text!r}.")
    return value


def _way(
    config: GPT2Config,
    strategy: Strategy,
    recompute: bool,
    most: int,
    usable: float,
    precision: str,
    options: PlanConfig,
    kind: str,
) -> Way:
    """The largest micro-batch that fits, rounded down to a power of two unless all rows fit."""

    def needed(rows: int) -> Footprint:
        return footprint(
            config,
            rows,
            config.n_positions,
            precision=precision,
            optimizer=options.optimizer,
            strategy=strategy,
            ranks=options.gpus * options.nodes,
            recompute=recompute,
            accumulating=rows < most,
            device=kind,
        )

    sizes = [2**n for n in range(LARGEST.bit_length()) if 2**n < most]
    sizes += [most] if most <= LARGEST else []
    rows = max((size for size in sizes if needed(size).total <= usable), default=0)
    return Way(strategy, recompute, rows, needed(max(1, rows)))


def _choose(ways: list[Way], length: int, most: int) -> Way | None:
    """The simplest way that keeps a device busy, else the one with the largest micro-batch."""
    fitting = sorted((way for way in ways if way.rows), key=lambda way: way.recompute)
    busy = (way for way in fitting if way.rows * length >= ENOUGH or way.rows == most)
    return next(busy, max(fitting, key=lambda way: way.rows, default=None))


def _command(shape: list[str], options: PlanConfig, plan: Plan) -> str:
    """The `gpt2 train` command, run by torchrun if there are several devices."""
    rate = next(rate for limit, rate in RATES if plan.parameters < limit)
    words = ["gpt2 train DATA -o RUN", *_pairs(shape), f"--steps {plan.steps}"]
    words += [f"--batch-size {plan.batch_size}", f"--precision {plan.precision}", f"--lr {rate:g}"]
    if plan.optimizer != "adamw":
        words.append(f"--optimizer {plan.optimizer}")
    if plan.chosen is not None and plan.chosen.strategy != "one":
        words.append(f"--parallel {plan.chosen.strategy}")
    if plan.chosen is not None and plan.chosen.recompute:
        words.append("--recompute")
    if plan.ranks == 1:
        return " ".join(words)
    nodes = f"--nnodes {options.nodes} --node-rank NODE --master-addr FIRST --master-port 29500 "
    where = nodes if options.nodes > 1 else ""
    return f"torchrun {where}--nproc-per-node {options.gpus} -m " + " ".join(words)


def _pairs(words: list[str]) -> list[str]:
    return [shlex.join(words[n : n + 2]) for n in range(0, len(words), 2)]


def _notes(device: Device, options: PlanConfig, plan: Plan) -> list[str]:
    notes = []
    if plan.chosen is None:
        least = min(plan.ways, key=lambda way: way.memory.total)
        notes.append(
            f"It does not fit: {least.name} needs {gib(least.memory.total)} per device with one "
            "row at a time. Use more devices (FSDP2), devices with more memory or a smaller "
            "model."
        )
    notes.append(f"The peak: {device.source}.")
    if options.utilisation is None:
        notes.append(
            "The fraction of the peak that training reaches is assumed, not measured: --measure "
            "times steps here, or give --utilisation once gpt2 train has shown its MFU."
        )
    if plan.ranks > 1:
        notes.append(
            "The time does not include the exchange of gradients and weights between devices: it "
            "will be longer between nodes without a fast network such as InfiniBand."
        )
    if plan.tokens < plan.optimal_tokens / 2:
        notes.append(
            f"With {plan.tokens / plan.parameters:.1f} tokens per parameter, a smaller model would "
            "reach the same loss with less compute."
        )
    return notes
