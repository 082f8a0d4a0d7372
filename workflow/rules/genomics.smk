"""From reads to calls, consequences and variant features, batch by batch.

Each pipeline runs once per sample of its batch. It sees ITEM, the sample's token, and writes
files that begin with OUT; a step that finds the data wrong refuses the sample, any other
failure fails the job.
"""


rule genomics_prepare_reference:
    output:
        fasta="work/reference/{reference}/reference.fa",
        fai="work/reference/{reference}/reference.fa.fai",
        index=multiext(
            "work/reference/{reference}/reference.fa",
            ".amb",
            ".ann",
            ".bwt",
            ".pac",
            ".sa",
        ),
        header="work/reference/{reference}/header.sam",
        cache=directory("work/reference/{reference}/cache"),
    log:
        "logs/genomics_prepare_reference/{reference}.log",
    benchmark:
        "logs/benchmarks/genomics_prepare_reference/{reference}.tsv"
    threads: 1
    resources:
        mem_mb=6000,
    params:
        # What is written depends on the protocol alone, whichever FASTA a site has.
        code=code_digest("genomics"),
        protocol=digest_of_reference,
        source=source_of_reference,
        folder=subpath(output.fasta, parent=True),
    shell:
        """
        equisite genomics prepare-reference {params.source} --out {params.folder} 2>{log}
        bwa index {output.fasta} 2>>{log}
        """


rule genomics_prepare_models:
    output:
        territory="work/reference/{reference}/territory.bed",
        genes="work/reference/{reference}/genes.gff3",
    log:
        "logs/genomics_prepare_models/{reference}.log",
    benchmark:
        "logs/benchmarks/genomics_prepare_models/{reference}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        protocol=digest_of_models,
        source=source_of_models,
        folder=subpath(output.genes, parent=True),
    shell:
        "equisite genomics prepare-models {params.source} --out {params.folder} 2>{log}"


rule genomics_align_reads:
    input:
        index="work/intake/genomics/{batch}.tsv",
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        crams=directory("work/genomics/{batch}/cram"),
        outcomes="work/genomics/{batch}/align.tsv",
    log:
        "logs/genomics_align_reads/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_align_reads/{batch}.tsv"
    threads: 2
    resources:
        mem_mb=8000,
    params:
        code=code_digest("genomics"),
        bases_per_batch=SITE.protocol.genomics.bases_per_batch,
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite genomics align --index {input.index} --header {input.header} \
            --out {output.crams} --outcomes {output.outcomes} --take '
                samtools view -C --no-PG - > "$OUT.cram"
                samtools index "$OUT.cram"
            ' --align '
                bwa mem -t {threads} -K {params.bases_per_batch} -Y -p -C -v 2 \
                        -H {input.header} -H "$READ_GROUPS" {input.reference} - \
                    | grep -v ^@PG \
                    | samtools fixmate -m -u --no-PG - - \
                    | samtools sort -u -m 500M --no-PG -T "$SCRATCH/sort" - \
                    | samtools markdup -u --no-PG -T "$SCRATCH/markdup" - - \
                    | samtools view -C --no-PG -x ms - > "$OUT.cram"
                samtools index "$OUT.cram"
            ' 2>{log}
        """


rule genomics_call_variants:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        header=lambda wildcards: f"work/reference/{reference_of(wildcards)}/header.sam",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        calls=directory("work/genomics/{batch}/calls"),
        outcomes="work/genomics/{batch}/call.tsv",
    log:
        "logs/genomics_call_variants/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_call_variants/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        # Only the second caller may be left out; the first is always bcftools.
        second=lambda wildcards, input: (
            f"""
                samtools view -u --no-PG -F UNMAP,DUP -L "$WINDOWS" \\
                        "{input.crams}/$ITEM.cram" \\
                    | freebayes -f {input.reference} -c > "$CALLS"
            """
            if "freebayes" in SITE.protocol.genomics.callers
            else ""
        ),
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite genomics call --index {input.index} --after {input.aligned} \
            --header {input.header} --cache {input.cache} \
            --out {output.calls} --outcomes {output.outcomes} --scan '
                samtools view -F UNMAP,SECONDARY,QCFAIL,DUP \
                    -e "[NM] > 0 && (!flag.paired || flag.proper_pair)" \
                    "{input.crams}/$ITEM.cram"
            ' --first '
                samtools view -u --no-PG -L "$ACTIVE" "{input.crams}/$ITEM.cram" \
                    | bcftools mpileup --no-version -d 2000 -a AD,DP -Ou \
                        -f {input.reference} -T "$ACTIVE" - \
                    | bcftools call --no-version -mv -Ou \
                    | bcftools norm --no-version -f {input.reference} -Ov \
                    | grep -v ^##reference= > "$CALLS"
            ' --second '{params.second}' --finish '
                bcftools norm --no-version -f {input.reference} -Oz -o "$OUT.vcf.gz" -
                bcftools index "$OUT.vcf.gz"
            ' --take '
                bcftools sort -T "$SCRATCH/sort" -Ou \
                    | bcftools norm --no-version -f {input.reference} -d exact -Oz \
                        -o "$OUT.vcf.gz"
                bcftools index "$OUT.vcf.gz"
            ' 2>{log}
        """


rule genomics_annotate_consequences:
    input:
        index="work/intake/genomics/{batch}.tsv",
        calls="work/genomics/{batch}/calls",
        earlier=expand("work/genomics/{{batch}}/{step}.tsv", step=["align", "call"]),
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
    output:
        annotated=directory("work/genomics/{batch}/annotated"),
        outcomes="work/genomics/{batch}/annotate.tsv",
    log:
        "logs/genomics_annotate_consequences/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_annotate_consequences/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
    shell:
        """
        equisite genomics each --index {input.index} --after {input.earlier} --germline \
            --out {output.annotated} --outcomes {output.outcomes} '
            bcftools norm --no-version -m- -Ou "{input.calls}/$ITEM.vcf.gz" \
                | bcftools csq --no-version -p a -B 10 \
                    -f {input.reference} -g {input.genes} -Ov -o "$OUT.vcf"
        ' 2>{log}
        """


rule genomics_count_features:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        annotated="work/genomics/{batch}/annotated",
        earlier=expand(
            "work/genomics/{{batch}}/{step}.tsv", step=["align", "call", "annotate"]
        ),
        somatic=lambda wildcards: somatic_outcomes(wildcards.batch),
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
    output:
        variants=ensure("work/genomics/{batch}/variants.tsv", non_empty=True),
        outcomes=ensure("work/genomics/{batch}/outcomes.tsv", non_empty=True),
    log:
        "logs/genomics_count_features/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_count_features/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        protocol=SITE.protocol_digest("genomics"),
        settings=protocol_of,
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite genomics count-features --protocol {params.settings} \
            --index {input.index} --crams {input.crams} --annotated {input.annotated} \
            --after {input.earlier} {input.somatic} --territory {input.territory} --genes {input.genes} \
            --variants {output.variants} --outcomes {output.outcomes} 2>{log}
        """


rule genomics:
    input:
        [f"work/genomics/{batch}/variants.tsv" for batch in SITE.genomics_batches],
