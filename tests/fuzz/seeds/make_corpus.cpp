// make_corpus FOLDER: writes the first inputs of every target into FOLDER/<target>/ and their
// dictionaries into FOLDER/<target>.dict.

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/assert.h"
#include "base/json.h"
#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

void Corpus::add(const std::string& target, Bytes input) {
  std::filesystem::create_directories(folder_ / target);
  const std::string name = "made-" + std::to_string(counts_[target]++);
  std::ofstream out(folder_ / target / name, std::ios::binary);
  out << as_text(input);
  ADIT_ASSERT(out.good());
}

void Corpus::add_words(const std::string& target, const std::vector<std::string>& words) {
  std::filesystem::create_directories(folder_);
  std::ofstream out(folder_ / (target + ".dict"));
  for (const std::string& word : words) {
    out << '"';
    for (const char c : word) {
      if (c == '\n') {
        out << "\\x0a";
        continue;
      }
      if (c == '"' || c == '\\') out << '\\';
      out << c;
    }
    out << "\"\n";
  }
  ADIT_ASSERT(out.good());
}

std::size_t Corpus::size() const {
  std::size_t total = 0;
  for (const auto& [target, count] : counts_) total += count;
  return total;
}

void put_piece(Pack& out, Bytes piece) {
  if (piece.size() < 255) {
    out.u8(static_cast<std::uint8_t>(piece.size()));
  } else {
    out.u8(255);
    out.u16(static_cast<std::uint16_t>(piece.size()));
  }
  out.bytes(piece);
}

Json load_vectors(const std::string& file) {
  std::ifstream in(std::string(ADIT_SOURCE_DIR) + "/tests/vectors/data/" + file);
  ADIT_ASSERT(in.good());
  return Json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
}

Buffer vector_bytes(const Json& object, const char* field) {
  return from_hex(object.at(field).get<std::string>()).value_or(Buffer{});
}

}  // namespace adit::fuzz

int main(int count, char** arguments) {
  if (count != 2 || std::string_view(arguments[1]).starts_with("-")) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  adit::fuzz::Corpus corpus(arguments[1]);
  adit::fuzz::add_wire_inputs(corpus);
  adit::fuzz::add_crypto_inputs(corpus);
  adit::fuzz::add_ip_inputs(corpus);
  adit::fuzz::add_log_inputs(corpus);
  adit::fuzz::add_json_inputs(corpus);
  adit::fuzz::add_filter_inputs(corpus);
  adit::fuzz::add_management_inputs(corpus);
  adit::fuzz::add_proxy_inputs(corpus);
  adit::fuzz::add_options_inputs(corpus);
  adit::fuzz::add_session_inputs(corpus);
  std::printf("%zu inputs in %s\n", corpus.size(), arguments[1]);
}
