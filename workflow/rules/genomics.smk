"""From reads to calls, consequences and variant features, batch by batch.

Each pipeline runs once per sample of its batch. It sees ITEM, the sample's token, and writes
files that begin with OUT; a step that finds the data wrong refuses the sample, any other
failure fails the job.
"""

ALIGNER = SITE.protocol.genomics.aligner
INDEX = {"bwa-mem": [".amb", ".ann", ".bwt", ".pac", ".sa"], "minimap2": [".mmi"]}[
    ALIGNER
]
"""Files of the aligner's index, beside the reference."""
PIECES = pieces_of_territory()
"""Pieces of the territory that are called each for itself; the public pack is always one."""
SHARES = SITE.calling_jobs(PIECES)
"""Jobs that share the pieces of one batch."""
WHOLE, SHARED = (r"\d+", r"(?!)") if SHARES == 1 else ("0", r"[1-9]\d*")
"""Batches that are called in one job, and in several."""
PLAIN = "--input-fmt-option required_fields=0x17ff"
"""All of a read but its tags, of which callers read the read group only: less to decode."""


rule genomics_prepare_reference:
    output:
        fasta="work/reference/{reference}/reference.fa",
        fai="work/reference/{reference}/reference.fa.fai",
        index=multiext(
            "work/reference/{reference}/reference.fa",
            *INDEX,
        ),
        header="work/reference/{reference}/header.sam",
        cache=directory("work/reference/{reference}/cache"),
    log:
        "logs/genomics_prepare_reference/{reference}.log",
    benchmark:
        "logs/benchmarks/genomics_prepare_reference/{reference}.tsv"
    threads: 1
    resources:
        mem_mb=6000 if ALIGNER == "bwa-mem" else 14000,
    params:
        # What is written depends on the protocol alone, whichever FASTA a site has.
        code=code_digest("genomics"),
        protocol=digest_of_reference,
        source=source_of_reference,
        folder=subpath(output.fasta, parent=True),
        index=lambda wildcards, output: {
            "bwa-mem": f"bwa index {output.fasta}",
            "minimap2": f"minimap2 -x sr -I 100G -d {output.fasta}.mmi {output.fasta}",
        }[ALIGNER],
    shell:
        """
        equisite genomics prepare-reference {params.source} --out {params.folder} 2>{log}
        {params.index} 2>>{log}
        """


rule genomics_prepare_models:
    output:
        territory="work/reference/{reference}/territory.bed",
        genes="work/reference/{reference}/genes.gff3",
        ploidy="work/reference/{reference}/ploidy.tsv",
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


rule genomics_prepare_alleles:
    input:
        header="work/reference/{reference}/header.sam",
        cache="work/reference/{reference}/cache",
    output:
        alleles="work/reference/{reference}/alleles.tsv",
        places="work/reference/{reference}/alleles.bed",
        snps="work/reference/{reference}/snps.tsv.gz",
    log:
        "logs/genomics_prepare_alleles/{reference}.log",
    benchmark:
        "logs/benchmarks/genomics_prepare_alleles/{reference}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        protocol=digest_of_models,
        source=source_of_models,
        folder=subpath(output.alleles, parent=True),
    shell:
        """
        equisite genomics prepare-alleles {params.source} --header {input.header} \
            --cache {input.cache} --out {params.folder} 2>{log}
        bgzip {params.folder}/snps.tsv 2>>{log}
        tabix -s 1 -b 2 -e 2 {output.snps} 2>>{log}
        """


