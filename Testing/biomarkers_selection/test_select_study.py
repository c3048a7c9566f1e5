"""A whole selection: from features and cohort to counts beside chance and paper."""

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making_feature_tables import PLANTED, make_full_table, make_table, write_cohort

from prognosis.biomarkers.feature_store import write_feature_table
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.conventional import average_measures, squared_correlations, tlg_among
from prognosis.biomarkers.selection.describing import NO_PROOF
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.study import select
from prognosis.cli import biomarkers_select
from prognosis.cli.console import Console
from prognosis.errors import InputError, UsageError
from prognosis.survival.folds import patient_folds

QUICK = SelectionOptions(
    bootstraps=50, permutations=60, inclusion_permutations=4, inclusion_bootstraps=20, penalty_fraction=0.6, top=6
)
NAMES = {f"C{index:05d}" for index in PLANTED}


def selected(table, rows, **changes):
    return select(table, rows, replace(QUICK, **changes), cohort_path=Path("cohort.csv"))


@pytest.fixture(scope="module")
def study():
    return selected(*make_table())


def test_planted_features_are_found(study):
    assert [one.key for one in study.endpoints] == ["os2", "os5", "dss2", "dss5"]
    ct = {one.endpoint: set(one.features[:3]) for one in study.chosen if one.modality is Modality.CT}
    assert len(ct["os2"] & NAMES) >= 2
    assert len(ct["dss2"] & NAMES) >= 2
    assert not any(one.features[0] in NAMES for one in study.chosen if one.modality is Modality.PET)
    tests = study.tests[0]
    assert (tests.p_values[0, list(PLANTED)] < 1e-3).all()
    assert study.conventional["C00003"].tlg > 0.2


def test_counts_hold_together(study):
    for tests in study.tests:
        assert tests.histogram.sum(axis=1).tolist() == [tests.tested] * 4
        assert tests.histogram[:, 0].tolist() == [band.observed for band in tests.significant]
        for number, endpoint in enumerate(study.endpoints):
            having = [one.features.observed for one in tests.combinations if endpoint.key in one.endpoints]
            assert sum(having) == tests.significant[number].observed
        assert tests.combinations[-1].features == tests.everywhere
        assert len(tests.combinations) == 15
    flow = {one.endpoint.key: one for one in study.flow}
    for one in study.flow:
        assert one.events + one.event_free + one.censored + one.other_cause == study.patients == 70
    assert flow["os2"].other_cause == 0 < flow["dss2"].other_cause


def test_counts_stand_beside_the_papers(study):
    rows = {row.key: row for row in study.beside_paper}
    assert rows["ct_significant_os2"].paper == "3,042; chance alone 2,765"
    assert rows["pet_everywhere"].paper == "292, at all four endpoints"
    assert rows["ct_chosen"].ours == len(study.chosen_features(Modality.CT)) <= 24
    assert rows["ct_tlg"].ours == max(study.conventional[name].tlg for name in study.chosen_features(Modality.CT))
    assert rows["ct_significant_os2"].band == study.tests[0].significant[0]


def test_the_statement_stands_in_the_methods(study):
    assert study.methods.endswith(NO_PROOF)
    assert "50 resamples of patients" in study.methods
    assert "60 permutations" in study.methods


def test_the_same_seed_gives_the_same_study(study):
    again = selected(*make_table())
    assert again.beside_paper == study.beside_paper
    assert [one.features for one in again.chosen] == [one.features for one in study.chosen]
    other = selected(*make_table(), seed=5)
    assert [one.inclusion.tolist() for one in other.chosen] != [one.inclusion.tolist() for one in study.chosen]


def test_the_order_of_the_cohort_changes_nothing(study):
    table, rows = make_table()
    assert selected(table, rows[::-1]).beside_paper == study.beside_paper


def test_annotations_of_a_patient_count_once(study):
    table, rows = make_table()
    doubled = replace(
        table,
        patient_ids=table.patient_ids * 2,
        annotation_ids=("a",) * 70 + ("b",) * 70,
        features={one: np.vstack([values, values]) for one, values in table.features.items()},
        conventional=np.vstack([table.conventional, np.full((70, 2), np.nan)]),
        flags=table.flags * 2,
    )
    cohort = [replace(row, annotation_id=name) for name in "ab" for row in rows]
    twice = selected(doubled, cohort)
    assert (twice.patients, twice.annotations) == (70, 140)
    assert twice.beside_paper == study.beside_paper


