"""Every chart, page and slide in one place, to be looked at: `make gallery`.

Draws all charts of the shipped ledgers into `reports/gallery/`, renders one
briefing of each kind in every format, and turns PDF, slides, document and
workbook into pictures where the programs for it are there (pdftoppm, soffice).
`index.png` is the contact sheet.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

import sanlian_analysis as sl
from sanlian_analysis.briefing import Evaluated, county_briefing, overview_briefing
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import using
from sanlian_analysis.named_charts import NAMED, Wanted, draw
from sanlian_analysis.report.renderings import write_renderings

ROOT = Path(__file__).parents[1]
OUT = ROOT / "reports" / "gallery"
#: Ledger, frame, county: what is drawn.
SHOWN = (
    ("liaoning-2021", "liaoning", "210106", "21"),
    ("yuncheng-2019", "yuncheng", "140802", "1408"),
)
FORMATS = ("pdf", "pptx", "docx", "xlsx")
#: Pixels of a picture on the contact sheet, and how many stand in a row.
WIDE, HIGH, ACROSS = 480, 360, 5


def main() -> None:
    """Draw everything and say where it is."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for language in ("zh", "en"):
        with using(language):
            for policy, frame, county, whole in SHOWN:
                _draw(policy, frame, county, whole, language)
    pictures = [*sorted(OUT.glob("*.png")), *_pages()]
    _contact_sheet(pictures, OUT / "index.png")
    print(f"{OUT / 'index.png'}: {len(pictures)} pictures")


def _draw(policy: str, frame: str, county: str, whole: str, language: str) -> None:
    data = sl.read_ledger(
        ROOT / "data" / "ledgers" / f"{policy}.xlsx", ROOT / "data" / "frames" / f"{frame}.csv"
    )
    found, day = Evaluated(data, sl.load_policy(policy)), data.dates[-1]
    for area in (county, whole):
        for name in NAMED:
            try:
                drawn = draw(name, Wanted(found, area, day))
            except SanlianError:  # the policy sets nothing of the kind
                continue
            for i, chart in enumerate(drawn):
                path = OUT / f"{policy}-{area}-{language}-{name}-{i}.png"
                path.write_bytes(chart.png())
    for kind, make, area in (
        ("county", county_briefing, county),
        ("overview", overview_briefing, whole),
    ):
        stem = f"{policy}-{area}-{language}-{kind}"
        write_renderings(make(found, area, day), FORMATS, OUT, stem)


def _pages() -> Iterator[Path]:
    """The pages of all documents as pictures."""
    if not shutil.which("pdftoppm"):
        print("pdftoppm is not installed: no pages on the contact sheet")
        return
    pages = OUT / "pages"
    pages.mkdir()
    documents = [*sorted(OUT.glob("*.pdf"))]
    if shutil.which("soffice"):
        office = sorted(path for kind in FORMATS[1:] for path in OUT.glob(f"*.{kind}"))
        with tempfile.TemporaryDirectory() as profile:
            for path in office:  # one by one: names differ by ending alone
                folder = pages / path.suffix[1:]
                subprocess.run(
                    ["soffice", f"-env:UserInstallation={Path(profile).as_uri()}", "--headless",
                     "--convert-to", "pdf", "--outdir", folder, path],
                    check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                documents.append(folder / f"{path.stem}.pdf")
    else:
        print("soffice is not installed: no slides and documents on the contact sheet")
    for path in documents:
        target = pages / f"{path.stem}-{path.parent.name}"
        subprocess.run(["pdftoppm", "-r", "60", "-png", path, target], check=True)
    yield from sorted(pages.glob("*.png"))


def _contact_sheet(pictures: list[Path], out: Path) -> None:
    rows = -(-len(pictures) // ACROSS)
    sheet = Image.new("RGB", (ACROSS * WIDE, rows * HIGH), "#d8dadd")
    for i, path in enumerate(pictures):
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((WIDE - 12, HIGH - 12))
            sheet.paste(small, ((i % ACROSS) * WIDE + 6, (i // ACROSS) * HIGH + 6))
    sheet.save(out)


if __name__ == "__main__":
    main()
