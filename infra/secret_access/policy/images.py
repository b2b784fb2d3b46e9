"""Images that can change under a tag. Pure.

https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..proof.preview import Resource
from .manifests import known, pods, texts
from .rule import A_PREFIX, Options

_DIGEST = "@sha256:"
_ON_THE_MACHINE = "localhost/"
"""Images that no registry has, such as those that `make image` builds."""
IMMUTABLE = "immutable"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    IMMUTABLE: {
        "type": "array",
        "items": A_PREFIX,
        "description": "How images begin whose tags never move: a registry or a repository, with its closing slash.",
    }
}


def by_tag(resource: Resource, options: Options) -> Iterator[str]:
    """Yield the containers whose image is named by a tag, or by nothing."""
    immutable = tuple(texts(options.get(IMMUTABLE)))
    for _, pod in pods(resource):
        for container in pod.containers:
            image = known(container.body.get("image"))
            if image is not None and is_by_tag(image, immutable):
                yield f"the container {container.name} runs {image}"


def is_by_tag(image: str, immutable: Sequence[str] = ()) -> bool:
    """Return whether another image may come under the same name tomorrow."""
    is_tagged = ":" in image.rpartition("/")[2]
    return (
        _DIGEST not in image
        and not image.startswith(_ON_THE_MACHINE)
        and not (is_tagged and image.startswith(tuple(each for each in immutable if each.endswith("/"))))
    )
