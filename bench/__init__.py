"""How fast the sidecar is, beside a compiled floor and a plain Starlette + boto3 version: `python -m bench`."""
