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
    "last-rng-only": "once there is a new RNG the older ones are searched no more",
    "rngs-lost-at-rest": "what comes with an answer whose count has not moved is dropped, and the cursor moves on",
    "missed-lost-at-rest": "missed ranges that arrive while the count stands still are dropped",
    "missed-limit-too-far": "a missed range limits the count to one block past its start",
    "missed-end-left-out": "the last block of a missed range is not downloaded",
    "missed-first-block-only": "of a missed range only the first block is downloaded",
    "missed-downloaded-unseen": "a missed range counts as downloaded once it was asked for",
    "count-one-too-high": "an index is taken for a count: one block too many is claimed",
    "count-one-too-low": "the balance is summed first and the count lowered by one afterwards",
    "count-is-ledgers": "the count is what the ledger's key images are true for",
    "count-follows-view-back": "the count goes back when another replica of view is behind",
    "count-of-first-answer": "later answers of one search are taken to be as new as the first",
    "count-of-newest-answer": "the count is that of the newest of several answers",
    "spent-never": "spent outputs stay in the balance",
    "spent-one-late": "an output is gone only one block after it was spent",
    "asked-once": "an output that was unspent once is never asked for again",
    "images-before-view": "key images are asked for before view, and new outputs taken as unspent",
    "seen-twice-counts-twice": "an output that view and a downloaded block both show counts twice",
    "default-subaddress-only": "outputs to the change subaddress are not ours",
    "all-tokens-summed": "every token counts as MOB",
    "counter-passes-misses": "the RNG's counter moves past search keys that were not found",
    "failed-look-ups-are-misses": "a search key whose look-up failed counts as not found",
    "failed-images-are-unspent": "a key image whose look-up failed, or was not answered, counts as unspent",
    "ledger-errors-ignored": "when the ledger cannot be reached everything is unspent",
    "view-errors-ignored": "when a search fails nothing was found, and the count moves on",
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
    ledgers: int | None = None  # count of the last answer about key images

    def __post_init__(self):
        self._subaddresses = self.account.subaddresses()
        self._record_key = self.account.subaddress_view_private(0)

    def check(self) -> tuple[int, int]:
        """One balance check.  @return the balance of token 0 and the block count it is true for"""
        if self.mistake == "images-before-view":
            self._poll_key_images()
        self._poll_view()
        if self.mistake != "missed-blocks-ignored":
            self._download_missed()
        if self.mistake != "images-before-view":
            try:
                self._poll_key_images()
            except ConnectionError:
                if self.mistake != "ledger-errors-ignored":
                    raise
        return self._report()

    def _poll_view(self):
        answer = self.fog.query(self.event, [])
        promised = answer.count
        at_rest = promised <= self.processed
        if at_rest and self.mistake == "rngs-lost-at-rest":
            self.event = answer.next_event
            return
        for egress_key, version in answer.rngs:
            if version != 0:
                raise ValueError("an RNG of a newer version")
            if self.mistake == "first-rng-only" and self.rngs:
                continue
            if egress_key not in self.rngs:
                self.rngs[egress_key] = Rng(crypto.multiply(self._record_key, egress_key))
        if not (at_rest and self.mistake == "missed-lost-at-rest"):
            cut = 1 if self.mistake == "missed-end-left-out" else 0
            self.missing.update((start, end - cut) for start, end in answer.missed if end - cut > start)
        self.event = answer.next_event
        if at_rest:
            if self.mistake == "count-follows-view-back":
                self.processed = promised
            return
        live, batch = list(self.rngs.values()), 1
        if self.mistake == "last-rng-only":
            live = live[-1:]
        while live:
            page = live[:KEYS_PER_QUERY]
            batch = min(2 * batch, max(1, KEYS_PER_QUERY // len(page)))
            keys = [crypto.rng_output(r.secret, r.counter + i) for r in page for i in range(batch)]
            try:
                answer = self.fog.query(None, keys)
            except ConnectionError:
                if self.mistake != "view-errors-ignored":
                    raise
                break
            if self.mistake == "count-of-newest-answer":
                promised = max(promised, answer.count)
            elif self.mistake != "count-of-first-answer":
                promised = min(promised, answer.count)
            if answer.failed_keys and self.mistake != "failed-look-ups-are-misses":
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
                if self.mistake == "counter-passes-misses":
                    rng.counter += batch - grown
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
            if self.mistake == "missed-downloaded-unseen":
                self.scanned.update(range(start, min(end, start + 1000)))
            if self.mistake == "missed-first-block-only":
                self.scanned.update(range(start + 1, min(end, start + 1000)))
                end = start + 1
            for index, records in self.fog.blocks(start, end):
                for record in records:
                    if self.mistake == "seen-twice-counts-twice" and record.index in self.outputs:
                        record.index = -record.index - 1
                    self._own(record)
                self.scanned.add(index)

    def _own(self, record):
        if record.index in self.outputs:
            return
        ours = self._subaddresses
        if self.mistake == "default-subaddress-only":
            ours = {key: index for key, index in ours.items() if index == 0}
        owned = crypto.own(
            self.account, ours, record.masked, record.commitment_crc, record.target, record.public
        )
        if owned is not None:
            self.outputs[record.index] = Output(
                record.block, owned.value, owned.token, owned.key_image, unspent_as_of=record.block + 1
            )

    def _poll_key_images(self):
        asked = {}
        for output in self.outputs.values():
            once = self.mistake == "asked-once" and output.unspent_as_of > output.block + 1
            if output.spent_at is None and not once:
                asked.setdefault(output.image, []).append(output)
        images = list(asked)
        for first in range(0, len(images), IMAGES_PER_QUERY):
            page = images[first:first + IMAGES_PER_QUERY]
            count, results = self.fog.key_images(page)
            self.ledgers = count
            if self.mistake == "failed-images-are-unspent":
                answered = {image for image, _ in results}
                results = list(results) + [(image, None) for image in page if image not in answered]
            for image, spent_at in results:
                for output in asked.get(image, []):
                    if spent_at is not None:
                        output.spent_at = spent_at
                    else:
                        output.unspent_as_of = max(output.unspent_as_of, count)

    def _report(self) -> tuple[int, int]:
        count = self.processed
        trusting = ("count-is-views", "asked-once", "images-before-view", "ledger-errors-ignored")
        if self.mistake not in trusting:
            count = min([count] + [o.unspent_as_of for o in self.outputs.values() if o.spent_at is None])
        if self.mistake == "count-is-ledgers" and self.ledgers is not None:
            count = self.ledgers
        if self.mistake != "missed-blocks-ignored":
            late = 1 if self.mistake == "missed-limit-too-far" else 0
            count = min([count] + [start + late for start, _ in self._outstanding()])
        balance = 0
        for output in self.outputs.values():
            last = count + 1 if self.mistake == "change-before-spend" else count
            gone_before = UNBOUNDED if self.mistake == "spent-now" else count
            if (output.token != 0 and self.mistake != "all-tokens-summed") or output.block >= last:
                continue
            gone = output.spent_at is not None and output.spent_at < gone_before
            if self.mistake == "spent-one-late":
                gone = gone and output.spent_at + 1 < gone_before
            if gone and self.mistake != "spent-never":
                continue
            balance += output.value
        shift = {"count-one-too-high": 1, "count-one-too-low": -1}.get(self.mistake, 0)
        return balance, max(0, count + shift)

    def debug(self) -> str:
        lines = [f"processed {self.processed} event {self.event} rngs {len(self.rngs)}"]
        lines += [f"missing {start}..{end}" for start, end in self._outstanding()]
        for index, o in sorted(self.outputs.items()):
            state = f"spent at {o.spent_at}" if o.spent_at is not None else f"unspent as of {o.unspent_as_of}"
            lines.append(f"output {index}: block {o.block} value {o.value} token {o.token} {state}")
        return "\n".join(lines)
