"""Tables and sentences of notebooks and pages: what they say, where they lead, how they escape."""

import dataclasses
import datetime as dt
import re

import pytest
from test_evaluation import LIAONING, LISHUI, POLICY, YUNCHENG, codes, frame_of, rows
from test_evaluation import ledger as ledger  # the fixture

from sanlian_analysis import breakdown, tables
from sanlian_analysis.evaluation import evaluate
from sanlian_analysis.language import using
from sanlian_analysis.ledger import read_ledger
from sanlian_analysis.tables import Link, Statement, Table, Tables

DATE, DAY = "2022-12-31", dt.date(2022, 12, 31)
HANZI = re.compile("[一-鿿]")


@dataclasses.dataclass
class Seen:
    """A ledger with its results under a policy, and the tables of an area."""

    ledger: object
    policy: object
    date: dt.date

    def __post_init__(self):
        self.results = evaluate(self.ledger, self.policy)

    def _of(self, function, area, **more):
        return function(self.results, self.policy, area, self.date, **more)

    def headline(self, area, **more):
        return self._of(tables.headline, area, **more)

    def targets(self, area, **more):
        return self._of(tables.targets, area, **more)

    def components(self, area, **more):
        details = breakdown.components(self.ledger, self.policy)
        return tables.components(details, self.policy, area, self.date, **more)

    def short_units(self, area, **more):
        return tables.short_units(self.ledger, self.policy, area, self.date, **more)

    def data_quality(self, area):
        return tables.data_quality(self.ledger, self.policy, area, self.date)


@pytest.fixture
def liaoning(ledger):
    """Three urban communities, of the frame a village without a row and a prison besides."""
    names = ["甲社区", "乙社区", "丙社区", "丁村", "监狱虚拟社区"]
    frame = frame_of(list(zip(codes(LIAONING, 5), names, strict=True)))
    there = ledger(frame, communities=rows(LIAONING, DATE, orgs=[12, 3, None]))
    return Seen(there, POLICY("liaoning-2021"), DAY)


def html(shown):
    return shown._repr_html_()


def column(table, header):
    return [str(row[table.header.index(header)]) for row in table.rows]


# --- escaping and marks ------------------------------------------------------------------

NASTY = '<script>alert("1")</script>\'&'
ESCAPED = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#x27;&amp;"


@pytest.mark.parametrize("folded", [False, True])
def test_every_text_of_a_table_is_escaped(folded):
    table = Table(
        NASTY, (NASTY,), ((NASTY,), (Link(NASTY, NASTY),)), notes=(NASTY,), anchors=(NASTY, "b")
    )
    shown = html(dataclasses.replace(table, folded=folded))
    assert "<script" not in shown
    # Caption, header, two cells, a note, a link's target and a row's id.
    assert shown.count(ESCAPED) == 7
    assert f'<a href="#{ESCAPED}">{ESCAPED}</a>' in shown
    assert f'<tr id="{ESCAPED}">' in shown


def test_every_text_of_a_statement_is_escaped():
    shown = html(Statement(NASTY, (NASTY,), details=(NASTY,)))
    assert "<script" not in shown
    assert shown.count(ESCAPED) == 3


def test_names_from_the_ledger_are_escaped_on_the_page(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=[3]))
    frame = frame_of([(codes(LIAONING, 1)[0], NASTY + "社区")], county=NASTY, street=NASTY)
    there = ledger(frame, communities=rows(LIAONING, DATE, orgs=[3]))
    seen = Seen(there, POLICY("liaoning-2021"), DAY)
    shown = [seen.headline("210106"), seen.short_units("210106")]
    shown.append(tables.counties(seen.results, seen.policy, DAY))
    for one in shown:
        assert "<script" not in html(one)
        assert ESCAPED in html(one)
        assert NASTY in repr(one)


def test_simulated_figures_carry_the_mark_in_html_and_text(liaoning):
    shown = [
        liaoning.headline("21", simulated=True),
        *liaoning.targets("21", simulated=True).tables,
        liaoning.components("21", simulated=True),
        tables.counties(liaoning.results, liaoning.policy, DAY, simulated=True),
    ]
    for one in shown:
        assert '<span class="simulated">模拟数据</span>' in html(one)
        assert "模拟数据" in repr(one).splitlines()
    for one in (liaoning.headline("21"), liaoning.targets("21"), liaoning.short_units("21")):
        assert "模拟数据" not in html(one) + repr(one)


