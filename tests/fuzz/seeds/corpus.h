#pragma once

// First inputs: small and valid, made by our own encoders and from the vector files.

#include <filesystem>
#include <map>
#include <string>

#include "base/json.h"
#include "base/pack.h"

namespace adit::fuzz {

// Writes inputs into a folder per target.
class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, Bytes input);
  void add(const std::string& target, Pack input) { add(target, input.take()); }
  void add(const std::string& target, std::string_view text) { add(target, as_bytes(text)); }
  // Words the fuzzer may put in anywhere, <target>.dict.
  void add_words(const std::string& target, const std::vector<std::string>& words);
  [[nodiscard]] std::size_t size() const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::size_t> counts_;
};

// A piece as Input::piece() reads it.
void put_piece(Pack& out, Bytes piece);

Json load_vectors(const std::string& file);
Buffer vector_bytes(const Json& object, const char* field);

void add_wire_inputs(Corpus& corpus);
void add_crypto_inputs(Corpus& corpus);
void add_ip_inputs(Corpus& corpus);
void add_options_inputs(Corpus& corpus);
void add_session_inputs(Corpus& corpus);
void add_log_inputs(Corpus& corpus);
void add_json_inputs(Corpus& corpus);
void add_filter_inputs(Corpus& corpus);
void add_management_inputs(Corpus& corpus);
void add_proxy_inputs(Corpus& corpus);

}  // namespace adit::fuzz
