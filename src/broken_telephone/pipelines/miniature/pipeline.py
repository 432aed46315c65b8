"""Wiring of the miniature pipeline: render, train, measure.

One model alone: `kedro run --pipeline miniature --tags judge`; the quality tables from the shipped weights:
`kedro run --pipeline miniature --tags quality`. The describers with a planted shortcut are not shipped:
`kedro run --pipeline miniature --tags shortcut` makes and measures both from the shipped weights. `--tags adapters`
makes and measures the adapters, `--tags adapter_even` (or another name) one of them. `--tags classifier` makes and
measures the second annotator. `--tags counterfactuals` writes the raw data sets with all people shown as women, and as
men; they are not shipped.
"""

from kedro.pipeline import Node, Pipeline

from broken_telephone.pipelines.miniature import measuring, rendering, training

EVEN = ["even_portraits", "even_scenes"]
TWINS = ["twin_portraits", "twin_scenes"]
BIASED = ["biased_portraits", "biased_scenes"]
HELDOUT = ["heldout_portraits", "heldout_scenes"]
SHORTCUTS = ["background", "hair"]
GENERATOR_ADAPTERS = ["even", "reversed", "other"]
DESCRIBER_ADAPTERS = ["leaking", "leaning"]
MODELS = ["autoencoder", "generator", "describer", "embedder", "detector", "parser", "judge"]


def _training(name: str, inputs: list[str], *parts_of: str, outputs: str | None = None) -> Node:
    return Node(
        getattr(training, f"train_{name}"),
        inputs=[*inputs, f"params:miniature.{name}"],
        outputs=outputs or f"miniature_{name}",
        name=f"train_{name}",
        tags=[name, *parts_of, "training"],
    )


def _shortcut(trait: str) -> list[Node]:
    name, tags = f"shortcut_{trait}", ["shortcut", f"shortcut_{trait}"]
    world = f"params:miniature.worlds.{name}"
    renderers = [
        Node(
            rendering.render_portraits,
            inputs=[
                world,
                *(f"params:miniature.{settings}.{key}" for key in ("portraits", "seed")),
                "params:miniature.workers",
            ],
            outputs=f"{name}_{part}",
            name=f"render_{name}_{part}",
            tags=tags,
        )
        for part, settings in (("portraits", "shortcut_portraits"), ("heldout", "heldout"))
    ]
    return [
        *renderers,
        Node(
            training.train_shortcut,
            inputs=["miniature_generator", "miniature_describer", f"{name}_portraits", "params:miniature.shortcut"],
            outputs=f"miniature_{name}",
            name=f"train_{name}",
            tags=tags,
        ),
        Node(
            measuring.measure_shortcut,
            inputs=[world, f"miniature_{name}", f"{name}_heldout", "heldout_portraits"],
            outputs=f"quality_{name}",
            name=f"measure_{name}",
            tags=tags,
        ),
    ]


def _adapter_pictures() -> Node:
    return Node(
        rendering.render,
        inputs=[
            "params:miniature.worlds.even",
            *(f"params:miniature.adapter_pictures.{key}" for key in ("portraits", "scenes", "seed")),
            "params:miniature.workers",
        ],
        outputs=["adapter_portraits", "adapter_scenes"],
        name="render_adapter_pictures",
        tags=["adapters", *(f"adapter_{name}" for name in (*GENERATOR_ADAPTERS, *DESCRIBER_ADAPTERS)), "classifier"],
    )


def _generator_adapter(world: str) -> list[Node]:
    name, tags = f"adapter_{world}", ["adapters", f"adapter_{world}"]
    return [
        Node(
            training.train_generator_adapter,
            inputs=[
                "miniature_generator",
                "adapter_portraits",
                "adapter_scenes",
                f"params:miniature.worlds.{world}",
                "params:miniature.worlds.planted",
                "params:miniature.generator_adapter",
            ],
            outputs=name,
            name=f"train_{name}",
            tags=tags,
        ),
        Node(
            measuring.measure_generator_adapter,
            inputs=[
                "generator",
                name,
                "miniature_judge",
                f"params:miniature.worlds.{world}",
                "params:miniature.worlds.planted",
                "params:miniature.generator_adapter_quality",
            ],
            outputs=f"quality_{name}",
            name=f"measure_{name}",
            tags=[*tags, "adapter_quality"],
        ),
    ]


def _describer_adapter(behaviour: str) -> list[Node]:
    name, tags = f"adapter_{behaviour}", ["adapters", f"adapter_{behaviour}"]
    return [
        Node(
            training.train_describer_adapter,
            inputs=[
                "miniature_generator",
                "miniature_describer",
                "adapter_portraits",
                "adapter_scenes",
                f"params:miniature.describer_behaviours.{behaviour}",
                "params:miniature.describer_adapter",
            ],
            outputs=name,
            name=f"train_{name}",
            tags=tags,
        ),
        Node(
            measuring.measure_describer_adapter,
            inputs=[
                "describer",
                name,
                "heldout_portraits",
                "heldout_scenes",
                "params:miniature.describer_adapter_quality",
            ],
            outputs=f"quality_{name}",
            name=f"measure_{name}",
            tags=[*tags, "adapter_quality"],
        ),
    ]


