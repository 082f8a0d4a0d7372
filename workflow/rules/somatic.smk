"""From aligned reads of tumour and normal to somatic variants, batch by batch.

A pipeline runs once per tumour of its batch. It sees ITEM, the tumour's token, NORMAL, that of
its patient's normal, empty where there is none, and OUT, the prefix of the files it makes. The
second caller runs once per cell of the territory, from CELL to CALLS.
"""


rule somatic_sight_alleles:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
    output:
        alleles=directory("work/somatic/{batch}/sighted"),
        outcomes="work/somatic/{batch}/sight.tsv",
    log:
        "logs/somatic_sight_alleles/{batch}.log",
    benchmark:
        "logs/benchmarks/somatic_sight_alleles/{batch}.tsv"
    wildcard_constraints:
        batch=WHOLE,
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        share=lambda wildcards: (
            f"--share {wildcards.share} --shares {SHARES}"
            if "share" in wildcards.keys()
            else ""
        ),
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite somatic sight-alleles --index {input.index} --aligned {input.aligned} \
            --crams {input.crams} --territory {input.territory} {params.share} \
            --header {input.header} --cache {input.cache} \
            --out {output.alleles} --outcomes {output.outcomes} 2>{log}
        """


use rule somatic_sight_alleles as somatic_sight_share with:
    output:
        alleles=directory("work/somatic/{batch}/shares/{share}/sighted"),
        outcomes="work/somatic/{batch}/shares/{share}/sight.tsv",
    log:
        "logs/somatic_sight_share/{batch}-{share}.log",
    benchmark:
        "logs/benchmarks/somatic_sight_share/{batch}-{share}.tsv"
    wildcard_constraints:
        batch=SHARED,
        share=r"\d+",


rule somatic_join_sighted:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        parts=[
            f"work/somatic/{{batch}}/shares/{n}/sighted" for n in range(1, SHARES + 1)
        ],
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
    output:
        alleles=directory("work/somatic/{batch}/sighted"),
        outcomes="work/somatic/{batch}/sight.tsv",
    log:
        "logs/somatic_join_sighted/{batch}.log",
    benchmark:
        "logs/benchmarks/somatic_join_sighted/{batch}.tsv"
    wildcard_constraints:
        batch=SHARED,
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
    shell:
        """
        equisite somatic join-sighted --index {input.index} --aligned {input.aligned} \
            --header {input.header} --cache {input.cache} --parts {input.parts} \
            --out {output.alleles} --outcomes {output.outcomes} 2>{log}
        """


rule somatic_gather_evidence:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        protocol=protocol_of,
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
    output:
        evidence=directory("work/somatic/{batch}/evidence"),
        outcomes="work/somatic/{batch}/gather.tsv",
    log:
        "logs/somatic_gather_evidence/{batch}.log",
    benchmark:
        "logs/benchmarks/somatic_gather_evidence/{batch}.tsv"
    wildcard_constraints:
        batch=WHOLE,
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        pinned=pinned_of,
        share=lambda wildcards: (
            f"--share {wildcards.share} --shares {SHARES}"
            if "share" in wildcards.keys()
            else ""
        ),
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite somatic gather-evidence --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --crams {input.crams} --territory {input.territory} {params.share} \
            --header {input.header} --cache {input.cache} \
            --out {output.evidence} --outcomes {output.outcomes} --second '
                samtools merge -u --no-PG -L "$CELL" -o - \
                        "{input.crams}/$ITEM.cram" ${{NORMAL:+"{input.crams}/$NORMAL.cram"}} \
                    | samtools reheader -P -c "sed -e s/SM:$ITEM/SM:TUMOUR/ \
                        ${{NORMAL:+-e s/SM:$NORMAL/SM:NORMAL/}}" - \
                    | freebayes -c -f {input.reference} --pooled-continuous -F 0.03 -C 2 \
                        -m 20 -q 20 --min-repeat-entropy 1 \
                    | bcftools norm --no-version -m -any -a -f {input.reference} -Ou \
                    | bcftools norm --no-version -d exact -f {input.reference} -o "$CALLS"
            ' 2>{log}
        """


use rule somatic_gather_evidence as somatic_gather_share with:
    output:
        evidence=directory("work/somatic/{batch}/shares/{share}/evidence"),
        outcomes="work/somatic/{batch}/shares/{share}/gather.tsv",
    log:
        "logs/somatic_gather_share/{batch}-{share}.log",
    benchmark:
        "logs/benchmarks/somatic_gather_share/{batch}-{share}.tsv"
    wildcard_constraints:
        batch=SHARED,
        share=r"\d+",


rule somatic_join_evidence:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        protocol="work/intake/protocol.json",
        parts=[
            f"work/somatic/{{batch}}/shares/{n}/evidence" for n in range(1, SHARES + 1)
        ],
        gathered=[
            f"work/somatic/{{batch}}/shares/{n}/gather.tsv"
            for n in range(1, SHARES + 1)
        ],
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
    output:
        evidence=directory("work/somatic/{batch}/evidence"),
        outcomes="work/somatic/{batch}/gather.tsv",
    log:
        "logs/somatic_join_evidence/{batch}.log",
    benchmark:
        "logs/benchmarks/somatic_join_evidence/{batch}.tsv"
    wildcard_constraints:
        batch=SHARED,
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        pinned="work/intake/files",
    shell:
        """
        equisite somatic join-evidence --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --after {input.gathered} --parts {input.parts} \
            --header {input.header} --cache {input.cache} \
            --out {output.evidence} --outcomes {output.outcomes} 2>{log}
        """


rule somatic_build_panel:
    input:
        index=expand("work/intake/genomics/{batch}.tsv", batch=SITE.genomics_batches),
        alleles=expand("work/somatic/{batch}/sighted", batch=SITE.genomics_batches),
        judged=expand("work/somatic/{batch}/gather.tsv", batch=SITE.genomics_batches),
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
    output:
        panel=ensure("work/somatic/panel.vcf.gz", non_empty=True),
    log:
        "logs/somatic_build_panel/all.log",
    benchmark:
        "logs/benchmarks/somatic_build_panel/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
    shell:
        """
        equisite somatic build-panel --index {input.index} --sighted {input.alleles} \
            --judged {input.judged} --header {input.header} --cache {input.cache} \
            --out {output.panel} 2>{log}
        """


rule somatic_call_variants:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        protocol=protocol_of,
        evidence="work/somatic/{batch}/evidence",
        judged="work/somatic/{batch}/gather.tsv",
        alleles="work/somatic/{batch}/sighted",
        panel=panel_of,
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        calls=directory("work/somatic/{batch}/calls"),
        outcomes="work/somatic/{batch}/call.tsv",
    log:
        "logs/somatic_call_variants/{batch}.log",
    benchmark:
        "logs/benchmarks/somatic_call_variants/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        pinned=pinned_of,
        panel=lambda wildcards, input: f"--panel {input.panel}" if input.panel else "",
    shell:
        """
        equisite somatic call-variants --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --after {input.judged} --evidence {input.evidence} \
            {params.panel} --sighted {input.alleles} \
            --header {input.header} --cache {input.cache} \
            --out {output.calls} --outcomes {output.outcomes} --pack '
                bcftools view --no-version -Oz -o "$OUT.vcf.gz" -
                bcftools index "$OUT.vcf.gz"
            ' 2>{log}
        """


rule somatic:
    input:
        [path for batch in SITE.genomics_batches for path in somatic_outcomes(batch)],
