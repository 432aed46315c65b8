"""Lists all schemes: the concepts and attributes of each data set, and the meaning of its codes and words.

To add a scheme, add an entry to `SCHEMES`.
"""

from broken_telephone.labels.scheme import OTHER, UNSURE, Scheme, Variable


def _numbered(*values: str, start: int = 0) -> dict[str, str]:
    return {str(number): value for number, value in enumerate(values, start)}


def _words(**words: str) -> dict[str, str]:
    """Return word -> value for values with their words, separated by commas. An underscore in a value is a space."""
    return {word: value.replace("_", " ") for value, texts in words.items() for word in texts.split(", ")}


# Words in a name with MODEL are accepted in the texts of models, and not in a data set.
_GENDERS = ("male", "female")
_GENDER_WORDS = _words(male="man, men, boy", female="woman, women, girl")
_MODEL_GENDERS = _words(male="gentleman, guy, masculine", female="lady, feminine")
_SKIN_TONES = ("lighter", "darker")
_SKIN_WORDS = _words(lighter="light", darker="dark")
_MODEL_SKIN_TONES = _words(
    lighter="fair, pale, light-skinned, fair-skinned, lighter-skinned", darker="dark-skinned, darker-skinned"
)
_EMOTION_WORDS = _words(
    surprise="surprised",
    fear="afraid, fearful, scared",
    disgust="disgusted",
    happiness="happy",
    sadness="sad",
    anger="angry",
)
_MODEL_EMOTIONS = _words(
    surprise="astonished, astonishment, amazed, amazement",
    fear="frightened, terrified, terror",
    disgust="revulsion, repulsed",
    happiness="joy, joyful, cheerful, delighted",
    sadness="unhappy, unhappiness, sorrow, sorrowful",
    anger="furious, enraged, rage",
    neutral="expressionless, emotionless",
)

_RAF_EMOTIONS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
_RAF_ETHNICITIES = ("Caucasian", "African-American", "Asian")
_RAF_AGES = ("0-3", "4-19", "20-39", "40-69", "70+")

RAF = Scheme(
    name="RAF",
    concepts={
        "emotion": Variable(
            _RAF_EMOTIONS,
            codes=_numbered(*_RAF_EMOTIONS, start=1),
            synonyms=_EMOTION_WORDS,
            model_words=_MODEL_EMOTIONS,
        )
    },
    attributes={
        "age": Variable(
            _RAF_AGES,
            codes=_numbered(*_RAF_AGES),
            model_words=dict.fromkeys(("baby", "infant", "newborn", "toddler"), "0-3"),
            years=dict(zip(_RAF_AGES, [(0, 3), (4, 19), (20, 39), (40, 69), (70, None)], strict=True)),
        ),
        "gender": Variable(
            _GENDERS, codes=_numbered(*_GENDERS, UNSURE), synonyms=_GENDER_WORDS, model_words=_MODEL_GENDERS
        ),
        "ethnicity": Variable(
            _RAF_ETHNICITIES,
            codes=_numbered(*_RAF_ETHNICITIES),
            synonyms={"White": "Caucasian", "African American": "African-American", "Black": "African-American"},
            model_words={"European": "Caucasian", "African": "African-American"}
            | _words(Asian="East Asian, Chinese, Japanese, Korean"),
        ),
    },
)

_PHASE_EMOTIONS = ("happiness", "sadness", "fear", "anger", "neutral")
_ACTIVITY = Variable(
    (
        "dance and music",
        "eating",
        "helping and caring",
        "household",
        "personal care",
        "posing",
        "sports",
        "transportation",
        "work",
    ),
    synonyms=_words(
        helping_and_caring="caring", dance_and_music="dance, music", sports="sport", personal_care="personal"
    ),
    model_words=_words(
        helping_and_caring="helping",
        dance_and_music="dancing",
        eating="eats",
        household="housework, household work, household chores",
        posing="poses",
        transportation="transport",
        work="working, works",
    ),
)

PHASE = Scheme(
    name="PHASE",
    concepts={
        "emotion": Variable(
            _PHASE_EMOTIONS,
            synonyms={word: value for word, value in _EMOTION_WORDS.items() if value in _PHASE_EMOTIONS},
            model_words={word: value for word, value in _MODEL_EMOTIONS.items() if value in _PHASE_EMOTIONS},
        ),
        "activity": _ACTIVITY,
    },
    attributes={
        "age": Variable(
            ("baby", "child", "young adult", "adult", "senior"),
            synonyms=_words(child="children", young_adult="young", senior="elderly"),
            model_words=_words(
                baby="infant, newborn",
                child="kid",
                adult="middle-aged, middle-aged adult",
                senior="senior citizen, senior adult, older adult, old",
            ),
            years={
                "baby": (0, 2),
                "child": (3, 14),
                "young adult": (15, 29),
                "adult": (30, 64),
                "senior": (65, None),
            },
        ),
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS, model_words=_MODEL_GENDERS),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS, model_words=_MODEL_SKIN_TONES),
        "ethnicity": Variable(
            (
                "Black",
                "East Asian",
                "Indian",
                "Latino",
                "Middle Eastern",
                "Southeast Asian",
                "White",
                OTHER,
            ),
            model_words=_words(
                Black="African-American, African",
                East_Asian="Chinese, Japanese, Korean",
                Latino="Latina, Latinx, Hispanic",
                Middle_Eastern="Arab",
                White="Caucasian, European",
            ),
        ),
    },
)

FREE = Scheme(
    name="free",
    concepts={
        "emotion": Variable(_RAF_EMOTIONS, synonyms=_EMOTION_WORDS, model_words=_MODEL_EMOTIONS),
        "activity": _ACTIVITY,
    },
    attributes={
        "age": Variable(
            ("child or teenager", "young adult", "middle-aged", "old", OTHER),
            synonyms=_words(child_or_teenager="child, children, teenager, child/teenager", young_adult="young")
            | {"middle aged": "middle-aged", "adult": "middle-aged"}
            | _words(old="senior, elderly"),
            model_words=_words(child_or_teenager="teen, kid, baby, infant, toddler"),
            years={
                "child or teenager": (0, 17),
                "young adult": (18, 34),
                "middle-aged": (35, 59),
                "old": (60, None),
            },
        ),
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS, model_words=_MODEL_GENDERS),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS, model_words=_MODEL_SKIN_TONES),
        "ethnicity": Variable(
            ("white", "Black", "east Asian", "south Asian", OTHER),
            synonyms=_words(white="Caucasian", south_Asian="Indian"),
            model_words=_words(
                white="European", Black="African, African-American", east_Asian="Chinese, Japanese, Korean"
            ),
        ),
    },
)

# COCO has no labels of emotions. Its value "both" is not a category.
COCO = Scheme(
    name="COCO",
    concepts={"person": Variable(("person",))},
    attributes={
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS | {"both": UNSURE}),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS | {"both": UNSURE}),
    },
)

SCHEMES = {"raf": RAF, "phase": PHASE, "free": FREE, "coco": COCO}