def test_one_modality_is_enough():
    table, rows = make_table()
    table = replace(
        table,
        features={Modality.PET: table.features[Modality.PET]},
        networks={Modality.PET: table.networks[Modality.PET]},
    )
    study = selected(table, rows, endpoints=("os2",), inclusion_permutations=0)
    assert [tests.modality for tests in study.tests] == [Modality.PET]
    assert not any(row.key.endswith("everywhere") for row in study.beside_paper)


def test_without_causes_disease_specific_endpoints_are_left_out_and_said():
    table, rows = make_table()
    study = selected(table, [replace(row, cause="") for row in rows], inclusion_permutations=0)
    assert [one.key for one in study.endpoints] == ["os2", "os5"]
    said = "Death of the disease by 2 years is not studied: the cohort table tells no cause of death (column cause)."
    assert said in study.warnings


def test_flags_demonstrations_and_strangers_are_said():
    table, rows = make_table(demonstration=True)
    table = replace(table, flags=("", *("tumour larger than the region",) * 3, *("",) * 66))
    study = selected(table, rows[:-1], endpoints=("os2",), inclusion_permutations=0)
    text = " ".join(study.warnings)
    assert "demonstration networks" in text
    assert "simulated patients" in text
    assert "3 row(s) of features are flagged: tumour larger than the region" in text
    assert "1 row(s) of features have no row in the cohort table" in text
    assert study.demonstration


def test_no_endpoint_at_all_is_refused():
    table, rows = make_table()
    with pytest.raises(InputError, match=r"no endpoint can be studied \(os2: nobody was followed"):
        selected(table, [replace(row, time_days=row.time_days / 1e3) for row in rows], endpoints=("os2",))


def test_squared_correlations_are_those_of_numpy():
    generator = np.random.default_rng(0)
    features, measures = generator.normal(size=(30, 4)), generator.normal(size=(30, 3))
    measures[:3, 0], measures[:, 2], features[:, 3] = np.nan, 1.0, 2.0
    squared = squared_correlations(features, measures)
    assert squared[1, 0] == pytest.approx(np.corrcoef(features[3:, 1], measures[3:, 0])[0, 1] ** 2)
    assert squared[2, 1] == pytest.approx(np.corrcoef(features[:, 2], measures[:, 1])[0, 1] ** 2)
    assert np.isnan(squared[:, 2]).all()
    assert np.isnan(squared[3]).all()


def test_measures_are_averaged_over_the_annotations_that_have_them():
    measures = np.array([[1.0, np.nan], [3.0, 4.0], [np.nan, np.nan]])
    averaged = average_measures(measures, np.array([0, 0, 1]))
    assert averaged[0].tolist() == [2, 4]
    assert np.isnan(averaged[1]).all()


@pytest.mark.parametrize(
    ("names", "tlg"),
    [(("suv_max", "tlg_41_ml", "tlg_contour_ml"), "tlg_contour_ml"), (("tlg_41_ml",), "tlg_41_ml"), (("suv_max",), "")],
)
def test_total_lesion_glycolysis_is_that_of_the_contour(names, tlg):
    assert tlg_among(names) == tlg


def test_selecting_on_everybody_is_no_proof_of_prediction():
    """Permuted outcomes: chosen on all patients, features part the same patients well; chosen on others, not at all."""
    on_all, on_others = [], []
    for study_seed in range(4):
        table, rows = make_table(n=60, p=600, planted=(), seed=study_seed)
        label = np.random.default_rng(study_seed).permutation(np.arange(60) % 2 == 0)
        rows = [
            replace(row, time_days=100.0 if dead else 4000.0, event=bool(dead))
            for row, dead in zip(rows, label, strict=True)
        ]
        ct = table.features[Modality.CT]
        fold = patient_folds(np.zeros(60), label, label, folds=2, seed=0)

        def area(training, tested, table=table, rows=rows, ct=ct, label=label):
            part = replace(
                table,
                patient_ids=tuple(table.patient_ids[number] for number in training),
                annotation_ids=("",) * len(training),
                features={Modality.CT: ct[training]},
                conventional=table.conventional[training],
                flags=("",) * len(training),
            )
            study = selected(
                part, [rows[number] for number in training], endpoints=("os2",), inclusion_permutations=0,
                permutations=40,
            )  # fmt: skip
            one = study.chosen[0]
            mean, spread = ct[training][:, one.indices].mean(axis=0), ct[training][:, one.indices].std(axis=0)
            score = (ct[tested][:, one.indices] - mean) / spread @ one.coefficient
            above = score[label[tested]][:, None] > score[~label[tested]]
            return above.mean()

        everybody = np.arange(60)
        on_all.append(area(everybody, everybody))
        on_others += [area(np.flatnonzero(fold != side), np.flatnonzero(fold == side)) for side in (0, 1)]
    assert np.mean(on_all) > 0.8
    assert 0.35 < np.mean(on_others) < 0.65


