"""Numbers the chains of each start as replicates, independently of the order in which results are read."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.importing.starts import Start
from broken_telephone.ingestion.reader_result import Findings

_DIGITS = re.compile(r"(\d+)")


def replicates(chains: list[ImportedChain], findings: Findings) -> Iterator[tuple[int, ImportedChain]]:
    """Yield the chains of one start with their numbers, in the order of their names; equal chains count once.

    Chains of one name are in the order of their files and of their places in them. A chain that is added in between
    later changes the numbers of others, which the check of changed texts refuses.

    Args:
        chains: in any order.
        findings: collects chains that are listed twice.
    """
    seen: dict[tuple, ImportedChain] = {}
    # Most starts have one chain, and results have tens of thousands.
    for chain in sorted(chains, key=_place) if len(chains) > 1 else chains:
        content = tuple(sorted(chain.descriptions.items())), tuple(sorted(chain.images.items()))
        if content in seen:
            advice = f"{seen[content].row} is the same"
            findings.note("dropped", "chain listed twice", chain.file, chain.row, chain.name, advice)
            continue
        seen[content] = chain
    yield from enumerate(seen.values())


def with_one_label(
    by_start: Mapping[Start, list[ImportedChain]], findings: Findings
) -> defaultdict[Start, list[ImportedChain]]:
    """Return the starts without those whose image another start has under another label.

    Both would have the same name, and so would their chains. The label of the chain that comes first by name stays.

    Args:
        by_start: the chains of each start.
        findings: collects the chains that are left out.
    """
    by_name: defaultdict[str, list[Start]] = defaultdict(list)
    for start in by_start:
        by_name[start.name].append(start)
    kept: defaultdict[Start, list[ImportedChain]] = defaultdict(list)
    for starts in by_name.values():
        if len(starts) == 1:
            kept[starts[0]] = by_start[starts[0]]
            continue
        firsts = {start: min(by_start[start], key=_place) for start in starts}
        first = min(starts, key=lambda start: _place(firsts[start]))
        for start in starts:
            if start.label == first.label:
                kept[start] = by_start[start]
                continue
            for chain in by_start[start]:
                value = f"{start.label} here, {first.label} in {firsts[first].row}"
                findings.note("dropped", "another label of one original", chain.file, chain.row, value)
    return kept


def _place(chain: ImportedChain) -> tuple[list, list, list]:
    return _in_order(chain.name), _in_order(str(chain.file)), _in_order(chain.row)


def _in_order(name: str) -> list[tuple[bool, int, str]]:
    """Return a sorting key in which 2 comes before 10."""
    # Python turns no text of more than 4,300 digits into a number.
    parts = [(part.isdecimal(), part.lstrip("0") if part.isdecimal() else part) for part in _DIGITS.split(name) if part]
    return [(is_number, len(part) if is_number else 0, part) for is_number, part in parts]
