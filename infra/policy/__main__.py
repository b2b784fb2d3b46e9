"""The policy pack `secret-access` with the settings that it comes with: a pack of your own says the same two lines."""

from secret_access.policy import policy_pack

policy_pack()
