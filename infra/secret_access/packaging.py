"""The components as a Pulumi package: what Pulumi's analyzer of Python components does not do by itself.

https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/build-a-component/
"""

from unittest.mock import patch

from pulumi.provider.experimental import component
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider

from .access import SecretAccess, SecretAccessArgs
from .aws.role_arguments import RoleArgs

INHERITED = (SecretAccessArgs, RoleArgs, SecretAccess)


class _Analyzer(Analyzer):
    """Finds the descriptions of inherited arguments and outputs too; Pulumi's own looks at a class's own source."""

    def get_docstring(self, typ: type, name: str) -> str | None:
        """Return the docstring of a property."""
        own = super().get_docstring(typ, name)
        if own is not None:
            return own
        return next((found for base in INHERITED if (found := super(_Analyzer, self).get_docstring(base, name))), None)


class Package(ComponentProvider):
    """Pulumi's provider of components, with our analyzer: it takes none as an argument."""

    def __init__(self, components: list[type], name: str = "secret-access") -> None:
        with patch.object(component, "Analyzer", _Analyzer):
            super().__init__(components, name)
