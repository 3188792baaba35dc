"""fog-view and fog-ledger over gRPC in the clear-text mode of the stand-ins, as wallet.py asks for them."""
import urllib.parse
import zlib
from types import SimpleNamespace

import grpc

import crypto

FOUND, NOT_FOUND = 1, 2
SPENT, NOT_SPENT = 1, 2
NO_EVENTS = 2**63 - 1
DEADLINE_S = 20
GREETING = b"attestation: clear text 1\n"


class Attested:
    """An attested service in the stand-ins' mode without attestation: a session is an id, and the envelope's data is
    the plain message.  See docs/wire.md."""

    def __init__(self, kinds, call, service):
        self._kinds = kinds
        self._call = call
        self._service = service
        self._channel_id = None

    def ask(self, method, request, aad=b""):
        """@return the bytes of the answer.  A session the server has forgotten is opened once more."""
        for last_try in (False, True):
            if self._channel_id is None:
                self._open()
            message = self._kinds["attest.Message"](
                aad=aad, channel_id=self._channel_id, data=request.SerializeToString()
            )
            try:
                return self._call(f"/{self._service}/{method}", message, "attest.Message").data
            except grpc.RpcError as error:
                self._channel_id = None
                if last_try or error.code() != grpc.StatusCode.PERMISSION_DENIED:
                    raise

    def _open(self):
        greeting = self._kinds["attest.AuthMessage"](data=GREETING)
        answer = self._call(f"/{self._service}/Auth", greeting, "attest.AuthMessage").data
        if not answer.startswith(GREETING):
            raise ValueError(f"{self._service} does not speak clear text")
        self._channel_id = answer[len(GREETING):]


class Fog:
    def __init__(self, kinds, fog_uri: str, chain_id: str = ""):
        parts = urllib.parse.urlsplit(fog_uri)
        if parts.scheme != "insecure-fog" or not parts.hostname:
            raise ValueError(f"fog_uri '{fog_uri}' is not of the form insecure-fog://HOST:PORT")
        self._kinds = kinds
        self._channel = grpc.insecure_channel(f"{parts.hostname}:{parts.port or 3225}")
        self._metadata = [("chain-id", chain_id)] if chain_id else None
        self._view = Attested(kinds, self._call, "fog_view.FogViewAPI")
        self._images = Attested(kinds, self._call, "fog_ledger.FogKeyImageAPI")

    def _call(self, path, request, answer_kind):
        call = self._channel.unary_unary(
            path, type(request).SerializeToString, self._kinds[answer_kind].FromString
        )
        return call(request, timeout=DEADLINE_S, metadata=self._metadata)

    def query(self, event, keys):
        """@param event  cursor to read user events from; None asks for none"""
        aad = self._kinds["fog_view.QueryRequestAAD"](
            start_from_user_event_id=NO_EVENTS if event is None else event
        ).SerializeToString()
        request = self._kinds["fog_view.QueryRequest"](get_txos=keys)
        answer = self._kinds["fog_view.QueryResponse"].FromString(self._view.ask("Query", request, aad))
        results = answer.fixed_tx_out_search_results
        return SimpleNamespace(
            count=answer.highest_processed_block_count,
            next_event=answer.next_start_from_user_event_id,
            rngs=[(bytes(r.pubkey.pubkey), r.pubkey.version) for r in answer.rngs],
            missed=[(r.start_block, r.end_block) for r in answer.missed_block_ranges],
            found={r.search_key: r.ciphertext[: r.payload_length] for r in results if r.result_code == FOUND},
            failed_keys=[r.search_key for r in results if r.result_code not in (FOUND, NOT_FOUND)],
        )

    def record(self, plain: bytes):
        """The record of an output that view delivered."""
        r = self._kinds["fog_view.TxOutRecord"].FromString(plain)
        newest = r.WhichOneof("tx_out_amount_masked_token_id") == "tx_out_amount_masked_v2_token_id"
        token = r.tx_out_amount_masked_v2_token_id if newest else r.tx_out_amount_masked_v1_token_id
        return SimpleNamespace(
            index=r.tx_out_global_index, block=r.block_index, target=r.tx_out_target_key_data,
            public=r.tx_out_public_key_data, commitment_crc=r.tx_out_amount_commitment_data_crc32,
            masked=crypto.Masked(2 if newest else 1, r.tx_out_amount_masked_value, token),
        )

    def blocks(self, start, end):
        """Blocks of [start, end) that the ledger has: (index, outputs)."""
        request = self._kinds["fog_ledger.BlockRequest"]()
        request.ranges.add(start_block=start, end_block=end)
        answer = self._call("/fog_ledger.FogBlockAPI/GetBlocks", request, "fog_ledger.BlockResponse")
        for block in answer.blocks:
            first = block.global_txo_count - len(block.outputs)
            yield block.index, [self._output(o, first + i, block.index) for i, o in enumerate(block.outputs)]

    @staticmethod
    def _output(output, index, block):
        newest = output.WhichOneof("masked_amount") == "masked_amount_v2"
        amount = output.masked_amount_v2 if newest else output.masked_amount_v1
        return SimpleNamespace(
            index=index, block=block, target=output.target_key.data, public=output.public_key.data,
            commitment_crc=zlib.crc32(amount.commitment.data),
            masked=crypto.Masked(2 if newest else 1, amount.masked_value, amount.masked_token_id),
        )

    def key_images(self, images):
        """@return the block count the answer is true for, and (image, block it was spent in or None) pairs"""
        request = self._kinds["fog_ledger.CheckKeyImagesRequest"]()
        for image in images:
            request.queries.add().key_image.data = image
        answer = self._kinds["fog_ledger.CheckKeyImagesResponse"].FromString(
            self._images.ask("CheckKeyImages", request)
        )
        results = []
        for r in answer.results:
            if r.key_image_result_code == SPENT:
                results.append((r.key_image.data, r.spent_at))
            elif r.key_image_result_code == NOT_SPENT:
                results.append((r.key_image.data, None))
        return answer.num_blocks, results
