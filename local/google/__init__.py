"""Google Cloud on the laptop: a fake of ours, with the paths of its REST APIs.

It verifies a token's signature, issuer, audience and times, and evaluates bindings with their conditions, in CEL, on
the project, on secrets and on service accounts. It does not know organizations, deny policies, attribute mappings other
than `google.subject = assertion.sub`, API quotas, or how long changes take.
"""