def test_a_simulated_ledger_marks_what_is_drawn_from_it(liaoning):
    simulated = dataclasses.replace(liaoning.ledger, simulated=True)
    for table in (tables.short_units, tables.data_quality):
        assert "模拟数据" in html(table(simulated, liaoning.policy, "21", DAY))


def test_folded_tables_are_one_click_away():
    open_ = Table("表", ("列",), (("格",),))
    folded = dataclasses.replace(open_, folded=True)
    assert html(open_).startswith('<div class="table"><table><caption>表</caption>')
    assert html(folded).startswith("<details><summary>表</summary>")
    assert html(folded).endswith("</details>")
    assert "<caption>" not in html(folded)
    assert html(Tables((open_, folded))) == html(open_) + html(folded)


# --- headline ----------------------------------------------------------------------------


def test_headline_where_the_document_binds(liaoning):
    said = liaoning.headline("21")
    assert said.heading == "辽宁省（21）　截至2022-12-31"
    assert said.sentences == (
        f"按《{liaoning.policy.title}》应考核的 5 项目标：◆ 未达标 1、△ 待定 4。",
    )
    assert said.details[0] == "城市社区社会组织：50%，未达到80%的要求，还差2个城市社区"
    assert len(said.details) == 5


def test_headline_where_it_only_informs(liaoning):
    said = liaoning.headline("2101")
    assert said.sentences == (f"《{liaoning.policy.title}》不在这一层级考核，以下数字供参考。",)
    assert said.details[0].startswith("城市社区社会组织：50%")


def test_headline_with_nothing_in_scope(ledger):
    policy = POLICY("liaoning-2021")
    policy = dataclasses.replace(policy, targets=policy.targets[:2])
    there = ledger(communities=rows(LIAONING, DATE, "其他", orgs=[10]))
    said = Seen(there, policy, DAY).headline("21")
    assert said.sentences == (f"按《{policy.title}》应考核的 2 项目标：– 不适用 2。",)
    assert said.details == ()


def test_vague_targets_are_no_demands_of_the_headline(ledger):
    there = ledger(communities=rows(LISHUI, DATE, agency=["是"], orgs=[15]))
    policy = POLICY("lishui-2018")
    wanted = tuple(policy.target(id_) for id_ in ("orgs-urban", "agency-urban"))
    said = Seen(there, dataclasses.replace(policy, targets=wanted), DAY).headline("3311")
    assert said.sentences[0].endswith("应考核的 1 项目标：● 达标 1。")
    assert said.details == ("城市社区社会组织：100%，达到100%的要求",)


# --- all areas ---------------------------------------------------------------------------


@pytest.fixture
def provinces(ledger):
    """A county in each of two provinces; the document binds in the first."""
    names = frame_of([(code, "甲社区") for street in (LIAONING, YUNCHENG) for code in
                      codes(street, 2)])  # fmt: skip
    communities = [*rows(LIAONING, DATE, orgs=[12, 3]), *rows(YUNCHENG, DATE, orgs=[9, 3])]
    return Seen(ledger(names, communities=communities), POLICY("liaoning-2021"), DAY)


def test_all_areas_are_told_province_by_province_and_by_their_counties(provinces):
    said = provinces.headline("")
    assert said.heading == "全域　截至2022-12-31"
    title = f"《{provinces.policy.title}》"
    assert said.sentences == (
        f"山西省：{title}不在这一层级考核，以下数字供参考。",
        f"辽宁省：按{title}应考核的 5 项目标：◆ 未达标 1、△ 待定 3、– 不适用 1。",
    )
    assert said.details[0] == "城市社区社会组织：2个县（市、区）全部未达标"
    with using("en"):
        assert provinces.headline("").heading == "All areas, 2022-12-31"


def test_many_provinces_are_no_headline(provinces, monkeypatch):
    monkeypatch.setattr(tables, "_MOST_PROVINCES", 1)
    assert provinces.headline("").sentences[1:] == ("另有 1 个省，见下表。",)


