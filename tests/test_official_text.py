"""Every sentence of an official text with a number is accounted for, or told."""

import pytest

from sanlian_analysis.official_text import unaccounted


@pytest.mark.parametrize(
    ("text", "cited", "left"),
    [
        pytest.param(
            "每个社区建一个驿站。健全工作机制；每村配备两名社工！",
            ["每个社区建一个驿站"],
            ["每村配备两名社工！"],
            id="sentences-end-at-stops",
        ),
        pytest.param(
            "每户都有档案，按需走访。",
            [],
            [],
            id="without-number-or-word-nothing-is-asked",
        ),
        pytest.param(
            "社区设施\t每个社区至少\t3\n其他\t酌情\n",
            ["每个社区至少"],
            ["社区设施 每个社区至少 3"],
            id="a-number-in-a-table-cell",
        ),
        pytest.param(
            "建设\t得到落实。\t5\n减负\t有成效\t100\n2个街道先行。",
            ["得到落实。 5", "有成效 100"],
            ["2个街道先行。"],
            id="cells-and-lines-never-join-two-numbers",
        ),
        pytest.param(
            "城市社区不少于10个、农村社区不少于5个社会组织。",
            ["城市社区不少于10个、农村", "10个、农村社区不少于5个"],
            [],
            id="citations-may-overlap",
        ),
        pytest.param(
            "城市社区不少于15个、农村社区不少于5个。",
            ["不少于5个", "5个"],
            ["城市社区不少于15个、农村社区不少于5个。"],
            id="a-citation-does-not-end-inside-a-number",
        ),
        pytest.param(
            "每年不少于两次。领导每年不少于两次。",
            ["每年不少于两次"],
            [],
            id="every-occurrence-of-a-phrase-counts",
        ),
        pytest.param(
            "一、总体要求\n（二）重点\n3.完善机制\n(4)第三批试点、第2阶段\n1.5倍经费。",
            [],
            ["(4)第三批试点、第2阶段1.5倍经费。"],
            id="heading-numbers-and-ordinals-are-none-but-a-decimal-is",
        ),
        pytest.param(
            "每街道达到\n10、每村达到5个。",
            ["每村达到5个"],
            ["10、每村达到5个。"],
            id="a-demand-that-looks-like-a-heading-number",
        ),
        pytest.param(
            "覆盖率达到８０％。",
            ["覆盖率达到80%"],
            ["覆盖率达到８０％。"],
            id="full-width-digits-are-numbers-and-other-letters",
        ),
        pytest.param(
            "每个社区不少于100个组织。",
            ["每个社区不少于10个组织", "每个社区不少于10"],
            ["每个社区不少于100个组织。"],
            id="a-changed-number-in-a-cited-phrase",
        ),
        pytest.param(
            "每个城市社区\n\n不 少\n于 10 个\t社会组织。",
            ["每个城市社区不少于10个社会组织"],
            [],
            id="white-space-inside-a-phrase",
        ),
        pytest.param(
            "以居民满意度\n\n作为标准，12 月 1 日-12\n\n月 20 日完成三\n分之一以上。",
            [],
            ["以居民满意度作为标准，12月1日-12月20日完成三分之一以上。"],
            id="a-pdf-breaks-sentences-dates-and-numbers",
        ),
        pytest.param(
            "依据民发〔2019〕90号和2021-2023年规划。2020年9月1日起施行。",
            [],
            ["依据民发〔2019〕90号和2021-2023年规划。", "2020年9月1日起施行。"],
            id="dates-and-document-numbers-are-numbers",
        ),
        pytest.param(
            "到2020年底，每个城市社区不少于15个。",
            [],
            ["到2020年底，每个城市社区不少于15个。"],
            id="a-date-hides-no-demand",
        ),
        pytest.param(
            "统一推进三社联动，进一步完善一站式服务，上半年打造一批示范点，深化五位一体。",
            [],
            [],
            id="numerals-without-a-measure-word",
        ),
        pytest.param(
            "覆盖三分之一农村社区。逐步达到一社区一民警。每百户配置。管理服务两项职能。过半。",
            ["一社区一民警", "两项职能"],
            ["覆盖三分之一农村社区。", "每百户配置。", "过半。"],
            id="quantities-in-words",
        ),
        pytest.param(
            "前文" * 40 + "每村两名社工" + "后文" * 60 + "三所学校。",
            ["两名社工"],
            ["…" + "后文" * 15 + "三所学校。"],
            id="a-long-sentence-is-shortened-around-its-spots",
        ),
        pytest.param(
            "推进工作\n- 3 -\n落实。共\n7\n页。",
            [],
            ["共7页。"],
            id="page-numbers-between-dashes-alone-are-dropped",
        ),
    ],
)
def test_sentences_that_no_cited_phrase_accounts_for(text, cited, left):
    assert unaccounted(text, cited) == left
