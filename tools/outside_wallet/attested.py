"""Simulated attestation, no security: the client's end of Noise_NX_25519_AESGCM_SHA512, and the evidence that a server
sends with it.  Written from the specification and docs/attestation.md; shares nothing with the C++ code."""
import base64
import hashlib
import hmac
import json
import os

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PROTOCOL = b"Noise_NX_25519_AESGCM_SHA512"
# The public key that clients built with SGX_MODE=SW believe in.
ROOT = bytes.fromhex(
    "04e1fdc508d0383315957624b054291ed40466bd98e0aae9de2783f86baf6f8163"
    "16e9f27c2ed32156ee667d05b1c77006618d0b87bd3766dc7812013301b07935"
)
PRODUCTS = {"fog_ledger": (2, 9), "fog_view": (3, 9), "ingest": (4, 9)}  # product id, least security version


class Refused(ValueError):
    """The server is not what it says it is, or does not speak this protocol."""


def _raw(key):
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _hkdf(chaining_key, material):
    temporary = hmac.digest(chaining_key, material, "sha512")
    first = hmac.digest(temporary, b"\1", "sha512")
    return first, hmac.digest(temporary, first + b"\2", "sha512")


class Cipher:
    """A key and the counter of the next message, which moves only with a good one."""

    def __init__(self, key):
        self.counter = 0
        self._aead = AESGCM(key[:32])

    def _nonce(self):
        return bytes(4) + self.counter.to_bytes(8, "big")

    def seal(self, plain, aad=b""):
        sealed = self._aead.encrypt(self._nonce(), plain, aad)
        self.counter += 1
        return sealed

    def open(self, sealed, aad=b""):
        try:
            plain = self._aead.decrypt(self._nonce(), sealed, aad)
        except InvalidTag:
            raise Refused("a message does not decrypt") from None
        self.counter += 1
        return plain


class Handshake:
    def __init__(self, prologue: bytes, ephemeral: bytes | None = None):
        self._hash = PROTOCOL.ljust(64, b"\0")
        self._chaining_key = self._hash
        self._cipher = None
        self._mix_hash(prologue)
        self._ephemeral = X25519PrivateKey.from_private_bytes(ephemeral or os.urandom(32))

    def _mix_hash(self, data):
        self._hash = hashlib.sha512(self._hash + data).digest()

    def _mix_key(self, theirs):
        secret = self._ephemeral.exchange(X25519PublicKey.from_public_bytes(theirs))
        self._chaining_key, key = _hkdf(self._chaining_key, secret)
        self._cipher = Cipher(key)

    def _decrypt(self, data):
        plain = self._cipher.open(data, self._hash)
        self._mix_hash(data)
        return plain

    def message_1(self, payload=b""):
        mine = _raw(self._ephemeral.public_key())
        self._mix_hash(mine)
        self._mix_hash(payload)
        return mine + payload

    def read_message_2(self, message):
        """@return session, the server's static key, its payload"""
        if len(message) < 80:
            raise Refused("the answer is too short for a handshake")
        self._mix_hash(message[:32])
        self._mix_key(message[:32])
        static = self._decrypt(message[32:80])
        self._mix_key(static)
        payload = self._decrypt(message[80:])
        to_server, to_client = _hkdf(self._chaining_key, b"")
        return Session(self._hash, Cipher(to_server), Cipher(to_client)), static, payload


class Session:
    def __init__(self, channel_id, sending, receiving):
        self.channel_id, self.sending, self.receiving = channel_id, sending, receiving


def check_evidence(report, product: str, static_key: bytes, mr_signer: bytes | None):
    """@param report  external.VerificationReport; @param mr_signer  None: any will do.  @raise Refused"""
    text = report.http_body.encode()
    for der in report.chain:
        key = x509.load_der_x509_certificate(der).public_key()
        if key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) != ROOT:
            continue
        try:
            key.verify(report.sig.contents, text, ec.ECDSA(hashes.SHA256()))
            break
        except InvalidSignature:
            raise Refused("the evidence's signature is wrong") from None
    else:
        raise Refused("the evidence is not vouched for by the simulation root")
    said = json.loads(text)
    if said["isvEnclaveQuoteStatus"] != "OK":
        raise Refused(f"the platform's status is {said['isvEnclaveQuoteStatus']}")
    body = base64.b64decode(said["isvEnclaveQuoteBody"], validate=True)[48:]
    product_id, least_svn = PRODUCTS[product]
    if int.from_bytes(body[256:258], "little") != product_id or int.from_bytes(body[258:260], "little") < least_svn:
        raise Refused("the evidence is of another enclave")
    if mr_signer is not None and body[128:160] != mr_signer:
        raise Refused("the enclave is signed by somebody else")
    if body[320:352] != static_key:
        raise Refused("the evidence is for another key than that of the handshake")
