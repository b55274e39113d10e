"""`spikeref energy`: operations and theoretical energy of a model, a trace, or in the papers."""

import argparse
from fractions import Fraction

from spikeref.cli.command import Command, Outcome
from spikeref.cli.energy_output import model_outcome, paper_outcome, trace_outcome
from spikeref.cli.profile_options import fraction
from spikeref.energy.breakdown import trace_breakdown
from spikeref.energy.model_shapes import find_model
from spikeref.energy.paper import paper_figures
from spikeref.energy.presets import PRESETS, PRINTED_SEQUENCE
from spikeref.energy.setting import Floating, Quantised, Setting, Spiking, WeightedSpiking
from spikeref.energy.shapes import RULES, macs_by_operator
from spikeref.energy.table import EnergyTable
from spikeref.errors import UsageError
from spikeref.model.folder import load_model
from spikeref.neurons.counts import Encoding
from spikeref.trace.reader import read_trace

MODEL_ONLY = (
    "sequence", "rule", "weight_bits", "act_bits", "encoding", "firing_rate", "steps",
    "spikes_per_neuron",
)  # fmt: skip
DEFAULT_BITS = 4
LARGEST_SEQUENCE = 1 << 24
LARGEST_ENCODED_BITS = 8


def _configure(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--model", metavar="NAME", help=f"{', '.join(PRESETS)}, or a checkpoint folder"
    )
    what.add_argument("--trace", metavar="DIR", help="trace folder of level counts or full")
    what.add_argument(
        "--paper", action="store_true", help="every printed figure beside the computed one"
    )
    parser.add_argument("--mac-pj", metavar="PJ", help="of a multiply-accumulate (default 4.6)")
    parser.add_argument("--ac-pj", metavar="PJ", help="of an accumulate (default 0.9)")
    parser.add_argument(
        "--model-folder", metavar="DIR", help="with --trace: its compiled model, which LAS needs"
    )
    model = parser.add_argument_group("with --model")
    model.add_argument(
        "--sequence", type=int, metavar="L", help=f"tokens (default {PRINTED_SEQUENCE})"
    )
    model.add_argument("--rule", choices=list(RULES), help="what counts (default: the paper's own)")
    model.add_argument("--weight-bits", type=int, metavar="N")
    model.add_argument(
        "--act-bits", type=int, metavar="N", help="of quantised activations or of spike counts"
    )
    model.add_argument(
        "--firing-rate", metavar="R", help="spikes over slots: spiking in the manner of SDLLM"
    )
    model.add_argument("--encoding", choices=[e.value for e in Encoding])
    model.add_argument(
        "--steps",
        metavar="D",
        help="virtual steps (default: what --act-bits unfold to); without --firing-rate, passes of"
        " integers, as 1.2 in SpikeLLM",
    )
    model.add_argument(
        "--spikes-per-neuron", metavar="S", help="over all time steps: spiking in the manner of LAS"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    table = EnergyTable(
        mac_pj=_picojoules("--mac-pj", arguments.mac_pj, EnergyTable().mac_pj),
        accumulate_pj=_picojoules("--ac-pj", arguments.ac_pj, EnergyTable().accumulate_pj),
    )
    if arguments.model is None:
        _refuse(arguments, MODEL_ONLY, "goes with --model only")
    if arguments.trace is None:
        _refuse(arguments, ("model_folder",), "goes with --trace only")
    if arguments.paper:
        return paper_outcome(paper_figures(table))
    if arguments.trace is not None:
        model = None if arguments.model_folder is None else load_model(arguments.model_folder)
        trace = read_trace(arguments.trace)
        return trace_outcome(trace.manifest, trace_breakdown(trace, model, table), table)
    return _model(arguments, table)


def _model(arguments: argparse.Namespace, table: EnergyTable) -> Outcome:
    sequence = PRINTED_SEQUENCE if arguments.sequence is None else arguments.sequence
    if not 1 <= sequence <= LARGEST_SEQUENCE:
        raise UsageError(f"--sequence: {sequence} given, 1 to {LARGEST_SEQUENCE} are possible")
    setting = setting_of(arguments)
    preset = find_model(arguments.model)
    rule = preset.rule if arguments.rule is None else RULES[arguments.rule]
    macs = macs_by_operator(preset.shape, rule, sequence)
    reason = preset.reason if rule == preset.rule else "as asked"
    return model_outcome(preset.name, sequence, (rule, reason), macs, setting, table)


def setting_of(arguments: argparse.Namespace) -> Setting:
    """Return what the options describe; UsageError where they contradict each other."""
    if arguments.spikes_per_neuron is not None:
        others = tuple(name for name in MODEL_ONLY[2:] if name != "spikes_per_neuron")
        _refuse(arguments, others, "does not go with --spikes-per-neuron")
        return WeightedSpiking(spikes_per_neuron=fraction(arguments.spikes_per_neuron))
    steps = None if arguments.steps is None else fraction(arguments.steps)
    if arguments.firing_rate is not None:
        return _spiking(arguments, steps)
    _refuse(arguments, ("encoding",), "goes with --firing-rate only")
    if (arguments.weight_bits, arguments.act_bits, steps) == (None, None, None):
        return Floating()
    if arguments.weight_bits is None or arguments.act_bits is None:
        raise UsageError("a quantised model needs --weight-bits and --act-bits")
    return Quantised(
        weight_bits=arguments.weight_bits,
        act_bits=arguments.act_bits,
        steps=Fraction(1) if steps is None else steps,
    )


def _spiking(arguments: argparse.Namespace, steps: Fraction | None) -> Spiking:
    bits = DEFAULT_BITS if arguments.act_bits is None else arguments.act_bits
    if not 2 <= bits <= LARGEST_ENCODED_BITS:
        raise UsageError(f"--act-bits: {bits} given, counts have 2 to {LARGEST_ENCODED_BITS}")
    encoding = Encoding(arguments.encoding or Encoding.TERNARY.value)
    unfolded = (1 << bits) - 1 if encoding is Encoding.BINARY else 1 << (bits - 1)
    return Spiking(
        weight_bits=DEFAULT_BITS if arguments.weight_bits is None else arguments.weight_bits,
        encoding=encoding,
        steps=Fraction(unfolded) if steps is None else steps,
        rate=fraction(arguments.firing_rate),
    )


def _picojoules(option: str, text: str | None, usual: Fraction) -> Fraction:
    value = usual if text is None else fraction(text)
    if not 0 < value <= 10**12:
        raise UsageError(f"{option}: {text} given, more than 0 pJ and at most 1 J are possible")
    return value


def _refuse(arguments: argparse.Namespace, options: tuple[str, ...], why: str) -> None:
    for option in options:
        if getattr(arguments, option) is not None:
            raise UsageError(f"--{option.replace('_', '-')}: {why}")


COMMAND = Command(
    name="energy",
    summary="operations and theoretical energy: of a model's shape, of a trace, in the papers",
    example="spikeref energy --model llama2-7b --firing-rate 0.216",
    configure=_configure,
    run=_run,
)