rule genomics_prepare_frequencies:
    input:
        header="work/reference/{reference}/header.sam",
        cache="work/reference/{reference}/cache",
    output:
        frequencies="work/reference/{reference}/frequencies.tsv",
        common="work/reference/{reference}/common.tsv",
    log:
        "logs/genomics_prepare_frequencies/{reference}.log",
    benchmark:
        "logs/benchmarks/genomics_prepare_frequencies/{reference}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        protocol=digest_of_frequencies,
        source=source_of_models,
        folder=subpath(output.frequencies, parent=True),
    shell:
        """
        equisite genomics prepare-frequencies {params.source} \
            --header {input.header} --cache {input.cache} --out {params.folder} 2>{log}
        """


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
        mem_mb=8000 if ALIGNER == "bwa-mem" else 14000,
    params:
        code=code_digest("genomics"),
        trim=(
            "fastp --stdin --stdout $INTERLEAVED -Q -G --dont_eval_duplication -w 1 "
            "-j /dev/null -h /dev/null"
            if SITE.protocol.genomics.trimming == "adapters"
            else ""
        ),
        # Tags for the steps in between, and minimap2's notes on its chains.
        passing="ms" if ALIGNER == "bwa-mem" else "ms,nn,tp,cm,s1,s2,de,rl",
        # From interleaved FASTQ with read groups as comments to SAM of the reference's header.
        align=lambda wildcards, input: {
            "bwa-mem": f"""
                bwa mem -t $THREADS -K {SITE.protocol.genomics.bases_per_batch} -Y -p -C -v 2 \
                        -H {input.header} -H "$READ_GROUPS" {input.reference} - \
                    | grep -v ^@PG""",
            "minimap2": f"""
                (cat {input.header}; printf "$READ_GROUPS\\n"
                    minimap2 -t $THREADS -K {SITE.protocol.genomics.bases_per_batch} -ax sr -Y -y \
                        {input.reference}.mmi - | grep -v ^@)""",
        }[ALIGNER],
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s" THREADS={threads}
        equisite genomics align --index {input.index} --header {input.header} \
            --out {output.crams} --outcomes {output.outcomes} --trim '{params.trim}' --take '
                samtools view -C --no-PG - > "$OUT.cram"
                samtools index "$OUT.cram"
            ' --align '
                {params.align} \
                    | samtools fixmate -m -u --no-PG - - \
                    | samtools sort -u -m 500M --no-PG -T "$SCRATCH/sort" - \
                    | samtools markdup -u --no-PG --barcode-tag RX \
                        -T "$SCRATCH/markdup" - - \
                    | samtools view -C --no-PG -x {params.passing} - > "$OUT.cram"
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
        ploidy=lambda wildcards: f"work/reference/{reference_of(wildcards)}/ploidy.tsv",
        territory=lambda wildcards: (
            "work/reference/site/territory.bed"
            if PIECES > 1 and wildcards.batch != "0"
            else []
        ),
    output:
        calls=directory("work/genomics/{batch}/calls"),
        outcomes="work/genomics/{batch}/call.tsv",
    log:
        "logs/genomics_call_variants/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_call_variants/{batch}.tsv"
    wildcard_constraints:
        batch=WHOLE,
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        part=lambda wildcards, input: (
            f"--share {wildcards.get('share', 1)} --shares {SHARES} --pieces {PIECES} "
            f"--territory {input.territory}"
            if input.territory
            else ""
        ),
        plain=PLAIN,
        # Only the second caller may be left out; the first is always bcftools.
        second=lambda wildcards, input: (
            f"""
                samtools view {PLAIN} -b -1 --no-PG \\
                    -F UNMAP,SECONDARY,QCFAIL,DUP ${{PIECE:+-M}} -L "$WINDOWS" \\
                    --write-index -o "$SEEN##idx##$SEEN.bai" "{input.crams}/$ITEM.cram"
                samtools view -b -1 --no-PG \\
                    --write-index -o "$SCRATCH/primer.bam##idx##$SCRATCH/primer.bam.bai" \\
                    "$PRIMER"
                freebayes -f {input.reference} --theta 0.2 -t "$TARGETS" \\
                    ${{COPIES:+-A "$COPIES"}} "$SEEN" "$SCRATCH/primer.bam"
            """
            if "freebayes" in SITE.protocol.genomics.callers
            else ""
        ),
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite genomics call --index {input.index} --after {input.aligned} \
            --header {input.header} --cache {input.cache} --ploidy {input.ploidy} \
            {params.part} --out {output.calls} --outcomes {output.outcomes} --scan '
                samtools view --keep-tag MD -F UNMAP,SECONDARY,QCFAIL,DUP \
                    ${{PIECE:+-M -L "$PIECE"}} \
                    -e "[NM] > 0 && (!flag.paired || flag.proper_pair)" \
                    "{input.crams}/$ITEM.cram"
            ' --first '
                samtools view {params.plain} -u --no-PG -F UNMAP,SECONDARY,QCFAIL,DUP \
                        ${{PIECE:+-M}} -L "$READS" "{input.crams}/$ITEM.cram" \
                    | bcftools mpileup --no-version -d 2000 -a AD,DP -Ou \
                        -f {input.reference} -T "$ACTIVE" - \
                    | bcftools call --no-version -mv --ploidy-file "$PLOIDY" -Ou \
                    | bcftools norm --no-version -f {input.reference} -Ov
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


use rule genomics_call_variants as genomics_call_share with:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        reference="work/reference/site/reference.fa",
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
        ploidy="work/reference/site/ploidy.tsv",
        territory="work/reference/site/territory.bed",
    output:
        calls=directory("work/genomics/{batch}/shares/{share}"),
        outcomes="work/genomics/{batch}/shares/{share}.tsv",
    log:
        "logs/genomics_call_share/{batch}-{share}.log",
    benchmark:
        "logs/benchmarks/genomics_call_share/{batch}-{share}.tsv"
    wildcard_constraints:
        batch=SHARED,
        share=r"\d+",