def test_rows_of_all_areas_are_led_by_their_province(provinces):
    first, second = provinces.targets("").tables
    assert (first.header[0], {row[0] for row in first.rows}) == ("地区", {"辽宁省"})
    assert {row[0] for row in second.rows} == {"山西省"}
    assert first.numeric == {3, 4, 5, 8, 9}
    components = provinces.components("")
    assert [row[0] for row in components.rows] == ["山西省"] * 5 + ["辽宁省"] * 5
    links = {cell.anchor for table in (first, second) for row in table.rows for cell in row
             if isinstance(cell, Link)}  # fmt: skip
    assert {a for a in links if a.startswith("components")} == set(components.anchors)
    assert len(set(components.anchors)) == 10


def test_counties_within_an_area(provinces):
    every = tables.counties(provinces.results, provinces.policy, DAY)
    within = tables.counties(provinces.results, provinces.policy, DAY, within="21")
    assert [row[0] for row in every.rows] == [YUNCHENG[:6], LIAONING[:6]]
    assert within.rows == every.rows[1:]


# --- targets: what binds, links and anchors ----------------------------------------------


def test_what_binds_stands_first_and_what_informs_is_folded(ledger):
    there = ledger(communities=rows(LISHUI, DATE, orgs=[15], party_workers=[0]))
    seen = Seen(there, POLICY("lishui-2018"), DAY)
    first, second = seen.targets("331102").tables
    binds = {t.id for t in seen.policy.targets if t.level == "county"}
    others = {t.id for t in seen.policy.targets} - binds
    assert (first.caption, first.folded) == ("考核的指标", False)
    assert (second.caption, second.folded) == (f"参考的指标（{len(others)} 项）", True)
    assert {row[1].anchor for row in first.rows} == {f"sentence-{id_}" for id_ in binds}
    assert {row[1].anchor for row in second.rows} == {f"sentence-{id_}" for id_ in others}
    # Nothing binds a street: one table, open.
    (only,) = seen.targets("331102001").tables
    assert (only.caption, only.folded) == ("各项指标", False)


def test_other_readings_are_folded_and_named(ledger):
    seen = Seen(ledger(communities=rows(LISHUI, DATE, orgs=[15])), POLICY("lishui-2018"), DAY)
    (table,) = seen.targets("331102", readings=True).tables
    assert (table.caption, table.folded) == ("其他读法", True)
    expected = [r for t in seen.policy.targets for r in t.readings if r.id != "primary"]
    assert len(table.rows) == len(expected)
    assert "专职社区工作者 · 每400户增1人" in column(table, "指标")


@pytest.mark.parametrize(
    ("policy", "street"),
    [("yuncheng-2019", YUNCHENG), ("lishui-2018", LISHUI), ("liaoning-2021", LIAONING)],
)
@pytest.mark.parametrize("digits", [9, 6, 4, 2])
def test_every_link_leads_to_a_row_of_the_page(ledger, policy, street, digits):
    seen = Seen(ledger(communities=rows(street, DATE, orgs=[15, None])), POLICY(policy), DAY)
    area = street[:digits]
    page = [seen.targets(area), seen.targets(area, readings=True)]
    links = [
        cell.anchor
        for several in page
        for table in several.tables
        for row in table.rows
        for cell in row
        if isinstance(cell, Link)
    ]
    assert links
    below = [seen.components(area), tables.clauses(seen.policy, DAY)]
    ids = re.findall(r' id="([^"]*)"', "".join(map(html, below)))
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    # Every figure of the area is linked, and every row of the components is led to.
    assert set(below[0].anchors) == {link for link in links if link.startswith("components-")}


def test_cells_of_an_indicator(liaoning):
    (table,) = liaoning.targets("21").tables
    assert [str(cell) for cell in table.rows[0]] == [
        *("组织", "城市社区社会组织", "50%", "33.3%至66.7%", "≥ 80%", "2022-12-31"),
        *("◆ 未达标", "2", "1", "一致"),
    ]
    assert "假定" not in table.header


