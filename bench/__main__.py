"""``python -m bench``: a short form of every measurement; ``--full`` all of them. Exits with 1 when a bound is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import apply, compute, dag, noop, page
from bench.measure import describe_machine, finish


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="everything: about half an hour")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    print(", ".join(f"{name} {value}" for name, value in machine.items()), flush=True)
    cells, bounds = apply.measure_grid(full=options.full)
    sizes = []
    for rows in compute.SIZES if options.full else compute.SIZES[:2]:
        sizes.append(compute.measure_rows(rows))
        compute.print_rows(sizes[-1])
    still = noop.measure_noop(noop.ROWS)
    noop.print_noop(still)
    shown = page.measure_page(page.ROWS)
    page.print_page(shown)
    whole = dag.measure_dag()
    dag.print_dag(whole)
    bounds += compute.compute_bounds(sizes) + noop.compute_bounds(still) + dag.compute_bounds(whole)
    bounds += page.compute_bounds(shown)
    finish({**machine, "apply": cells, "compute": sizes, "noop": still, "page": shown, "dag": whole}, bounds)
    return 0 if all(bound.holds for bound in bounds) else 1


if __name__ == "__main__":
    sys.exit(main())
