"""Between the API and a vault: freshness, shared calls, the audit trail and what is counted."""
