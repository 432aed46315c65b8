"""The settings of a study's models."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from broken_telephone.models.presets import resolve
from broken_telephone.study_config.credentials import refusal, secret_in
from broken_telephone.study_config.settings_group import Settings

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
DetectorNetwork = Literal["retinaface_mobile0.25", "retinaface_resnet50"]
ParserNetwork = Literal["parsenet", "bisenet"]
_REGIONS = ("background", "hair", "face", "body")


class PublicSettings(Settings):
    """Settings that a study's records repeat, so that no text in them may hold a secret."""

    @field_validator("*")
    @classmethod
    def _without_credentials(cls, stated: Any, field: ValidationInfo) -> Any:
        if isinstance(stated, str | dict) and (where := secret_in(stated)) is not None:
            raise refusal(
                f"{field.field_name}{where and '.'}{where} would write a secret into the study's records: take the "
                "key, the user and the password away. The hub's token comes from `hf auth login` or from the "
                "environment variable HF_TOKEN"
            )
        return stated


class Source(PublicSettings):
    """Names the place that weights come from."""

    path: str | None = None
    """A folder made by `save_pretrained`, relative to the project. The network is never used for it."""
    hub: str | None = None
    """Or an id on the Hugging Face hub, downloaded if it is not in the local cache."""
    revision: str | None = None
    """Commit, tag or branch of the hub id."""

    holds: ClassVar[str | None] = None
    """The file that a folder must hold to be such a model."""
    advice: ClassVar[str] = "Name the folder that save_pretrained made."
    """What to do if it does not."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.hub is None):
            raise ValueError("give either path (a local folder) or hub (an id on the hub)")
        if self.revision is not None and self.hub is None:
            raise ValueError("a revision belongs to a hub id; a local folder has none")
        return self


class TorchSettings(Source):
    """Names the place that a model comes from, and says how it is loaded."""

    holds = "config.json"

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto` is bfloat16 on a GPU that has it, else float16 on a GPU, and float32 on the CPU.

    A pipeline of diffusers takes bfloat16 on a CPU, too, if the CPU multiplies it natively (AVX-512 BF16, AMX).
    """
    device: str = "auto"
    """`auto` (a CUDA GPU if there is one), `cpu`, `cuda`, `cuda:1`, `mps` (Apple) and others of torch."""
    load: dict[str, Any] = {}
    """Further arguments of `from_pretrained`. A device_map spreads a model over GPUs; `device` then does not count."""


class ModelSettings(TorchSettings):
    """The settings of a model that a study names."""

    preset: str | None = None
    """Or the name of a known model, see docs/models.md. Its values fill in the settings that are not stated."""

    kind: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, stated: Any) -> Any:
        return resolve(stated, cls.kind)


class LoraSettings(Source):
    """LoRA weights on top of a pipeline. `path` may be a single .safetensors file."""

    weight_name: str | None = None
    """The file, where there are several."""
    scale: float = 1.0
    """Strength of the LoRA weights: 0 for none, 1 as they were trained."""

    @field_validator("weight_name")
    @classmethod
    def _safe(cls, name: str | None) -> str | None:
        if name is not None and not name.endswith(".safetensors"):
            raise ValueError("weights are read from .safetensors files only")
        return name


