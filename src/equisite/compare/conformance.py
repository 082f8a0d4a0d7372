"""Whether every site's pipeline gives the same results on the same public input.

Digests first: an item whose digest is that of most sites conforms and nothing more is
looked at. Otherwise values: the largest difference from the pack's truth and the scores
must be within the protocol's tolerance of the best site's, numbers of calls and genes equal
to what most sites have. The difference itself may be large: a sphere of voxels is not a
sphere, at every site alike. An item that has values only (a score over several digests)
counts as equal when its values are those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from equisite.bundle.codec import Bundle
from equisite.core.errors import Finding

BY_DIGEST, BY_VALUE, FAILS, ABSENT = "digest", "value", "fails", "absent"
SCORES = ("recall", "precision", "f1", "ccc")
COUNTED = ("n", "hit")
DIFFERENCE = "max_difference"
NONE: tuple[str, dict[str, float]] = ("", {})
"""What a site without an item has of it."""


@dataclass(frozen=True)
class ItemConformance:
    """One item at one site. level: digest, value, fails or absent."""

    item: str
    level: str
    digest: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class SiteConformance:
    """All items of one site. level: the weakest of its items. finding: why it fails."""

    site: str
    level: str
    items: tuple[ItemConformance, ...]
    finding: Finding | None


def judge(bundles: Mapping[str, Bundle], tolerance: float) -> list[SiteConformance]:
    """Compare the sites item by item, sorted by site.

    tolerance: of differences and scores (protocol, `conformance.relative_tolerance`).
    """
    read = {site: _read(bundle) for site, bundle in sorted(bundles.items())}
    items = sorted({item for values in read.values() for item in values})
    reference = {
        item: _most_held([read[s][item][0] for s in read if item in read[s]]) for item in items
    }
    best: dict[tuple[str, str], float] = {}
    for item in items:
        held = [own[item][1] for own in read.values() if item in own]
        for measure in {measure for values in held for measure in values}:
            told = [values[measure] for values in held if measure in values]
            best[item, measure] = _best(measure, told)
    return [
        _site(
            site,
            tuple(
                _item(item, own.get(item), reference[item], best, tolerance) for item in items
            ),
        )
        for site, own in read.items()
    ]


def _read(bundle: Bundle) -> dict[str, tuple[str, dict[str, float]]]:
    """Digest and values of each item."""
    read: dict[str, tuple[str, dict[str, float]]] = {}
    for row in bundle.conformance:
        digest, values = read.get(row.item, ("", {}))
        if row.measure == "digest":
            digest = row.value
        else:
            values[row.measure] = float(row.value)
        read[row.item] = (digest, values)
    return read


def _best(measure: str, values: list[float]) -> float:
    """What a value is compared with; of equally common counts the largest."""
    if measure in SCORES:
        return max(values)
    if measure == DIFFERENCE:
        return min(values)
    times = Counter(values)
    return max(times, key=lambda value: (times[value], value))


def _most_held(digests: list[str]) -> str:
    """The digest that more sites hold than any other, or nothing when two are equal."""
    held = Counter(d for d in digests if d).most_common(2)
    if not held or (len(held) > 1 and held[0][1] == held[1][1]):
        return ""
    return held[0][0]


def _item(
    item: str,
    own: tuple[str, dict[str, float]] | None,
    reference: str,
    best: Mapping[tuple[str, str], float],
    tolerance: float,
) -> ItemConformance:
    if own is None:
        return ItemConformance(item, ABSENT, "", {})
    digest, values = own
    same = all(v == best[item, m] for m, v in values.items())
    if digest == reference and (digest or same):
        level = BY_DIGEST
    elif values and _close(item, values, best, tolerance):
        level = BY_VALUE
    else:
        level = FAILS
    return ItemConformance(item, level, digest, values)


def _close(
    item: str,
    values: Mapping[str, float],
    best: Mapping[tuple[str, str], float],
    tolerance: float,
) -> bool:
    return all(abs(v - best[item, measure]) <= tolerance for measure, v in values.items())


def _site(site: str, items: tuple[ItemConformance, ...]) -> SiteConformance:
    given = [i for i in items if i.level != ABSENT]
    bad = [i for i in items if i.level in (FAILS, ABSENT)]
    if not given:
        return SiteConformance(site, ABSENT, items, Finding("CONFORMANCE_ABSENT"))
    if bad:
        numbers: dict[str, str | int | float | bool] = {
            "items": len(bad),
            "total": len(items),
            "first": bad[0].item,
        }
        return SiteConformance(site, FAILS, items, Finding("CONFORMANCE_DIFFERS", "", numbers))
    weakest = BY_VALUE if any(i.level == BY_VALUE for i in items) else BY_DIGEST
    return SiteConformance(site, weakest, items, None)
