"""Images that can change under a tag. Pure.

https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from collections.abc import Iterator

from ..proof.preview import Resource
from .manifests import known, pods

_DIGEST = "@sha256:"
_ON_THE_MACHINE = "localhost/"
"""Images that no registry has, such as those that `make image` builds."""


def by_tag(resource: Resource) -> Iterator[str]:
    """Yield the containers whose image is named by a tag, or by nothing."""
    for _, pod in pods(resource):
        for container in pod.containers:
            image = known(container.body.get("image"))
            if image is not None and is_by_tag(image):
                yield f"the container {container.name} runs {image}"


def is_by_tag(image: str) -> bool:
    """Return whether another image may come under the same name tomorrow."""
    return _DIGEST not in image and not image.startswith(_ON_THE_MACHINE)
