"""The schema of the package, in which other languages find each argument: what Pulumi's analyzer leaves out of it.

https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
"""

import inspect
import re
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pulumi.provider.experimental.analyzer import Analyzer, PropertyDefinition
from pulumi.provider.experimental.util import camel_case

from .access import SecretAccess, SecretAccessArgs
from .aws.role_arguments import RoleArgs

INHERITED = (SecretAccessArgs, RoleArgs, SecretAccess)
ABOUT = {
    "displayName": "Secret access",
    "description": "Gives every Kubernetes namespace its own cloud identity for its own secrets.",
    "keywords": ["pulumi", "kubernetes", "secrets", "category/infrastructure", "kind/component"],
    "license": "Apache-2.0",
}
"""What Pulumi's own puts into no schema."""
NUMBER_OR_WORD = "number-or-word"
"""The reference of an argument such as `int | Literal["autoscaled"]`: Pulumi's own describes no unions."""


class SchemaAnalyzer(Analyzer):
    """Finds inherited descriptions, where Pulumi's own looks at a class's own source, and takes numbers or words."""

    def get_docstring(self, typ: type, name: str) -> str | None:
        """Return the docstring of a property."""
        own = super().get_docstring(typ, name)
        if own is not None:
            return own
        return next(
            (found for base in INHERITED if (found := super(SchemaAnalyzer, self).get_docstring(base, name))), None
        )

    def analyze_property(self, arg: Any, typ: type, name: str, **how: Any) -> PropertyDefinition:
        """Return what the schema says of a property."""
        if any(get_origin(choice) is Literal for choice in get_args(arg)) and int in get_args(arg):
            description = self.get_docstring(typ, name)
            return PropertyDefinition(ref=NUMBER_OR_WORD, optional=bool(how.get("optional")), description=description)
        return super().analyze_property(arg, typ, name, **how)


class Spelling:
    """How properties are spelled in the schema: `service_account_name` is `serviceAccountName` in other languages."""

    def __init__(self, names: Iterable[str]) -> None:
        words = "|".join(sorted(name for name in names if "_" in name))
        self._word = re.compile(rf"\b({words})\b")
        # A name between single quotes is a value that was given, unless it is a key of a mapping
        self._word_or_value = re.compile(rf"(?<!\w)'(?:[^'\\]|\\.)*'(?!:)|\b({words})\b")

    def of(self, text: str) -> str:
        """Return a description, with each name as in the schema."""
        return self._word.sub(lambda found: camel_case(found[0]), text)

    def of_message(self, text: str) -> str:
        """Return the message of an error, with each name as in the schema, but for the values that were given."""
        return self._word_or_value.sub(lambda found: camel_case(found[1]) if found[1] else found[0], text)

    def of_schema(self, part: Any) -> Any:
        """Return the schema, or a part of it, with descriptions that are not indented and name properties as it does.

        A number or a word is either of them.
        """
        if isinstance(part, list):
            return [self.of_schema(item) for item in part]
        if not isinstance(part, dict):
            return part
        inner = {key: self.of_schema(item) for key, item in part.items()}
        if inner.get("$ref") == NUMBER_OR_WORD:
            del inner["$ref"]
            inner["oneOf"] = [{"type": "integer"}, {"type": "string"}]
        text = part.get("description")
        return {**inner, "description": self.of(inspect.cleandoc(text).strip())} if isinstance(text, str) else inner