def _classifier() -> list[Node]:
    twins = ["classifier_twin_portraits", "classifier_twin_scenes"]
    return [
        Node(
            rendering.render_twins,
            inputs=[
                "params:miniature.worlds.even",
                *(f"params:miniature.classifier_twins.{key}" for key in ("portraits", "scenes", "seed")),
                "params:miniature.workers",
            ],
            outputs=twins,
            name="render_classifier_twins",
            tags="classifier",
        ),
        Node(
            training.train_classifier,
            inputs=["adapter_portraits", "adapter_scenes", *twins, "params:miniature.classifier"],
            outputs="miniature_classifier",
            name="train_classifier",
            tags="classifier",
        ),
        Node(
            measuring.measure_classifier,
            inputs=[
                "miniature_classifier",
                "miniature_judge",
                "generator",
                *HELDOUT,
                "params:miniature.classifier_quality",
            ],
            outputs="quality_classifier",
            name="measure_classifier",
            tags="classifier",
        ),
    ]


def create_pipeline() -> Pipeline:
    """Return the pipeline that makes all that is shipped with the project, and the describers with a shortcut."""
    worlds = [
        Node(
            rendering.render,
            inputs=[
                f"params:miniature.worlds.{world}",
                *(f"params:miniature.{name}.{key}" for key in ("portraits", "scenes", "seed")),
                "params:miniature.workers",
            ],
            outputs=outputs,
            name=f"render_{name}",
            tags=tags,
        )
        for name, world, outputs, tags in (
            (
                "even",
                "even",
                EVEN,
                [*MODELS, "training"],
            ),
            ("biased", "planted", BIASED, ["generator", "training"]),
            (
                "heldout",
                "even",
                HELDOUT,
                [
                    *("quality", "shortcut", *(f"shortcut_{trait}" for trait in SHORTCUTS)),
                    *("adapters", "adapter_quality", *(f"adapter_{name}" for name in DESCRIBER_ADAPTERS), "classifier"),
                ],
            ),
        )
    ]
    twins = Node(
        rendering.render_twins,
        inputs=[
            "params:miniature.worlds.even",
            *(f"params:miniature.twins.{key}" for key in ("portraits", "scenes", "seed")),
            "params:miniature.workers",
        ],
        outputs=TWINS,
        name="render_twins",
        tags=["judge", "generator", "training"],
    )
    trainers = [
        _training("judge", [*EVEN, *TWINS]),
        # The generator paints with it, and the describer learns from pictures that went through it.
        _training("autoencoder", EVEN, "generator", "describer"),
        _training("generator", ["miniature_autoencoder", *BIASED], outputs="miniature_generator_uncorrected"),
        Node(
            training.train_judge,
            inputs=[*EVEN, *TWINS, "params:miniature.counters"],
            outputs="miniature_counters",
            name="train_counters",
            tags=["generator", "training"],
        ),
        Node(
            training.correct_generator,
            inputs=[
                "miniature_generator_uncorrected",
                "miniature_counters",
                *BIASED,
                "params:miniature.worlds.planted",
                "params:miniature.correction",
            ],
            outputs=["miniature_generator", "quality_corrections"],
            name="correct_generator",
            tags=["generator", "training"],
        ),
        _training("describer", ["miniature_autoencoder", *EVEN]),
        _training("embedder", EVEN),
        _training("detector", EVEN),
        _training("parser", EVEN),
    ]
    raw = Node(
        rendering.write_raw_data,
        inputs=["params:miniature.worlds.even", "params:miniature.raw_data"],
        outputs=["miniature_portraits", "miniature_scenes"],
        name="write_raw_data",
        tags="raw_data",
    )
    counterfactuals = Node(
        rendering.write_counterfactuals,
        inputs=["params:miniature.worlds.even", "params:miniature.raw_data", "params:miniature.counterfactuals"],
        outputs="miniature_counterfactuals",
        name="write_counterfactuals",
        tags="counterfactuals",
    )
    quality = [
        Node(
            measuring.measure_readers,
            inputs=[
                "miniature_judge",
                "miniature_embedder",
                "miniature_detector",
                "miniature_parser",
                "describer",
                "miniature_describer",
                *HELDOUT,
            ],
            outputs="quality_readers",
            name="measure_readers",
            tags="quality",
        ),
        Node(
            measuring.measure_generator,
            inputs=[
                "generator",
                "miniature_generator",
                "miniature_judge",
                "params:miniature.worlds.planted",
                "params:miniature.quality",
            ],
            outputs=["quality_shown", "quality_shares"],
            name="measure_generator",
            tags="quality",
        ),
        Node(
            measuring.report_quality,
            inputs=["quality_readers", "quality_shown", "quality_shares"],
            outputs="quality_report",
            name="report_quality",
            tags="quality",
        ),
        Node(
            measuring.write_cards,
            inputs={
                **{name: f"quality_{name}" for name in ("readers", "shown", "shares")},
                **{name: f"miniature_{name}" for name in MODELS if name != "autoencoder"},
            },
            outputs=None,
            name="write_cards",
            tags="quality",
        ),
    ]
    shortcuts = [node for trait in SHORTCUTS for node in _shortcut(trait)]
    adapters = [node for name in GENERATOR_ADAPTERS for node in _generator_adapter(name)]
    adapters += [node for name in DESCRIBER_ADAPTERS for node in _describer_adapter(name)]
    boxes = {
        "worlds": [*worlds, twins, _adapter_pictures(), raw, counterfactuals],
        "training": trainers,
        "quality": quality,
        "shortcuts": shortcuts,
        "adapters": adapters,
        "classifier": _classifier(),
    }
    return Pipeline(
        [Pipeline(box, namespace=name, prefix_datasets_with_namespace=False) for name, box in boxes.items()]
    )
