"""The command line of the demo. Exit status 1: results differ, or a worker failed; 2: wrong arguments."""

import argparse
import os
import sys

if not __package__:  # started as a folder, not with -m
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from demo import corpus, job, measure, report


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_least_one(text: str) -> int:
    """The number of workers that the text says."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(
        prog="demo", description="Count all names in Python source, on every core."
    )
    made.add_argument(
        "--workers",
        type=at_least_one,
        default=cores(),
        metavar="N",
        help="interpreters (default: %(default)s, the cores)",
    )
    made.add_argument(
        "--input", metavar="DIR", help="where the *.py files are (default: the standard library)"
    )
    made.add_argument(
        "--seconds",
        type=float,
        default=90.0,
        metavar="S",
        help="repeat the measurement, up to 5 rounds, while that fits into S seconds (default: %(default)g)",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the demo; the status with which the process is to end."""
    options = parser().parse_args(argv)
    try:
        files = corpus.find(options.input)
    except OSError as error:
        report.complain(f"cannot read the input: {error}")
        return 2
    if not files.paths:
        report.complain(f"no *.py files under {files.root}")
        return 2
    report.heading(files, options.workers)
    try:
        with measure.Measurement(files, options.workers) as measurement:
            measurement.prepare()
            measurement.repeat(options.seconds)
    except (job.Failure, OSError) as error:
        report.complain(str(error))
        return 1
    report.result(measurement)
    return 1 if measurement.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
