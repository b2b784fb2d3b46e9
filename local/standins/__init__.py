"""Stand-ins for the parts of Pulumi that a machine without Pulumi's downloads lacks.

The engine is the real one. What it would download are its language host for Python and its provider
plugins; where the machine has none (``local/plugins.py``), Python processes that speak the same gRPC interfaces take
their place. Each command is in a folder of its own below ``bin/``:

    pulumi-language-python        language.py    runs the program, by program.py, in its own virtualenv
    pulumi-resource-kubernetes    kubernetes.py  server-side apply against a real API server
    pulumi-resource-aws           aws.py         IAM and STS by boto3
    pulumi-resource-vault         vault.py       policies and JWT auth by Vault's own API

The clouds' plugins share one mechanism, cloud.py, whose docstring says how to add a kind of resource.

What they do not do they refuse by name. The Kubernetes plugin's is tested beside the real one, with which it shares
state, field managers and messages; no other one ever met its original. Where they differ:

- the language host runs no ``uv sync`` before each program (``make up`` has made the virtualenv), and no plugins
  or policy packs;
- the kubernetes plugin knows no Helm, no ``…Patch`` types, no ``pulumi.com/waitFor`` and no
  ``pulumi.com/patchFieldManager``, and awaits Deployments, StatefulSets, DaemonSets, Jobs, Pods and deletions; it warns
  where it leaves out a field that Kubernetes does not have, which the real one does silently, and refuses to make what
  exists already, as the real one does since 4.29;
- a cloud's plugin knows the types in its ``kinds`` and the settings in its ``settings``; aws's takes static,
  environment and profile credentials;
- none has a schema, so ``pulumi import`` needs ``--generate-code=false``.

They are all that stands between the program and real APIs. A stack that is not local never sees them: they are found on
PATH only where ``local`` puts them there.
"""
