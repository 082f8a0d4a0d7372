"""From the checked patients sheet to clinical variables."""


rule clinical_derive_variables:
    input:
        patients="work/intake/clinical.tsv",
    output:
        variables=ensure("work/clinical/variables.tsv", non_empty=True),
        outcomes=ensure("work/clinical/outcomes.tsv", non_empty=True),
    log:
        "logs/clinical_derive_variables/all.log",
    benchmark:
        "logs/benchmarks/clinical_derive_variables/all.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        code=code_digest("clinical"),
        site=SITE.site_digest("freeze"),
    shell:
        """
        equisite clinical derive --patients {input.patients} --site work/intake/site.json \
            --out {output.variables} --outcomes {output.outcomes} 2>{log}
        """
