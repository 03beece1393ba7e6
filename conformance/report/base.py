"""What every block of the report document has in common."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """A block of the report: camelCase in the file, and no field that this version does not know."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )

    @classmethod
    def json_schema(cls) -> Mapping[str, Any]:
        """Return the JSON Schema (2020-12) of this document's file."""
        schema = cls.model_json_schema(by_alias=True, mode="serialization")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

    @classmethod
    def schema_text(cls) -> str:
        """Return the text that the shipped schema file of this document must have."""
        return json.dumps(cls.json_schema(), indent=2, ensure_ascii=False) + "\n"
