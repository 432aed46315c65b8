"""The loop says at its start where its live page will be, and the page is there."""

import re
import urllib.request

from broken_telephone.reporting.sheets import live_sheet


def test_the_address_that_the_loop_prints_opens_the_live_page(project, caplog, monkeypatch):
    # In place of 15 seconds.
    monkeypatch.setattr(live_sheet, "_EVERY", 0.0)
    project.run(loop__iterations=1)
    [address] = re.findall(r"Live page, after 15 s: (file://\S+)", caplog.text)
    # Before any model works.
    assert caplog.text.index(address) < caplog.text.index("The describer describer")
    with urllib.request.urlopen(address) as page:
        assert "<h1>miniature</h1>" in page.read().decode()
    # A run with nothing to do has no live page.
    caplog.clear()
    project.run(loop__iterations=1)
    assert "Live page" not in caplog.text
