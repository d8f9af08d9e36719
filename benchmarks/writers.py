"""Who wrote each test digit, from QMNIST's labels.

    python benchmarks/writers.py qmnist-test-labels.tsv.gz

The file lies, with its licence, beside the code of QMNIST (Yadav and Bottou, 2019,
arXiv:1905.10498), which traced MNIST's digits back to the forms they were cut from:
https://github.com/facebookresearch/qmnist. A line an image: digit, series, writer, ...;
MNIST's 10,000 come first, in their order. Writes mnist_cnn/studies/writers.json.
"""

import gzip
import json
import sys
from itertools import islice
from pathlib import Path

SUMMARY = Path(__file__).parent.parent / "mnist_cnn" / "studies" / "writers.json"
STUDENTS = 4  # the series of forms filled in by high-school students


def main(file: str) -> None:
    with gzip.open(file, "rt") as lines:
        rows = [line.split("\t")[:3] for line in islice(lines, 10_000)]
    summary = {
        "command": "python benchmarks/writers.py qmnist-test-labels.tsv.gz",
        "source": "QMNIST, arXiv:1905.10498; its licence: QMNIST_LICENSE.txt",
        "students": sum(int(series) == STUDENTS for _, series, _ in rows),
        "writers": [int(writer) for _, _, writer in rows],
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