class SchedulerSettings(PublicSettings):
    """A scheduler in place of the pipeline's own; a bare name stands for one without arguments."""

    name: str
    """A class of diffusers, such as EulerDiscreteScheduler."""
    arguments: dict[str, Any] = {}
    """Differences from the configuration of the pipeline's own scheduler."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, stated: Any) -> Any:
        return {"name": stated} if isinstance(stated, str) else stated


class StepCacheSettings(PublicSettings):
    """Steps at which a transformer predicts the outputs of its layers from earlier steps. Images are approximations.

    Which steps these are depends on their number alone, so that an image does not depend on others in its batch.
    """

    interval: Annotated[int, Field(ge=2)]
    """Every how many steps the layers are computed."""
    first: Annotated[int, Field(ge=2)] = 3
    """Steps at the beginning of every image that are always computed. They decide what is drawn."""


class GeneratorSettings(ModelSettings):
    """A text-to-image pipeline of diffusers. The pipeline chooses what is null."""

    kind = "generator"
    holds = "model_index.json"
    advice = (
        "Name the folder of a pipeline of diffusers. A model of transformers that draws, such as Janus, needs "
        "`unified: true` beside its path."
    )

    call: dict[str, Any] = {}
    """Further arguments of every call of the pipeline."""
    steps: Positive | None = None
    """Denoising steps."""
    guidance: Annotated[float, Field(ge=0)] | None = None
    """Scale of the classifier-free guidance, as the pipeline defines it."""
    width: Positive | None = None
    """Width of the drawn images in pixels."""
    height: Positive | None = None
    """Height of the drawn images in pixels."""
    negative_prompt: str | None = None
    """A text that guidance leads away from."""
    scheduler: SchedulerSettings | None = None
    """A scheduler in place of the pipeline's own; its name alone is enough."""
    lora: LoraSettings | None = None
    """LoRA weights on top of the pipeline, with `path` or `hub`, and `revision`."""
    compile: Literal["auto", "on", "graphs", "off"] = "auto"
    """Whether the denoiser's blocks are compiled: slower at first, then faster; equal up to rounding.

    `auto`: for a stated `loop.draw_batch` and enough pictures (`models/generators/speed/compilation.py`), where a
    compiler exists. `graphs`: the whole denoiser is compiled and replayed as a CUDA graph, for a stated
    `loop.draw_batch`.
    """
    offload: Literal["none", "model", "sequential"] = "none"
    """Which parts stay in the computer's memory until they are used, for a small GPU."""
    attention: Literal["cudnn", "flash", "flash_3"] | None = None
    """Library of the transformer's attention on a GPU, where the pipeline lets it be chosen; equal up to rounding."""
    quantisation: Literal["fp8", "fp8_stored"] | None = None
    """`fp8`: layers multiply numbers of 8 bits, by torchao, on a GPU. `fp8_stored`: weights lie in memory at 8 bits.

    Both change images, and the seal records them.
    """
    step_cache: StepCacheSettings | None = None
    """`{interval: 2}` computes the known layers at every second step only, after the first 3.

    Images are approximations.
    """

    @field_validator("compile", mode="before")
    @classmethod
    def _switch(cls, stated: Any) -> Any:
        # YAML reads `on` and `off` as true and false.
        return {True: "on", False: "off"}[stated] if isinstance(stated, bool) else stated

    @model_validator(mode="after")
    def _compiled_parts_stay(self) -> Self:
        if self.compile == "on" and self.offload == "sequential":
            raise ValueError("compile and offload: sequential exclude each other; offload: model goes with compile")
        if self.compile == "graphs" and self.offload != "none":
            raise ValueError("compile: graphs needs all parts on the GPU: set offload to none")
        return self

    @model_validator(mode="after")
    def _options_go_together(self) -> Self:
        if self.quantisation is not None and self.lora is not None:
            raise ValueError("quantisation and lora exclude each other: merge the LoRA into the saved pipeline first")
        if self.quantisation is not None and self.offload == "sequential":
            raise ValueError("quantisation and offload: sequential exclude each other; offload: model goes with it")
        if self.compile in {"on", "graphs"} and (self.step_cache is not None or self.quantisation == "fp8_stored"):
            name = "step_cache" if self.step_cache is not None else "quantisation: fp8_stored"
            raise ValueError(
                f"compile and {name} exclude each other: what {name} changes at every step is not compiled"
            )
        if self.step_cache is not None and self.steps is not None and self.steps <= self.step_cache.first:
            raise ValueError(
                f"step_cache would change nothing: steps is {self.steps}, and the first {self.step_cache.first} are "
                "always computed"
            )
        return self


class AdapterSettings(Source):
    """A PEFT adapter on top of a describer: a folder with adapter_config.json."""

    holds = "adapter_config.json"


class DescriberSettings(ModelSettings):
    """An image-text-to-text model of transformers."""

    kind = "describer"

    call: dict[str, Any] = {}
    """Further arguments of every call of `generate`."""
    max_new_tokens: Positive = 77
    """Length of the longest answer in tokens."""
    system: str | None = None
    """A system prompt, for models whose chat template has a place for it."""
    template: str | None = None
    """The form of the prompt for a model without a chat template, such as `<image>{prompt}`; else `{prompt}`."""
    chat_template_kwargs: dict[str, Any] | None = None
    """Switches that the model's chat template reads, such as `{enable_thinking: false}`."""
    adapter: AdapterSettings | None = None
    """A PEFT adapter, with `path` or `hub`, and `revision`."""
    quantisation: Literal["8bit", "4bit"] | None = None
    """Precision to which bitsandbytes reduces the weights, on a GPU."""

    @field_validator("template")
    @classmethod
    def _has_a_place(cls, template: str | None) -> str | None:
        if template is not None and "{prompt}" not in template:
            raise ValueError('a template needs a place for the prompt: "{prompt}"')
        return template


