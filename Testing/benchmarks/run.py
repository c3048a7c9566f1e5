"""Every comparison side by side (A B A B), with the same data and threads; writes bench.json at the root."""

import json
from pathlib import Path

from concordance import concordance
from guided_backprop import guided_backprop
from lasso_bootstrap import lasso_bootstrap
from lesion_network import lesion_network
from lesion_pipeline import lesion_pipeline
from projection import projection
from unet_features import unet_features

_BENCHMARKS = (
    concordance,
    lasso_bootstrap,
    lesion_network,
    lesion_pipeline,
    unet_features,
    guided_backprop,
    projection,
)


def main() -> None:
    rows = [row for benchmark in _BENCHMARKS for row in benchmark()]
    path = Path(__file__).resolve().parents[2] / "bench.json"
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(
            f"{row['name']}: {row['ours_s']:.4f} s against {row['peer_s']:.4f} s of {row['peer']}: {row['ratio']:.1f}x"
        )


if __name__ == "__main__":
    main()
