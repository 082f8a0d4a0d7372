"""The frozen index: written once per change, the same for every job of a run."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equisite.core.atomic import write_if_changed
from equisite.core.canonical import canonical_json, sha256_bytes, sha256_json
from equisite.core.tables import columns_of, table_text
from equisite.intake.agreement import keyring_path, pack_folder
from equisite.intake.batches import batch_count, batch_numbers
from equisite.intake.check import CheckedSite, check_site
from equisite.intake.conformance import read_pack
from equisite.intake.frozen import FROZEN, INTAKE, FrozenSite, read_frozen, recorded_counts
from equisite.intake.index import PACK_BATCH, ImagingItem, SequencingItem
from equisite.intake.items import imaging_items, sequencing_items
from equisite.intake.patients import included
from equisite.intake.roots import read_only_roots
from equisite.intake.secret import close_folders, site_key
from equisite.intake.signatures import COPY
from equisite.protocol.load import load_keyring, protocol_json, protocol_sha256

SEEN = "EQUISITE_FROZEN"
"""Set for the processes that a run starts: they take the index of their run as it is."""


@dataclass(frozen=True)
class _Batches:
    """Items by batch number, and the count that the numbers were chosen from."""

    items: dict[int, list[Any]]
    count: int


def freeze(directory: Path, config: Mapping[str, Any] | None = None) -> FrozenSite:
    """Check a site folder and write its index below `work/intake/`; unchanged files stay.

    config: Snakemake's merged configuration; values that differ from `config.yaml` were
    given on the command line and are laid over it.
    A process that a run started (a cluster job) finds the index of its run and takes it
    without looking at the sheets again.
    Raises ConfigError with all mistakes; nothing is written then.
    """
    directory = directory.absolute()
    digest, writer, seen = (*os.environ.get(SEEN, "").split(" ", 2), "", "", "")[:3]
    if seen == str(directory) and writer != str(os.getpid()):
        frozen = read_frozen(directory, digest)
        if frozen is not None:
            return frozen
    site = check_site(directory, _overrides(directory / "config.yaml", config))
    digest = _write(site)
    os.environ[SEEN] = f"{digest} {os.getpid()} {directory}"
    frozen = read_frozen(directory, digest)
    if frozen is None:
        raise RuntimeError("the index was changed while it was being written")
    return frozen


def _overrides(path: Path, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """What Snakemake's configuration has and the file has not."""
    if config is None:
        return {}
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}  # the file's own mistakes are told by its check
    return _difference(config, plain if isinstance(plain, dict) else {})


