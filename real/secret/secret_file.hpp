#pragma once

#include <filesystem>
#include <system_error>

#include "engine/chain/types.hpp"

namespace real::secret {

/// Makes `path` a file of these bytes that its owner only may read, in place of what stands there.
///
/// Rules
/// 1. Created exclusively beside its place (`NAME.new`), synced, then renamed: after any failure the old
/// content is
///    there, never an empty or a half file, and nothing is written through a link.
/// 2. Mode 0600, whatever the umask.
/// @return why the old content stays, if it does
std::error_code replace_secret_file(const std::filesystem::path& path, engine::chain::ByteView bytes);

} // namespace real::secret
