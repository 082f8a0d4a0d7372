"""From series and mask files to image and region on one grid, batch by batch."""


rule imaging_convert_series:
    input:
        index="work/intake/imaging/{batch}.tsv",
    output:
        series=ensure("work/imaging/{batch}/series.tsv", non_empty=True),
        regions=ensure("work/imaging/{batch}/regions.tsv", non_empty=True),
        agreement=ensure("work/imaging/{batch}/agreement.tsv", non_empty=True),
        outcomes=ensure("work/imaging/{batch}/outcomes.tsv", non_empty=True),
        volumes=directory("work/imaging/{batch}/volumes"),
    log:
        "logs/imaging_convert_series/{batch}.log",
    benchmark:
        "logs/benchmarks/imaging_convert_series/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("imaging"),
        protocol=SITE.protocol_digest("imaging"),
        settings=protocol_of,
        out=subpath(output.regions, parent=True),
        headers="work/imaging/headers.sqlite",
        corrected="work/imaging/corrected",
    shell:
        """
        equisite imaging convert --protocol {params.settings} --index {input.index} \
            --headers {params.headers} --bias-cache {params.corrected} \
            --out {params.out} 2>{log}
        """


rule imaging_draw_pictures:
    input:
        regions="work/imaging/{batch}/regions.tsv",
        volumes="work/imaging/{batch}/volumes",
    output:
        pictures=directory("private/pictures/{batch}"),
    log:
        "logs/imaging_draw_pictures/{batch}.log",
    benchmark:
        "logs/benchmarks/imaging_draw_pictures/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    params:
        code=code_digest("imaging"),
    shell:
        """
        equisite imaging draw --regions {input.regions} --pictures {output.pictures} 2>{log}
        """


rule imaging_write_page:
    input:
        [
            f"work/imaging/{batch}/{table}.tsv"
            for batch in SITE.imaging_batches
            for table in ("series", "regions", "agreement", "outcomes")
        ],
        [f"private/pictures/{batch}" for batch in SITE.imaging_batches],
    output:
        page="private/imaging.html",
    log:
        "logs/imaging_write_page/site.log",
    benchmark:
        "logs/benchmarks/imaging_write_page/site.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("imaging"),
        batches=SITE.imaging_batches,
    shell:
        """
        equisite imaging page --work work/imaging --batches {params.batches} \
            --out {output.page} 2>{log}
        """


rule imaging:
    input:
        [f"work/imaging/{batch}/regions.tsv" for batch in (0, *SITE.imaging_batches)],
        [f"private/pictures/{batch}" for batch in SITE.imaging_batches],
        "private/imaging.html",
