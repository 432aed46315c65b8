"""The lines after a run: numbers of one thing, and no lines about nothing."""

from broken_telephone.hooks.summary import _annotation_lines


def asked(answered: int, failures: int) -> dict:
    return {
        "reading": "free",
        "by": f"annotator of {answered}",
        "answered": answered,
        "failures": [{}] * failures,
        "seconds": 1.4,
    }


def test_questions_without_answers_have_no_line_unless_they_failed():
    questions = {"a": asked(9, 1), "b": asked(0, 0), "c": asked(1, 0), "d": asked(0, 2)}
    lines = _annotation_lines({"asked": questions, "statuses": {}})
    assert lines == [
        "Annotation, free: annotator of 9 answered for 9 pictures in 1 s, 1 failure.",
        "Annotation, free: annotator of 1 answered for 1 picture in 1 s, 0 failures.",
        "Annotation, free: annotator of 0 answered for 0 pictures in 1 s, 2 failures.",
    ]
