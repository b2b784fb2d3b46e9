from secret_access.packaging import serve

if __name__ == "__main__":
    serve("gcp")
