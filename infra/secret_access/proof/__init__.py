"""Who can read what, decided from the documents that a stack is about to create: the command `secret-access evaluate`.

From first to last: preview.py reads the resources of a preview, declared.py the prefixes that they speak of. aws/,
gcp/, azure/ and vault/ turn each cloud's documents into sets of strings (subjects.py: of tokens), and isolation.py asks
for each namespace whether there is a name that is not its own. strings.py and emptiness.py are the prover: sets of
strings, and whether one is empty. evaluation.py puts the clouds together, and says by unread.py what none of them
reads. rendering.py and documents.py are for those who read the verdict.
"""
