"""The schemes: which concepts and attributes each data set labels, and what its codes and words mean.

A new scheme is one more entry in `SCHEMES`.
"""

from broken_telephone.labels.scheme import OTHER, UNSURE, Scheme, Variable


def _numbered(*values: str, start: int = 0) -> dict[str, str]:
    return {str(number): value for number, value in enumerate(values, start)}


_GENDERS = ("male", "female")
_GENDER_WORDS = {"man": "male", "men": "male", "boy": "male", "woman": "female", "women": "female", "girl": "female"}
# What models say, too: heeded where their texts are read, not where a data set is.
_SAID_GENDERS = {
    "gentleman": "male",
    "guy": "male",
    "masculine": "male",
    "lady": "female",
    "feminine": "female",
}
_SKIN_TONES = ("lighter", "darker")
_SKIN_WORDS = {"light": "lighter", "dark": "darker"}
_SAID_SKIN_TONES = {
    "fair": "lighter",
    "pale": "lighter",
    "light-skinned": "lighter",
    "fair-skinned": "lighter",
    "lighter-skinned": "lighter",
    "dark-skinned": "darker",
    "darker-skinned": "darker",
}
_EMOTION_WORDS = {
    "surprised": "surprise",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "disgusted": "disgust",
    "happy": "happiness",
    "sad": "sadness",
    "angry": "anger",
}
_SAID_EMOTIONS = {
    "astonished": "surprise",
    "astonishment": "surprise",
    "amazed": "surprise",
    "amazement": "surprise",
    "frightened": "fear",
    "terrified": "fear",
    "terror": "fear",
    "revulsion": "disgust",
    "repulsed": "disgust",
    "joy": "happiness",
    "joyful": "happiness",
    "cheerful": "happiness",
    "delighted": "happiness",
    "unhappy": "sadness",
    "unhappiness": "sadness",
    "sorrow": "sadness",
    "sorrowful": "sadness",
    "furious": "anger",
    "enraged": "anger",
    "rage": "anger",
    "expressionless": "neutral",
    "emotionless": "neutral",
}

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
            said=_SAID_EMOTIONS,
        )
    },
    attributes={
        "age": Variable(
            _RAF_AGES,
            codes=_numbered(*_RAF_AGES),
            said={"baby": "0-3", "infant": "0-3", "newborn": "0-3", "toddler": "0-3"},
            years=dict(zip(_RAF_AGES, [(0, 3), (4, 19), (20, 39), (40, 69), (70, None)], strict=True)),
        ),
        "gender": Variable(_GENDERS, codes=_numbered(*_GENDERS, UNSURE), synonyms=_GENDER_WORDS, said=_SAID_GENDERS),
        "ethnicity": Variable(
            _RAF_ETHNICITIES,
            codes=_numbered(*_RAF_ETHNICITIES),
            synonyms={"White": "Caucasian", "African American": "African-American", "Black": "African-American"},
            said={
                "European": "Caucasian",
                "African": "African-American",
                "East Asian": "Asian",
                "Chinese": "Asian",
                "Japanese": "Asian",
                "Korean": "Asian",
            },
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
    synonyms={
        "caring": "helping and caring",
        "dance": "dance and music",
        "music": "dance and music",
        "sport": "sports",
        "personal": "personal care",
    },
    said={
        "helping": "helping and caring",
        "dancing": "dance and music",
        "eats": "eating",
        "housework": "household",
        "household work": "household",
        "household chores": "household",
        "poses": "posing",
        "transport": "transportation",
        "working": "work",
        "works": "work",
    },
)

PHASE = Scheme(
    name="PHASE",
    concepts={
        "emotion": Variable(
            _PHASE_EMOTIONS,
            synonyms={word: value for word, value in _EMOTION_WORDS.items() if value in _PHASE_EMOTIONS},
            said={word: value for word, value in _SAID_EMOTIONS.items() if value in _PHASE_EMOTIONS},
        ),
        "activity": _ACTIVITY,
    },
    attributes={
        "age": Variable(
            ("baby", "child", "young adult", "adult", "senior"),
            synonyms={"children": "child", "young": "young adult", "elderly": "senior"},
            said={
                "infant": "baby",
                "newborn": "baby",
                "kid": "child",
                "middle-aged": "adult",
                "middle-aged adult": "adult",
                "senior citizen": "senior",
                "senior adult": "senior",
                "older adult": "senior",
                "old": "senior",
            },
            years={
                "baby": (0, 2),
                "child": (3, 14),
                "young adult": (15, 29),
                "adult": (30, 64),
                "senior": (65, None),
            },
        ),
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS, said=_SAID_GENDERS),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS, said=_SAID_SKIN_TONES),
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
            said={
                "African-American": "Black",
                "African": "Black",
                "Chinese": "East Asian",
                "Japanese": "East Asian",
                "Korean": "East Asian",
                "Latina": "Latino",
                "Latinx": "Latino",
                "Hispanic": "Latino",
                "Arab": "Middle Eastern",
                "Caucasian": "White",
                "European": "White",
            },
        ),
    },
)

FREE = Scheme(
    name="free",
    concepts={"emotion": Variable(_RAF_EMOTIONS, synonyms=_EMOTION_WORDS, said=_SAID_EMOTIONS), "activity": _ACTIVITY},
    attributes={
        "age": Variable(
            ("child or teenager", "young adult", "middle-aged", "old", OTHER),
            synonyms={
                "child": "child or teenager",
                "children": "child or teenager",
                "teenager": "child or teenager",
                "child/teenager": "child or teenager",
                "young": "young adult",
                "middle aged": "middle-aged",
                "adult": "middle-aged",
                "senior": "old",
                "elderly": "old",
            },
            said={
                "teen": "child or teenager",
                "kid": "child or teenager",
                "baby": "child or teenager",
                "infant": "child or teenager",
                "toddler": "child or teenager",
            },
            years={
                "child or teenager": (0, 17),
                "young adult": (18, 34),
                "middle-aged": (35, 59),
                "old": (60, None),
            },
        ),
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS, said=_SAID_GENDERS),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS, said=_SAID_SKIN_TONES),
        "ethnicity": Variable(
            ("white", "Black", "east Asian", "south Asian", OTHER),
            synonyms={"Caucasian": "white", "Indian": "south Asian"},
            said={
                "European": "white",
                "African": "Black",
                "African-American": "Black",
                "Chinese": "east Asian",
                "Japanese": "east Asian",
                "Korean": "east Asian",
            },
        ),
    },
)

# COCO's pictures show people; nobody labelled what they feel. "Both" occurs there, and is no category.
COCO = Scheme(
    name="COCO",
    concepts={"person": Variable(("person",))},
    attributes={
        "gender": Variable(_GENDERS, synonyms=_GENDER_WORDS | {"both": UNSURE}),
        "skin_tone": Variable(_SKIN_TONES, synonyms=_SKIN_WORDS | {"both": UNSURE}),
    },
)

SCHEMES = {"raf": RAF, "phase": PHASE, "free": FREE, "coco": COCO}
