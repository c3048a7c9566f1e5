"""The report: complete, self-contained, and safe with hostile names."""

import base64
from html.parser import HTMLParser

import pytest

from prognosis.report.lesion_report import render_lesion_report

PNG = b"\x89PNG overlay"
VOID = {"meta", "img", "rect", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags with their attributes, the visible text, and the cells of every table row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data.strip()


def page_of(patient, **other) -> Page:
    page = Page(html_of(patient, **other))
    assert page.open == []
    return page


def html_of(patient, *, survival_png=None, inputs=None) -> str:
    return render_lesion_report(
        patient,
        overlay_png=PNG,
        survival_png=survival_png,
        inputs=inputs or {"image": "ct.nrrd"},
        created="2025-11-21 10:12",
    )


def test_the_headline_gives_the_patients_place_when_it_may_be_shown(a_lesion, a_patient):
    text = page_of(a_patient(a_lesion(), percentile=84.2)).text
    assert "Patient risk 2.31 — higher than 84 % of patients the model was calibrated on" in text
    assert "ranking only" not in text


@pytest.mark.parametrize(
    ("percentile", "words"), [(0.2, "fewer than 1 %"), (99.7, "more than 99 %"), (99.0, "99 %"), (50.0, "50 %")]
)
def test_the_ends_of_the_scale_are_not_rounded_to_certainty(a_lesion, a_patient, percentile, words):
    assert f"higher than {words} of patients" in page_of(a_patient(a_lesion(), percentile=percentile)).text


def test_hidden_numbers_are_nowhere(a_lesion, a_patient):
    page = page_of(a_patient(a_lesion(shown=False), demonstration=True))
    assert "Patient risk 2.31 — for ranking only" in page.text
    assert "higher than" not in page.text
    assert "Percentiles of a demonstration model are not shown" in page.text
    assert page.rows[1][-1] == "–"
    assert "70" not in " ".join(page.rows[1])
    assert "No survival is shown: this is a demonstration model" in page.text


def test_a_demonstration_is_marked_and_others_are_not(a_lesion, a_patient):
    marked = page_of(a_patient(a_lesion(), demonstration=True, watermark="DEMONSTRATION NUMBERS")).text
    assert "DEMONSTRATION MODEL" in marked
    assert "DEMONSTRATION NUMBERS" in marked
    assert "DEMONSTRATION" not in page_of(a_patient(a_lesion())).text


def test_research_use_stands_first_and_last(a_lesion, a_patient):
    text = page_of(a_patient(a_lesion())).text
    notice = "Research use only. Not for diagnosis or treatment."
    assert text.index(notice) < text.index("Patient risk")
    assert text.endswith(notice)


def test_lesions_are_sorted_by_rank_with_the_unscored_grey_at_the_end(a_lesion, a_patient):
    lesions = (a_lesion(1, rank=None, name="tiny"), a_lesion(2, rank=2, name="LN"), a_lesion(3, rank=1, name="mass"))
    html = html_of(a_patient(*lesions))
    page = Page(html)
    names = [row[3] for row in page.rows if len(row) == 12][1:]
    assert names == ["mass", "LN", "tiny"]
    assert ("tbody", {"class": "not-scored"}) in page.tags
    assert [tags["class"] for tag, tags in page.tags if tag == "tbody" and "class" in tags] == ["not-scored"]
    fills = [tags["fill"] for tag, tags in page.tags if tag == "rect"]
    assert fills == ["#{:02x}{:02x}{:02x}".format(*lesion.colour) for lesion in (lesions[2], lesions[1], lesions[0])]


def test_a_row_holds_every_number(a_lesion, a_patient):
    lesion = a_lesion(5, flags=("cut by the border", "second"), centroid_ras=(-10.4, 20.0, -30.0))
    page = page_of(a_patient(lesion))
    assert page.rows[1] == [
        "1", "", "5", "Tumor_c40", "lung", "12\u202f346", "31.2 × 22.9", "L\u00a010, A\u00a020, I\u00a030",
        "1.00", "1.25", "1.25", "70",
    ]  # fmt: skip
    assert page.rows[2][-1] == "cut by the border · second"


def test_survival_numbers_and_picture_are_shown(a_lesion, a_patient, a_curve):
    html = html_of(a_patient(a_lesion(), survival=a_curve), survival_png=b"\x89PNG curve")
    page = Page(html)
    assert ["Survival at 1 year", "78 %"] in page.rows
    assert ["Survival at 2 years", "62 %"] in page.rows
    assert ["Survival at 5 years", "beyond the training follow-up"] in page.rows
    assert base64.b64encode(b"\x89PNG curve").decode() in html


def test_survival_numbers_stand_without_a_picture(a_lesion, a_patient, a_curve):
    page = page_of(a_patient(a_lesion(), survival=a_curve))
    assert ["Survival at 1 year", "78 %"] in page.rows
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 1


def test_a_hidden_curve_is_not_shown_even_when_a_picture_comes(a_lesion, a_patient):
    html = html_of(a_patient(a_lesion()), survival_png=b"\x89PNG curve")
    assert base64.b64encode(b"\x89PNG curve").decode() not in html
    assert "No survival is shown: this model holds no calibrated baseline" in html


def test_it_opens_without_lesions(a_patient):
    text = page_of(a_patient()).text
    assert "No patient risk: no lesion was found" in text
    assert "The segmentation holds no lesion." in text
    assert "No survival is predicted, because no lesion was scored." in text


def test_lesions_none_of_which_was_scored(a_lesion, a_patient):
    page = page_of(a_patient(a_lesion(rank=None)))
    assert "No patient risk: no lesion was scored" in page.text
    assert page.rows[2][-1] == "not scored: smaller than 3 mm"
    assert "are not shown" not in page.text


def test_model_inputs_versions_warnings_and_date_are_told(a_lesion, a_patient):
    page = page_of(a_patient(a_lesion(), warnings=("Slices are thick.",)), inputs={"lesions": "rtstruct.dcm"})
    for row in (
        ["Name", "lesion-net"],
        ["Version", "1.2.0"],
        ["SHA-256", "ab" * 32],
        ["Intended use", "Ranking patients."],
        ["Training", "842 patients."],
        ["C-index", "0.68"],
        ["Created", "2025-11-21 10:12"],
        ["lesions", "rtstruct.dcm"],
        ["prognosis", "0.1.0"],
    ):
        assert row in page.rows
    assert "Slices are thick." in page.text


HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"


@pytest.mark.parametrize("where", ["name", "organ", "flag", "warning", "watermark", "input name", "input"])
def test_hostile_words_are_text(a_lesion, a_patient, where):
    lesion = a_lesion(
        name=HOSTILE if where == "name" else "x",
        organ=HOSTILE if where == "organ" else None,
        flags=(HOSTILE,) if where == "flag" else (),
    )
    patient = a_patient(
        lesion,
        warnings=(HOSTILE,) if where == "warning" else (),
        watermark=HOSTILE if where == "watermark" else None,
    )
    inputs = {HOSTILE if where == "input name" else "image": HOSTILE if where == "input" else "ct"}
    page = page_of(patient, inputs=inputs)
    assert HOSTILE in page.text
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert len([tag for tag, _ in page.tags if tag == "img"]) == 1


def test_nothing_is_loaded_from_elsewhere(a_lesion, a_patient, a_curve):
    html = html_of(a_patient(a_lesion(), survival=a_curve), survival_png=PNG)
    page = Page(html)
    for tag, attributes in page.tags:
        assert tag not in ("script", "link", "iframe", "object", "form", "a", "base")
        assert "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in html
    assert "@import" not in html
    assert "http:" not in html
    assert "https:" not in html
    policy = next(tags["content"] for tag, tags in page.tags if tags.get("http-equiv") == "Content-Security-Policy")
    assert policy.split("; ") == [
        "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip


def test_the_overlay_is_embedded_whole(a_lesion, a_patient):
    page = page_of(a_patient(a_lesion()))
    (source,) = [tags["src"] for tag, tags in page.tags if tag == "img"]
    assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == PNG
