"""Labels people with a function of the user's own."""

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from PIL import Image

from broken_telephone.errors import StudyError
from broken_telephone.models.annotators.class_map import ClassMap, Options
from broken_telephone.models.annotators.picture_annotator import PictureAnnotator
from broken_telephone.models.annotators.settings import FunctionSettings
from broken_telephone.models.loading.provenance import fingerprint
from broken_telephone.models.protocols import Labelled, Labels

logger = logging.getLogger(__name__)


class FunctionAnnotator(PictureAnnotator[FunctionSettings]):
    """Labels people with a function of RGB pictures.

    For each picture, the function returns attribute or concept -> class, class -> probability, or None if it cannot
    tell. A class is called with the settings' arguments when it is first used, and the object is the function.
    """

    # Nobody knows what else the function depends on.
    is_repeatable = False
    device = "function"

    def __init__(
        self, settings: FunctionSettings, setting: str = "annotator", detector: dict[str, Any] | None = None
    ) -> None:
        super().__init__(settings, setting, detector)
        self._map = ClassMap(setting, settings.classes)
        self._label: Callable[[list[Image.Image]], Any] | None = None
        self._warned: set[str] = set()

    @property
    def name(self) -> str:
        """The dotted name."""
        return self.settings.function

    def resolved(self) -> dict[str, str | None]:
        """Return nothing: the settings leave nothing open."""
        return {}

    def variables(self, options: Options) -> list[str]:
        """Return all attributes and concepts that the study asks for: the function may answer any of them.

        Raises:
            StudyError: if there is no such function, or the study does not ask for an attribute or category.
        """
        self._function()
        self._map.check(options)
        return list(options)

    def _classify(self, images: list[Image.Image], options: Options) -> list[Labels]:
        assert self._label is not None
        answers = self._label(images)
        if not isinstance(answers, Sequence) or len(answers) != len(images):
            raise StudyError(f"{self.name} must return a list with one answer per picture ({self.setting}.function)")
        return [self._labels(answer, options) for answer in answers]

    def _labels(self, answer: Any, options: Options) -> Labels:
        if not isinstance(answer, Mapping):
            raise StudyError(
                f"{self.name} must return a dictionary for each picture, such as {{'gender': 'female'}}, not "
                f"{type(answer).__name__} ({self.setting}.function)"
            )
        for variable in answer:
            if variable not in options:
                self._warn(f"{variable!r}", "is not asked for and left out")
        return {
            variable: self._labelled(variable, answer[variable], options) for variable in options if variable in answer
        }

    def _labelled(self, variable: str, given: Any, options: Options) -> Labelled:
        if given is None:
            return self._map.from_class(variable, None, options)
        if isinstance(given, str):
            self._warn_of_unknown(variable, [given], options)
            return self._map.from_class(variable, given, options)
        shares = self._shares(variable, given)
        self._warn_of_unknown(variable, shares, options)
        return self._map.from_probabilities(variable, shares, options)

    def _shares(self, variable: str, given: Any) -> dict[str, float]:
        """Return class -> probability, as the function gives them.

        Raises:
            StudyError: if they are no probabilities.
        """
        where = f"{self.name}, {variable} {given!r}"
        if not isinstance(given, Mapping) or not given:
            raise StudyError(
                f"{where}: this is neither a class nor probabilities of classes, such as {{'male': 0.9, 'female': 0.1}}"
                f" ({self.setting}.function)"
            )
        try:
            shares = {str(name): float(share) for name, share in given.items()}
        except (TypeError, ValueError):
            shares = {}
        if not shares or not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1 + 1e-3:
            raise StudyError(
                f"{where}: these are no probabilities, which are 0 to 1 and sum to 1 at most ({self.setting}.function)"
            )
        return shares

    def _warn_of_unknown(self, variable: str, names: Iterable[str], options: Options) -> None:
        for name in names:
            if self._map.category(variable, name, options) is None:
                self._warn(f"{variable} {name!r}", "is no category. Where it is the answer, the answer is invalid")

    def _warn(self, what: str, words: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("%s: %s of %s %s", self.setting, what, self.name, words)

    def _function(self) -> Callable[..., Any]:
        try:
            function: Any = resolve_name(self.settings.function)
        except (ImportError, AttributeError, ValueError) as error:
            raise StudyError(
                f"{self.setting}.function: Python finds no {self.settings.function} ({error}). Its module must be "
                "installed, lie in src/, or lie in a folder of PYTHONPATH"
            ) from error
        if not callable(function):
            raise StudyError(f"{self.setting}.function: {self.settings.function} is no function")
        result: Callable[..., Any] = function
        return result

    def _identity(self) -> dict[str, Any]:
        record: dict[str, Any] = {"function": self.settings.function, "code": _code_of(self._function())}
        if self.settings.arguments:
            record["arguments"] = self.settings.arguments
        return record | ({} if self.settings.classes is None else {"classes": self.settings.classes})

    def _load(self) -> None:
        if self._label is not None:
            return
        function, arguments = self._function(), self.settings.arguments
        try:
            made: Any = function(**arguments) if inspect.isclass(function) else _with_arguments(function, arguments)
        except TypeError as error:
            raise StudyError(f"{self.setting}.arguments do not fit {self.name}: {error}") from error
        self._label = made

    def _release(self) -> None:
        self._label = None


def _with_arguments(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Callable[[list[Image.Image]], Any]:
    inspect.signature(function).bind([], **arguments)
    return lambda images: function(images, **arguments)


def _code_of(function: Callable[..., Any]) -> str | None:
    """Return a digest of the file that defines a function; None for one without a file."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:
        return None
    return None if file is None or not Path(file).is_file() else fingerprint(Path(file))
