"""Serves a namespace's secrets on localhost, through the pod's own cloud identity.

the process          __main__, server, listening; settings (env_fields reads them), app (what is made of what); logs,
                     log_output
the HTTP server      http_server/
the API              api/: what is asked and answered, who may ask, what the kubelet asks
between both         reading/: freshness, shared calls, the audit trail, what is counted
the vaults           vaults/: what one is (store); aws/, gcp/, azure/, hashicorp/, password_store/: each its settings,
                     identity, errors and store; identity/: credentials, renewed ahead of their end; exchange/: a
                     caller's token for the caller's credentials
the HTTP client      http_client/: connections, proxies, TLS; it knows no vault
one for many         shared/: a service whose callers each bring an identity of their own
errors as answers    errors, problems
what all use         retry, flat_json
"""
