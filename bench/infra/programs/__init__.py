"""The two programs that are compared; Pulumi runs each as its own."""
