"""Serves a namespace's secrets on localhost, through the pod's own cloud identity.

the process          __main__, settings (fields reads them), app (what is made of what), server, logs
the HTTP server      asgi/
the API              api/: what is asked and answered, who may ask, what the kubelet asks
between both         reading/: freshness, shared calls, the audit trail, what is counted
a vault each         stores: what one is; aws/, gcp/, azure/, vault/, pass_/: each its settings, identity, errors, store
what vaults share    client/: HTTP, proxies, TLS, trying again; identity/: credentials, renewed ahead of their end
one for many         shared/: a service whose callers each bring an identity of their own
errors as answers    errors, problems
what both sides send flat_json
"""
