#include "firewall/nftables_library.h"

#include <dlfcn.h>

namespace adit::firewall {

namespace {

constexpr const char* file_name = "libnftables.so.1";

// Whether the library has it.
template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Result<NftablesLibrary> load_nftables_library() {
  void* const library = dlopen(file_name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  NftablesLibrary found;
  const bool whole = library != nullptr && find(library, "nft_ctx_new", found.create) &&
                     find(library, "nft_ctx_free", found.destroy) &&
                     find(library, "nft_ctx_output_set_flags", found.set_flags) &&
                     find(library, "nft_ctx_buffer_output", found.buffer_output) &&
                     find(library, "nft_ctx_buffer_error", found.buffer_error) &&
                     find(library, "nft_ctx_get_output_buffer", found.output) &&
                     find(library, "nft_ctx_get_error_buffer", found.error) &&
                     find(library, "nft_run_cmd_from_buffer", found.run_text) &&
                     find(library, "nft_run_cmd_from_filename", found.run_file);
  if (library != nullptr) dlclose(library);  // it stays: RTLD_NODELETE
  if (whole) return found;
  return fail_with({std::string("cannot load ") + file_name + ", which sets packet filter rules",
                    "install it (apt-get install libnftables1), or use --no-firewall"});
}

}  // namespace adit::firewall
