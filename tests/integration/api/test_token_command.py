import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.models import Token
from jobs.operations.tokens import authenticate

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("token", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_token_is_shown_once_and_alone_on_its_line():
    out, err = run("create", "ci")
    assert re.fullmatch(r"hachi_[A-Za-z0-9_-]{43}\n", out)
    assert "not shown again" in err
    assert authenticate(out.strip(), timezone.now()).name == "ci"
    assert out.strip() not in str(Token.objects.values())


def test_tokens_are_listed_with_what_became_of_them():
    run("create", "ci")
    run("create", "old")
    run("revoke", "old")
    lines = run("list")[0].splitlines()
    assert [line.split("\t")[0] for line in lines] == ["ci", "old"]
    assert lines[0].endswith("unused")
    assert "revoked" in lines[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["revoke", "nobody"], "There is no token with the name 'nobody'."),
        (["create", " "], "A token's name is 1 to 100 printable characters"),
        (["create", "x" * 101], "A token's name is 1 to 100 printable characters"),
        (["create", "a\nb"], "A token's name is 1 to 100 printable characters"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(words, sentence):
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run(*words)


def test_a_name_is_given_once_for_all_times():
    run("create", "ci")
    run("revoke", "ci")
    with pytest.raises(CommandError, match="Choose another name"):
        run("create", "ci")
    with pytest.raises(CommandError, match="revoked already"):
        run("revoke", "ci")


def test_without_a_verb_it_says_what_there_is():
    with pytest.raises(CommandError, match=r"create \| list \| revoke"):
        run()
