"""Command line of the synthetic checkpoint writer.

Example: python -m tools.synthetic_checkpoint --shape llama-3.2-1b --layers 2 -o checkpoint
"""

import argparse
import sys

from tqdm import tqdm

from spikeref.errors import SpikerefError
from tools.synthetic_checkpoint.classic_presets import CLASSIC_PRESETS
from tools.synthetic_checkpoint.presets import PRESETS
from tools.synthetic_checkpoint.tensors import STORED
from tools.synthetic_checkpoint.write import write_checkpoint


def main(arguments: list[str] | None = None) -> int:
    """Write one checkpoint; 0, or 2 with one line on stderr."""
    options = _parser().parse_args(arguments)
    with tqdm(unit="tensor", disable=None) as bar:

        def advance(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        try:
            folder = write_checkpoint(
                options.shape,
                options.output,
                seed=options.seed,
                dtype=options.dtype,
                layers=options.layers,
                shard_bytes=options.shard_mb and options.shard_mb * 10**6,
                on_tensor=advance,
            )
        except SpikerefError as fault:
            print(fault, file=sys.stderr)
            return 2
    print(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.synthetic_checkpoint",
        description="Write a checkpoint with random weights in the Hugging Face layout.",
        epilog="example: python -m tools.synthetic_checkpoint --shape tiny-llama -o checkpoint",
    )
    shapes = [*PRESETS, *CLASSIC_PRESETS]
    parser.add_argument("--shape", required=True, choices=shapes, help="which model's shape")
    parser.add_argument("-o", "--output", required=True, help="folder to write, new or empty")
    parser.add_argument("--layers", type=int, help="number of layers, instead of the shape's")
    parser.add_argument("--shard-mb", type=int, help="split into shards of at most so many 10^6 B")
    parser.add_argument("--dtype", choices=list(STORED), default="bf16", help="type of the weights")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights")
    return parser


if __name__ == "__main__":
    sys.exit(main())
