#include "real/attest/evidence.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/sha.h>

#include "engine/chain/base64.hpp"
#include "engine/chain/bytes.hpp"
#include "engine/chain/wire.hpp"
#include "real/attest/ias_report.hpp"
#include "real/attest/simulation_root.hpp"
#include "real/attest/test_support.hpp"

namespace real::attest {
namespace {

using engine::chain::as_bytes;
using engine::chain::VerificationReport;
using engine::chain::WireWriter;
using test::hex;
using test::Json;

TEST(SimulationRootTest, IsTheKeyThatClientsBelieveIn) {
    const auto text = [](const P256Key& key) { return engine::chain::to_hex(key.point().view()); };
    EXPECT_EQ(text(simulation_root()), "04e1fdc508d0383315957624b054291ed40466bd98e0aae9de2783f86baf6f8163"
                                       "16e9f27c2ed32156ee667d05b1c77006618d0b87bd3766dc7812013301b07935");
    EXPECT_EQ(text(simulation_signer()), "04ed28c3ce49aa2f5c414a4da9d506c9288b09c3227f996080cdf16153e49cda69"
                                         "35d17410799868d33400eec632f0ba3c88b762c6475ae98c63320b7c4714d6bd");
}

/// Evidence in parts, each of which a case may change.
struct Draft {
    const P256Key& root = simulation_root();
    X25519Public key = X25519Public::from(hex(std::string(64, '7'))).value();
    MrSigner signer = MrSigner::from(Bytes(32, 0x5a)).value();
    std::vector<TrustedIdentity> trusted;
    ReportBody body;
    Bytes head;                                               // of the quote
    Bytes tail;                                               // behind its body
    std::vector<std::pair<std::string, std::string>> members; // of the JSON object, values as written
    std::function<std::string(std::string)> text = [](std::string s) { return s; };
    std::string other_text; // replaces the text after signing
    std::vector<Bytes> chain;
    std::function<Bytes(ByteView)> sign = [](ByteView m) { return simulation_root().sign(m); };
    std::function<Bytes(const VerificationReport&)> encode = [](const VerificationReport& r) {
        return attest::encode(r);
    };
    std::optional<Bytes> quote;

