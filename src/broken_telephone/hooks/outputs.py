"""Where a run writes, and what kind of run it is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem
from kedro.io import AbstractDataset, AbstractVersionedDataset, CatalogProtocol
from kedro.pipeline import Pipeline

from broken_telephone.datasets.locations import located
from broken_telephone.loop import LoopSettings


def outputs_of(pipeline: Pipeline, catalog: CatalogProtocol) -> Iterator[tuple[str, Path | str, bool]]:
    """Yield name, path (an address where it is not on this machine's disk) and whether it is a folder."""
    for name in sorted(pipeline.all_outputs()):
        dataset = catalog.get(name)
        description = describe(dataset)
        stated = description.get("filepath") or description.get("path")
        if stated is None:
            continue
        filesystem, path = located(str(stated))
        version = dataset.resolve_save_version() if isinstance(dataset, AbstractVersionedDataset) else None
        if version is not None:
            path = f"{path}/{version}/{Path(path).name}"
        local = isinstance(filesystem, LocalFileSystem)
        yield name, Path(path) if local else filesystem.unstrip_protocol(path), "path" in description


def describe(dataset: AbstractDataset | None) -> Mapping[str, Any]:
    """Return a catalog entry's own description; an entry with files states `filepath` or `path`."""
    # Kedro has no public way to ask an entry for its path.
    return {} if dataset is None else dataset._describe()


def is_shard(run_params: Mapping[str, Any]) -> bool:
    """Tell whether a run follows one shard of the chains: `kedro run --pipeline loop --tags shard`."""
    return "shard" in (run_params.get("tags") or ())


def loop_settings(catalog: CatalogProtocol) -> LoopSettings:
    """Return the settings of the loop."""
    return LoopSettings.model_validate(catalog.load("params:loop"))
