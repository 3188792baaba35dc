"""A Fog wallet in Python: the balance check, written from the protocol and not from the C++ wallet.

`fog` is anything with the four calls of fog.Fog; `mistake` names one of MISTAKES, which the harness must catch.
"""
from dataclasses import dataclass, field

import crypto

UNBOUNDED = 2**64 - 1
KEYS_PER_QUERY = 500
IMAGES_PER_QUERY = 100

MISTAKES = {
    "count-is-views": "the count is what view has processed; key images say nothing about it",
    "spent-now": "an output spent at or after the count is left out all the same",
    "missed-blocks-ignored": "blocks that nobody scanned are not downloaded and do not limit the count",
    "one-round-of-search": "one batch of two search keys for each RNG and no second round",
    "change-before-spend": "outputs at the count itself are counted",
    "first-rng-only": "RNG records after the first are ignored",
}


@dataclass
class Output:
    block: int
    value: int
    token: int
    image: bytes
    spent_at: int | None = None
    unspent_as_of: int = 0


@dataclass
class Rng:
    secret: bytes
    counter: int = 0


@dataclass
class Wallet:
    account: crypto.Account
    fog: object
    mistake: str | None = None
    event: int = 0  # cursor into view's user events
    processed: int = 0  # block count up to which view has shown everything
    rngs: dict = field(default_factory=dict)  # by egress public key
    outputs: dict = field(default_factory=dict)  # by global index
    missing: set = field(default_factory=set)  # missed ranges as announced, and
    scanned: set = field(default_factory=set)  # block indices downloaded

    def __post_init__(self):
        self._subaddresses = self.account.subaddresses()
        self._record_key = self.account.subaddress_view_private(0)

    def check(self) -> tuple[int, int]:
        """One balance check.  @return the balance of token 0 and the block count it is true for"""
        self._poll_view()
        if self.mistake != "missed-blocks-ignored":
            self._download_missed()
        self._poll_key_images()
        return self._report()

    def _poll_view(self):
        answer = self.fog.query(self.event, [])
        promised = answer.count
        for egress_key, version in answer.rngs:
            if version != 0:
                raise ValueError("an RNG of a newer version")
            if self.mistake == "first-rng-only" and self.rngs:
                continue
            if egress_key not in self.rngs:
                self.rngs[egress_key] = Rng(crypto.multiply(self._record_key, egress_key))
        self.missing.update(answer.missed)
        self.event = answer.next_event
        if promised <= self.processed:
            return
        live, batch = list(self.rngs.values()), 1
        while live:
            page = live[:KEYS_PER_QUERY]
            batch = min(2 * batch, max(1, KEYS_PER_QUERY // len(page)))
            keys = [crypto.rng_output(r.secret, r.counter + i) for r in page for i in range(batch)]
            answer = self.fog.query(None, keys)
            promised = min(promised, answer.count)
            if answer.failed_keys:
                return  # what was found stays; the count does not move
            still_live = live[len(page):]
            for rng in page:
                grown = 0
                while (payload := answer.found.get(crypto.rng_output(rng.secret, rng.counter))) is not None:
                    plain = crypto.open_box(self._record_key, payload)
                    if plain is not None:
                        self._own(self.fog.record(plain))
                    rng.counter += 1
                    grown += 1
                if grown == batch:
                    still_live.append(rng)
            if self.mistake == "one-round-of-search":
                break
            live = still_live
        self.processed = max(self.processed, promised)

    def _outstanding(self) -> list[tuple[int, int]]:
        """Missed blocks that have not been downloaded, as half-open ranges, ascending."""
        ranges = []
        for start, end in sorted(self.missing):
            while start < end:
                if start in self.scanned:
                    start += 1
                    continue
                # Missed ranges reach far into the future; what has been downloaded is few and known.
                stop = min([b for b in self.scanned if start < b < end], default=end)
                ranges.append((start, stop))
                start = stop
        return ranges

    def _download_missed(self):
        for start, end in self._outstanding():
            for index, records in self.fog.blocks(start, end):
                for record in records:
                    self._own(record)
                self.scanned.add(index)

    def _own(self, record):
        if record.index in self.outputs:
            return
        owned = crypto.own(
            self.account, self._subaddresses, record.masked, record.commitment_crc, record.target, record.public
        )
        if owned is not None:
            self.outputs[record.index] = Output(
                record.block, owned.value, owned.token, owned.key_image, unspent_as_of=record.block + 1
            )

    def _poll_key_images(self):
        asked = {}
        for output in self.outputs.values():
            if output.spent_at is None:
                asked.setdefault(output.image, []).append(output)
        images = list(asked)
        for first in range(0, len(images), IMAGES_PER_QUERY):
            count, results = self.fog.key_images(images[first:first + IMAGES_PER_QUERY])
            for image, spent_at in results:
                for output in asked.get(image, []):
                    if spent_at is not None:
                        output.spent_at = spent_at
                    else:
                        output.unspent_as_of = max(output.unspent_as_of, count)

    def _report(self) -> tuple[int, int]:
        count = self.processed
        if self.mistake != "count-is-views":
            count = min([count] + [o.unspent_as_of for o in self.outputs.values() if o.spent_at is None])
        if self.mistake != "missed-blocks-ignored":
            count = min([count] + [start for start, _ in self._outstanding()])
        balance = 0
        for output in self.outputs.values():
            last = count + 1 if self.mistake == "change-before-spend" else count
            gone_before = UNBOUNDED if self.mistake == "spent-now" else count
            if output.token != 0 or output.block >= last:
                continue
            if output.spent_at is not None and output.spent_at < gone_before:
                continue
            balance += output.value
        return balance, count

    def debug(self) -> str:
        lines = [f"processed {self.processed} event {self.event} rngs {len(self.rngs)}"]
        lines += [f"missing {start}..{end}" for start, end in self._outstanding()]
        for index, o in sorted(self.outputs.items()):
            state = f"spent at {o.spent_at}" if o.spent_at is not None else f"unspent as of {o.unspent_as_of}"
            lines.append(f"output {index}: block {o.block} value {o.value} token {o.token} {state}")
        return "\n".join(lines)