    explicit Draft(Enclave enclave = Enclave::view) {
        body = ReportBody::of(enclave, signer);
        trusted.push_back(TrustedIdentity::of(enclave, signer));
        std::ranges::copy(key.bytes, body.report_data.begin());
        head.assign(48, 0);
        head[0] = 2;
        set("id", "\"0\"");
        set("timestamp", "\"2026-01-01T00:00:00.000000\"");
        set("version", "4");
        set("isvEnclaveQuoteStatus", "\"OK\"");
        set("isvEnclaveQuoteBody", "?"); // made when the evidence is
        chain.push_back(CertificateMaker{}.make(root, root).der());
    }
    void set(const std::string& member, const std::string& value) {
        for (auto& [name, old] : members)
            if (name == member) {
                old = value;
                return;
            }
        members.emplace_back(member, value);
    }
    void remove(const std::string& member) {
        std::erase_if(members, [&](const auto& m) { return m.first == member; });
    }
    void status(const std::string& text_of_it, const std::vector<std::string>& advisories) {
        set("isvEnclaveQuoteStatus", '"' + text_of_it + '"');
        set("advisoryURL", "\"https://example\"");
        std::string list;
        for (const std::string& advisory : advisories)
            list += fmt::format("{}\"INTEL-SA-{}\"", list.empty() ? "" : ",", advisory);
        set("advisoryIDs", "[" + list + "]");
        set("platformInfoBlob", '"' + std::string(210, '0') + '"');
    }
    std::string quote_text() const {
        Bytes bytes = head;
        engine::chain::append(bytes, body.encode());
        engine::chain::append(bytes, tail);
        return engine::chain::to_base64(quote.value_or(bytes));
    }
    std::string json() const {
        std::string out;
        for (const auto& [name, value] : members)
            out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", name,
                               value == "?" ? '"' + quote_text() + '"' : value);
        return "{" + out + "}";
    }
    Bytes evidence() const {
        VerificationReport report;
        report.http_body = text(json());
        report.signature = sign(as_bytes(report.http_body));
        report.chain = chain;
        if (!other_text.empty()) report.http_body = other_text;
        return encode(report);
    }
    std::optional<std::string> fault() const { return fault_of_session(evidence(), trusted, key); }
};

Bytes certificate(const P256Key& key, const P256Key& by,
                  const std::function<void(CertificateMaker&)>& how = {}) {
    CertificateMaker maker;
    if (how) how(maker);
    return maker.make(key, by).der();
}
const P256Key& stranger() {
    static const P256Key key = P256Key::random();
    return key;
}
Bytes root_of_build() {
    return certificate(simulation_root(), simulation_root(),
                       [](CertificateMaker& m) { m.in_root_name = m.authority = true; });
}
Bytes signer_of_build(const P256Key& by = simulation_root()) {
    return certificate(simulation_signer(), by, [](CertificateMaker& m) {
        m.common_name = "Simulation Intel SGX Attestation Report Signer";
        m.by_root_name = true;
    });
}
Bytes by_signer(ByteView m) { return simulation_signer().sign(m); }
Bytes by_stranger(ByteView m) { return stranger().sign(m); }
Bytes spoiled(Bytes bytes) {
    bytes.back() ^= 1;
    return bytes;
}

struct Row {
    bool accepted;
    Enclave enclave = Enclave::view;
    std::function<void(Draft&)> change = [](Draft&) {};
};
Row yes(std::function<void(Draft&)> change) { return {true, Enclave::view, std::move(change)}; }
Row no(std::function<void(Draft&)> change) { return {false, Enclave::view, std::move(change)}; }

/// What was given to upstream's client, by the name of the case, and its verdict.
std::map<std::string, Row> rows() {
    std::map<std::string, Row> out;
    // Who the enclave says it is.
    out["good view"] = {true};
    out["good ledger"] = {true, Enclave::ledger};
    out["good ingest identity"] = {true, Enclave::ingest};
    out["good consensus svn 10"] = {true, Enclave::consensus};
    out["consensus svn 9 (lower)"] = {false, Enclave::consensus, [](Draft& d) { d.body.svn = 9; }};
    out["svn 8 (lower)"] = no([](Draft& d) { d.body.svn = 8; });
    out["svn 10 (higher)"] = yes([](Draft& d) { d.body.svn = 10; });
    out["svn 65535"] = yes([](Draft& d) { d.body.svn = 65535; });
    out["prod id 2 to a view client"] = no([](Draft& d) { d.body.product_id = 2; });
    out["prod id 0"] = no([](Draft& d) { d.body.product_id = 0; });
    out["mrsigner zero"] = no([](Draft& d) { d.body.mr_signer = {}; });
    out["mrsigner byte reversed"] = no([](Draft& d) {
        for (std::size_t i = 0; i < 32; ++i) d.signer.bytes[i] = static_cast<std::uint8_t>(i);
        d.trusted[0].signer->signer = d.body.mr_signer = d.signer;
        std::ranges::reverse(d.body.mr_signer.bytes);
    });
    out["flags 0 (not debug, not initialised)"] = yes([](Draft& d) { d.body.flags = 0; });
    out["flags 5 (not debug)"] = yes([](Draft& d) { d.body.flags = 5; });
    out["flags 7 (debug)"] = yes([](Draft& d) { d.body.flags = 7; });
    out["flags all ones"] = yes([](Draft& d) { d.body.flags = ~std::uint64_t{0}; });
    out["report data byte 0 differs from static key"] = no([](Draft& d) { d.body.report_data[0] ^= 1; });
    out["report data byte 31 top bit differs"] = no([](Draft& d) { d.body.report_data[31] ^= 0x80; });
    out["report data 32..63 filled"] = yes([](Draft& d) {
        std::fill(d.body.report_data.begin() + 32, d.body.report_data.end(), std::uint8_t{9});
    });
    const auto by_measurement = [](Draft& d) {
        d.body.svn = d.body.product_id = 0;
        d.body.mr_signer = {};
        d.trusted[0].signer.reset();
        d.trusted[0].measurement = d.body.mr_enclave;
    };
    out["mrenclave identity, right mrenclave, svn 0 prod 0 signer 0"] = yes(by_measurement);
    out["mrenclave identity, wrong mrenclave"] = no([by_measurement](Draft& d) {
        by_measurement(d);
        d.body.mr_enclave.bytes[0] ^= 1;
    });
    out["good, client has no identity at all"] = yes([](Draft& d) { d.trusted.clear(); });
    out["good, client lists ledger then view"] = yes([](Draft& d) {
        d.trusted.insert(d.trusted.begin(), TrustedIdentity::of(Enclave::ledger, d.signer));
    });
    out["good, client lists ledger only"] =
        no([](Draft& d) { d.trusted = {TrustedIdentity::of(Enclave::ledger, d.signer)}; });
    for (const char* clock : {"client clock 1970", "client clock 2099", "client gives no time"})
        out[std::string("good, ") + clock] = {true}; // no time enters the verdict

    // Certificates and signatures.
    out["signed by another key, root cert in chain"] = no([](Draft& d) { d.sign = by_stranger; });
    out["signed by another key, own self-signed cert"] = no([](Draft& d) {
        d.sign = by_stranger;
        d.chain = {certificate(stranger(), stranger())};
    });
    out["signed by another key, own self-signed cert, then root cert"] = no([](Draft& d) {
        d.sign = by_stranger;
        d.chain.insert(d.chain.begin(), certificate(stranger(), stranger()));
    });
    out["leaf signed by root (same names, no CA extension), alone"] = no([](Draft& d) {
        d.sign = by_stranger;
        d.chain = {certificate(stranger(), d.root)};
    });
    out["leaf signed by root, then root cert without CA extension"] = no([](Draft& d) {
        d.sign = by_stranger;
        d.chain.insert(d.chain.begin(), certificate(stranger(), d.root));
    });
    out["root cert whose own signature is by another key"] =
        yes([](Draft& d) { d.chain = {certificate(d.root, stranger())}; });
    out["junk certificate first, then root cert"] = yes([](Draft& d) {
        d.chain.insert(d.chain.begin(), Bytes{1, 2, 3});
    });
    out["root cert twice"] = yes([](Draft& d) { d.chain.push_back(d.chain[0]); });
    out["empty chain"] = no([](Draft& d) { d.chain.clear(); });
    out["signature last bit flipped"] =
        no([](Draft& d) { d.sign = [](ByteView m) { return spoiled(simulation_root().sign(m)); }; });
    out["body changed after signing"] = no([](Draft& d) { d.other_text = d.json() + " "; });
    out["signature raw r||s instead of DER"] = no([](Draft& d) {
        d.sign = [](ByteView m) {
            const auto raw = simulation_root().sign_raw(m);
            return Bytes(raw.begin(), raw.end());
        };
    });
    const auto dated = [](const char* from, const char* until) {
        return [from, until](Draft& d) {
            d.chain = {certificate(d.root, d.root, [&](CertificateMaker& m) {
                m.not_before = from;
                m.not_after = until;
            })};
        };
    };
    out["root cert expired in 2020"] = yes(dated("20190101000000Z", "20200101000000Z"));
    out["root cert valid from 2040"] = yes(dated("20400101000000Z", "20490101000000Z"));
    out["root key certificate, valid 1990..1991 only"] = yes(dated("19900101000000Z", "19910101000000Z"));
    out["root key certificate, valid from 2048 only"] = yes(dated("20480101000000Z", "20490101000000Z"));
    out["root key certificate, notAfter before notBefore"] = yes(dated("20300101000000Z", "20200101000000Z"));
    out["root key certificate, impossible date (month 13)"] = no([](Draft& d) {
        Bytes& der = d.chain[0];
        const auto date = as_bytes("240101000000Z");
        const auto at = std::ranges::search(der, date).begin();
        ASSERT_NE(at, der.end());
        at[2] = '1';
        at[3] = '3';
    });
    out["root key certificate, its own signature spoiled"] =
        yes([](Draft& d) { d.chain[0] = spoiled(d.chain[0]); });
    out["six unrelated certificates before the root key certificate"] =
        yes([](Draft& d) { d.chain.insert(d.chain.begin(), 6, certificate(stranger(), stranger())); });
    out["certificate with a trailing byte"] = yes([](Draft& d) { d.chain[0].push_back(0); });
    out["certificate as PEM text"] = no([](Draft& d) {
        const std::string pem = "-----BEGIN CERTIFICATE-----\n" + engine::chain::to_base64(d.chain[0]) +
                                "\n-----END CERTIFICATE-----\n";
        d.chain[0].assign(pem.begin(), pem.end());
    });
    const auto signed_by_signer = [](std::vector<Bytes> chain) {
        return [chain = std::move(chain)](Draft& d) {
            d.sign = by_signer;
            d.chain = chain;
        };
    };
    out["signed by the build's signer key, the build's chain as it is"] =
        yes(signed_by_signer({signer_of_build(), root_of_build()}));
    out["signed by signer.key, chain = chain.pem (signer, root)"] =
        yes(signed_by_signer({signer_of_build(), root_of_build()}));
    out["signed by the build's signer key, only chain certificate 0"] =
        yes(signed_by_signer({signer_of_build()}));
    out["signed by build tree's signer.key, chain = its certificate"] =
        yes(signed_by_signer({signer_of_build()}));
    out["signed by the build's signer key, only chain certificate 1"] =
        no(signed_by_signer({root_of_build()}));
    out["signed by signer.key, chain = root only"] = no(signed_by_signer({root_of_build()}));
    out["signed by signer.key, chain = root, signer (reversed)"] =
        yes(signed_by_signer({root_of_build(), signer_of_build()}));
    const auto redated = [](const P256Key& by) {
        return certificate(simulation_signer(), by, [](CertificateMaker& m) {
            m.by_root_name = true;
            m.not_before = "20190101000000Z";
            m.not_after = "20200101000000Z";
        });
    };
    out["signed by the build's signer key, its certificate redated to 2019-2020 and signed by the root key"] =
        yes(signed_by_signer({redated(simulation_root())}));
    out["the same, signed by another key instead of the root"] = no(signed_by_signer({redated(stranger())}));
    out["signed by root key, chain = root certificate of the build tree"] =
        yes([](Draft& d) { d.chain = {root_of_build()}; });
    out["signed by root key, chain = signer certificate only"] =
        no([](Draft& d) { d.chain = {signer_of_build()}; });
    out["signature with s replaced by n - s"] = yes([](Draft& d) {
        d.sign = [](ByteView m) {
            auto raw = simulation_root().sign_raw(m);
            const Bytes order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
            int borrow = 0;
            for (int i = 31; i >= 0; --i) {
                const auto at = static_cast<std::size_t>(i);
                const int digit = order[at] - raw[32 + at] - borrow;
                borrow = digit < 0;
                raw[32 + at] = static_cast<std::uint8_t>(digit + (borrow ? 256 : 0));
            }
            return der_of_raw_signature(raw);
        };
    });
    out["DER signature with a trailing byte"] = no([](Draft& d) {
        d.sign = [](ByteView m) {
            Bytes der = simulation_root().sign(m);
            der.push_back(0);
            return der;
        };
    });
    out["signature empty"] = no([](Draft& d) { d.sign = [](ByteView) { return Bytes{}; }; });
    out["signature over SHA-512 instead of SHA-256"] = no([](Draft& d) {
        d.sign = [](ByteView m) {
            const DigestPtr context(EVP_MD_CTX_new());
            Bytes der(80);
            std::size_t size = der.size();
            EXPECT_EQ(
                EVP_DigestSignInit(context.get(), nullptr, EVP_sha512(), nullptr, simulation_root().handle()),
                1);
            EXPECT_EQ(EVP_DigestSign(context.get(), der.data(), &size, m.data(), m.size()), 1);
            der.resize(size);
            return der;
        };
    });

    // The platform's state.
    const std::map<std::string, std::vector<std::string>> advisories{
        {"none", {}},
        {"00334", {"00334"}},
        {"00334 00615", {"00334", "00615"}},
        {"all three", {"00334", "00615", "00657"}},
        {"00219 (unknown)", {"00219"}},
        {"00334 + 00219", {"00334", "00219"}}};
    for (const std::string status : {"SW_HARDENING_NEEDED", "CONFIGURATION_NEEDED",
                                     "CONFIGURATION_AND_SW_HARDENING_NEEDED", "GROUP_OUT_OF_DATE"})
        for (const auto& [name, list] : advisories) {
            const bool good = status == "SW_HARDENING_NEEDED" && name.find("00219") == std::string::npos;
            out[status + ", advisories " + name] = {good, Enclave::view,
                                                    [status, list](Draft& d) { d.status(status, list); }};
        }
    const auto without = [](const char* status, const char* member) {
        return [status, member](Draft& d) {
            d.status(status, {});
            d.remove(member);
        };
    };
    out["SW_HARDENING_NEEDED, no advisoryURL"] = no(without("SW_HARDENING_NEEDED", "advisoryURL"));
    out["SW_HARDENING_NEEDED, no platformInfoBlob"] = yes(without("SW_HARDENING_NEEDED", "platformInfoBlob"));
    out["CONFIGURATION_NEEDED, no platformInfoBlob"] =
        no(without("CONFIGURATION_NEEDED", "platformInfoBlob"));
    out["SW_HARDENING_NEEDED, advisoryIDs absent"] = yes(without("SW_HARDENING_NEEDED", "advisoryIDs"));
    for (const std::string status :
         {"SIGNATURE_INVALID", "SIGNATURE_REVOKED", "KEY_REVOKED", "SIGRL_VERSION_MISMATCH", "FOO", "ok", ""})
        out["status '" + status + "'"] = no([status](Draft& d) { d.status(status, {}); });
    out["GROUP_REVOKED with reason and blob"] = no([](Draft& d) {
        d.status("GROUP_REVOKED", {});
        d.set("revocationReason", "1");
    });
    out["OK with unknown advisory"] = yes([](Draft& d) { d.status("OK", {"00219"}); });
    const auto with = [](const char* member, std::string value) {
        return [member, value = std::move(value)](Draft& d) { d.set(member, value); };
    };
    out["OK with pseManifestStatus INVALID"] = yes(with("pseManifestStatus", "\"INVALID\""));
    out["OK, pseManifestStatus FOO"] = yes(with("pseManifestStatus", "\"FOO\""));
    out["OK, pseManifestStatus OUT_OF_DATE without platformInfoBlob"] =
        no(with("pseManifestStatus", "\"OUT_OF_DATE\""));
    out["OK with nonce member"] = yes(with("nonce", '"' + std::string(32, 'a') + '"'));
    out["OK with unknown member"] = yes(with("foo", "[1,{\"bar\":null}]"));

    // The text.
    for (const std::string member :
         {"id", "timestamp", "version", "isvEnclaveQuoteStatus", "isvEnclaveQuoteBody"})
        out["member " + member + " left out"] = no([member](Draft& d) { d.remove(member); });
    out["version 99"] = yes(with("version", "99"));
    out["version 0"] = yes(with("version", "0"));
    out["version -1.5e3"] = yes(with("version", "-1.5e3"));
    out["version as string"] = no(with("version", "\"4\""));
    out["id \"\", timestamp \"\""] = yes([](Draft& d) {
        d.set("id", "\"\"");
        d.set("timestamp", "\"\"");
    });
    out["timestamp not a date"] = yes(with("timestamp", "\"yesterday\""));
    out["id null"] = no(with("id", "null"));
    out["id number"] = no(with("id", "7"));
    out["id with escaped quote and \\u0041"] = yes(with("id", R"("\"\u0041")"));
    out["id with raw UTF-8"] = no(with("id", "\"\xc3\xa9\""));
    out["status as \\u004fK"] = yes(with("isvEnclaveQuoteStatus", R"("\u004fK")"));
    out["members in reverse order"] = yes([](Draft& d) { std::ranges::reverse(d.members); });
    out["status twice, OK last"] = yes([](Draft& d) {
        d.members.insert(d.members.begin(), {"isvEnclaveQuoteStatus", "\"FOO\""});
    });
    out["status twice, OK first"] =
        no([](Draft& d) { d.members.emplace_back("isvEnclaveQuoteStatus", "\"FOO\""); });
    const auto written = [](std::function<std::string(std::string)> text) {
        return [text = std::move(text)](Draft& d) { d.text = text; };
    };
    out["white space and line breaks inside"] = yes(written([](std::string s) {
        for (const char c : {'{', ',', '}'})
            for (std::size_t at = 0; (at = s.find(c, at)) != s.npos; at += 7)
                s.replace(at, 1, fmt::format(" \r\n{}\t \n", c));
        return s;
    }));
    out["white space after JSON"] = yes(written([](std::string s) { return s + " \n\t"; }));
    out["text after JSON"] = no(written([](std::string s) { return s + "x"; }));
    out["array instead of object"] = no(written([](std::string s) { return "[" + s + "]"; }));
    out["empty text"] = no(written([](std::string) { return std::string(); }));
    out["BOM first"] = no(written([](std::string s) { return "\xef\xbb\xbf" + s; }));
    out["trailing comma"] = yes(written([](std::string s) { return s.substr(0, s.size() - 1) + ",}"; }));
    out["OK, advisoryIDs a string"] = no(with("advisoryIDs", "\"INTEL-SA-00334\""));
    out["OK, advisoryURL a number"] = no(with("advisoryURL", "1"));
    out["OK, nonce 31 hex digits"] = no(with("nonce", '"' + std::string(31, 'a') + '"'));
    out["OK, nonce empty"] = no(with("nonce", "\"\""));
    out["OK, platformInfoBlob not hex"] = no(with("platformInfoBlob", "\"zz\""));
    out["OK, platformInfoBlob empty"] = no(with("platformInfoBlob", "\"\""));
    out["OK, epidPseudonym short"] = no(with("epidPseudonym", "\"AAAA\""));

    // The quote.
    out["quote 436 bytes (signature length 0)"] = yes([](Draft& d) { d.tail.assign(4, 0); });
    out["quote 429 bytes"] = no([](Draft& d) { d.quote = Bytes(429); });
    out["quote 435 bytes"] = no([](Draft& d) { d.tail.assign(3, 0); });
    out["quote head all zero"] = yes([](Draft& d) { d.head.assign(48, 0); });
    out["quote head all ff"] = yes([](Draft& d) { d.head.assign(48, 0xff); });
    const auto quoted = [](std::function<std::string(std::string)> text) {
        return [text = std::move(text)](Draft& d) {
            // A measurement that needs both letters in which the alphabets differ.
            d.body.mr_enclave.bytes.fill(0xfb);
            d.body.mr_enclave.bytes[16] = 0xff;
            std::fill_n(d.body.mr_enclave.bytes.begin() + 20, 6, std::uint8_t{0xff});
            d.set("isvEnclaveQuoteBody", '"' + text(d.quote_text()) + '"');
        };
    };
    out["quote body, URL-safe base64 alphabet"] = no(quoted([](std::string s) {
        std::ranges::replace(s, '+', '-');
        std::ranges::replace(s, '/', '_');
        return s;
    }));
    out["quote body, line feed inside as \\n"] =
        no(quoted([](std::string s) { return s.insert(64, "\\n"); }));
    out["quote body, slashes escaped as \\/"] = yes(quoted([](std::string s) {
        EXPECT_NE(s.find('/'), s.npos);
        std::string escaped;
        for (const char c : s) escaped += c == '/' ? "\\/" : std::string(1, c);
        return escaped;
    }));
    out["quote body null"] = no(with("isvEnclaveQuoteBody", "null"));

    // The message.
    const auto sent = [](std::function<Bytes(Bytes)> change) {
        return [change = std::move(change)](Draft& d) {
            d.encode = [change](const VerificationReport& r) { return change(attest::encode(r)); };
        };
    };
    out["empty payload"] = no(sent([](Bytes) { return Bytes{}; }));
    out["good report plus empty field 4"] = no(sent([](Bytes b) {
        b.insert(b.end(), {0x22, 0x00});
        return b;
    }));
    out["field 4 of wire type varint after good fields"] = no(sent([](Bytes b) {
        b.insert(b.end(), {0x20, 0x01});
        return b;
    }));
    out["good report plus unknown field 5"] = yes(sent([](Bytes b) {
        b.insert(b.end(), {0x2a, 0x01, 0x00});
        return b;
    }));
    out["truncated payload"] = no(sent([](Bytes b) {
        b.resize(b.size() - 10);
        return b;
    }));
    out["junk payload"] = no(sent([](Bytes) { return Bytes{0xff, 0xff, 0x13, 0x37}; }));
    const auto encoded = [](std::function<void(WireWriter&, const VerificationReport&)> write) {
        return [write = std::move(write)](Draft& d) {
            d.encode = [write](const VerificationReport& r) {
                WireWriter message;
                write(message, r);
                return message.take();
            };
        };
    };
    out["fields in order 3, 2, 1"] = yes(encoded([](WireWriter& w, const VerificationReport& r) {
        w.text(3, r.http_body).bytes(2, r.chain[0]).wrapped(1, r.signature);
    }));
    out["field 1 absent"] = no(encoded(
        [](WireWriter& w, const VerificationReport& r) { w.bytes(2, r.chain[0]).text(3, r.http_body); }));
    out["field 1 raw signature bytes, not nested"] =
        no(encoded([](WireWriter& w, const VerificationReport& r) {
            w.bytes(1, r.signature).bytes(2, r.chain[0]).text(3, r.http_body);
        }));
    out["field 3 absent"] = no(encoded(
        [](WireWriter& w, const VerificationReport& r) { w.wrapped(1, r.signature).bytes(2, r.chain[0]); }));
    out["field 3 twice, good last"] = yes(encoded([](WireWriter& w, const VerificationReport& r) {
        w.text(3, "{}").wrapped(1, r.signature).bytes(2, r.chain[0]).text(3, r.http_body);
    }));
    out["DcapEvidence bare, not in field 4"] = no(encoded([](WireWriter& w, const VerificationReport&) {
        w.wrapped(1, Bytes(432)).bytes(2, Bytes{1}).bytes(3, WireWriter().bytes(2, Bytes(32, 0xee)).data());
    }));
    out["http_body not UTF-8"] = no(encoded([](WireWriter& w, const VerificationReport& r) {
        w.wrapped(1, r.signature).bytes(2, r.chain[0]).bytes(3, Bytes{0xff, 0xfe});
    }));
    return out;
}

std::optional<std::string> verdict(const Row& row) {
    Draft draft(row.enclave);
    row.change(draft);
    return draft.fault();
}

TEST(EvidenceTest, IsJudgedAsUpstreamsClientJudges) {
    int accepted = 0;
    for (const auto& [name, row] : rows()) {
        const auto fault = verdict(row);
        EXPECT_EQ(!fault, row.accepted) << name << ": " << fault.value_or("accepted");
        accepted += row.accepted;
    }
    EXPECT_EQ(rows().size(), 161u);
    EXPECT_EQ(accepted, 66);
}

/// The verdicts above against the file they were taken from.
class RecordedEvidenceTest : public engine::chain::test::KnownAnswersTest {};
JUDGE_KNOWN_ANSWERS(RecordedEvidenceTest);

TEST_P(RecordedEvidenceTest, TheVerdictsAreThoseOnRecord) {
    const auto mine = rows();
    std::set<std::string> seen;
    int of_dcap = 0;
    const Json file = document("tx/epid_accept_refuse.json");
    for (const Json& row : file["rows"]) {
        const std::string name = row["case"];
        const auto found = mine.find(name);
        if (found == mine.end()) {
            // What a payload cannot show: that the handshake before it failed.
            if (name == "responder prologue localhost:3225 instead of 127.0.0.1:3225") continue;
            EXPECT_NE(name.find("DCAP"), std::string::npos) << name << " has no case here";
            ++of_dcap;
            continue;
        }
        EXPECT_EQ(found->second.accepted, row["accepted"].get<bool>()) << name;
        seen.insert(name);
    }
    EXPECT_EQ(seen.size(), expected(54, mine.size(), "verdicts on evidence"));
    std::printf("%zu cases compared, %d of DCAP evidence not\n", seen.size(), of_dcap);
}

TEST(EvidenceTest, OursIsAccepted) {
    const MrSigner signer = mr_signer_of(default_modulus());
    for (const Enclave enclave : all_enclaves) {
        ReportBody body = ReportBody::of(enclave, signer);
        const X25519Keys keys = X25519Keys::random();
        std::ranges::copy(keys.open.bytes, body.report_data.begin());
        std::fill(body.report_data.begin() + 32, body.report_data.end(), std::uint8_t{6});
        const Bytes evidence = encode(simulated_report(body));
        const std::array trusted{TrustedIdentity::of(enclave, signer)};
        EXPECT_EQ(fault_of_session(evidence, trusted, keys.open), std::nullopt) << name(enclave);
        EXPECT_EQ(fault_of_session(evidence, trusted, X25519Keys::random().open),
                  "it is for another key than that of the handshake");
        std::string why;
        const auto vouched = verify_evidence(evidence, trusted, why);
        ASSERT_TRUE(vouched) << why;
        EXPECT_EQ(vouched->custom, Bytes(32, 6));
        const std::array another{TrustedIdentity::of(enclave, MrSigner{})};
        EXPECT_FALSE(verify_evidence(evidence, another, why));
        EXPECT_NE(why.find("the enclave is another one"), why.npos);
    }
}

/// A report that upstream's own verifier found good.
TEST_P(RecordedEvidenceTest, TheRecordedSampleIsAccepted) {
    const Json sample = document("tx/sim_attestation_root_and_epid_sample.json")["sample"];
    TrustedIdentity identity;
    identity.signer = {test::fixed<MrSigner>(sample["mr_signer_hex"]),
                       sample["isv_prod_id"].get<std::uint16_t>(), sample["isv_svn"].get<std::uint16_t>()};
    const Bytes payload = hex(sample["noise_payload_hex"]);
    const auto key = test::fixed<X25519Public>(sample["x25519_static_public_hex"]);
    EXPECT_EQ(fault_of_session(payload, std::array{identity}, key), std::nullopt);
    ++identity.signer->minimum_svn;
    EXPECT_TRUE(fault_of_session(payload, std::array{identity}, key));
}

TEST_P(RecordedEvidenceTest, TheRecordedHandshakesEvidenceIsAccepted) {
    const Json v = document("tx/attest_handshake.json");
    TrustedIdentity identity;
    identity.signer = {test::fixed<MrSigner>(v["expected_identity"]["mr_signer"]), 3, 9};
    EXPECT_EQ(fault_of_session(hex(v["message_2_payload"]), std::array{identity},
                               test::fixed<X25519Public>(v["responder_static_public"])),
              std::nullopt);
}

} // namespace
} // namespace real::attest
