"""The API: what a request is, what it is answered, and who may ask; and what the kubelet asks."""
