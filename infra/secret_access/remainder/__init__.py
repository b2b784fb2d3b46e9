"""Who can obtain a namespace's identity inside the cluster, whatever IAM says: read from its RBAC."""
