"""Labels the starts of imported chains, and says where a label comes from."""

import re
from collections.abc import Mapping

from broken_telephone.importing.chain_record import ImportedChain
from broken_telephone.ingestion.reader_result import Findings
from broken_telephone.labels import Variable

_REPEAT = re.compile(r"_\d+$")


class StartLabels:
    """The labels that results, settings and prompt files state."""

    def __init__(self, concept: Variable, stated: Mapping[str, str] | str | None, by_prompt: Mapping[str, str]) -> None:
        """Take the sources.

        Args:
            concept: the concept of the study, with codes and words of its labels.
            stated: `import.labels`.
            by_prompt: text of a prompt -> label, of the study's prompts.

        Raises:
            ValueError: if a stated label is none of the concept.
        """
        self._concept, self._by_prompt = concept, by_prompt
        self._all = None if stated is None or not isinstance(stated, str) else concept.read(stated)
        named = stated if isinstance(stated, Mapping) else {}
        self._named = {name: concept.read(label) for name, label in named.items()}

    def of(self, chain: ImportedChain, findings: Findings) -> str | None:
        """Return the label of a chain; None if nothing states it.

        The results come first, then `import.labels` by name, then the study's prompts, then one label for all.
        """
        if chain.label is not None:
            try:
                return self._concept.read(chain.label)
            except ValueError as error:
                findings.note("unknown", "label outside the scheme", chain.file, chain.row, chain.label, str(error))
        names = (chain.name, _REPEAT.sub("", chain.name), *chain.name.split("/")[:-1])
        named = next((self._named[name] for name in names if name in self._named), None)
        return named or self._by_prompt.get(chain.prompt or "") or self._all
