"""The shipped codebook holds, and a codebook with faults is refused with all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from equisite.codebook.book import (
    Codebook,
    codebook,
    codebook_sha256,
    column,
    constant,
    constants_sha256,
    core_features,
    instance_columns,
    load_from,
    resources_folder,
    variable,
)
from equisite.codebook.channels import CODES, LABELS, channel_columns
from equisite.core.errors import ConfigError

GOOD = """
- id: grade
  label: "Grade"
  definition: "Grade of the tumour."
  type: code
  class: clinical
  forms: [count]
  codes: {low: "Low", high: "High", missing: "Missing"}
  source: [NCIT:C18000]
  since: 1.0.0
"""


def book_of(folder: Path, clinical: str, constants: str | None = None) -> Codebook:
    (folder / "version.txt").write_text("1.0.0\n")
    (folder / "clinical.yaml").write_text(clinical)
    if constants is not None:
        (folder / "constants.tsv").write_text(constants)
    return load_from(folder)


def test_the_shipped_codebook_loads_without_a_fault() -> None:
    book = codebook()
    assert book.version == "1.0.0"
    assert len(book.features("pyradiomics")) == 107
    assert len(book.features("ibsi")) == 482
    assert len(book.features()) == 107 + 482
    assert {"sex", "age", "age_band", "diagnosis_chapter"} <= {v.id for v in book.variables}
    assert len(codebook_sha256()) == 64


def test_every_modality_has_a_core_list_that_fits_the_budget() -> None:
    for modality in ("CT", "mr", "Pt"):
        assert 10 <= len(core_features(modality)) <= 15
        assert 10 <= len(codebook().core_features(modality, "pyradiomics")) <= 15


def test_features_map_one_to_one_to_pyradiomics() -> None:
    names = [v.external("PyRadiomics") for v in codebook().features("pyradiomics")]
    assert all(name.startswith("original_") for name in names)
    assert len(set(names)) == 107


def test_an_entry_stands_for_one_variable_per_aggregation() -> None:
    book = codebook()
    merged, planes = (
        book.variable(f"ibsi_cm_contrast_{end}") for end in ("3d_comb", "2_5d_avg")
    )
    assert merged.label == "Contrast (GLCM), 3D, merged"
    assert merged.source == ("IBSI:ACUI", "IBSIaggregation:IAZD")
    assert merged.core == ("CT", "MR", "PT")
    assert planes.core == ()
    assert not book.has("ibsi_cm_contrast")


def test_an_unknown_aggregation_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "version.txt").write_text("1.0.0\n")
    (tmp_path / "ibsi.yaml").write_text(
        """\
- id: ibsi_x
  label: "X"
  definition: "D."
  type: number
  class: imaging
  forms: [moment]
  instances: modality_roi
  aggregations: [4d]
  source: [IBSI:ABCD]
  since: 1.0.0
