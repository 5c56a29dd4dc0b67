import pytest

from jobs.work.images import DEFAULT_SIZE, BadSize, Size, parse_sizes


def test_a_size_reads_and_writes_the_same_words():
    assert Size.parse("640x480") == Size(640, 480) == DEFAULT_SIZE
    assert str(Size(640, 480)) == "640x480"
    assert Size.parse(" 10 X 20 ") == Size(10, 20)


@pytest.mark.parametrize(
    "text", ["", "640", "640x", "x480", "-1x5", "1.5x2", "640x480x2", "a" * 9000]
)
def test_what_is_not_a_size_is_named_in_the_error(text):
    with pytest.raises(BadSize, match="is not a size") as caught:
        Size.parse(text)
    assert repr(text[:40]) in str(caught.value)


@pytest.mark.parametrize("text", ["0x10", "10x0", "10001x1", "1x10001"])
def test_a_size_out_of_range_is_refused(text):
    with pytest.raises(ValueError, match=text):
        Size.parse(text)


def test_sizes_keep_their_order_and_come_once():
    assert parse_sizes("200x200, 640x480,200x200") == (Size(200, 200), Size(640, 480))


@pytest.mark.parametrize("text", ["", "  ", "640x480,", ",", "640x480;200x200"])
def test_a_broken_list_of_sizes_is_refused(text):
    with pytest.raises(BadSize):
        parse_sizes(text)


def test_twenty_sizes_are_the_most():
    twenty = ",".join(f"{n}x{n}" for n in range(1, 21))
    assert len(parse_sizes(twenty)) == 20
    with pytest.raises(BadSize, match="21 sizes"):
        parse_sizes(twenty + ",21x21")


def test_the_covering_box_is_the_largest_of_each_side():
    assert Size.covering([Size(10, 90), Size(80, 20)]) == Size(80, 90)
