#!/usr/bin/env python3
"""documents.py SCHEMAS DOCUMENT...: holds each document to the schema SCHEMAS/<its name up to the first dot>.json.

A key that the schema does not describe is an error too.  Prints what is wrong, and ends with 1 then.
"""
import json
import pathlib
import sys

from jsonschema import Draft202012Validator


def closed(schema):
    """The schema with objects that take no other keys than those it describes."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(part) for key, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        result.setdefault("additionalProperties", False)
    return result


def main():
    schemas, documents = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
    wrong = 0
    for document in documents:
        schema = json.loads((schemas / (document.name.split(".")[0] + ".json")).read_text())
        Draft202012Validator.check_schema(schema)
        for error in Draft202012Validator(closed(schema)).iter_errors(json.loads(document.read_text())):
            print(f"{document.name}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
            wrong += 1
    sys.exit(wrong > 0 or not documents)


if __name__ == "__main__":
    main()
