"""Names, numbers and days planted wherever raw data can carry them, and the list of them all.

Every planted text has a token that occurs nowhere else, so a single hit names its source.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from nano_sites import Site

ARCHIVE = "Oncology-Archive-4711"
_UNREADABLE = {b"19630311": "DAYtok7Q", b"87654321": "NUMtok8Q"}
"""Values that no reader can parse are quoted in warnings and exceptions."""


class Planted:
    """A made site whose raw data are full of tokens.

    texts: everything that may not be found outside the private tables.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: set[str] = {ARCHIVE}
        site = Site(folder)
        self.patients = [row["patient"] for row in site.table("patients.tsv")]
        self.texts |= set(self.patients)
        (folder / "data").rename(folder / ARCHIVE)
        config = (folder / "config.yaml").read_text()
        (folder / "config.yaml").write_text(config.replace("data/", f"{ARCHIVE}/"))
        self._sequencing(site.table("sequencing.tsv"))
        self._imaging(site.table("imaging.tsv"))

    def _place(self, path: str) -> Path:
        return self.folder / path.replace("data/", f"{ARCHIVE}/", 1)

    def _token(self, text: str) -> str:
        self.texts.add(text)
        return text

    def _write(self, name: str, rows: list[dict[str, str]]) -> None:
        lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
        (self.folder / name).write_text("\n".join(lines) + "\n")

    def _sequencing(self, rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            owner = self.patients.index(row["patient"])
            row["sample"] = self._token(f"SMPtoken{owner}Q")
            row["library"] = self._token(f"LIBtoken{owner}Q")
            row["lane"] = self._token(f"LANtoken{number}Q")
            for mate in ("fastq_1", "fastq_2"):
                self._reads(self._place(row[mate]), owner)
                old = self._place(row[mate])
                stem = self._token(f"STEMtoken{number}Q")
                new = old.with_name(f"{stem}_{mate[-1]}.fastq.gz")
                old.rename(new)
                row[mate] = str(new.relative_to(self.folder))
        self._write("sequencing.tsv", rows)

    def _reads(self, path: Path, owner: int) -> None:
        """Names of reads; a file whose end is cut off keeps its cut."""
        content = path.read_bytes()
        try:
            text = gzip.decompress(content)
        except EOFError:
            return
        token = self._token(f"RUNtoken{owner}Q")
        path.write_bytes(gzip.compress(text.replace(b"@SYN:", f"@{token}:".encode()), mtime=0))

    def _imaging(self, rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            folder, mask = self._place(row["series"]), self._place(row["mask"])
            for path in sorted(folder.iterdir()):
                self._header(path, number)
            if mask.suffix == ".dcm":
                self._header(mask, number)
                self._structures(mask, row, number)
            else:
                self._nifti(mask, number)
            renamed = folder.with_name(self._token(f"FOLtoken{number}Q"))
            folder.rename(renamed)
            stem = self._token(f"MSKtoken{number}Q")
            mask = mask.rename(mask.with_name(stem + "".join(mask.suffixes)))
            row |= {
                "series": str(renamed.relative_to(self.folder)),
                "mask": str(mask.relative_to(self.folder)),
                "reader": self._token(f"RDRtoken{number}Q"),
            }
        self._write("imaging.tsv", rows)

    def _header(self, path: Path, number: int) -> None:
        import pydicom

        data = pydicom.dcmread(path)
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            self.texts.add(str(data.get(name)))
        day = f"196303{11 + number:02d}"
        self.texts |= {day, f"{day[:4]}-{day[4:6]}-{day[6:]}"}
        for name, text in {
            "PatientName": f"NAMtoken{number}Q^Anna",
            "PatientID": f"MRNtoken{number}Q",
            "OtherPatientNames": f"OTHtoken{number}Q",
            "PatientAddress": f"ADRtoken{number}Q",
            "AccessionNumber": f"ACCtoken{number}Q",
            "StudyDescription": f"STDtoken{number}Q",
            "SeriesDescription": f"SRDtoken{number}Q",
            "InstitutionName": f"INStoken{number}Q",
            "ReferringPhysicianName": f"REFtoken{number}Q",
            "PatientComments": f"COMtoken{number}Q",
            "ProtocolName": f"PRTtoken{number}Q",
        }.items():
            self.texts.add(text.split("^")[0])
            setattr(data, name, text)
        for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "PatientBirthDate"):
            setattr(data, name, day)
        data.SeriesNumber = 87654321
        data.private_block(0x4711, self._token(f"PRItoken{number}Q"), create=True)
        data.save_as(path)
        if number == 0 and data.Modality == "MR":
            content = path.read_bytes()
            for value, text in _UNREADABLE.items():
                content = content.replace(value, self._token(text).encode())
            path.write_bytes(content)

    def _structures(self, path: Path, row: dict[str, str], number: int) -> None:
        import pydicom

        data = pydicom.dcmread(path)
        data.StructureSetLabel = self._token(f"SETtoken{number}Q")
        for place, region in enumerate(data.StructureSetROISequence):
            local = self._token(f"ROItoken{number}Q{place}")
            if "gtv" in region.ROIName.lower():
                row |= {"roi": "gtv", "roi_label": local}
            region.ROIName = local
            region.ROIDescription = self._token(f"DSCtoken{number}Q")
        data.save_as(path)

    def _nifti(self, path: Path, number: int) -> None:
        """The two free texts of a NIfTI-1 header: descrip and aux_file."""
        content = bytearray(gzip.decompress(path.read_bytes()))
        for place, room, name in ((148, 80, "DES"), (228, 24, "AUX")):
            text = self._token(f"{name}token{number}Q").encode()
            content[place : place + room] = text.ljust(room, b"\0")
        path.write_bytes(gzip.compress(bytes(content), mtime=0))
