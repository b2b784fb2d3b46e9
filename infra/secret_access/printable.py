"""Text of others, for a terminal."""


def printable(text: str) -> str:
    """Return the text in one line, with what moves the cursor, colours or turns the text around written as escapes.

    Names of users and groups, and messages of clouds, may have any character.
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
