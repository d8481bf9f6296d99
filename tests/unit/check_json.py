#!/usr/bin/env python3
"""Validates JSON documents against a schema (the keywords that report.schema.json uses).

    check_json.py [--own] SCHEMA DOCUMENT...

python3-jsonschema does it where it is installed; the validator below otherwise, or with --own.  It refuses a schema with
keywords that it does not know.  Duplicate keys are errors with both.  Called by test_report.c.
"""

import json
import re
import sys

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}
SAYS_NOTHING = {"$schema", "$defs", "title", "description"}


class Validator:
    def __init__(self, schema):
        self.root = schema

    def errors(self, value, schema=None, path="$"):
        schema = self.root if schema is None else schema
        for keyword in schema:
            if keyword in SAYS_NOTHING:
                continue
            check = getattr(self, "check_" + keyword.lstrip("$"), None)
            if check is None:
                raise SystemExit(f"check_json.py: keyword {keyword} is not known")
            yield from check(schema[keyword], value, schema, path)

    def check_ref(self, ref, value, _schema, path):
        target = self.root
        for part in ref.removeprefix("#/").split("/"):
            target = target[part]
        yield from self.errors(value, target, path)

    def check_type(self, types, value, _schema, path):
        types = [types] if isinstance(types, str) else types
        if not any(TYPES[t](value) for t in types):
            yield f"{path}: {value!r} is not of type {types}"

    def check_properties(self, properties, value, _schema, path):
        if isinstance(value, dict):
            for key in properties.keys() & value.keys():
                yield from self.errors(value[key], properties[key], f"{path}.{key}")

    def check_required(self, required, value, _schema, path):
        if isinstance(value, dict):
            yield from (f"{path}: {key} is missing" for key in required if key not in value)

    def check_additionalProperties(self, allowed, value, schema, path):
        if isinstance(value, dict) and allowed is False:
            yield from (f"{path}: {key} is unknown" for key in value.keys() - schema["properties"].keys())

    def check_items(self, items, value, _schema, path):
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.errors(item, items, f"{path}[{i}]")

    def check_maxItems(self, most, value, _schema, path):
        if isinstance(value, list) and len(value) > most:
            yield f"{path}: {len(value)} items, at most {most}"

    def check_enum(self, choices, value, _schema, path):
        if value not in choices:
            yield f"{path}: {value!r} is none of {choices}"

    def check_const(self, constant, value, _schema, path):
        if value != constant:
            yield f"{path}: {value!r} is not {constant!r}"

    def check_minimum(self, least, value, _schema, path):
        if TYPES["integer"](value) and value < least:
            yield f"{path}: {value} is below {least}"

    def check_maximum(self, most, value, _schema, path):
        if TYPES["integer"](value) and value > most:
            yield f"{path}: {value} is above {most}"

    def check_pattern(self, pattern, value, _schema, path):
        if isinstance(value, str) and not re.search(pattern, value):
            yield f"{path}: {value!r} does not match {pattern}"

    def check_anyOf(self, choices, value, _schema, path):
        if all(list(self.errors(value, choice, path)) for choice in choices):
            yield f"{path}: {value!r} is none of what it may be"


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def read(path):
    with open(path, encoding="utf-8", errors="strict") as file:
        return json.load(file, object_pairs_hook=unique)


def validator(schema, own):
    if not own:
        try:
            import jsonschema
        except ImportError:
            pass
        else:
            theirs = jsonschema.Draft202012Validator
            theirs.check_schema(schema)
            return lambda value: (f"{e.json_path}: {e.message}" for e in theirs(schema).iter_errors(value))
    return Validator(schema).errors


def main(args):
    own = args[:1] == ["--own"]
    schema_path, *documents = args[own:]
    errors_of = validator(read(schema_path), own)
    wrong = 0
    for path in documents:
        try:
            errors = list(errors_of(read(path)))
        except ValueError as error:
            errors = [str(error)]
        for error in errors[:20]:
            print(f"{path}: {error}", file=sys.stderr)
        wrong += bool(errors)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
