#include "real/secret/redactor.hpp"

#include <gtest/gtest.h>

namespace real::secret {
namespace {

TEST(RedactedTest, BlotsOutPasswordsWhereverAUrlHasThem) {
    EXPECT_EQ(redacted("connect postgres://u:p@ss@h:1/d?x=y failed"),
              "connect postgres://u:***@h:1/d?x=y failed");
    EXPECT_EQ(redacted("postgres://u:p@ss@h:5432/d?x=y@z"), "postgres://u:***@h:5432/d?x=y@z");
    EXPECT_EQ(redacted("postgres://u:p/w@h/d"), "postgres://u:***@h/d");
    EXPECT_EQ(redacted("postgres://u:12/34@h/d"), "postgres://u:***@h/d");
    EXPECT_EQ(redacted("a://u:p@h:1/,b://v:q@g/"), "a://u:***@h:1/,b://v:***@g/");
    EXPECT_EQ(redacted("/d?password=x&user=u"), "/d?password=***&user=u");
    EXPECT_EQ(redacted("postgres://db/fog?user=a&password=geheim"), "postgres://db/fog?user=a&password=***");
    EXPECT_EQ(redacted("no way to 'postgres://u:p@h/d': timeout"),
              "no way to 'postgres://u:***@h/d': timeout");
}

TEST(RedactedTest, BlotsOutPasswordsOfKeysAndValues) {
    EXPECT_EQ(redacted("host=h password=secret user=u"), "host=h password=*** user=u");
    EXPECT_EQ(redacted("password='a \\' b' user=u"), "password=*** user=u");
    EXPECT_EQ(redacted("password=a\\ b user=u"), "password=*** user=u");
    EXPECT_EQ(redacted("host=h password = 'secret' user=u"), "host=h password = *** user=u");
    EXPECT_EQ(redacted("it says password = secret, and fails"), "it says password = *** and fails");
    EXPECT_EQ(redacted("sslmode=require sslpassword=secret"), "sslmode=require sslpassword=***");
    EXPECT_EQ(redacted("password='open"), "password=***");
    EXPECT_EQ(redacted("PGPASSWORD=secret psql"), "PGPASSWORD=*** psql");
}

TEST(RedactedTest, AsksLibpqWhatAPasswordIs) {
    EXPECT_EQ(redacted("postgres://db/fog?%70assword=geheim"), mask) << "no place a search would look at";
    EXPECT_EQ(redacted("to postgres://db/fog?%70assw%6Frd=geheim and on"), "to *** and on");
}

TEST(RedactedTest, LeavesAloneWhatHoldsNone) {
    for (const char* text :
         {"", "plain", "postgres://h:5432/d", "postgres://u@h/d", "fog://host:443/?responder-id=a:1",
          "fog://user@host/", "postgres:///d?host=/run/x", "a://h:1/,b://v@g/",
          "postgres://h:5432/d?application_name=x@y", "the password is wrong", "password=", "host=h user=u",
          "x = y", "://", "a=b://c"})
        EXPECT_EQ(redacted(text), text);
}

TEST(RedactedTest, KeepsNoLetterOfAPasswordHoweverTheStringIsWritten) {
    for (const std::string password : {"geheim", "ge@heim", "ge heim", "ge'heim", "ge\\heim", "ge:heim",
                                       "***", "**", "redacted", "password=", "://", "ge&heim", "ge%heim"}) {
        std::string quoted;
        for (const char c : password) {
            if (c == '\'' || c == '\\') quoted += '\\';
            quoted += c;
        }
        const std::string encoded = percent_encoded(password);
        const std::string other = "user=alice dbname=fog";
        for (const std::string& text :
             {"postgres://alice:" + encoded + "@db/fog", "postgres://db/fog?user=alice&password=" + encoded,
              "password='" + quoted + "' " + other, other + " password = '" + quoted + "'"}) {
            const std::string shown = redacted(text);
            EXPECT_NE(shown.find(mask), std::string::npos) << text;
            EXPECT_EQ(redacted(shown), shown) << text;
            if (password.find("heim") != std::string::npos) {
                EXPECT_EQ(shown.find("heim"), std::string::npos) << text;
            }
            EXPECT_NE(shown.find("alice"), std::string::npos) << shown;
        }
    }
}

TEST(RedactorTest, ASecretMayBeAPartOfWhatReplacesIt) {
    for (const std::string secret : {"****", "redacted", "acted", "[redacted]", "***"}) {
        Redactor redactor;
        redactor.hide(secret);
        const std::string text = "say " + secret + " twice: " + secret + secret;
        const std::string shown = redactor(text);
        if (secret.size() > mask.size()) {
            EXPECT_EQ(shown, "say *** twice: ******");
        } else {
            EXPECT_EQ(shown, text) << "too short";
        }
    }
}

TEST(RedactorTest, TheLongestSecretGoesFirst) {
    Redactor redactor;
    redactor.hide("correct");
    redactor.hide("correct horse");
    redactor.hide("pw"); // too short to be hidden
    EXPECT_EQ(redactor("correct horse, correct, pw, correct%20horse"), "***, ***, pw, ***");
    EXPECT_EQ(redactor("http://bob:other@h/ and correct"), "http://bob:***@h/ and ***");
}

TEST(SecretNameTest, KnowsNamesThatSpeakOfSecrets) {
    for (const char* name : {"PGPASSWORD", "client-auth-token-secret", "--token", "Private_Key", "MNEMONIC"})
        EXPECT_TRUE(speaks_of_secret(name)) << name;
    for (const char* name : {"max_token_lifetime", "user", "key", ""})
        EXPECT_FALSE(speaks_of_secret(name)) << name;
}

} // namespace
} // namespace real::secret
