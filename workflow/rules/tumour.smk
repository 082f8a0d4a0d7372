"""What is counted of tumours whose somatic variants were called, batch by batch.

A pipeline runs once per tumour of its batch. It sees ITEM, the tumour's token, and OUT, the
prefix of the files it makes. Copy number is measured where the protocol asks for it and its
optional layer of software is installed.
"""


rule tumour_annotate_calls:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        protocol=protocol_of,
        calls="work/somatic/{batch}/calls",
        earlier=expand("work/somatic/{{batch}}/{step}.tsv", step=["gather", "call"]),
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        annotated=directory("work/tumour/{batch}/annotated"),
        outcomes="work/tumour/{batch}/annotate.tsv",
    log:
        "logs/tumour_annotate_calls/{batch}.log",
    benchmark:
        "logs/benchmarks/tumour_annotate_calls/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        pinned=pinned_of,
    shell:
        """
        equisite tumour annotate-calls --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --after {input.earlier} --header {input.header} --cache {input.cache} \
            --out {output.annotated} --outcomes {output.outcomes} --consequences '
                bcftools csq --no-version -l -B 10 -f {input.reference} -g {input.genes} \
                    -Ov -o "$OUT.vcf" "{input.calls}/$ITEM.vcf.gz"
            ' 2>{log}
        """


rule tumour_measure_reads:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        protocol=protocol_of,
        earlier=expand("work/somatic/{{batch}}/{step}.tsv", step=["gather", "call"]),
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
    output:
        measures=directory("work/tumour/{batch}/measures"),
        outcomes="work/tumour/{batch}/measure.tsv",
    log:
        "logs/tumour_measure_reads/{batch}.log",
    benchmark:
        "logs/benchmarks/tumour_measure_reads/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        pinned=pinned_of,
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite tumour measure-reads --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --after {input.earlier} --crams {input.crams} --territory {input.territory} \
            --reference {input.reference} --header {input.header} --cache {input.cache} \
            --out {output.measures} --outcomes {output.outcomes} 2>{log}
        """


rule tumour_write_bins:
    input:
        protocol="work/intake/protocol.json",
        territory="work/reference/site/territory.bed",
    output:
        bins="work/tumour/bins.bed",
    log:
        "logs/tumour_write_bins/all.log",
    benchmark:
        "logs/benchmarks/tumour_write_bins/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
    shell:
        """
        equisite tumour write-bins --protocol {input.protocol} \
            --territory {input.territory} --out {output.bins} 2>{log}
        """


rule tumour_cover_bins:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        reference="work/reference/site/reference.fa",
        cache="work/reference/site/cache",
        bins="work/tumour/bins.bed",
    output:
        covered=directory("work/tumour/{batch}/covered"),
        outcomes="work/tumour/{batch}/cover.tsv",
    log:
        "logs/tumour_cover_bins/{batch}.log",
    benchmark:
        "logs/benchmarks/tumour_cover_bins/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        layer=COPY_LAYER,
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite tumour cover-bins --index {input.index} --aligned {input.aligned} \
            --crams {input.crams} --bins {input.bins} --reference {input.reference} \
            --out {output.covered} --outcomes {output.outcomes} 2>{log}
        """


rule tumour_build_reference:
    input:
        index=expand("work/intake/genomics/{batch}.tsv", batch=SITE.genomics_batches),
        covered=expand("work/tumour/{batch}/covered", batch=SITE.genomics_batches),
        judged=expand("work/somatic/{batch}/gather.tsv", batch=SITE.genomics_batches),
        bins="work/tumour/bins.bed",
        reference="work/reference/site/reference.fa",
    output:
        ratios_over="work/tumour/reference.cnn",
    log:
        "logs/tumour_build_reference/all.log",
    benchmark:
        "logs/benchmarks/tumour_build_reference/all.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        layer=COPY_LAYER,
    shell:
        """
        equisite tumour build-reference --index {input.index} --covered {input.covered} \
            --judged {input.judged} --bins {input.bins} --reference {input.reference} \
            --out {output.ratios_over} 2>{log}
        """


rule tumour_segment_copies:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        protocol="work/intake/protocol.json",
        earlier=expand("work/somatic/{{batch}}/{step}.tsv", step=["gather", "call"]),
        covered="work/tumour/{batch}/covered",
        ratios_over="work/tumour/reference.cnn",
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
    output:
        copies=directory("work/tumour/{batch}/copies"),
        outcomes="work/tumour/{batch}/segment.tsv",
    log:
        "logs/tumour_segment_copies/{batch}.log",
    benchmark:
        "logs/benchmarks/tumour_segment_copies/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        pinned="work/intake/files",
        layer=COPY_LAYER,
    shell:
        """
        equisite tumour segment-copies --protocol {input.protocol} \
            --pinned {params.pinned} --index {input.index} --aligned {input.aligned} \
            --after {input.earlier} --covered {input.covered} \
            --ratios-over {input.ratios_over} \
            --header {input.header} --cache {input.cache} \
            --out {output.copies} --outcomes {output.outcomes} 2>{log}
        """


rule tumour_count_features:
    input:
        index="work/intake/genomics/{batch}.tsv",
        protocol=protocol_of,
        aligned="work/genomics/{batch}/align.tsv",
        somatic=expand("work/somatic/{{batch}}/{step}.tsv", step=["gather", "call"]),
        called="work/somatic/{batch}/calls",
        annotated="work/tumour/{batch}/annotated",
        measures="work/tumour/{batch}/measures",
        copies=copies_of,
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        tumours=ensure("work/tumour/{batch}/tumours.tsv", non_empty=True),
        outcomes=ensure("work/tumour/{batch}/outcomes.tsv", non_empty=True),
    log:
        "logs/tumour_count_features/{batch}.log",
    benchmark:
        "logs/benchmarks/tumour_count_features/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        copies=lambda wildcards, input: (
            f"--copies {input.copies}" if input.copies else ""
        ),
        signatures=lambda wildcards: (
            f"--signatures {SITE.signatures}"
            if SITE.signatures and wildcards.batch != "0"
            else ""
        ),
        protocol=SITE.protocol_digest("genomics"),
    shell:
        """
        equisite tumour count-features --protocol {input.protocol} --index {input.index} \
            --after {input.aligned} {input.somatic} --annotated {input.annotated} \
            --called {input.called} --measures {input.measures} {params.copies} \
            {params.signatures} --territory {input.territory} --genes {input.genes} \
            --header {input.header} --cache {input.cache} \
            --tumours {output.tumours} --outcomes {output.outcomes} 2>{log}
        """