def test_an_assumption_has_a_column_of_its_own(ledger):
    there = ledger(communities=rows(LISHUI, DATE, agency=["是", "否"]))
    policy = POLICY("lishui-2018")
    written = "lishui-2018/agency-urban=50%"
    results = evaluate(there, policy, None, [written])
    (table, _) = tables.targets(results, policy, "3311", DAY).tables
    told = dict(zip(column(table, "指标"), column(table, "假定"), strict=True))
    assert {name: text for name, text in told.items() if text} == {"城市社工机构覆盖": written}


def test_components_show_counts_rivals_and_what_settles(liaoning):
    table = liaoning.components("21")
    assert table.folded
    assert [str(cell) for cell in table.rows[0]] == [
        *("城市社区社会组织", "1", "1", "0", "1", "0", "2", "33.3%", "33.3%", "50%", "", "0"),
        "1 ÷ 3，未知 1；下界 33.33333333%，上界 66.66666667%；66.66666667% < 80%",
    ]


def test_clauses_cite_the_sentence_in_force(liaoning):
    table = tables.clauses(liaoning.policy, DAY)
    assert table.caption == f"《{liaoning.policy.title}》 辽民社函〔2021〕158号"
    assert table.rows[0][1:3] == ("三(二)", "“力争全省80%的城市社区拥有不少于10个社区社会组织”")
    assert len(table.rows) == len(liaoning.policy.targets)


def test_quotation_marks_inside_a_quotation_are_single_ones(ledger):
    seen = Seen(ledger(communities=rows(YUNCHENG, DATE, orgs=[15])), POLICY("yuncheng-2019"), DAY)
    sentences = column(tables.clauses(seen.policy, DAY), "原文")
    assert "“每个县（市、区）都有30%村、社区开展‘三社联动’”" in sentences
    assert all(one.count("“") == one.count("”") == 1 for one in sentences)


def test_counties_count_their_verdicts(liaoning):
    table = tables.counties(liaoning.results, liaoning.policy, DAY)
    assert table.header[2:] == ("● 达标", "◆ 未达标", "△ 待定", "– 不适用")
    assert table.rows == (("210106", "", "0", "1", "4", "0"),)


# --- units -------------------------------------------------------------------------------


def test_short_units_say_what_each_lacks_those_first_that_lack_most(ledger):
    communities = rows(
        LISHUI,
        DATE,
        orgs=[15, 3, 15, None],
        party_workers=[0, 0, 1, 1],
        service_fund=[10, 7.5, 10, 10],
        base_pay_share=[0.7] * 4,
        staff=[6] * 4,
        households=[1000] * 4,
        work_fund=[10] * 4,
        facility_area=[350] * 4,
    )
    there = ledger(communities=communities)
    table = Seen(there, POLICY("lishui-2018"), DAY).short_units("331102")
    assert table.caption == "未达标准或情况不明的村（社区）：3 个"
    first, second, third, fourth = codes(LISHUI, 4)
    assert column(table, "代码") == [second, first, fourth]  # the third lacks nothing
    assert third not in repr(table)
    assert column(table, "尚缺") == [
        "社区社会组织数 ≥ 15：现为 3，差 12；服务群众专项经费 ≥ 经费保障标准：现为 7.5，差 2.5；"
        "专职党务工作者数 ≥ 1：现为 0，差 1",
        "专职党务工作者数 ≥ 1：现为 0，差 1",
        "",
    ]
    assert column(table, "未知") == ["", "", "社区社会组织数 ≥ 15"]
    assert column(table, "类型") == ["城市社区"] * 3


def test_short_units_of_the_area_alone(liaoning):
    assert column(liaoning.short_units("210106001"), "村（社区）") == ["乙社区", "丙社区", "丁村"]
    table = liaoning.short_units("210102")
    assert table.rows == ()
    assert table.notes == ("没有单位落在标准之外。",)


def test_long_lists_are_cut_and_say_so(liaoning):
    table = liaoning.short_units("21", most=2)
    assert (len(table.rows), table.whole) == (2, 3)
    assert table.caption.endswith("：3 个")
    assert "共 3 行，此处列出 2 行。" in html(table)
    assert "共 3 行，此处列出 2 行。" in repr(table)
    for most in (3, None):
        assert "此处列出" not in html(liaoning.short_units("21", most=most))


