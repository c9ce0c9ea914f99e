#include "pki/source.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pki/key.h"

namespace adit::pki {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 1u << 20;
constexpr std::array authority_files{"ca.crt", "ca.pem", "cacert.pem", "ca-cert.pem", "ca.cert"};

bool exists(const std::string& folder, std::string_view file) {
  std::error_code ignored;
  return fs::is_regular_file(fs::path(folder) / file, ignored);
}

Result<std::vector<SourceFile>> read_files(const std::string& folder) {
  std::vector<SourceFile> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    const std::string name = at->path().filename().string();
    const bool fits = at->is_regular_file(ignored) && at->file_size(ignored) <= largest_file;
    if (!fits || name.starts_with(".")) continue;
    auto text = read_source_file(at->path().string());
    if (!text) return fail_with(text.error());
    files.push_back({name, at->path().stem().string(), std::move(*text)});
  }
  if (error) return fail("cannot read the directory {}: {}", folder, error.message());
  std::ranges::sort(files, {}, &SourceFile::name);
  return files;
}

bool is_configuration(const SourceFile& file) {
  return file.name.ends_with(".ovpn") || file.name.ends_with(".conf");
}

bool holds_certificate(const SourceFile& file) {
  return file.holds("-----BEGIN CERTIFICATE-----") ||
         file.holds("-----BEGIN TRUSTED CERTIFICATE-----");
}

const SourceFile* authority_file(const std::vector<SourceFile>& files) {
  for (const char* name : authority_files) {
    const auto found = std::ranges::find(files, name, &SourceFile::name);
    if (found != files.end() && holds_certificate(*found)) return &*found;
  }
  return nullptr;
}

// Without a name that tells: the only certificate that signed itself.
const SourceFile* self_signed_file(const std::vector<SourceFile>& files) {
  const SourceFile* only = nullptr;
  for (const SourceFile& file : files) {
    if (!holds_certificate(file) || is_configuration(file)) continue;
    const auto certificate = parse_certificate(file.text.reveal(), file.name);
    if (!certificate || !signed_by(certificate->get(), certificate->get())) continue;
    if (only != nullptr) return nullptr;
    only = &file;
  }
  return only;
}

Status take_authority(Source& source, const std::string& folder,
                      const std::vector<SourceFile>& files) {
  const SourceFile* file = authority_file(files);
  if (file == nullptr) file = self_signed_file(files);
  if (file == nullptr) {
    return fail_with({fmt::format("there is no authority in {}: no ca.crt, and no single "
                                  "certificate that signed itself",
                                  folder),
                      "name the directory that holds ca.crt"});
  }
  auto all = parse_certificates(file->text.reveal(), folder + "/" + file->name);
  if (!all) return fail_with(all.error());
  for (const Certificate& each : *all) source.ca_text += render_pem(each.get());
  source.ca = std::move(all->front());
  return {};
}

bool same_certificate(X509* a, X509* b) { return X509_cmp(a, b) == 0; }

void take_certificate(Source& source, const SourceFile& file) {
  auto certificate = parse_certificate(file.text.reveal(), file.name);
  if (!certificate) {
    source.notes.push_back(fmt::format("{} was left: {}", file.name, certificate.error().what));
  } else if (same_certificate(certificate->get(), source.ca.get())) {
    return;
  } else if (!signed_by(certificate->get(), source.ca.get())) {
    source.notes.push_back(fmt::format("{} was left: another authority signed it", file.name));
  } else {
    const Facts facts = facts_of(certificate->get());
    source.certificates.push_back({file.name, file.stem, std::move(*certificate), facts});
  }
}

void take_key(Source& source, const SourceFile& file) {
  auto key = parse_key(file.text, file.name, {});
  if (!key && !file.holds("ENCRYPTED")) {
    source.notes.push_back(fmt::format("{} was left: {}", file.name, key.error().what));
    return;
  }
  SourceKey taken{file.name, file.stem, file.text, key ? std::move(*key) : nullptr};
  const bool by_content = taken.key && belongs_to(taken.key.get(), source.ca.get());
  if (by_content || (!taken.key && file.name == "ca.key")) {
    source.ca_key = std::move(taken);
  } else {
    source.keys.push_back(std::move(taken));
  }
}

// True when the file was of a kind that is known.
bool take_by_name(Source& source, const SourceFile& file) {
  if (file.name == "index.txt") {
    source.index = file;
  } else if (file.name == "serial") {
    source.serial = file;
  } else {
    return file.name.ends_with(".old") || file.name == "index.txt.attr";
  }
  return true;
}

void take(Source& source, const SourceFile& file) {
  if (take_by_name(source, file)) return;
  bool known = false;
  const auto when = [&](std::string_view word, auto&& action) {
    if (!file.holds(word)) return;
    known = true;
    action();
  };
  if (!is_configuration(file)) {
    when("-----BEGIN CERTIFICATE-----", [&] { take_certificate(source, file); });
    when("PRIVATE KEY-----", [&] { take_key(source, file); });
    when("-----BEGIN CERTIFICATE REQUEST-----", [&] { source.requests.push_back(file); });
    when("-----BEGIN X509 CRL-----", [&] { source.lists.push_back(file); });
    when("-----BEGIN OpenVPN ", [&] { source.others.push_back(file); });
    when("-----BEGIN DH PARAMETERS-----", [&] { source.others.push_back(file); });
  }
  if (!known) source.notes.push_back(fmt::format("{} was left where it is", file.name));
}

}  // namespace

const char* name(SourceLayout layout) {
  switch (layout) {
    case SourceLayout::easyrsa_3:
      return "easy-rsa 3";
    case SourceLayout::easyrsa_2:
      return "easy-rsa 2";
    case SourceLayout::loose:
      return "loose files";
  }
  return "loose files";
}

Result<SecretText> read_source_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  // An empty file sets the fail bit of the text it is poured into, not of itself.
  if (!in || in.bad()) {
    return fail_with({fmt::format("cannot read {}", path),
                      "run the command as the owner of the files, often root"});
  }
  return SecretText(std::move(text).str());
}

Result<std::string> locate_source(const std::string& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return fail_with({fmt::format("cannot import {}: it is not a directory", folder),
                      "name the directory that holds ca.crt"});
  }
  if (exists(folder, "ca.crt")) return folder;
  for (const char* below : {"pki", "keys", "easy-rsa/pki", "easy-rsa/keys"}) {
    const std::string candidate = (fs::path(folder) / below).string();
    if (exists(candidate, "ca.crt")) return candidate;
  }
  return folder;
}

SourceLayout layout_of(const std::string& folder) {
  std::error_code ignored;
  if (!exists(folder, "index.txt")) return SourceLayout::loose;
  const bool tree = fs::is_directory(fs::path(folder) / "issued", ignored) ||
                    fs::is_directory(fs::path(folder) / "private", ignored);
  return tree ? SourceLayout::easyrsa_3 : SourceLayout::easyrsa_2;
}

Result<Source> read_source(const std::string& folder) {
  const auto files = read_files(folder);
  if (!files) return fail_with(files.error());
  Source source;
  if (auto done = take_authority(source, folder, *files); !done) return fail_with(done.error());
  for (const SourceFile& file : *files) take(source, file);
  if (!source.ca_key) {
    const auto named = std::ranges::find(source.keys, "ca.key", &SourceKey::file);
    if (named != source.keys.end()) {
      return fail_with(
          {fmt::format("{}/ca.key does not belong to the authority's certificate", folder),
           "restore the two from the same backup, or take the key away: what is left "
           "can be listed and exported"});
    }
  }
  return source;
}

}  // namespace adit::pki
