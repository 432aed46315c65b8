import pandas as pd

from broken_telephone.reporting.page.chain_browser import shown_text
from broken_telephone.reporting.text.limits import drawn_text_sentences


def test_the_report_says_how_drawn_texts_differ_from_descriptions():
    counts = {"descriptions": 40, "reworded": 30, "neutralised": 12, "not_english": 3}
    counts |= {"not_steered": {"age": 0, "gender": 5}, "stated": {}}
    steer = {"anchor": ["gender"], "balance": ["age"]}
    record = {"drawn_texts": counts, "settings": {"loop": {"neutralise": ["age", "gender"], "steer": steer}}}
    text = " ".join(drawn_text_sentences({"loop_manifest": record, "other": {}}))
    assert "drew 30 of 40 descriptions with another wording" in text
    assert "about the descriptions, not about the drawn texts" in text
    assert "Terms of age and gender were taken out of 12 descriptions." in text
    assert "3 descriptions seem not to be English" in text
    assert "name gender, as the data set states it for the original. 5 texts could not name it." in text
    assert text.endswith("name age, drawn from shares.")


def test_without_such_settings_the_report_says_nothing():
    assert drawn_text_sentences({"loop_manifest": {"drawn_texts": {}, "settings": {"loop": {}}}}) == []
    assert drawn_text_sentences({"loop_manifest": {}}) == []


def test_the_browser_shows_the_drawn_text_where_it_is_another_one():
    table = pd.DataFrame({"text": ["She smiles.", "A face."], "drawn_text": ["They smile.", None]})
    assert [shown_text(row) for row in table.itertuples()] == ["She smiles. [drawn as: They smile.]", "A face."]
