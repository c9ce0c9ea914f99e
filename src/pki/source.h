#pragma once

// A directory of another tool, read and never written. OpenSSL types: include from .cpp files only.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "pki/certificate.h"
#include "pki/import.h"

namespace adit::pki {

struct SourceFile {
  std::string name;
  std::string stem;  // without its ending
  SecretText text;

  [[nodiscard]] bool holds(std::string_view word) const {
    return text.reveal().find(word) != std::string::npos;
  }
};

struct SourceCertificate {
  std::string file;
  std::string stem;
  Certificate certificate;
  Facts facts;
};

struct SourceKey {
  std::string file;
  std::string stem;
  SecretText text;
  PrivateKey key;  // empty when it is protected
};

// The flat directory, sorted out by what is in the files.
struct Source {
  std::string ca_text;  // every certificate of the authority's file
  Certificate ca;
  std::optional<SourceKey> ca_key{};
  std::vector<SourceCertificate> certificates{};  // signed by the authority
  std::vector<SourceKey> keys{};
  std::vector<SourceFile> requests{};
  std::vector<SourceFile> lists{};
  std::vector<SourceFile> others{};  // static keys, tls-crypt-v2 keys, DH parameters
  std::optional<SourceFile> index{};
  std::optional<SourceFile> serial{};
  std::vector<std::string> notes{};
};

// Where below the folder the files lie: there, in pki/ or in keys/.
[[nodiscard]] Result<std::string> locate_source(const std::string& folder);
[[nodiscard]] SourceLayout layout_of(const std::string& folder);
[[nodiscard]] Result<Source> read_source(const std::string& folder);

[[nodiscard]] Result<SecretText> read_source_file(const std::string& path);

}  // namespace adit::pki
