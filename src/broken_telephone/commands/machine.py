"""Checks the machine: device, memory, disk space, and the hub's token."""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import psutil

from broken_telephone.commands.check import MISSING, NOTE, OK, Check, shown_size

_LEAST = 1e9
"""Bytes that must be free on the disk."""
_PNG = 0.6
"""Bytes of a PNG file for each byte of its pixels, roughly."""


def check_devices(models: Mapping[str, Mapping[str, Any]]) -> Check:
    """Check that the devices that models name exist here."""
    import torch

    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    has_mps = torch.backends.mps.is_available()
    wrong = []
    for setting, stated in models.items():
        device = str(stated.get("device") or "auto")
        kind, _, number = device.partition(":")
        missing_gpu = kind == "cuda" and int(number or 0) >= len(names)
        if missing_gpu or (kind == "mps" and not has_mps):
            wrong.append(f"{setting}.device is {device}")
    here = f"{len(names)} GPU: {', '.join(names)}" if names else "mps" if has_mps else f"CPU, {os.cpu_count()} cores"
    if wrong:
        return Check("device", MISSING, f"{'; '.join(wrong)}, and this machine has {here}: set device: auto")
    return Check("device", OK, here if names or has_mps else f"{here}; no GPU, which real models need")


def check_memory(sizes: Mapping[str, int], residency: str) -> Check:
    """Compare the weights of the loop's models with the memory that is free where they run.

    Args:
        sizes: setting -> bytes of the weights.
        residency: `loop.residency`.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    free = torch.cuda.mem_get_info()[0] if has_gpu else psutil.virtual_memory().available
    own = [sizes.get(name, 0) for name in ("generator", "describer")]
    needed = max(own) if residency == "one" else sum(own)
    where = "GPU memory" if has_gpu else "memory"
    text = f"{shown_size(free)} of {where} are free; weights of the loop on disk: {shown_size(needed)}"
    if needed <= free:
        return Check("memory", OK, text)
    advice = (
        "set loop.residency: one" if residency != "one" and max(own) <= free else "choose smaller models, or offload"
    )
    return Check("memory", NOTE, f"{text}: {advice} (docs/large_studies.md)")


def check_disk(results: str, chains: int | None, images: int, pixels: int) -> Check:
    """Check that the disk has room for the images that are still to be drawn.

    Args:
        results: location of the results.
        chains: number of chains; None before ingestion.
        images: number of images that stay on disk for each chain.
        pixels: width times height of an image; 0 if unknown.
    """
    if "://" in results:
        return Check("disk", NOTE, f"{results} is not on this machine, so its room is unknown")
    folder = Path(results)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    needed = (chains or 0) * images * pixels * 3 * _PNG
    text = f"{shown_size(free)} are free at {existing}"
    if needed:
        text += f"; the drawn images take about {shown_size(needed)}"
    if free < max(needed, _LEAST):
        return Check("disk", MISSING, f"{text}: make room, or name another place in globals.yml (results)")
    return Check("disk", OK, text)


def check_token(hubs: Collection[str]) -> Check:
    """Say whether this machine has a token of the hub; never what it is.

    Args:
        hubs: hub ids of the study's models.
    """
    from huggingface_hub import get_token

    if get_token():
        return Check("hub token", OK, "present")
    if hubs:
        return Check("hub token", NOTE, f"none. Gated models need one (of {', '.join(sorted(hubs))}): hf auth login")
    return Check("hub token", OK, "none, and this study names no model of the hub")
