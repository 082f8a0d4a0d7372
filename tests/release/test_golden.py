"""The bytes of one tiny bundle: a change here is a change of the format or of a number."""

from __future__ import annotations

from pathlib import Path

from made_cohort import columns, protocol, write_site

from equisite.bundle import format as form
from equisite.bundle.codec import read_files
from equisite.bundle.keys import parse_key
from equisite.release.prepare import prepare

TABLES = [
    {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
    {"id": "sex", "kind": "count", "keys": ["sex"]},
    {"id": "carriers", "kind": "carriers", "genes": ["AAA1"], "consequence": ["truncating"]},
    {"id": "volume", "kind": "moment", "features": ["mr__gtv__shape_mesh_volume"]},
    {
        "id": "products",
        "kind": "comoment",
        "features": ["mr__gtv__shape_mesh_volume"],
        "covariates": ["age", "sex_female"],
    },
]
CELLS = """\
table	key	measure	value	status
carriers	analysis_set=genomics|gene=AAA1	n	60	ok
carriers	analysis_set=genomics|gene=AAA1|consequence=truncating	count	15	ok
cohort	analysis_set=all	count	60	ok
cohort	analysis_set=both	count	60	ok
cohort	analysis_set=genomics	count	60	ok
cohort	analysis_set=imaging	count	60	ok
products	analysis_set=imaging|covariates=age,age|pattern=1	sxx	6.630000e+03	ok
products	analysis_set=imaging|covariates=age,sex_female|pattern=1	sxx	1.500000e+01	ok
products	analysis_set=imaging|covariates=age|pattern=1	mean_off	-1.000000e+00	ok
products	analysis_set=imaging|covariates=sex_female,sex_female|pattern=1	sxx	1.500000e+01	ok
products	analysis_set=imaging|covariates=sex_female|pattern=1	mean_off	5.000000e-01	ok
products	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|covariates=age|pattern=1	sxy	1.500000e+01	ok
products	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|covariates=sex_female|pattern=1	sxy	1.500000e+01	ok
products	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|pattern=1	m2	1.500000e+01	ok
products	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|pattern=1	mean_off	-7.560000e-01	ok
products	analysis_set=imaging|pattern=1	n	60	ok
sex	analysis_set=all	count	60	ok
sex	analysis_set=all|sex=female	count	30	ok
sex	analysis_set=all|sex=male	count	30	ok
sex	analysis_set=all|sex=other	count	0	ok
sex	analysis_set=all|sex=unknown	count	0	ok
volume	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume	m2	1.500000e+01	ok
volume	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume	mean_off	-7.560000e-01	ok
volume	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume	n	60	ok
volume	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|side=high	clipped	0	ok
volume	analysis_set=imaging|feature=mr__gtv__shape_mesh_volume|side=low	clipped	0	ok
"""  # noqa: E501 - lines of the table as they are
TABLE_ROWS = """\
table	kind	class	analysis_set	status	reason	rank	cells
carriers	carriers	germline	genomics	released		20	2
cohort	count	clinical	all	released		4	4
products	comoment	imaging	imaging	released		7	10
sex	count	clinical	all	released		3	5
volume	moment	imaging	imaging	released		2	5
"""


def cohort() -> dict[str, list[str]]:
    """Sixty patients whose sums can be done by hand.

    Every second one is female with volume 10^5, the others have 10^4; ages 48, 49, 69, 70 by
    turns; fifteen of sixty carry. The registered centres are 5.256 (log10) and 60.
    """
    found = columns(60)
    found["mr__gtv__shape_mesh_volume"] = ["100000" if i % 2 else "10000" for i in range(60)]
    ages = {0: "48", 1: "49", 2: "69", 3: "70"}
    found["age"] = [ages[i % 4] for i in range(60)]
    found["carriers__AAA1__truncating"] = ["1" if i % 4 == 0 else "0" for i in range(60)]
    return found


def test_cells_and_tables_are_the_golden_bytes(tmp_path: Path):
    site = write_site(tmp_path, cohort(), protocol(tables=TABLES))
    files = read_files(prepare(site, "0" * 64).content)
    assert files[form.CELLS].decode() == CELLS
    assert files[form.TABLES].decode() == TABLE_ROWS
    assert files[form.QUALITY].decode() == "table\tkey\tmeasure\tvalue\tstatus\n"


def test_the_golden_keys_are_canonical():
    for line in CELLS.splitlines()[1:]:
        assert str(parse_key(line.split("\t")[1])) == line.split("\t")[1]
