"""Batch 0, the public pack, went through the same rules; here it is scored."""


rule conformance_score_pack:
    input:
        protocol="work/intake/pack.json",
        calls="work/genomics/0/calls",
        variants="work/genomics/0/variants.tsv",
        regions="work/radiomics/0/regions.tsv",
        tumours="work/tumour/0/tumours.tsv" if SOMATIC else [],
        called="work/tumour/0/annotated" if SOMATIC else [],
    output:
        scores=ensure("work/conformance/scores.tsv", non_empty=True),
    log:
        "logs/conformance_score_pack/all.log",
    benchmark:
        "logs/benchmarks/conformance_score_pack/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("cohort"),
        protocol=SITE.protocol_digest("conformance"),
        pack=CHECKOUT / "resources/conformance",
        genomics=subpath(input.variants, parent=True),
        radiomics=subpath(input.regions, parent=True),
        tumours=lambda wildcards, input: (
            "--tumours work/tumour/0" if input.tumours else ""
        ),
    shell:
        """
        equisite conformance score --genomics {params.genomics} --radiomics {params.radiomics} \
            {params.tumours} --protocol {input.protocol} --pack {params.pack} --out {output.scores} 2>{log}
        """