rule genomics_join_shares:
    input:
        index="work/intake/genomics/{batch}.tsv",
        aligned="work/genomics/{batch}/align.tsv",
        calls=[f"work/genomics/{{batch}}/shares/{n}" for n in range(1, SHARES + 1)],
        called=[f"work/genomics/{{batch}}/shares/{n}.tsv" for n in range(1, SHARES + 1)],
    output:
        calls=directory("work/genomics/{batch}/calls"),
        outcomes="work/genomics/{batch}/call.tsv",
    log:
        "logs/genomics_join_shares/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_join_shares/{batch}.tsv"
    wildcard_constraints:
        batch=SHARED,
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
    shell:
        """
        equisite genomics each --index {input.index} --germline \
            --after {input.aligned} {input.called} --gather {input.called} \
            --out {output.calls} --outcomes {output.outcomes} '
                PARTS=()
                for FOLDER in {input.calls}; do
                    PARTS+=("$FOLDER/$ITEM.vcf.gz")
                    # Given calls were taken whole by every job.
                    if [ "$GIVEN" = calls ]; then break; fi
                done
                # `concat` would cut its blocks elsewhere than the calling of a whole does.
                bcftools concat --no-version -Ou "${{PARTS[@]}}" \
                    | bcftools view --no-version -Oz -o "$OUT.vcf.gz"
                bcftools index "$OUT.vcf.gz"
            ' 2>{log}
        """


rule genomics_genotype_alleles:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        calls="work/genomics/{batch}/calls",
        earlier=expand("work/genomics/{{batch}}/{step}.tsv", step=["align", "call"]),
        reference="work/reference/site/reference.fa",
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
        ploidy="work/reference/site/ploidy.tsv",
        alleles="work/reference/site/alleles.tsv",
        places="work/reference/site/alleles.bed",
        snps="work/reference/site/snps.tsv.gz",
    output:
        genotyped=directory("work/genomics/{batch}/genotyped"),
        outcomes="work/genomics/{batch}/genotype.tsv",
    log:
        "logs/genomics_genotype_alleles/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_genotype_alleles/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        settings=protocol_of,
        quality=SITE.protocol.genomics.thresholds.minimum_mapping_quality,
    shell:
        """
        export REF_PATH="$PWD/{input.cache}/%s"
        equisite genomics genotype --protocol {params.settings} --index {input.index} \
            --after {input.earlier} --header {input.header} --cache {input.cache} \
            --ploidy {input.ploidy} --calls {input.calls} --alleles {input.alleles} \
            --out {output.genotyped} --outcomes {output.outcomes} --likelihoods '
                samtools view -u --no-PG -M -L {input.places} "{input.crams}/$ITEM.cram" \
                    | bcftools mpileup --no-version -I -d 2000 -f {input.reference} \
                        -T {input.snps} -Ou - \
                    | bcftools call --no-version -m -A -C alleles -T {input.snps} \
                        --ploidy-file "$PLOIDY" -Ov
            ' --depths '
                samtools view -u --no-PG -M -L {input.places} "{input.crams}/$ITEM.cram" \
                    | samtools depth -a -s -Q {params.quality} -b {input.places} -
            ' 2>{log}
        """


rule genomics_find_carried:
    input:
        index="work/intake/genomics/{batch}.tsv",
        calls="work/genomics/{batch}/calls",
        earlier=lambda wildcards: [
            *expand(
                "work/genomics/{batch}/{step}.tsv",
                batch=wildcards.batch,
                step=["align", "call"],
            ),
            *somatic_outcomes(wildcards.batch),
        ],
        header="work/reference/site/header.sam",
        cache="work/reference/site/cache",
    output:
        carried="work/genomics/{batch}/carried.tsv",
    log:
        "logs/genomics_find_carried/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_find_carried/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        settings=protocol_of,
        regions=digest_of_regions(),
    shell:
        """
        equisite genomics find-carried --protocol {params.settings} --index {input.index} \
            --after {input.earlier} --header {input.header} --cache {input.cache} \
            --calls {input.calls} --out {output.carried} 2>{log}
        """


rule genomics_gather_carried:
    input:
        carried=expand("work/genomics/{batch}/carried.tsv", batch=SITE.genomics_batches),
        alleles="work/reference/site/alleles.tsv",
        frequencies="work/reference/site/frequencies.tsv",
    output:
        positions=ensure("private/positions.tsv", non_empty=True),
    log:
        "logs/genomics_gather_carried/all.log",
    benchmark:
        "logs/benchmarks/genomics_gather_carried/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("genomics"),
        rules=SITE.protocol_digest("disclosure"),
    shell:
        """
        equisite genomics gather-carried --protocol work/intake/protocol.json \
            --carried {input.carried} --alleles {input.alleles} \
            --frequencies {input.frequencies} --out {output.positions} 2>{log}
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
            bcftools stats "{input.calls}/$ITEM.vcf.gz" > "$OUT.bcftools"
        ' 2>{log}
        """


