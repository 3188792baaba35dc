"""MobileCoin's keys, outputs and records as a wallet needs them, written from the protocol's description over libsodium.

Nothing here shares code with the C++ side: that is its point.  Points and scalars are 32 bytes, scalars little endian.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import struct
import unicodedata
import zlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ORDER = 2**252 + 27742317777372353535851937790883648493
CHANGE_SUBADDRESS = 2**64 - 2

_sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
if _sodium.sodium_init() < 0:
    raise RuntimeError("libsodium does not start")


class BadPoint(ValueError):
    """Bytes that are no point of the group."""


def _point_of(function, *arguments):
    out = ctypes.create_string_buffer(32)
    if function(out, *arguments) != 0:
        raise BadPoint("no point of the group")
    return out.raw


def multiply(scalar: bytes, point: bytes) -> bytes:
    return _point_of(_sodium.crypto_scalarmult_ristretto255, scalar, point)


def multiply_base(scalar: bytes) -> bytes:
    return _point_of(_sodium.crypto_scalarmult_ristretto255_base, scalar)


def add(a: bytes, b: bytes) -> bytes:
    return _point_of(_sodium.crypto_core_ristretto255_add, a, b)


def subtract(a: bytes, b: bytes) -> bytes:
    return _point_of(_sodium.crypto_core_ristretto255_sub, a, b)


def scalar(value: int) -> bytes:
    return (value % ORDER).to_bytes(32, "little")


def number(scalar_bytes: bytes) -> int:
    return int.from_bytes(scalar_bytes, "little")


def blake(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()


def hash_to_scalar(data: bytes) -> bytes:
    return scalar(number(blake(data)))


def hash_to_point(data: bytes) -> bytes:
    return _point_of(_sodium.crypto_core_ristretto255_from_hash, blake(data))


def hkdf(digest, salt: bytes, key_material: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869."""
    extracted = hmac.new(salt, key_material, digest).digest()
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(extracted, block + info + bytes([counter]), digest).digest()
        out += block
        counter += 1
    return out[:length]


@dataclass(frozen=True)
class Account:
    """An account's private keys and what follows from them."""

    view_private: bytes
    spend_private: bytes

    @staticmethod
    def from_mnemonic(mnemonic: str, index: int) -> "Account":
        """BIP-39 with an empty passphrase, SLIP-10 m/44'/866'/index', then one HKDF for each key."""
        phrase = unicodedata.normalize("NFKD", mnemonic).encode()
        seed = hashlib.pbkdf2_hmac("sha512", phrase, b"mnemonic", 2048)
        node = hmac.new(b"ed25519 seed", seed, hashlib.sha512).digest()
        for step in (44, 866, index & 0x7FFFFFFF):
            child = b"\0" + node[:32] + struct.pack(">I", 0x80000000 | step)
            node = hmac.new(node[32:], child, hashlib.sha512).digest()
        def derive(salt):
            return scalar(number(hkdf(hashlib.sha512, salt, node[:32], b"", 64)))
        return Account(derive(b"mobilecoin-ristretto255-view"), derive(b"mobilecoin-ristretto255-spend"))

    def subaddress_spend_private(self, index: int) -> bytes:
        offset = hash_to_scalar(b"mc_subaddress" + self.view_private + scalar(index))
        return scalar(number(offset) + number(self.spend_private))

    def subaddress_view_private(self, index: int) -> bytes:
        return scalar(number(self.view_private) * number(self.subaddress_spend_private(index)))

    def subaddresses(self) -> dict:
        """Spend public key -> index, of the subaddresses a wallet owns outputs under."""
        return {multiply_base(self.subaddress_spend_private(i)): i for i in (0, 1, CHANGE_SUBADDRESS)}


def rng_output(secret: bytes, counter: int) -> bytes:
    """The search key of a user's output number `counter` under one egress key."""
    return blake(b"20201124" + secret + struct.pack("<Q", counter))[:16]


def open_box(private: bytes, sealed: bytes) -> bytes | None:
    """What a crypto box to `private` holds; None when it is for somebody else or no box."""
    if len(sealed) < 50 or sealed[-2:] != b"\1\0":
        return None
    text, ephemeral, tag = sealed[:-50], sealed[-50:-18], sealed[-18:-2]
    try:
        secret = multiply(private, ephemeral)
    except BadPoint:
        return None
    okm = hkdf(hashlib.blake2b, b"dei-salty-box", secret, b"aead-key-iv", 44)
    try:
        return AESGCM(okm[:32]).decrypt(okm[32:], text + tag, None)
    except InvalidTag:
        return None


def value_generator(token: int) -> bytes:
    base = bytearray(multiply_base(scalar(1)))
    for i, byte in enumerate(struct.pack("<Q", token)):
        base[i] ^= byte
    return hash_to_point(b"mc_onetime_key_hash_to_point" + bytes(base))


@dataclass(frozen=True)
class Masked:
    """A masked amount as an output or a record carries it."""

    version: int
    value: int
    token: bytes


@dataclass(frozen=True)
class Owned:
    value: int
    token: int
    key_image: bytes


def _unmask(shared: bytes, masked: Masked) -> tuple[int, int, bytes]:
    """@return value, token id and blinding"""
    if masked.version == 1:
        value_mask = hash_to_scalar(b"mc_amount_value" + shared)[:8]
        token_mask = blake(b"mc_amount_token_id" + shared)[:8]
        blinding = hash_to_scalar(b"mc_amount_blinding" + shared)
    else:
        amount_secret = blake(b"mc_amount_shared_secret" + shared)[:32]
        def derive(info, length):
            return hkdf(hashlib.sha512, b"mc_amount_blinding_factors", amount_secret, info, length)
        value_mask = derive(b"mc_amount_value", 8)
        token_mask = derive(b"mc_amount_token_id", 8)
        blinding = scalar(number(derive(b"mc_amount_blinding", 64)))
    value = masked.value ^ number(value_mask)
    token = number(masked.token) ^ number(token_mask) if masked.token else 0
    return value, token, blinding


def commitment(value: int, token: int, blinding: bytes) -> bytes:
    blind = multiply_base(blinding)
    return add(multiply(scalar(value), value_generator(token)), blind) if value else blind


def own(account: Account, subaddresses: dict, masked: Masked, commitment_crc: int, target: bytes, public: bytes):
    """@return the output's value, token and key image; None when it is not the account's"""
    try:
        shared = multiply(account.view_private, public)
        value, token, blinding = _unmask(shared, masked)
        if zlib.crc32(commitment(value, token, blinding)) != commitment_crc:
            return None
        offset = hash_to_scalar(b"mc_onetime_key_hash_to_scalar" + shared)
        index = subaddresses.get(subtract(target, multiply_base(offset)))
    except BadPoint:
        return None
    if index is None:
        return None
    onetime = scalar(number(offset) + number(account.subaddress_spend_private(index)))
    image = multiply(onetime, hash_to_point(b"mc_onetime_key_hash_to_point" + multiply_base(onetime)))
    return Owned(value, token, image)