def test_of_what_a_part_must_have_it_says_how_many_would_do(liaoning):
    assert [note for note in liaoning.short_units("21").notes if "即可" in note] == [
        "“城市社区社会组织”只要求80%：列出的单位中再有2个达到即可。",
        "“农村社区社会组织”只要求70%：列出的单位中再有1个达到即可。",
    ]


@pytest.mark.parametrize(
    ("total", "shown", "zh", "en"),
    [
        (None, None, None, None),
        (None, 4, None, None),
        (None, 3, "共 4 行，此处列出 3 行，工作簿列出全部。",
         "4 rows in all, 3 of them here, all in the workbook."),
        (1234, 4, "共 1,234 行，此处列出 4 行。", "1,234 rows in all, 4 of them here."),
        (1234, 0, "共 1,234 行，此处列出 0 行，工作簿列出 4 行。",
         "1,234 rows in all, 0 of them here, 4 in the workbook."),
    ],
)  # fmt: skip
def test_a_cut_table_says_how_many_rows_there_are_and_how_many_are_shown(total, shown, zh, en):
    table = Table("表", ("列",), (("格",),) * 4, notes=("注",), total=total)
    assert table.remarks(shown) == ((zh, "注") if zh else ("注",))
    with using("en"):
        assert table.remarks(shown) == ((en, "注") if en else ("注",))


def test_completeness_is_counted_and_the_others_are_named(liaoning):
    table = liaoning.data_quality("21")
    # Two values, one blank, the village has no row; the prison is in no denominator.
    assert table.rows == (("社区社会组织数", "2", "1", "1", "0", "4"),)
    assert table.notes[1] == "1 个单位既非城市社区也非农村社区，不计入任何指标：监狱虚拟社区"


def test_completeness_tells_faults_from_blanks_and_from_not_applicable(ledger):
    there = ledger(communities=rows(LIAONING, DATE, orgs=["不适用", "三", None, 4]))
    table = Seen(there, POLICY("liaoning-2021"), DAY).data_quality("21")
    assert table.rows == (("社区社会组织数", "1", "2", "0", "1", "4"),)
    assert table.notes[0] == "整份台账：1 处的值按未知处理；共 1 条检查意见。"
    full = Seen(
        ledger(communities=rows(LIAONING, DATE, orgs=[1, 2, 3, 4])), POLICY("liaoning-2021"), DAY
    )
    assert full.data_quality("21").notes[0] == "整份台账：没有填写错误；共 0 条检查意见。"


@pytest.mark.parametrize(
    ("framed", "zh", "en", "units"),
    [
        (True, "名录中因此没有行的单位按未知处理",
         "units of the frame left without a row are unknown", 4),
        (False, "没有名录，其单位也不在分母中",
         "without a frame their units are in no denominator", 2),
    ],
)  # fmt: skip
def test_completeness_says_that_rows_without_a_date_are_left_out(framed, zh, en, units, tmp_path):
    """Of four communities two bear no date and one a faulty figure."""
    codes = [f"21010600100{i}" for i in range(1, 5)]
    cells = ["2022-12-31,4", "2022年底前,5", "未定,6", "2022-12-31,三"]
    lines = [f"{code},一社区,{cell}" for code, cell in zip(codes, cells, strict=True)]
    path = tmp_path / "台账.csv"
    path.write_text("\n".join(["社区代码,社区名称,统计时点,社区社会组织数", *lines]), "utf-8")
    frame = tmp_path / "名录.csv"
    units_of = "\n".join(f"{code},一社区,一街道,铁西区" for code in codes)
    frame.write_text(f"code,name,street,county\n{units_of}\n", "utf-8")
    for language, faults in (
        ("zh", f"整份台账：2 行没有可用的代码或时点，未计入（{zh}），1 处的值按未知处理；"),
        ("en", "The whole ledger: rows left out, without a usable code or date: 2 "
         f"({en}); values that count as unknown: 1; "),
    ):  # fmt: skip
        with using(language):
            there = read_ledger(path, frame if framed else None)
            table = Seen(there, POLICY("liaoning-2021"), DAY).data_quality("21")
        assert table.notes[0].startswith(faults)
        assert table.rows[0][-1] == str(units)


