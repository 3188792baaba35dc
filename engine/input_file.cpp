#include "engine/input_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "engine/ensure.hpp"

namespace engine {
namespace {

template <class Text>
Text read_whole(std::string_view what, const std::filesystem::path& path, std::size_t limit) {
    const auto refuse = [&](const std::string& why) {
        throw UsageError(fmt::format("{}: cannot read {}: {}", what, path.string(), why));
    };
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) refuse(std::strerror(errno));
    std::setvbuf(file.get(), nullptr, _IONBF, 0); // a buffer would keep a copy
    Text out;
    std::array<char, 16384> buffer;
    for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0;) {
        out.append(buffer.data(), got);
        if (out.size() > limit) refuse(fmt::format("it is larger than {} bytes", limit));
    }
    const int why = errno;
    chain::wipe(buffer.data(), buffer.size());
    if (std::ferror(file.get()) != 0) refuse(std::strerror(why));
    return out;
}

} // namespace

std::string read_input_file(std::string_view what, const std::filesystem::path& path, std::size_t limit) {
    return read_whole<std::string>(what, path, limit);
}

chain::SecretText read_secret_file(std::string_view what, const std::filesystem::path& path,
                                   std::size_t limit) {
    return read_whole<chain::SecretText>(what, path, limit);
}

} // namespace engine
