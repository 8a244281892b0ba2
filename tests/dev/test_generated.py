"""Files that are made from the code are noticed when they are not in step, and writing them puts them right."""

from __future__ import annotations

from pathlib import Path

import pytest
from dev import complaint_gates, compose, duty_names, generated, refusal_words, service_docs

from contracts import asyncapi


def test_a_file_that_is_not_in_step_is_named_and_writing_puts_it_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = (asyncapi, service_docs, complaint_gates, compose, duty_names, refusal_words)
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    for n, one in enumerate(made):
        monkeypatch.setattr(one, "TARGETS", (tmp_path / f"file-{n}",))
        monkeypatch.setattr(one, "text", lambda n=n: f"as the code says {n}\n")

    assert generated.main(["--check"]) == 1
    assert capsys.readouterr().out.count("file-") == len(made)
    assert generated.main([]) == 0
    assert generated.main(["--check"]) == 0
    (tmp_path / "file-3").write_text("as somebody wrote\n")
    assert generated.main(["--check"]) == 1
    assert "file-3:" in capsys.readouterr().out
