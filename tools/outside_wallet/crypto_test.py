"""Known answers for crypto.py: constants of the protocol, checked before the wallet judges anything."""
import pathlib
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import crypto  # noqa: E402

# A real output of the main network at block version 3, with its recipient.
MAIN_NETWORK_MNEMONIC = (
    "veteran leaf business lounge rocket prepare endorse town text reject nothing fuel earn solid want drum clog flip "
    "entire icon swallow birth loyal return"
)
MAIN_NETWORK_OUTPUT = {
    "masked": crypto.Masked(2, 9333989940299914976, bytes.fromhex("be23706fb90b5bfb")),
    "commitment": bytes.fromhex("42ff4c72f8b4c02e0ccba20b0197fa19e33522b131c243a7df9660639f1e4949"),
    "target": bytes.fromhex("5cf12e056b9131692405f410cc03049b49d6e2d12b05c3be8f9504fbe2ba9d48"),
    "public": bytes.fromhex("026279e22d00e163a9edd28506dbe778752ed53a5cc5625d5d712b3f371d8f1f"),
}


class Keys(unittest.TestCase):
    def test_account_of_a_mnemonic(self):
        account = crypto.Account.from_mnemonic(MAIN_NETWORK_MNEMONIC, 0)
        self.assertEqual(
            account.view_private.hex(), "cd96bd47ff3836afe79e3df605eec113458873d89f7f19e508468f0e7dff0a03"
        )
        self.assertEqual(
            account.spend_private.hex(), "96ea4e2294148ec3c8a008fe7fe92ac915a4d07865439cb35d49f17ebc018702"
        )
        self.assertEqual(
            account.subaddress_spend_private(0).hex(),
            "a84b7b6cb9dc1a722925f1a9da11e0ada4eab210215f5aad9b8853e089a45406",
        )

    def test_default_subaddress_of_the_first_sample_account(self):
        account = crypto.Account(
            bytes.fromhex("c0e6d54b76632933b2dd64b75374f748ebe40c360ea036da5dea5da9763f7607"),
            bytes.fromhex("3cea71cb9bce29915a6ae22bdc82028d8b483a3ed0b734273aa53e109450070b"),
        )
        self.assertEqual(
            crypto.multiply_base(account.subaddress_view_private(0)).hex(),
            "86280244d51afed4217ee3dc6288650c27cacc6e4bfb558159f0f8caa38ae542",
        )


class SearchKeys(unittest.TestCase):
    def test_outputs_of_an_rng(self):
        secret = crypto.multiply(b"\1" * 32, b"\2" * 32)
        self.assertEqual(secret.hex(), "32650466f402f5f6c61ff7b364279789f4858843da879d8fc8e77603ec9c0f1d")
        wanted = ["84f2f5e324c9031e1fb92e6038e7a224", "7236127074fe2f89b2413dc91eb4bb26",
                  "41592633ad332be7a917b4a612c9eeb2", "483ef15a4eb6739967060d690f3f6ace"]
        self.assertEqual([crypto.rng_output(secret, i).hex() for i in range(4)], wanted)


class Outputs(unittest.TestCase):
    def test_value_generators(self):
        self.assertEqual(
            crypto.value_generator(0).hex(), "806024d8f41f25e280a0ca45fa2fa28c0529f7b0cbaf182dc195fa23cc58c82b"
        )
        self.assertEqual(
            crypto.value_generator(1).hex(), "6e736cab24540ffd7a74ea23db4d394e3a8290c2d62cf944c56dd63669cc593b"
        )

    def test_owner_opens_an_output_of_the_main_network(self):
        account = crypto.Account.from_mnemonic(MAIN_NETWORK_MNEMONIC, 0)
        output = MAIN_NETWORK_OUTPUT
        crc = zlib.crc32(output["commitment"])
        self.assertEqual(crc, 3330933633)
        owned = crypto.own(account, account.subaddresses(), output["masked"], crc, output["target"], output["public"])
        self.assertIsNotNone(owned)
        self.assertEqual((owned.value, owned.token), (1000000000, 0))
        self.assertEqual(
            owned.key_image.hex(), "8aeb1e67a2f50bd43f181dc7c5f4a011c8aca686d5ed313e8f6039eb932c102c"
        )

    def test_a_stranger_does_not(self):
        stranger = crypto.Account.from_mnemonic(MAIN_NETWORK_MNEMONIC, 1)
        output = MAIN_NETWORK_OUTPUT
        crc = zlib.crc32(output["commitment"])
        self.assertIsNone(
            crypto.own(stranger, stranger.subaddresses(), output["masked"], crc, output["target"], output["public"])
        )


if __name__ == "__main__":
    unittest.main()
