"""Settings with a new name."""

from typing import ClassVar

import pytest

from broken_telephone.errors import StudyError
from broken_telephone.reporting import ReportSettings
from broken_telephone.study_config.settings_group import Settings


class Part(Settings):
    renamed: ClassVar = {"old": "new"}

    new: int = 1


class Whole(Settings):
    parts: list[Part] = []


@pytest.mark.parametrize(
    ("settings", "values", "message"),
    [
        (Part, {"old": 2}, "'old' has a new name: 'new'"),
        (Whole, {"parts": [{}, {"old": 2}]}, "'parts.1.old' has a new name: 'parts.1.new'"),
        (Whole, {"old": 2}, r"'old' is not a setting here \(there are: parts\)"),
        (Whole, {"part": []}, r"\(there are: parts\)\. Did you mean parts\?$"),
        (ReportSettings, {"resamples": 300}, "'resamples' has a new name: 'n_bootstrap'"),
        (ReportSettings, {"between": [[0, 1]]}, "'between' has a new name: 'iteration_pairs'"),
        (ReportSettings, {"margin": 0.1}, "'margin' has a new name: 'equivalence_margin'"),
        (ReportSettings, {"families": ["start"]}, "'families' has a new name: 'fdr_family'"),
        (ReportSettings, {"browsed": 1}, "'browsed' has a new name: 'browsed_chains'"),
    ],
)
def test_a_setting_with_a_new_name_is_refused_with_that_name(settings, values, message):
    with pytest.raises(StudyError, match=message):
        settings.model_validate(values)


def test_present_names_of_renamed_settings_exist():
    assert set(ReportSettings.renamed.values()) < set(ReportSettings.model_fields)
