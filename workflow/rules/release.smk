"""The prepared bundle and its review page; only `equisite approve` writes to the outbox."""


rule release_prepare_bundle:
    input:
        cohort="private/cohort.tsv",
        scores="work/conformance/scores.tsv",
        perturbed=(
            "private/perturbed.tsv" if SITE.protocol.radiomics.robustness else []
        ),
        positions="private/positions.tsv" if POSITIONS else [],
    output:
        bundle=ensure("private/review/prepared.bundle", non_empty=True),
        page=ensure("private/review/review.html", non_empty=True),
        summary=ensure("private/review/summary.json", non_empty=True),
    log:
        "logs/release_prepare_bundle/all.log",
    benchmark:
        "logs/benchmarks/release_prepare_bundle/all.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        code=code_digest("release"),
        # Digest of the whole protocol: it is part of the bundle.
        protocol=SITE.protocol_sha256,
        site=SITE.site_digest("site", "freeze", "tighten"),
        approvals=digest_of_approvals(),
        image=IMAGE_DIGEST,
    shell:
        "equisite prepare --image-digest {params.image} 2> {log}"
