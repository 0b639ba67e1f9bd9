"""What all parts of the configuration share: frozen, an unknown key is an error, and numbers are finite."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic_core import CoreSchema

_ATTRIBUTES = "\n\nAttributes:\n"


class Section(BaseModel):
    """One object of ``run_params.json``. In its JSON Schema the attributes of its docstring describe its settings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        reference = handler(schema)
        document = handler.resolve_ref_schema(reference)
        about, _, attributes = inspect.cleandoc(cls.__doc__ or "").partition(_ATTRIBUTES)
        document["description"] = about
        for names, text in re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", attributes, re.MULTILINE):
            for name in names.split(", "):
                document["properties"][name].setdefault("description", re.sub(r"\s+", " ", text))
        return reference
