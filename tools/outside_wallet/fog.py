"""fog-view and fog-ledger over gRPC, in either mode of attestation, as wallet.py asks for them."""
import urllib.parse
import zlib
from types import SimpleNamespace

import grpc
from cryptography import x509

import attested
import crypto

FOUND, NOT_FOUND = 1, 2
SPENT, NOT_SPENT = 1, 2
NO_EVENTS = 2**63 - 1
DEADLINE_S = 20
GREETING = b"attestation: clear text 1\n"
MR_SIGNER = None  # of fog's enclaves; None: whoever signed them


class ClearText:
    """A session of the stand-ins' mode without attestation: an id, and plain messages.  See docs/wire.md."""

    def __init__(self, call, service, _kinds, _responder_id):
        answer = call(f"/{service}/Auth", GREETING)
        if not answer.startswith(GREETING):
            raise ValueError(f"{service} does not speak clear text")
        self.channel_id = answer[len(GREETING):]

    def seal(self, plain, _aad):
        return plain

    def open(self, sealed, _aad):
        return sealed


class Simulated:
    """A session as MobileCoin's clients have it.  See docs/attestation.md."""

    def __init__(self, call, service, kinds, responder_id):
        handshake = attested.Handshake(responder_id.encode())
        answer = call(f"/{service}/Auth", handshake.message_1())
        self._session, static_key, payload = handshake.read_message_2(answer)
        report = kinds["external.VerificationReport"].FromString(payload)
        attested.check_evidence(report, service.partition(".")[0], static_key, MR_SIGNER)
        self.channel_id = self._session.channel_id

    def seal(self, plain, aad):
        return self._session.sending.seal(plain, aad)

    def open(self, sealed, aad):
        return self._session.receiving.open(sealed, aad)


class Attested:
    """An attested service.  A failed call costs the session, as it does MobileCoin's clients."""

    def __init__(self, kinds, call, service, responder_id, clear_text):
        self._kinds = kinds
        self._call = call
        self._service = service
        self._responder_id = responder_id
        self._kind = ClearText if clear_text else Simulated
        self._session = None

    def ask(self, method, request, aad=b""):
        """@return the bytes of the answer.  A session the server has forgotten is opened once more."""
        for last_try in (False, True):
            if self._session is None:
                self._session = self._kind(self._auth, self._service, self._kinds, self._responder_id)
            session, self._session = self._session, None
            message = self._kinds["attest.Message"](
                aad=aad, channel_id=session.channel_id, data=session.seal(request.SerializeToString(), aad)
            )
            try:
                answer = self._call(f"/{self._service}/{method}", message, "attest.Message")
            except grpc.RpcError as error:
                if last_try or error.code() != grpc.StatusCode.PERMISSION_DENIED:
                    raise
                continue
            plain = session.open(answer.data, answer.aad)
            self._session = session
            return plain

    def _auth(self, path, data):
        return self._call(path, self._kinds["attest.AuthMessage"](data=data), "attest.AuthMessage").data


class Fog:
    def __init__(self, kinds, fog_uri: str, chain_id: str = "", clear_text: bool = False, twice: bool = False):
        """@param twice  every request is made a second time, at once; in clear text only"""
        parts = urllib.parse.urlsplit(fog_uri)
        if parts.scheme != "insecure-fog" or not parts.hostname:
            raise ValueError(f"fog_uri '{fog_uri}' is not of the form insecure-fog://HOST:PORT")
        self._kinds = kinds
        self._twice = twice
        address = f"{parts.hostname}:{parts.port or 3225}"
        self._channel = grpc.insecure_channel(address)
        responder = urllib.parse.parse_qs(parts.query).get("responder-id", [address])[-1]
        self._metadata = [("chain-id", chain_id)] if chain_id else None
        self._view = Attested(kinds, self._call, "fog_view.FogViewAPI", responder, clear_text)
        self._images = Attested(kinds, self._call, "fog_ledger.FogKeyImageAPI", responder, clear_text)

    def _call(self, path, request, answer_kind):
        call = self._channel.unary_unary(
            path, type(request).SerializeToString, self._kinds[answer_kind].FromString
        )
        try:
            if self._twice:
                other = call.future(request, timeout=DEADLINE_S, metadata=self._metadata)
                answer = call.future(request, timeout=DEADLINE_S, metadata=self._metadata).result()
                other.exception()  # comes sooner or later
                return answer
            return call(request, timeout=DEADLINE_S, metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.PERMISSION_DENIED:
                raise  # a session that the server has forgotten
            raise ConnectionError(f"{path}: {error.code().name}: {error.details()}") from error

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

    def reports(self):
        """Which ingress keys a sender may use.  @return how many  @raise ValueError  nobody vouches for them"""
        request = self._kinds["report.ReportRequest"]()
        answer = self._call("/report.ReportAPI/GetReports", request, "report.ReportResponse")
        if not answer.chain or len(answer.signature) != 64:
            raise ValueError("the fog reports are not signed")
        certificate = x509.load_der_x509_certificate(answer.chain[-1])
        certificate.public_key().verify(certificate.signature, certificate.tbs_certificate_bytes)
        for report in answer.reports:
            if report.WhichOneof("evidence") is None:
                raise ValueError("a fog report without evidence")
        return len(answer.reports)

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
