"""wallet.py against a scripted fog: view and ledger at every pair of heights, and each mistake caught by some of them."""
import itertools
import os
import pathlib
import struct
import sys
import unittest
import zlib
from types import SimpleNamespace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import hashlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import crypto  # noqa: E402
import wallet  # noqa: E402

ACCOUNT = crypto.Account.from_mnemonic("abandon " * 23 + "art", 0)


def seal(public, plain):
    ephemeral = crypto.scalar(int.from_bytes(os.urandom(32), "little"))
    okm = crypto.hkdf(hashlib.blake2b, b"dei-salty-box", crypto.multiply(ephemeral, public), b"aead-key-iv", 44)
    sealed = AESGCM(okm[:32]).encrypt(okm[32:], plain, None)
    return sealed[:-16] + crypto.multiply_base(ephemeral) + sealed[-16:] + b"\1\0"


def make_output(index, block, value):
    """An output to ACCOUNT's default subaddress, masked in the newest form."""
    spend = crypto.multiply_base(ACCOUNT.subaddress_spend_private(0))
    view = crypto.multiply_base(ACCOUNT.subaddress_view_private(0))
    r = crypto.scalar(1000 + index)
    shared, public = crypto.multiply(r, view), crypto.multiply(r, spend)
    target = crypto.add(
        crypto.multiply_base(crypto.hash_to_scalar(b"mc_onetime_key_hash_to_scalar" + shared)), spend
    )
    no_mask = crypto.Masked(2, 0, b"\0" * 8)
    value_mask, token_mask, blinding = crypto._unmask(shared, no_mask)
    masked = crypto.Masked(2, value ^ value_mask, struct.pack("<Q", token_mask))
    crc = zlib.crc32(crypto.commitment(value, 0, blinding))
    return SimpleNamespace(index=index, block=block, masked=masked, commitment_crc=crc, target=target, public=public)


class Chain:
    """Block b pays 2^b twice; block 3 spends what block 1 paid.  Block 4 was lost by its key and is missed."""

    LAST = 6

    def __init__(self):
        self.outputs = [make_output(2 * b + i, b, 2**b + 100 * i) for b in range(1, self.LAST) for i in range(2)]
        self.values = {o.index: 2**o.block + 100 * (o.index % 2) for o in self.outputs}
        table = ACCOUNT.subaddresses()
        self.images = {
            o.index: crypto.own(ACCOUNT, table, o.masked, o.commitment_crc, o.target, o.public).key_image
            for o in self.outputs
        }
        self.spent = {self.images[o.index]: 3 for o in self.outputs if o.block == 1}

    def truth(self, count):
        return sum(
            self.values[o.index] for o in self.outputs
            if o.block < count and not (self.spent.get(self.images[o.index], count) < count)
        )


class ScriptedFog:
    def __init__(self, chain, view, ledger):
        self.chain, self.view, self.ledger = chain, view, ledger
        self.egress = [crypto.scalar(7), crypto.scalar(8)]
        self.records = {}
        self.found = {}
        user = crypto.multiply_base(ACCOUNT.subaddress_view_private(0))
        counters = [0, 0]
        for o in chain.outputs:
            if o.block == 4:
                continue
            e = 0 if o.block < 4 else 1
            key = crypto.rng_output(crypto.multiply(self.egress[e], user), counters[e])
            counters[e] += 1
            name = struct.pack("<Q", o.index)
            self.records[name] = o
            self.found[key] = (o.block, seal(user, name))

    def query(self, event, keys):
        asks = event is not None
        newest = 20 if self.view > 4 else 10  # the missed block is announced before the count passes it
        return SimpleNamespace(
            count=self.view, next_event=newest if asks else None, failed_keys=[],
            rngs=[(crypto.multiply_base(e), 0) for e in self.egress] if asks and event < 10 else [],
            missed=[(4, 5)] if asks and event < 20 <= newest else [],
            found={k: self.found[k][1] for k in keys if k in self.found and self.found[k][0] < self.view},
        )

    def record(self, plain):
        return self.records[plain]

    def blocks(self, start, end):
        for b in range(start, min(end, self.ledger)):
            yield b, [o for o in self.chain.outputs if o.block == b]

    def key_images(self, images):
        spent = {i: s for i, s in self.chain.spent.items() if s < self.ledger}
        return self.ledger, [(i, spent.get(i)) for i in images]


CHAIN = Chain()


# Those that show only where something fails, or in a richer chain: tools/fogsim_judge/kill_table.py looks for them there.
NEED_A_WORLD = {
    "all-tokens-summed",
    "count-follows-view-back",
    "count-of-first-answer",
    "count-of-newest-answer",
    "default-subaddress-only",
    "failed-images-are-unspent",
    "failed-look-ups-are-misses",
    "missed-first-block-only",
    "missed-limit-too-far",
    "missed-lost-at-rest",
    "seen-twice-counts-twice",
    "view-errors-ignored",
}


def wrong_answers(mistake, enough=None):
    """How many of all pairs of heights give a balance that is not the truth at its count, or never arrive."""
    wrong = 0
    for view, ledger in itertools.product(range(Chain.LAST + 1), repeat=2):
        fog = ScriptedFog(CHAIN, view, ledger)
        tested = wallet.Wallet(ACCOUNT, fog, mistake)
        for _ in range(2):
            balance, count = tested.check()
            wrong += balance != CHAIN.truth(count)
        fog.view = fog.ledger = Chain.LAST
        balance, count = tested.check()
        wrong += count != Chain.LAST or balance != CHAIN.truth(count)
        if enough is not None and wrong >= enough:
            break
    return wrong


class EveryPairOfHeights(unittest.TestCase):
    def test_without_a_mistake_every_balance_is_true(self):
        self.assertEqual(wrong_answers(None), 0)

    def test_each_mistake_shows(self):
        for mistake in wallet.MISTAKES.keys() - NEED_A_WORLD:
            with self.subTest(mistake):
                self.assertGreater(wrong_answers(mistake, enough=1), 0)


if __name__ == "__main__":
    unittest.main()