rule genomics_measure_reads:
    input:
        index="work/intake/genomics/{batch}.tsv",
        crams="work/genomics/{batch}/cram",
        aligned="work/genomics/{batch}/align.tsv",
        reference=lambda wildcards: f"work/reference/{reference_of(wildcards)}/reference.fa",
        cache=lambda wildcards: f"work/reference/{reference_of(wildcards)}/cache",
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
        common=lambda wildcards: f"work/reference/{reference_of(wildcards)}/common.tsv",
    output:
        measured=directory("work/genomics/{batch}/measured"),
        outcomes="work/genomics/{batch}/measure.tsv",
    log:
        "logs/genomics_measure_reads/{batch}.log",
    benchmark:
        "logs/benchmarks/genomics_measure_reads/{batch}.tsv"
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
        equisite genomics measure --index {input.index} --after {input.aligned} \
            --protocol {params.settings} --crams {input.crams} \
            --territory {input.territory} --genes {input.genes} --common {input.common} \
            --out {output.measured} --outcomes {output.outcomes} --pileup '
                samtools view -u --no-PG -M -L {input.common} "{input.crams}/$ITEM.cram" \
                    | bcftools mpileup --no-version -I -B -q 20 -Q 20 -d 2000 -a AD -Ou \
                        -T {input.common} -f {input.reference} - \
                    | bcftools query -f "%CHROM\t%POS\t%REF\t%ALT[\t%AD]\n" \
                    > "$OUT.panel.tsv"
            ' --inspect '
                fastp --stdin $INTERLEAVED -Q -L -G --dont_eval_duplication -w 1 \
                    -R "$ITEM" -j "$OUT.fastp.json" -h "$SCRATCH/fastp.html"
            ' 2>{log}
        """


rule genomics_count_features:
    input:
        index="work/intake/genomics/{batch}.tsv",
        measured="work/genomics/{batch}/measured",
        annotated="work/genomics/{batch}/annotated",
        earlier=expand(
            "work/genomics/{{batch}}/{step}.tsv",
            step=["align", "measure", "call", "annotate"],
        ),
        somatic=lambda wildcards: somatic_outcomes(wildcards.batch),
        territory=lambda wildcards: f"work/reference/{reference_of(wildcards)}/territory.bed",
        genes=lambda wildcards: f"work/reference/{reference_of(wildcards)}/genes.gff3",
        frequencies=lambda wildcards: f"work/reference/{reference_of(wildcards)}/frequencies.tsv",
        listed=genotypes_of,
    output:
        variants=ensure("work/genomics/{batch}/variants.tsv", non_empty=True),
        quality=ensure("work/genomics/{batch}/quality.tsv", non_empty=True),
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
        listed=lambda wildcards, input: (
            "--genotyped {} --alleles {}".format(*input.listed) if input.listed else ""
        ),
    shell:
        """
        equisite genomics count-features --protocol {params.settings} \
            --index {input.index} --measured {input.measured} --annotated {input.annotated} \
            --after {input.earlier} {input.somatic} \
            --territory {input.territory} --genes {input.genes} \
            --frequencies {input.frequencies} {params.listed} \
            --variants {output.variants} --quality {output.quality} \
            --outcomes {output.outcomes} 2>{log}
        """


rule genomics_compare_people:
    input:
        measured=expand("work/genomics/{batch}/measured", batch=SITE.genomics_batches),
        frequencies="work/reference/site/frequencies.tsv",
    output:
        outcomes=ensure("work/genomics/people.tsv", non_empty=True),
    log:
        "logs/genomics_compare_people/all.log",
    benchmark:
        "logs/benchmarks/genomics_compare_people/all.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        batches=SITE.genomics_batches,
    shell:
        """
        equisite genomics compare-people --batches {params.batches} \
            --frequencies {input.frequencies} --outcomes {output.outcomes} 2>{log}
        """


rule genomics_write_report:
    input:
        measured=expand("work/genomics/{batch}/measured", batch=SITE.genomics_batches),
        annotated=expand("work/genomics/{batch}/annotated", batch=SITE.genomics_batches),
        quality=expand("work/genomics/{batch}/quality.tsv", batch=SITE.genomics_batches),
    output:
        page=ensure("private/multiqc.html", non_empty=True),
        samples=ensure("private/samples.tsv", non_empty=True),
    log:
        "logs/genomics_write_report/all.log",
    benchmark:
        "logs/benchmarks/genomics_write_report/all.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("genomics"),
        layer=layer_digest("report-qc"),
        batches=SITE.genomics_batches,
        folder=subpath(output.page, parent=True),
    shell:
        """
        equisite genomics write-report --batches {params.batches} --out {params.folder} 2>{log}
        """


rule genomics:
    input:
        [f"work/genomics/{batch}/variants.tsv" for batch in SITE.genomics_batches],
