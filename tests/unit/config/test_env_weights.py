"""QUEUE_WEIGHTS: names with a weight each, or a sentence that says what is wrong."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


def read(monkeypatch, text):
    monkeypatch.setenv("QUEUE_WEIGHTS", text)
    return env.weights("QUEUE_WEIGHTS")


def test_names_have_a_weight_each(monkeypatch):
    assert read(monkeypatch, " critical=5, a=b=0.5,low = 1 ,") == {
        "critical": 5.0,
        "a=b": 0.5,
        "low": 1.0,
    }
    assert read(monkeypatch, "") == {}


@pytest.mark.parametrize("bad", ["critical", "critical=", "=5", "a=0", "a=-1", "a=nan", "a=inf"])
def test_what_makes_no_sense_names_the_variable(monkeypatch, bad):
    with pytest.raises(ImproperlyConfigured, match="QUEUE_WEIGHTS has"):
        read(monkeypatch, f"low=1,{bad}")