@pytest.mark.parametrize(
    ("wages", "verdict", "figure"),
    [([6, 6], "达标", "120%"), ([7.4997, 7.4997], "达标", "149.99%"), ([4, 11], "达标", "150%")],
)
def test_an_encouraged_level_is_told_and_decides_nothing(ledger, wages, verdict, figure):
    """The mean wage of one employee each, of two communities, against 5 (10,000 yuan)."""
    there = ledger(
        communities=rows(LISHUI, "2018-12-31", wage=[w * 10_000 for w in wages], staff=[1, 1]),
        counties=[{"county_code": "331102", "date": "2018-12-31", "average_wage": 50_000}],
    )
    seen = Seen(there, POLICY("lishui-2018"), dt.date(2018, 12, 31))
    table = seen.targets("331102").tables[0]
    (row,) = [cells for cells in table.rows if str(cells[1]) == "社区工作者工资"]
    assert (str(row[4]), str(row[6])) == ("≥ 100%", f"● {verdict}")
    assert table.notes[1:] == (
        f"331102“社区工作者工资”：文件另鼓励达到 ≥ 150%，已知单位为 {figure}；不作判定依据。",
    )
    assert all("鼓励" not in note for one in seen.targets("331102", readings=True).tables
               for note in one.notes)  # fmt: skip


def test_an_area_without_units_has_empty_tables_and_no_error(liaoning):
    area = "210199"
    said = liaoning.headline(area)
    assert said.heading == "210199（210199）　截至2022-12-31"
    assert said.details == ()
    (table,) = liaoning.targets(area).tables
    empty = [table, liaoning.components(area), liaoning.data_quality(area)]
    empty += [liaoning.short_units(area), *liaoning.targets(area, readings=True).tables]
    for one in empty:
        assert one.rows == ()
        assert "<tbody></tbody>" in html(one)


# --- English -----------------------------------------------------------------------------


def test_english_has_no_chinese_but_names_and_citations(ledger):
    frame = frame_of(
        [(code, "Prison 虚拟") if i == 2 else (code, "A") for i, code in
         enumerate(codes(LISHUI, 3))], county="Liandu", street="S", city="Lishui", province="Z",
    )  # fmt: skip
    communities = rows(
        LISHUI, DATE, orgs=[3, None], staff=[14, 5], households=[2000, 100], agency=["是", None]
    )
    there = ledger(frame, communities=communities)
    with using("en"):
        seen = Seen(there, POLICY("lishui-2018"), DAY)
        assumed = "lishui-2018/agency-urban=0.5"
        results = evaluate(there, seen.policy, None, [assumed])
        shown = [
            *(seen.headline(area, simulated=True) for area in ("331102", "3311", "331102001")),
            *(seen.targets(area, simulated=True) for area in ("331102", "3311", "331102001")),
            seen.targets("331102", readings=True),
            tables.targets(results, seen.policy, "3311", DAY),
            seen.components("331102"),
            seen.short_units("331102"),
            seen.short_units("331199"),
            seen.data_quality("331102"),
            tables.counties(results, seen.policy, DAY),
        ]
        texts = [html(one) + repr(one) for one in shown]
        clauses = tables.clauses(seen.policy, DAY)
    for text in texts:
        own = text.replace("Prison 虚拟", "")
        assert not re.search("[一-鿿，；：。（）、]", own), own
    assert "≤ 12 + " in texts[9]
    assert "now 14, 2 over" in texts[9]
    # The document is cited as it was written.
    for name, _, _, calculation in clauses.rows:
        assert not HANZI.search(name + calculation)
    assert not HANZI.search("".join((clauses.caption, *clauses.header)))


def test_targets_that_bind_at_a_level_come_first():
    lishui = POLICY("lishui-2018")
    county = tables.key_targets(lishui, level="county")
    assert county == ["staff", "service-fund", "work-fund", "wage"]
    assert tables.key_targets(lishui)[:2] == ["orgs-urban", "orgs-rural"]
    liaoning = POLICY("liaoning-2021")
    assert tables.key_targets(liaoning, level="county") == tables.key_targets(liaoning)
