#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace real::secret {

/// What stands in the place of a secret.
inline constexpr std::string_view mask = "***";

/// Whether the value of a setting of this name is nobody's business: `PGPASSWORD`,
/// `client-auth-token-secret`. How long a token lives is no secret.
bool speaks_of_secret(std::string_view name);

/// `text` without the passwords of the URLs and connection strings in it.
///
/// Rules
/// 1. What libpq takes for a connection string loses what libpq calls a password, however it is written
///    (`u:p@`, `?password=p`, `?%70assword=p`, `password = 'p'`).
/// 2. What libpq refuses loses whatever stands where a password would: better too much than a letter of one.
/// 3. Once through from left to right: the result is never searched again, so a secret may be part of the
/// mask.
std::string redacted(std::string_view text);

/// Removes secrets that are known, and those that redacted() finds.
class Redactor {
public:
    /// From now on `secret` does not appear, neither as it is nor percent-encoded.  Texts shorter than four
    /// bytes are not worth hiding and would garble every line.
    void hide(std::string_view secret);
    std::string operator()(std::string_view text) const;

private:
    std::vector<std::string> secrets_; // longest first
};

/// As in a URL: everything but letters, digits and -_.~* becomes %XX.
std::string percent_encoded(std::string_view text);

} // namespace real::secret
