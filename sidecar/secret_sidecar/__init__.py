"""Serves a namespace's secrets on localhost, through the pod's own cloud identity.

the process             __main__, settings, fields, app, server, asgi/ (HTTP), logs
who may ask             guard, access_token; shared/: one service for many callers, each with its own identity
the API                 routes, batch, events, writes, openapi; answers, problems and errors as what they end with;
                        asking, queries, bodies, picking, schemas, watching as what they need
between API and vault   freshness, waiting and kept; observed and metrics; audit; wrapped as what these are made of
a vault each            aws/, gcp/, azure/, vault/, pass_/, each with settings, identity, errors and store; stores
what vaults share       http, proxy, tls, retry, calls, credentials, refreshing, identity_service
what the kubelet asks   health, readiness
"""
