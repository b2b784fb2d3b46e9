"""How long `pulumi preview` takes with our components, beside a flat hand-written program: `python -m bench.infra`."""
