"""The API page says what the docstrings say."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_made_from_the_docstrings():
    spec = importlib.util.spec_from_file_location("api_page", DOCS / "api_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "api.md").read_text(encoding="utf-8") == module.page(), "run: python docs/api_page.py"
