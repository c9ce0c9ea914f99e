#pragma once

#include <memory>
#include <nftables/libnftables.h>

#include "base/result.h"

namespace adit::firewall {

// libnftables, taken into the process when it is first needed: adit is not linked with it, because
// its licence (GPL-2) does not go with ours, and most processes never touch a rule.
struct NftablesLibrary {
  decltype(&nft_ctx_new) create = nullptr;
  decltype(&nft_ctx_free) destroy = nullptr;
  decltype(&nft_ctx_output_set_flags) set_flags = nullptr;
  decltype(&nft_ctx_buffer_output) buffer_output = nullptr;
  decltype(&nft_ctx_buffer_error) buffer_error = nullptr;
  decltype(&nft_ctx_get_output_buffer) output = nullptr;
  decltype(&nft_ctx_get_error_buffer) error = nullptr;
  decltype(&nft_run_cmd_from_buffer) run_text = nullptr;
  decltype(&nft_run_cmd_from_filename) run_file = nullptr;
};

// An error where it is not installed.
[[nodiscard]] Result<NftablesLibrary> load_nftables_library();

}  // namespace adit::firewall
