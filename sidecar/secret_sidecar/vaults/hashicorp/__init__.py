"""HashiCorp Vault and OpenBao: a KV secrets engine of version 2, through JWT auth."""
