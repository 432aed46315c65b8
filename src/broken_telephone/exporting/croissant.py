"""Describes a bundle in Croissant 1.0, the metadata format for data sets of machine learning (MLCommons 2024)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    "category": "sc:Text",
    "text": "sc:Text",
    "time": "sc:DateTime",
    "truth value": "sc:Boolean",
    "integer": "sc:Integer",
    "number": "sc:Float",
}
_FORMATS = {"csv": "text/csv", "parquet": "application/x-parquet"}


class File(NamedTuple):
    """A file of a table."""

    path: str
    """Below the folder of the bundle."""
    size: int
    """Bytes."""
    sha256: str


class RecordSet(NamedTuple):
    """A table of the bundle."""

    name: str
    content: str
    files: Sequence[File]
    """Its Parquet file first, which the records are read from."""
    columns: Mapping[str, tuple[str, str]]
    """Column -> meaning with the unit, and type as `table_files.kind_of` names it."""


def croissant(name: str, description: str, tables: Sequence[RecordSet]) -> dict[str, Any]:
    """Return the metadata of a bundle as JSON-LD. Whoever publishes it adds license, creator and citation."""
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": description,
        "isLiveDataset": False,
        "distribution": [_file(file) for table in tables for file in table.files],
        "recordSet": [_records(table) for table in tables],
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": _FORMATS[file.path.rpartition(".")[2]],
        "sha256": file.sha256,
    }


def _records(table: RecordSet) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{table.name}/{column}",
            "name": column,
            "description": meaning,
            "dataType": _TYPES[kind],
            "source": {"fileObject": {"@id": table.files[0].path}, "extract": {"column": column}},
        }
        for column, (meaning, kind) in table.columns.items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.content,
        "field": fields,
    }