def parse(*arguments):
    parser = argparse.ArgumentParser()
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", choices=("auto", "json"), default="auto")
    biomarkers_select.add_to(parser.add_subparsers(), common)
    return parser.parse_args(["select", *(str(argument) for argument in arguments)])


def run(*arguments):
    parsed = parse(*arguments)
    with Console.of(parsed) as console:
        return parsed.run(parsed, console)


def test_the_command_at_full_width(tmp_path, capsys):
    table, rows = make_full_table(n=40, demonstration=True)
    write_feature_table(tmp_path / "features.h5", table)
    cohort = write_cohort(rows, tmp_path / "cohort.csv")
    arguments = (
        tmp_path / "features.h5", cohort, "--output", tmp_path / "out", "--endpoints", "os2", "--permutations", 40,
        "--bootstraps", 25, "--inclusion-permutations", 1, "--penalty-fraction", 0.7, "--seed", 3, "--json",
    )  # fmt: skip
    assert run(*arguments) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "out/selection.json").read_text(encoding="utf-8"))
    assert printed == written
    assert written["options"]["seed"] == 3
    assert written["statement"] == NO_PROOF
    assert written["mark"] == "DEMONSTRATION NETWORKS · SIMULATED PATIENTS"
    assert written["tests"]["ct"]["tested"] > 50_000
    assert len(written["features_sha256"]) == len(written["cohort_sha256"]) == 64
    with (tmp_path / "out/features.csv").open(encoding="utf-8") as stream:
        features = {row["feature"]: row for row in csv.DictReader(stream)}
    assert len(features) == 2 * 55_296
    chosen = [one["name"] for one in written["chosen"][0]["features"]]
    assert [name for name, row in features.items() if row["chosen_os2"] == "yes" and name[0] == "C"] == sorted(chosen)
    assert NAMES & set(chosen)
    assert (features["C16704"]["channel"], features["C16704"]["z"]) == ("320", "0")
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {
        "selection.json", "features.csv", "chosen.csv", "counts.csv", "endpoints.csv", "histogram.csv", "flow.csv",
        "methods.txt", "report.html", "figures",
    }  # fmt: skip
    for path in (tmp_path / "out").glob("*.*"):
        assert "DOE" not in path.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="already exists"):
        run(*arguments)


def test_flags_win_over_the_file_and_the_scale(tmp_path, monkeypatch):
    given = {}

    def stop(table, cohort, options, **others):
        given["options"] = options
        raise InputError("stop")

    monkeypatch.setattr("prognosis.biomarkers.selection.study.select", stop)
    monkeypatch.setattr("prognosis.biomarkers.feature_store.read_feature_table", lambda _: None)
    (tmp_path / "features.h5").touch()
    cohort = write_cohort(make_table()[1], tmp_path / "cohort.csv")
    (tmp_path / "options.toml").write_text('top = 9\nbootstraps = 7\ndisease_cause = "lung"\n', encoding="utf-8")
    with pytest.raises(InputError, match="stop"):
        run(
            tmp_path / "features.h5", cohort, "--output", tmp_path / "out", "--config", tmp_path / "options.toml",
            "--scale", "quick", "--top", 11, "--joint",
        )  # fmt: skip
    options = given["options"]
    assert (options.top, options.bootstraps, options.disease_cause, options.joint) == (11, 100, "lung", True)


def test_an_endpoint_that_is_unknown_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="endpoints are some of os2, os5, dss2, dss5"):
        run(tmp_path / "a.h5", tmp_path / "b.csv", "--output", tmp_path / "out", "--endpoints", "os3")


def test_one_image_under_two_ids_is_refused():
    table, rows = make_table(n=40)
    table.features[Modality.PET][31] = table.features[Modality.PET][4]
    with pytest.raises(InputError, match="entries 5 and 32 .* same PET features"):
        selected(table, rows)