def _difference(over: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in over.items():
        mine = base.get(key)
        if isinstance(value, Mapping):
            inner = _difference(value, mine if isinstance(mine, dict) else {})
            if inner or not isinstance(mine, dict):
                changed[str(key)] = inner
        elif key not in base or value != mine:
            changed[str(key)] = value.isoformat() if hasattr(value, "isoformat") else value
    return changed


def _write(site: CheckedSite) -> str:
    """Write every file of the index; returns the digest of the last one, `frozen.json`."""
    out = site.directory / INTAKE
    close_folders(site.directory)
    key = site_key(site.directory / "private" / "site.key")
    pack = read_pack(pack_folder(), site.protocol)
    _pinned(out / "files", _files(site))
    _pinned(out / "pack", pack.files)
    write_if_changed(out / "protocol.json", protocol_json(site.protocol))
    write_if_changed(out / "pack.json", protocol_json(pack.protocol))
    write_if_changed(out / "site.json", canonical_json(_site(site)))
    write_if_changed(out / "approver.json", canonical_json(_approver(site)))
    write_if_changed(out / "clinical.tsv", _clinical(site))
    before = recorded_counts(site.directory)
    sequencing, imaging = _batched(site, key, before)
    for name, row_type, batches, shipped in (
        ("genomics", SequencingItem, sequencing, pack.sequencing),
        ("imaging", ImagingItem, imaging, pack.imaging),
    ):
        _index(out / name, row_type, {PACK_BATCH: list(shipped), **batches.items})
    content = canonical_json(
        {
            "site": site.config.site,
            "protocol_sha256": protocol_sha256(site.protocol),
            "genomics_batches": sorted(sequencing.items),
            "imaging_batches": sorted(imaging.items),
            "counts": {"genomics": sequencing.count, "imaging": imaging.count},
            "read_only_roots": [str(root) for root in _roots(site)],
            "remarks": [[f.code, f.where, f.numbers] for f in site.remarks],
            "index": _index_digest(out),
        }
    )
    write_if_changed(out / FROZEN, content)
    return sha256_bytes(content)


def _site(site: CheckedSite) -> dict[str, Any]:
    """The configuration as given, the reference's paths absolute."""
    content: dict[str, Any] = site.config.model_dump(mode="json")
    if site.fasta is not None:
        content["reference"] = {"fasta": site.fasta.path}
    return content


def _approver(site: CheckedSite) -> dict[str, Any]:
    """Whose signature lets opt-in tables of this site leave, as the keyring says."""
    keyring = load_keyring(keyring_path(site.config, site.directory))
    keys = next(keys for keys in keyring.sites if keys.id == site.config.site)
    fields = {"approve_key", "valid_from", "valid_until"}
    return {"site": keys.id, **keys.model_dump(mode="json", include=fields)}


def _clinical(site: CheckedSite) -> bytes:
    """The patients who take part, sorted, columns in one order whatever the sheet's."""
    first = ["patient", "sex", "age", "birth_year", "diagnosis"]
    others = sorted(set(site.patients.columns) - {*first, "status"})
    rows = []
    for row in included(site.patients).values():
        cells = row.model_dump()
        rows.append([cells.get(column) for column in [*first, *others]])
    return table_text([*first, *others], rows).encode()


def _batched(
    site: CheckedSite, key: bytes, before: Mapping[str, int]
) -> tuple[_Batches, _Batches]:
    people = included(site.patients)
    sex = {patient: row.sex for patient, row in people.items()}
    lanes: list[Any] = []
    if site.sequencing is not None:
        lanes = list(sequencing_items(site.sequencing, site.lanes, sex, key))
    series: list[Any] = []
    if site.imaging is not None:
        root = site.image_root.path if site.image_root else ""
        series = list(imaging_items(site.imaging, site.series, root, key))
    sizes = site.config.batches
    return (
        _grouped(lanes, key, sizes.genomics, before.get("genomics", 0)),
        _grouped(series, key, sizes.imaging, before.get("imaging", 0)),
    )


def _grouped(items: list[Any], key: bytes, size: int, before: int) -> _Batches:
    patients = {item.patient for item in items}
    count = batch_count(len(patients), size, before)
    numbers = batch_numbers(key, patients, count)
    batches: dict[int, list[Any]] = defaultdict(list)
    for item in items:
        batches[numbers[item.patient]].append(item)
    return _Batches(dict(batches), count)


def _index(folder: Path, row_type: type[Any], batches: Mapping[int, Iterable[Any]]) -> None:
    """Write the index of each batch; remove those of batches that are no more."""
    columns = columns_of(row_type)
    for number, items in sorted(batches.items()):
        rows = ([getattr(item, c) for c in columns] for item in sorted(items))
        write_if_changed(folder / f"{number}.tsv", table_text(columns, rows).encode())
    _keep_only(folder, {f"{number}.tsv" for number in batches})


def _files(site: CheckedSite) -> dict[str, Path]:
    pinned = site.protocol.genomics.pinned.values()
    files = {p.file: site.protocol_folder / p.file for p in pinned}
    if site.signatures is not None:
        files[COPY] = Path(site.signatures.path)
    return files


def _pinned(folder: Path, files: Mapping[str, Path]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        write_if_changed(folder / name, source.read_bytes())
    _keep_only(folder, set(files))


def _keep_only(folder: Path, names: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in names and not path.name.startswith("."):
            path.unlink()


def _roots(site: CheckedSite) -> tuple[Path, ...]:
    paths = [str(pack_folder()) + "/"]
    for place in (*site.lanes.values(), *site.series.values()):
        paths += [place.path, *place.links]
        if place.identity and os.path.isdir(place.path):  # noqa: PTH112
            paths.append(place.path + "/")
    paths += [p.path for p in (site.fasta,) if p is not None]
    paths += [p.path + "/" for p in (site.image_root, site.reads_root) if p is not None]
    return read_only_roots(paths, site.directory)


def _index_digest(out: Path) -> str:
    """Digest over all index files, so that `frozen.json` stands for the whole."""
    files = [p for p in out.rglob("*") if p.is_file() and p.name != FROZEN]
    return sha256_json(
        {p.relative_to(out).as_posix(): sha256_bytes(p.read_bytes()) for p in sorted(files)}
    )
