"""The lead's run: from the sites' bundles to one report.

snakemake --snakefile <checkout>/workflow/compare.smk --directory <lead> --workflow-profile <profile>
"""

import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

from snakemake.utils import min_version

min_version("9.27")

CHECKOUT = Path(workflow.basedir).resolve().parent
sys.path.insert(0, str(CHECKOUT / "src"))

from equisite.compare.lead import folder_digest, load_folder, outside_folders
from equisite.core.errors import EquisiteError
from equisite.core.provenance import code_digest as _source_digest
from equisite.core.software import installed

try:
    LEAD = load_folder(Path.cwd())
    SOFTWARE = installed(
        CHECKOUT,
        by_snakemake=DeploymentMethod.APPTAINER
        in workflow.deployment_settings.deployment_method,
    )
except EquisiteError as error:
    # A mistake of the user: our text, no traceback, and not into any log file.
    print(error.render(), file=sys.stderr, flush=True)
    sys.exit(error.exit_code)

SOFTWARE.bind(outside_folders(LEAD))
if SOFTWARE.front is not None:
    shell.executable(SOFTWARE.front)


container: SOFTWARE.image


def code_digest(room):
    """Parameter that re-runs a room's rules when its source or the image changes."""
    return f"{_source_digest(room)}-{SOFTWARE.digest[:16]}"


rule all:
    default_target: True
    input:
        "report/report.html",
        "report/consortium.bib",


rule compare_admit_bundles:
    output:
        admitted=ensure("report/admitted.tsv", non_empty=True),
    log:
        "logs/compare_admit_bundles/all.log",
    benchmark:
        "logs/benchmarks/compare_admit_bundles/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("compare"),
        # Bundles are no input: admission itself puts them into their places.
        lead=folder_digest(LEAD),
    shell:
        "equisite compare admit 2> {log}"


rule compare_pool_tables:
    input:
        admitted="report/admitted.tsv",
    output:
        sites=ensure("report/sites.tsv", non_empty=True),
        pooled=ensure("report/pooled.tsv", non_empty=True),
        meta=ensure("report/meta.tsv", non_empty=True),
        suspects=ensure("report/suspects.tsv", non_empty=True),
        summary=ensure("report/summary.json", non_empty=True),
    log:
        "logs/compare_pool_tables/all.log",
    benchmark:
        "logs/benchmarks/compare_pool_tables/all.tsv"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        code=code_digest("compare"),
    shell:
        "equisite compare pool 2> {log}"


rule compare_write_report:
    input:
        admitted="report/admitted.tsv",
        sites="report/sites.tsv",
        pooled="report/pooled.tsv",
        meta="report/meta.tsv",
        suspects="report/suspects.tsv",
        summary="report/summary.json",
    output:
        page=ensure("report/report.html", non_empty=True),
        bibliography="report/consortium.bib",
    log:
        "logs/compare_write_report/all.log",
    benchmark:
        "logs/benchmarks/compare_write_report/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("compare"),
    shell:
        "equisite compare report 2> {log}"
