"""Features of every region that imaging has made, batch by batch."""

from equisite.codebook.book import codebook


rule radiomics_extract_features:
    input:
        regions="work/imaging/{batch}/regions.tsv",
        volumes="work/imaging/{batch}/volumes",
    output:
        features=ensure("work/radiomics/{batch}/regions.tsv", non_empty=True),
        outcomes=ensure("work/radiomics/{batch}/outcomes.tsv", non_empty=True),
    log:
        "logs/radiomics_extract_features/{batch}.log",
    benchmark:
        "logs/benchmarks/radiomics_extract_features/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        code=code_digest("radiomics"),
        protocol=SITE.protocol_digest("radiomics"),
        codebook=codebook().features_sha256[:16],
        settings=protocol_of,
    shell:
        """
        equisite radiomics extract --protocol {params.settings} --regions {input.regions} \
            --out {output.features} --outcomes {output.outcomes} 2>{log}
        """


rule radiomics_perturb_regions:
    input:
        regions="work/imaging/{batch}/regions.tsv",
        volumes="work/imaging/{batch}/volumes",
    output:
        perturbed=ensure("work/radiomics/{batch}/perturbed.tsv", non_empty=True),
    log:
        "logs/radiomics_perturb_regions/{batch}.log",
    benchmark:
        "logs/benchmarks/radiomics_perturb_regions/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        code=code_digest("radiomics"),
        protocol=SITE.protocol_digest("radiomics"),
        codebook=codebook().features_sha256[:16],
        settings=protocol_of,
    shell:
        """
        equisite radiomics perturb --protocol {params.settings} --regions {input.regions} \
            --out {output.perturbed} 2>{log}
        """


rule radiomics:
    input:
        [f"work/radiomics/{batch}/regions.tsv" for batch in (0, *SITE.imaging_batches)],
