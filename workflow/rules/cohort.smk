"""All rooms joined: one private row per patient, and what happened to everyone."""


rule cohort_join_rooms:
    input:
        clinical="work/clinical/variables.tsv",
        clinical_outcomes="work/clinical/outcomes.tsv",
        variants=expand(
            "work/genomics/{batch}/variants.tsv", batch=SITE.genomics_batches
        ),
        genomics_outcomes=expand(
            "work/genomics/{batch}/outcomes.tsv", batch=SITE.genomics_batches
        ),
        tumours=expand(
            "work/tumour/{batch}/{what}.tsv",
            batch=SITE.genomics_batches if SOMATIC else [],
            what=["tumours", "outcomes"],
        ),
        people=["work/genomics/people.tsv"] if COMPARED else [],
        pairs=expand("work/imaging/{batch}/regions.tsv", batch=SITE.imaging_batches),
        imaging_outcomes=expand(
            "work/imaging/{batch}/outcomes.tsv", batch=SITE.imaging_batches
        ),
        regions=expand("work/radiomics/{batch}/regions.tsv", batch=SITE.imaging_batches),
        radiomics_outcomes=expand(
            "work/radiomics/{batch}/outcomes.tsv", batch=SITE.imaging_batches
        ),
        pictures=expand("private/pictures/{batch}", batch=SITE.imaging_batches),
    output:
        cohort=ensure("private/cohort.tsv", non_empty=True),
        status=ensure("private/status.tsv", non_empty=True),
        page=ensure("private/status.html", non_empty=True),
        outcomes=ensure("private/outcomes.tsv", non_empty=True),
        stages=ensure("private/stages.tsv", non_empty=True),
    log:
        "logs/cohort_join_rooms/all.log",
    benchmark:
        "logs/benchmarks/cohort_join_rooms/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("cohort"),
        protocol=SITE.protocol_digest("protocol", "cohort"),
        somatic=SOMATIC,
        compared=COMPARED,
        site=SITE.site_digest("site", "freeze"),
        genomics=SITE.genomics_batches,
        imaging=SITE.imaging_batches,
    shell:
        """
        equisite cohort join --genomics-batches {params.genomics} \
            --imaging-batches {params.imaging} 2>{log}
        """


rule cohort_judge_robustness:
    input:
        cohort="private/cohort.tsv",
        regions=expand("work/radiomics/{batch}/regions.tsv", batch=SITE.imaging_batches),
        perturbed=expand(
            "work/radiomics/{batch}/perturbed.tsv", batch=SITE.imaging_batches
        ),
    output:
        perturbed=ensure("private/perturbed.tsv", non_empty=True),
        robustness=ensure("private/robustness.tsv", non_empty=True),
    log:
        "logs/cohort_judge_robustness/all.log",
    benchmark:
        "logs/benchmarks/cohort_judge_robustness/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("cohort"),
        protocol=SITE.protocol_digest("radiomics"),
        imaging=SITE.imaging_batches,
    shell:
        """
        equisite cohort robustness --imaging-batches {params.imaging} 2>{log}
        """
