"""The other patterns: secrets in etcd, by hand or by an operator; and which pattern serves whom."""
