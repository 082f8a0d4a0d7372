"""The public pack's rows and protocol: what a site's protocol asks, on the pack's genome."""

from __future__ import annotations

from pathlib import Path

from equisite.intake.agreement import pack_folder
from equisite.intake.conformance import read_pack
from equisite.intake.freeze import freeze
from equisite.protocol.models import Genomics, Protocol
from equisite.protocol.pinned import PinnedFile
from equisite.protocol.somatic import Somatic, SomaticThresholds
from equisite.protocol.tumour import Arm, CopyNumber, Signatures, Tumour

FILE = PinnedFile(file="people.vcf", sha256="0" * 64)


def with_genomics(protocol: Protocol, **changes: object) -> Protocol:
    genomics = Genomics.model_validate({**protocol.genomics.model_dump(), **changes})
    return protocol.model_copy(update={"genomics": genomics})


def test_the_tumour_takes_part_where_mutations_are_called(site: Path) -> None:
    protocol = freeze(site).protocol
    kinds = [row.kind for row in read_pack(pack_folder(), protocol).sequencing]
    assert kinds == ["normal"]
    somatic = with_genomics(protocol, somatic={})
    pack = read_pack(pack_folder(), somatic)
    assert sorted(row.kind for row in pack.sequencing) == ["normal", "tumour"]
    assert {row.patient for row in pack.sequencing} == {"pack"}
    assert len({row.token for row in pack.sequencing}) == 2


def test_what_lies_on_the_sites_reference_stays_there(site: Path) -> None:
    """A panel of frequencies would be looked for on the pack's genome, and not be found."""
    somatic = Somatic(
        panel_of_normals=FILE,
        population=FILE,
        mode="paired",
        thresholds=SomaticThresholds(minimum_fragments=5),
    )
    tumour = Tumour(
        confidence=("high",),
        signatures=Signatures(version="v", sha256="0" * 64, names=("A",)),
        copy_number=CopyNumber(arms=(Arm(name="1p", contig="chr1", start=0, end=9),)),
    )
    asked = with_genomics(
        freeze(site).protocol,
        frequencies=FILE.model_dump(),
        alleles=FILE.model_dump(),
        somatic=somatic.model_dump(),
        tumour=tumour.model_dump(),
    )
    pack = read_pack(pack_folder(), asked)
    given = pack.protocol.genomics
    assert {file.file for file in given.pinned.values()} == set(pack.files)
    assert given.somatic != "off"
    assert (given.somatic.panel_of_normals, given.somatic.population) == ("off", None)
    assert (given.tumour.signatures, given.tumour.copy_number) == (None, "off")
    # All that changes a call is as the site's patients have it.
    assert given.somatic.mode == "paired"
    assert given.somatic.thresholds == somatic.thresholds
    assert given.tumour.confidence == ("high",)
