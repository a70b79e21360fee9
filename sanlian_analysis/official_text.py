"""Walk an official text: which of its sentences with a number does no cited phrase account for?

What counts as a number, or is passed over, is decided here, once for all texts and
by form alone. Whatever needs judgement (names, slogans, duties without data) is an
exception in the policy file, where it can be read together with its reason.
"""

from __future__ import annotations

import re

#: Words that make a sentence relevant without a number.
_WORDS = "全覆盖|全面覆盖|每一?个|至少|不少于|不低于|不超过|以上|一半|过半|半数"

#: A Chinese numeral is a quantity when one of these follows: three departments are,
#: 三社联动 and 三级 are not. One of a kind is no count (一批, 一种), two of a kind are.
_MEASURE_WORDS = (
    "个|名|位|人|户|家|所|处|座|间|套|块|台|支|场|次|轮|遍|项|条|件|份|部分|张|辆"
    "|(?<!一)(?:批|种|类)|社区|村|街道|乡镇|网格|小区"
    "|年|天|日|周|小时|分钟|季度|学时|课时|期|岁|层"
    "|元|倍|番|成(?=[以左的，,。；;、])|平方|平米|米|公里|公顷|亩|吨|公斤"
)
_NUMERAL = "[〇零一二三四五六七八九十百千万亿两半]"
_HEADING = r"(?:\d{1,2}[.．、](?!\d)|[一二三四五六七八九十]{1,3}、|[(（](?:\d{1,2}|[一二三四五六七八九十]{1,3})[)）])"

#: Left to right, the first alternative that fits: what is passed over comes before what counts.
_TOKENS = re.compile(
    rf"""
    (?P<passed_over>
        (?<![，,、于到为至]\n)^{_HEADING}
      | 第(?:\d+|{_NUMERAL}+)
      | [统唯单任逐同之上下][一半] | 十[一二三四五六]五 | 一次性 | 一条龙 | 五位一体
    )
    | \d+(?:\.\d+)?[%％]?
    | {_NUMERAL}+分之{_NUMERAL}+
    | {_NUMERAL}+[多余几来]?(?:{_MEASURE_WORDS})
    | {_WORDS}
    """,
    re.VERBOSE | re.MULTILINE,
)

_PAGE_NUMBER = re.compile(r"[-–—－]\s*\d+\s*[-–—－]")
_SHORT = 80
_AROUND = 30


def unaccounted(text: str, cited: list[str]) -> list[str]:
    """The sentences of an official text with a number that no cited phrase accounts for.

    A sentence is relevant where it holds a number or one of the words 全覆盖, 全面覆盖,
    每个, 每一个, 至少, 不少于, 不低于, 不超过, 以上, 一半, 过半, 半数. Each such spot must
    lie wholly inside one occurrence of a cited phrase (all occurrences count, white
    space aside, letter for letter): 不少于10个 does not account for 不少于100个, nor
    5个 for 15个.

    Numbers are digits, half or full width, with decimals and %; fractions in words
    (三分之一, 百分之八十); and Chinese numerals in front of a measure word (两次,
    一社区一民警, 每百户, 三年内).

    Not numbers: names and set words (三社联动, 一委一居一站, 十九届四中全会, 三级, 一批,
    一种, 统一, 之一, 上半年, 十三五, 一次性), for want of a measure word or by a short list
    in the code; ordinals (第三批, 第11项); heading numbers at the head of a line (一、 2.
    (3)), unless the line before breaks off at a comma or in front of a number; page
    numbers between dashes on a line of their own. Dates and document numbers are numbers.

    Sentences end at 。；！？, in front of a line that begins with a heading number, and
    before and after a table row (a line with a tab inside), which is one sentence. No
    other line break ends one, so it matters not where a PDF broke the lines. A long
    sentence is shortened to what stands around its spots; the order is the text's.

    >>> text = "到2020年底，每个社区不少于15个组织。每村两名社工。"
    >>> unaccounted(text, ["到2020年底，每个社区不少于15个"])
    ['每村两名社工。']
    """
    flat = _flat(text)
    spans = [
        match.span(1)
        for phrase in set(cited)
        for match in re.finditer(f"(?=({_any_space(phrase)}))", flat)
    ]
    open_spots = [
        token.span()
        for token in _TOKENS.finditer(flat)
        if not token["passed_over"]
        and not any(start <= token.start() and token.end() <= end for start, end in spans)
    ]
    found = []
    for start, end in _sentences(flat):
        spots = [(a - start, b - start) for a, b in open_spots if start <= a < end]
        if spots:
            found.append(_shortened(flat[start:end], spots))
    return found


def _flat(text: str) -> str:
    """The text without white space, but for a new line at headings and around table rows.

    Tabs stay between cells, and one space between digits, so that two numbers never become one.
    """
    flat, after_row = "", False
    for raw in text.splitlines():
        line = raw.strip()
        if not line or _PAGE_NUMBER.fullmatch(line):
            continue
        row = "\t" in line or (after_row and "\t" in raw)
        flat += "\n" if row or after_row or re.match(_HEADING, line) else " "
        flat += line
        after_row = row
    return re.sub(r"(?<!\d)[^\S\n\t]+|[^\S\n\t]+(?!\d)", "", flat)


def _any_space(phrase: str) -> str:
    """A pattern for the phrase, with or without white space between its characters."""
    return r"\s*".join(map(re.escape, re.sub(r"\s+", "", phrase)))


def _sentences(flat: str) -> list[tuple[int, int]]:
    """Start and end of each sentence."""
    pattern = r"[^\n\t]*\t[^\n]*|[^\n。；;！!？?]+[。；;！!？?”’」』）)]*"
    return [match.span() for match in re.finditer(pattern, flat)]


def _shortened(sentence: str, spots: list[tuple[int, int]]) -> str:
    """The sentence on one line; when it is long, only what stands around the spots."""
    sentence = sentence.replace("\t", " ")
    if len(sentence) <= _SHORT:
        return sentence
    pieces = []
    for place, character in enumerate(sentence):
        if any(start - _AROUND <= place < end + _AROUND for start, end in spots):
            pieces.append(character)
        elif pieces[-1:] != ["…"]:
            pieces.append("…")
    return "".join(pieces)
