"""Finds drawn images that several chains or iterations claim: at most one of them can be meant."""

from collections import Counter
from collections.abc import Mapping

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.ingestion.reader_result import Findings


def leave_out_shared_images(records: Mapping[str, ImportedChain], findings: Findings) -> None:
    """Treat an image that several chains or iterations claim as missing in all of them.

    This happens if results state `run_a/1.png` and `run_b/1.png`, and only one `1.png` was copied.

    Args:
        records: chain_id -> chain; they lose these images.
        findings: collects the images.
    """
    claims = Counter(file for record in records.values() for file in record.images.values())
    for record in records.values():
        for iteration, file in list(record.images.items()):
            if claims[file] > 1:
                del record.images[iteration]
                advice = f"{claims[file]} chains or iterations name this file, so it counts as missing"
                findings.note("unknown", "drawn image of several chains", record.file, record.row, str(file), advice)
