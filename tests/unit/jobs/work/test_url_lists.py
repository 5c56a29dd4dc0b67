import pytest

from jobs.work.fetch import Policy
from jobs.work.url_lists import BadUrlList, check_urls, decode, read_urls

POLICY = Policy()
COMMAS = "https://res.example.com/image/w_300,h_200/a.jpg"


def urls(text, **options):
    return [one.url for one in read_urls(text, POLICY, most=100, **options).wanted]


def test_a_line_is_an_address_and_blank_lines_and_notes_are_skipped():
    found = read_urls("\ufeff# mine\n\n https://e.com/a \r\nhttps://e.com/b,c", POLICY, most=9)
    assert [(one.line, one.url) for one in found.wanted] == [
        (3, "https://e.com/a"),
        (4, "https://e.com/b,c"),
    ]


def test_an_address_that_stands_there_twice_is_made_once():
    found = read_urls("https://e.com/a\nhttps://e.com/b\nhttps://e.com/a", POLICY, most=2)
    assert (len(found.wanted), found.repeated) == (2, 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_told_by_its_header_and_its_delimiter_is_found(delimiter):
    rows = [("id", "Image_URL", "title"), ("1", "https://e.com/a", '"a, b; c"')]
    assert urls("\n".join(delimiter.join(row) for row in rows)) == ["https://e.com/a"]


def test_a_table_without_header_has_nothing_but_addresses():
    text = 'https://e.com/a\n"https://e.com/b,c"\n'
    assert urls(text, is_table=True) == ["https://e.com/a", "https://e.com/b,c"]
    with pytest.raises(BadUrlList, match="1 line ") as found:
        urls(f"{COMMAS}\nhttps://e.com/b\n", is_table=True)
    assert COMMAS in str(found.value.problems[0])
    assert "one of them url" in str(found.value.problems[0])


@pytest.mark.parametrize("is_table", [True, False])
def test_an_address_with_commas_is_whole_where_there_is_one_column(is_table):
    assert urls(f"url\n{COMMAS}\n", is_table=is_table) == [COMMAS]
    assert urls(f'"url"\n"{COMMAS}"\n', is_table=is_table) == [COMMAS]
    assert urls(f"https://e.com/a\n{COMMAS}\n", is_table=True) == ["https://e.com/a", COMMAS]


def test_a_row_with_more_cells_than_names_is_refused_and_never_cut_short():
    with pytest.raises(BadUrlList) as found:
        urls(f"url,title\n{COMMAS},bee\nhttps://e.com/b,two,\n")
    assert [problem.line for problem in found.value.problems] == [2]
    assert COMMAS in str(found.value.problems[0])
    assert urls(f'url,title\n"{COMMAS}",bee\n') == [COMMAS]


def test_lines_are_counted_as_an_editor_does_in_tables_too():
    text = '\nurl,title\nhttps://e.com/a,"two\nlines"\nftp://e.com/b,x\n'
    with pytest.raises(BadUrlList) as found:
        urls(text)
    assert [problem.line for problem in found.value.problems] == [5]


def test_every_bad_line_is_counted_and_the_first_fifty_are_told():
    text = "\n".join(["https://e.com/a", *(f"ftp://e.com/{n}" for n in range(60))])
    with pytest.raises(BadUrlList, match="60 lines cannot be downloaded from") as found:
        urls(text)
    assert (found.value.count, len(found.value.problems)) == (60, 50)
    assert str(found.value.problems[0]) == (
        "Line 2: Only http and https URLs can be downloaded. (ftp://e.com/0)"
    )


@pytest.mark.parametrize("text", ["", "\n# only a note\n", "url\n", "\ufeff"])
def test_a_list_without_addresses_is_refused(text):
    with pytest.raises(BadUrlList, match="There is no address"):
        urls(text)
    with pytest.raises(BadUrlList, match="There is no address"):
        urls("", is_table=True)


def test_more_than_allowed_is_refused():
    with pytest.raises(BadUrlList, match="more than 2 addresses"):
        read_urls("\n".join(f"https://e.com/{n}" for n in range(3)), POLICY, most=2)


def test_a_quote_that_is_left_open_is_told():
    with pytest.raises(BadUrlList, match=r"cannot be (read|downloaded)"):
        urls('url,title\nhttps://e.com/a,"' + "x\n" * 200_000)


@pytest.mark.parametrize(
    "url", ["", "x", "https://e.com/\x00", "https://e.com/\ud800", "https://u:p@e.com/", "http://["]
)
def test_a_list_of_a_program_is_checked_in_the_same_way(url):
    with pytest.raises(BadUrlList) as found:
        check_urls(["https://e.com/a", url], POLICY, most=9)
    assert found.value.problems[0].line == 2


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_files_of_older_programs_are_read(kind):
    assert decode("https://e.com/é".encode(kind)) == "https://e.com/é"
