#pragma once

// Whom the lists of crl-verify name. OpenSSL types: include from .cpp files only.

#include <string>
#include <vector>

#include "tls/engine.h"
#include "tls/handles.h"

namespace adit::tls {

// The signed revocation lists in use, for the question whether somebody who was let in earlier is
// revoked by now.
class Revocations {
 public:
  // Takes those of the lists that a certificate in authorities has signed; the others do not count.
  void take(const std::string& lists, const std::string& authorities);
  [[nodiscard]] bool empty() const { return lists_.empty(); }
  // nullptr: none of them is named.
  [[nodiscard]] const ChainEntry* first_in(const std::vector<ChainEntry>& chain) const;

 private:
  struct List {
    std::string issuer;
    RevocationList list;
  };
  std::vector<List> lists_;
};

}  // namespace adit::tls
