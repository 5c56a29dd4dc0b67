"""From bytes to text, with the names that the web uses for its encodings."""

import codecs
import re

SNIFFED_BYTES = 4_096
META = re.compile(rb"<meta[^>]{1,500}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
XML = re.compile(rb"^\s*<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{2,40})", re.IGNORECASE)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# A page's label is never handed to Python's codec lookup: "utf-7" or "unicode_escape" would read
# harmless bytes as markup. The web's "Shift_JIS" and "Latin-1" are in truth Windows code pages,
# and its EUC-JP holds characters (①, ㈱) that only the second codec knows.
CODECS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), ("utf-8",)),
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "ms932", "windows-31j", "cp932"),
        ("cp932",),
    ),
    **dict.fromkeys(("euc-jp", "euc_jp", "eucjp", "x-euc-jp"), ("euc_jp", "euc_jis_2004")),
    "iso-2022-jp": ("iso2022_jp", "iso2022_jp_ext"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "gb_2312-80"), ("gb18030",)),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5"), ("big5hkscs", "cp950")),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "windows-949"), ("cp949",)),
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252"),
        ("cp1252",),
    ),
    **dict.fromkeys(("iso-8859-9", "latin5", "windows-1254"), ("cp1254",)),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874"), ("cp874",)),
    **{f"iso-8859-{n}": (f"iso8859_{n}",) for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **{f"windows-{n}": (f"cp{n}",) for n in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{name: (name.replace("-", "_"),) for name in ("koi8-r", "koi8-u")},
    "macintosh": ("mac_roman",),
    "ibm866": ("cp866",),
    **dict.fromkeys(("utf-16", "utf-16le"), ("utf-16-le",)),
    "utf-16be": ("utf-16-be",),
}


def decoded(body: bytes, charset: str | None) -> str:
    """The text of a page: by byte order mark, header, meta element; else UTF-8.

    The mark goes before the header, as in browsers: it cannot be wrong. Bytes that mean nothing
    become U+FFFD.
    """
    for mark, codec in BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    candidates = CODECS.get((charset or "").strip().lower()) or _announced(body) or ("utf-8",)
    for codec in candidates[:-1]:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return body.decode(candidates[-1], "replace")


def _announced(body: bytes) -> tuple[str, ...] | None:
    start = body[:SNIFFED_BYTES]
    match = META.search(start) or XML.search(start)
    if match is None:
        return None
    label = match[1].decode("ascii", "replace").lower()
    # Whoever could read this label as ASCII was not reading UTF-16.
    return ("utf-8",) if label.startswith("utf-16") else CODECS.get(label)
