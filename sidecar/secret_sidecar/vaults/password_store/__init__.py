"""`pass`, the standard Unix password manager, for laptops: files that gpg encrypts."""