"""
    )
    with pytest.raises(ConfigError, match="aggregations"):
        load_from(tmp_path)


def test_core_lists_of_both_modes_have_names_of_their_own() -> None:
    book = codebook()
    core = book.columns_of("mr__gtv__core")
    other = book.columns_of("mr__gtv__pyradiomics_core")
    assert "mr__gtv__ibsi_morph_volume" in core
    assert "mr__gtv__shape_mesh_volume" in other
    assert not set(core) & set(other)


def test_columns_of_an_instance_are_lower_case_and_known() -> None:
    columns = instance_columns("MR", "gtv")
    assert columns[0] == "mr__gtv__shape_mesh_volume"
    assert all(variable(c).id == c.split("__")[2] for c in columns)
    assert "mr__gtv__slice_spacing" in columns


def test_a_core_name_expands_in_order_of_the_codebook() -> None:
    expected = tuple(column("CT", "gtv", f) for f in core_features("CT"))
    assert codebook().columns_of("ct__gtv__core") == expected
    assert codebook().columns_of(("ct__gtv__glcm_idm",)) == ("ct__gtv__glcm_idm",)


@pytest.mark.parametrize(
    "name", ["colour", "mr__gtv__colour", "mr__gtv", "mr__gtv__age", "us__gtv__core"]
)
def test_a_name_that_is_not_registered_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="UNKNOWN_VARIABLE"):
        codebook().columns_of(name)


def test_a_column_without_limits_is_refused() -> None:
    with pytest.raises(ConfigError, match="NO_CONSTANT"):
        constant("sex")


def test_regions_share_the_limits_of_a_feature() -> None:
    book = codebook()
    mine = book.constant("mr__lesion__ibsi_morph_volume")
    assert mine == replace(
        book.constant("mr__gtv__ibsi_morph_volume"), column="mr__lesion__ibsi_morph_volume"
    )
    with pytest.raises(ConfigError, match="NO_CONSTANT"):
        book.constant("us__lesion__ibsi_morph_volume")


def test_features_of_responses_have_the_limits_of_their_kind_of_filter() -> None:
    name = "ct__lung__log2__ibsi_stat_mean"
    with pytest.raises(ConfigError, match="NO_CONSTANT"):
        codebook().constant(name)
    book = replace(codebook(), responses={("ct", "log2"): "detail", ("ct", "smooth"): "smooth"})
    assert book.constant(name).column == name
    assert book.constant(name).transform == "asinh"
    assert book.constant("ct__lung__smooth__ibsi_stat_mean").transform == "identity"
    unitless = [f"{m}__gtv__log2__ibsi_cm_contrast_3d_comb" for m in ("ct", "mr")]
    kinds = {("ct", "log2"): "detail", ("mr", "log2"): "detail"}
    limits = [replace(codebook(), responses=kinds).constant(n) for n in unitless]
    assert limits[0] == replace(limits[1], column=unitless[0])


def test_resources_are_found_by_environment_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUISITE_RESOURCES", str(tmp_path))
    with pytest.raises(ConfigError, match="RESOURCES_MISSING"):
        resources_folder()
    (tmp_path / "codebook").mkdir()
    assert resources_folder() == tmp_path


def test_an_absent_domain_is_no_fault_and_the_digest_is_of_the_content(tmp_path: Path) -> None:
    one = book_of(tmp_path, GOOD)
    other = book_of(tmp_path, GOOD.replace('"Grade"', "Grade") + "\n# a remark\n")
    assert [v.id for v in one.variables] == ["grade"]
    assert one.sha256 == other.sha256
    assert one.sha256 != book_of(tmp_path, GOOD.replace('"Low"', '"Lower"')).sha256


def test_the_digest_of_features_is_of_names_not_of_labels(tmp_path: Path) -> None:
    entry = GOOD.replace("type: code", "type: number").replace("[count]", "[moment]")
    entry = entry.replace('codes: {low: "Low"', "instances: modality_roi #")
    one = book_of(tmp_path, entry)
    assert book_of(tmp_path, entry.replace('"Grade"', '"Rank"')).features_sha256 == (
        one.features_sha256
    )
    assert book_of(tmp_path, entry.replace("grade", "rank")).features_sha256 != (
        one.features_sha256
    )


FAULTS = [
    ('label: "Grade"', 'label: ""', "label"),
    ("type: code", "type: colour", "type"),
    ("since: 1.0.0", "since: 2.0.0", "later than the codebook"),
    ("since: 1.0.0", "since: 1.0.0\n  colour: red", "colour"),
    ("source: [NCIT:C18000]", "source: []", "source"),
    ("source: [NCIT:C18000]", "source: [NCIT:C1, NCIT:C1]", "source stands twice"),
    ("forms: [count]", "forms: [moment]", "cannot be released as moment"),
    ("class: clinical", "class: imaging", "does not belong"),
    ('high: "High"', 'high: "Low"', "two codes have the label"),
    ('high: "High"', 'LOW: "High"', "differ only by case"),
    ("codes: {", "codes: {}\n  bands: {low: 1} #", "codes are for type code"),
    ("type: code", "type: code\n  bands: {low: 2, high: 1}", "bands do not rise"),
    ("type: code", "type: code\n  bands: {high: 2}", "bands do not name all codes"),
    ("type: code", "type: code\n  ranges: {low: [B-A], high: [C-D]}", "range B-A"),
    ("type: code", "type: code\n  structural_zeros: [sex]", "structural zero sex"),
    ("type: code", "type: code\n  core: [CT]", "core list holds features"),
    (
        "type: code",
        "type: code\n  constant:"
        " {clip_low: 0, clip_high: 1, centre: 0, edge_low: 0, edge_high: 1}",
        "only a number or count",
    ),
    ("forms: [count]", "forms: [carriers]", "instances must be panel"),
    (
        ', missing: "Missing"}',
        "}\n  bands: {low: 1, high: 2}",
        "need a code for what falls into none",
    ),
]


@pytest.mark.parametrize(("before", "after", "message"), FAULTS)
def test_a_fault_of_an_entry_is_named(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in GOOD
    with pytest.raises(ConfigError, match=message) as caught:
        book_of(tmp_path, GOOD.replace(before, after))
    assert caught.value.code == "CODEBOOK_FAULT"


def test_all_faults_come_together(tmp_path: Path) -> None:
    other = GOOD.replace("grade", "stage").replace("type: code", "type: colour")
    with pytest.raises(ConfigError) as caught:
        book_of(tmp_path, GOOD + GOOD + other, "column\n")
    codes = [f.code for f in caught.value.findings]
    assert codes.count("CODEBOOK_FAULT") == 3
    assert codes.count("CONSTANT_FAULT") == 1


def test_sixteen_core_features_are_too_many(tmp_path: Path) -> None:
    entries = "".join(
        f'- {{id: f{i}, label: "F{i}", definition: "x", type: number, class: imaging,'
        " forms: [moment], instances: modality_roi, core: [MR], source: [A:B], since: 1.0.0}\n"
        for i in range(16)
    )
    (tmp_path / "version.txt").write_text("1.0.0\n")
    (tmp_path / "imaging.yaml").write_text(entries)
    with pytest.raises(ConfigError, match="16 core features for MR"):
        load_from(tmp_path)


@pytest.mark.parametrize("text", ["a: [1", "just text", "- id: grade\n\tlabel: x"])
def test_a_file_that_is_no_list_of_entries_is_unreadable(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="CODEBOOK_UNREADABLE"):
        book_of(tmp_path, text)


def test_the_digest_of_the_constants_is_that_of_the_file() -> None:
    import hashlib

    content = (resources_folder() / "codebook" / "constants.tsv").read_bytes()
    assert constants_sha256() == hashlib.sha256(content).hexdigest()


def test_columns_of_signatures_share_the_limits_of_their_variable() -> None:
    book = codebook()
    assert book.variable("sig__SBS7a").id == "sig"
    assert book.constant("sig__SBS7a").column == "sig__SBS7a"
    assert book.constant("sig__SBS7a").clip_high == 1
    assert book.knows("som_tmb")
    for name in ("som_tmb__x", "sig__a__b", "nothing", "nothing__a"):
        assert not book.knows(name)


def test_channels_have_columns_and_the_limit_of_their_spectrum() -> None:
    book = codebook()
    assert len(set(CODES)) == 96
    assert (CODES[0], LABELS["ACG_T"]) == ("ACA_A", "A[C>T]G")
    for spectrum in ("sbs96", "sbs96_alone"):
        assert {book.variable(c).id for c in channel_columns(spectrum)} == {spectrum}
        assert book.constant(channel_columns(spectrum)[5]).clip_high == 200


def test_a_spectrum_needs_channels_and_the_most_of_one_patient(tmp_path: Path) -> None:
    text = """\
- id: x
  label: "X"
  definition: "D."
  type: count
  class: somatic
  forms: [spectrum]
  source: [equisite:x]
  since: 1.0.0
"""
    (tmp_path / "version.txt").write_text("1.0.0\n")
    (tmp_path / "somatic.yaml").write_text(text)
    with pytest.raises(ConfigError, match="a spectrum stands per channel"):
        load_from(tmp_path)


def test_arms_are_those_of_the_autosomes_with_genes() -> None:
    arms = {v.id for v in codebook().variables if v.id.startswith("cn_arm_")}
    assert len(arms) == 39
    assert "cn_arm_13p" not in arms
    assert {"cn_arm_1p", "cn_arm_13q", "cn_arm_22q"} <= arms
