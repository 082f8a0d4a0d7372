"""A hospital's run: from its sheets to a bundle that waits for approval."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "workflow/rules/common.smk"


# The same locked software for every rule. With `--sdm apptainer` Snakemake itself starts
# it; otherwise common.smk hands every shell command to the front of the installed image.
container: IMAGE


include: "workflow/rules/clinical.smk"
include: "workflow/rules/genomics.smk"
include: "workflow/rules/somatic.smk"
include: "workflow/rules/tumour.smk"
include: "workflow/rules/imaging.smk"
include: "workflow/rules/radiomics.smk"
include: "workflow/rules/conformance.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/release.smk"


rule all:
    default_target: True
    input:
        "private/status.html",
        "private/review/prepared.bundle",
        [f"private/pictures/{batch}" for batch in SITE.imaging_batches],
        "private/imaging.html",
        ["private/multiqc.html"] if SITE.multiqc and SITE.genomics_batches else [],
        ["private/robustness.tsv"] if SITE.protocol.radiomics.robustness else [],
