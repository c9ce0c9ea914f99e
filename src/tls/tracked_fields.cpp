#include "tls/tracked_fields.h"

#include <optional>

#include <openssl/x509v3.h>

#include "base/text.h"
#include "tls/certificate.h"

namespace adit::tls {

namespace {

struct Tracked {
  std::string name;
  bool whole_chain;
  int nid;
};

Tracked tracked(const std::string& word) {
  const bool whole_chain = word.starts_with('+');
  std::string name = word.substr(whole_chain ? 1 : 0);
  const int nid = OBJ_sn2nid(name.c_str());
  return {std::move(name), whole_chain, nid};
}

std::optional<std::string> extension_text(X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  if (at < 0) return std::nullopt;
  const Bio bio(BIO_new(BIO_s_mem()));
  if (X509V3_EXT_print(bio.get(), X509_get_ext(certificate, at), 0, 0) != 1) return std::nullopt;
  return text_of(bio.get());
}

std::optional<std::string> value_of(X509* certificate, const ChainEntry& entry,
                                    const Tracked& wanted) {
  if (wanted.nid == NID_sha1) return to_upper(entry.sha1);
  if (wanted.nid == NID_sha256) return to_upper(entry.sha256);
  for (const auto& [name, value] : entry.fields) {
    if (OBJ_sn2nid(name.c_str()) == wanted.nid) return value;
  }
  return extension_text(certificate, wanted.nid);
}

}  // namespace

Status check_tracked(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const Tracked one = tracked(word);
    if (one.nid == NID_undef) return fail("x509_track: no such attribute '{}'", one.name);
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> tracked_fields(
    X509* certificate, int depth, const std::vector<std::string>& words) {
  const ChainEntry entry = describe(certificate, depth);
  std::vector<std::pair<std::string, std::string>> fields;
  for (const std::string& word : words) {
    const Tracked one = tracked(word);
    if (depth > 0 && !one.whole_chain) continue;
    if (auto value = value_of(certificate, entry, one)) fields.emplace_back(one.name, *value);
  }
  return fields;
}

}  // namespace adit::tls
