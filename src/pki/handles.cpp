#include "pki/handles.h"

#include <openssl/err.h>

namespace adit::pki {

std::string_view text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

Error openssl_failure(std::string_view attempted) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return {fmt::format("cannot {}: {}", attempted,
                      reason != nullptr ? reason : "OpenSSL gives no reason"),
          {}};
}

}  // namespace adit::pki
