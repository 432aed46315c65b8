"""The command `kedro propose`: asks a language model for attributes that a study could add."""

from pathlib import Path
from typing import cast

from kedro.framework.session import KedroSession

from broken_telephone.annotation import AnnotationSettings
from broken_telephone.annotation.attribute_proposals import (
    proposal_prompt,
    proposals_yaml,
    read_proposals,
    sampled_texts,
)
from broken_telephone.console import say, study_option
from broken_telephone.errors import StudyError
from broken_telephone.hooks.outputs import describe
from broken_telephone.ingestion import ChainSettings, DatasetSettings
from broken_telephone.labels.answer_parsing.thinking_marks import separate
from broken_telephone.models import EndpointSettings
from broken_telephone.models.describers.endpoint_describer import EndpointDescriber


def propose_attributes(env: str | None) -> None:
    """Write candidates for `attributes` as comments of a YAML file.

    Args:
        env: the study.

    Raises:
        StudyError: if the settings name no endpoint, there are no descriptions, or the endpoint gives no usable answer.
    """
    with KedroSession.create(Path.cwd(), env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        stated = catalog.load("params:proposer")
        if not stated:
            raise StudyError(
                "No language model is named: state proposer in conf/<study>/parameters.yml, such as "
                "proposer: {endpoint: 'http://localhost:8000/v1', model: a-model} (docs/own_attributes.md)"
            )
        model = EndpointDescriber(EndpointSettings.model_validate({"max_new_tokens": 2000, **stated}), "proposer")
        if not catalog.exists("loop_descriptions"):
            raise StudyError(f"There are no descriptions yet: run `kedro run --pipeline loop{study_option(env)}` first")
        dataset = DatasetSettings.model_validate(catalog.load("params:dataset"))
        annotation = AnnotationSettings.model_validate(catalog.load("params:annotation"))
        chains = ChainSettings.model_validate(catalog.load("params:chains"))
        texts = sampled_texts(catalog.load("loop_descriptions"), chains.seed)
        answer = model.answer(proposal_prompt(texts, list(dataset.words.attributes)))
        model.release()
        text = separate(answer.text, truncated=answer.truncated).answer
        proposals = read_proposals(text, texts, dataset, annotation)
        study = catalog.load("params:study")
        catalog.save("proposed_attributes", proposals_yaml(study, model.name, len(texts), proposals))
        for one in proposals.candidates:
            say(f"{one.name}: {', '.join(one.settings.categories)} ({one.mentioned} of {len(texts)} descriptions)")
        for reason in proposals.refused:
            say(f"Not usable: {reason}")
        say(f"Candidates, all as comments: {describe(catalog.get('proposed_attributes'))['filepath']}")
