"""Who reads what, asked from inside: the matrix, how its cells are judged, and the pods that ask."""
