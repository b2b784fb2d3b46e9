"""Programs with a mistake, each beside the same without it: what the rules, and the real engine, judge.

A program is resources by name, each a type and its inputs as Pulumi has them.
"""

from collections.abc import Sequence

from tests.infra.policy.cases.case import Case
from tests.infra.policy.cases.further_policies import FURTHER_POLICIES
from tests.infra.policy.cases.identities import IDENTITIES
from tests.infra.policy.cases.isolation import PROOF
from tests.infra.policy.cases.pods import PODS
from tests.infra.policy.cases.prefixes import PREFIXES
from tests.infra.policy.cases.rbac import CLUSTER_RBAC
from tests.infra.policy.cases.secrets_in_etcd import SECRETS_IN_ETCD
from tests.infra.policy.cases.trust import TRUST
from tests.infra.policy.cases.wildcards import WILDCARDS

CASES: Sequence[Case] = [
    *WILDCARDS,
    *TRUST,
    *IDENTITIES,
    *PREFIXES,
    *FURTHER_POLICIES,
    *SECRETS_IN_ETCD,
    *PODS,
    *CLUSTER_RBAC,
    *PROOF,
]
