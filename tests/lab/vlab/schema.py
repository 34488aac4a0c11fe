# SPDX-License-Identifier: GPL-2.0-or-later
"""As much of JSON Schema as qemu-hooks/cli/schema.json uses: does a value fit?"""

import json
from pathlib import Path

SCHEMA = json.loads((Path(__file__).resolve().parents[3] /
                     "qemu-hooks/cli/schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
         "boolean": bool, "null": type(None)}
KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "pattern",
         "$ref", "description", "minimum"}


def _is(value, kind):
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, TYPES[kind])


def faults(value, schema, where="$"):
    """What does not fit, as a list of sentences."""
    import re
    unknown = set(schema) - KNOWN
    if unknown:
        return [f"{where}: the schema uses {unknown}"]
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].split("/")[-1]], where)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{where}: {value!r} is not {' or '.join(kinds)}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where}: {value!r} is less than {schema['minimum']}")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{where}: no {key}" for key in schema.get("required", [])
                  if key not in value]
        for key, inner in value.items():
            if key in properties:
                found += faults(inner, properties[key], f"{where}.{key}")
            elif schema.get("additionalProperties", True) is False:
                found.append(f"{where}: {key} is not in the schema")
    if isinstance(value, list) and "items" in schema:
        for i, inner in enumerate(value):
            found += faults(inner, schema["items"], f"{where}[{i}]")
    return found


def fits(text, name):
    """Parse a command's output and expect it to fit the schema of that name."""
    value = json.loads(text)
    found = faults(value, SCHEMA["$defs"][name])
    if found:
        raise AssertionError(f"not as schema.json has {name}: " + "; ".join(found[:5]))
    return value