class TextEncoderSettings(TorchSettings):
    """A sentence encoder of transformers, pooled by the mean over a text's tokens as in sentence-transformers."""

    max_tokens: Positive | None = None
    """Length of a text in tokens, if the model reads fewer than it has positions: `max_seq_length` in its
    `sentence_bert_config.json`."""


class EmbedderSettings(ModelSettings):
    """A dual encoder of transformers, such as CLIP or SigLIP."""

    kind = "embedder"

    texts: TextEncoderSettings | None = None
    """A model for texts alone, with `path` or `hub`, that compares descriptions with each other; null: the dual
    encoder."""


class FacexlibSettings(PublicSettings):
    """Names the place that the weights of a facexlib network come from. It always runs in float32."""

    path: str | None = None
    """A folder with config.json and model.safetensors, or a file of facexlib's weights, .pth or .safetensors."""
    facexlib: str | None = None
    """Or a network that facexlib publishes. Its weights are fetched on first use, unless torch's cache has them."""
    network: str | None = None
    """The network that a file holds the weights of. A folder names it in its config.json."""
    device: str = "auto"
    """`auto` (a GPU if there is one), `cpu`, `cuda`, `cuda:1` and others of torch."""

    files: ClassVar[tuple[str, ...]] = (".pth", ".safetensors")
    """Suffixes of files of weights."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.facexlib is None):
            raise ValueError("give either path (a local folder or file) or facexlib (a network that it publishes)")
        if self.is_file and self.network is None:
            raise ValueError("a file needs network: which of facexlib's networks it holds the weights of")
        if not self.is_file and self.network is not None:
            raise ValueError(f"network belongs to a path that is a file ({' or '.join(self.files)})")
        return self

    @property
    def is_file(self) -> bool:
        """Whether the path names a file of weights."""
        return self.path is not None and Path(self.path).suffix in self.files


class DetectorSettings(FacexlibSettings):
    """A face detector: RetinaFace."""

    facexlib: DetectorNetwork | None = None
    network: DetectorNetwork | None = None
    longest: Positive | None = None
    """Pixels to which a picture's longer side is scaled first; null: what config.json says, else as it is."""
    score: Share | None = None
    """Minimum score of a face; null: what config.json says, else facexlib's 0.8."""
    overlap: Share | None = None
    """Maximum overlap (intersection over union) of two faces; null: what config.json says, else facexlib's 0.4."""


class ParserSettings(FacexlibSettings):
    """A region parser: ParseNet or BiSeNet."""

    facexlib: ParserNetwork | None = None
    network: ParserNetwork | None = None
    grow: Annotated[float, Field(ge=1)] | None = None
    """Side of the square around a face that the parser reads, as a multiple of the longer side of the face's box.

    null: a folder's parser reads the whole picture; facexlib's networks, which were trained on portraits, take 2."""


class SegmenterSettings(TorchSettings):
    """A region parser: a semantic segmentation model of transformers."""

    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "float32"
    """As for facexlib's networks: a region is the same on every device."""
    regions: dict[str, Annotated[list[str], Field(min_length=1)]] | None = None
    """Region -> names of its classes in the model's id2label; classes that no region names are background.

    null: the classes have the names of CelebAMask-HQ, such as skin, l_brow, hair and cloth."""
    grow: Annotated[float, Field(ge=1)] | None = None
    """Side of the square around a face that the parser reads, as a multiple of the longer side of the face's box.

    null: it reads the whole picture. A model that was trained on portraits takes about 2."""

    @field_validator("regions")
    @classmethod
    def _each_class_once(cls, regions: dict[str, list[str]] | None) -> dict[str, list[str]] | None:
        if regions is None:
            return None
        if unknown := [name for name in regions if name not in _REGIONS]:
            raise ValueError(f"{unknown[0]!r} is no region: regions are {', '.join(_REGIONS)}")
        if missing := [name for name in ("hair", "face") if name not in regions]:
            raise ValueError(f"regions needs classes for {' and '.join(missing)}")
        names = [name for classes in regions.values() for name in classes]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"regions names {', '.join(twice)} more than once")
        return regions
