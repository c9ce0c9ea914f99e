#include "setup/whole_profile.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "options/checks.h"
#include "options/parser.h"
#include "options/table.h"
#include "setup/conf_text.h"

namespace adit::setup {

namespace {

bool is_program(const options::NamedFile& file) {
  return file.kind == options::NamedFile::Kind::program;
}

std::vector<options::NamedFile> loose_files_of(const options::Config& config) {
  auto files = options::files_of(config);
  std::erase_if(files, [](const options::NamedFile& file) {
    return file.kind == options::NamedFile::Kind::written || file.path.starts_with('/');
  });
  return files;
}

bool fits_inside(const options::NamedFile& file) {
  if (file.kind != options::NamedFile::Kind::read || file.option == "crl-verify") return false;
  const options::Row* row = options::find_row(file.option);
  return row != nullptr && row->allowed(options::where::inside);
}

// Programs are followed by their arguments, in the same word.
bool names(const std::string& word, const options::NamedFile& file) {
  return word == file.path || (is_program(file) && word.starts_with(file.path + ' '));
}

class Gathering {
 public:
  Gathering(const std::string& text, std::string folder, options::Files& files)
      : conf_(text), folder_(std::move(folder)), files_(files) {}

  void take(const options::NamedFile& file) {
    const auto lines = conf_.find_all([&](const ConfText::Words& words) {
      return words.front() == file.option &&
             std::ranges::any_of(words, [&](const auto& word) { return names(word, file); });
    });
    for (const ConfText::Words& words : lines) {
      fits_inside(file) ? put_inside(file, words) : name_whole(file, words);
    }
  }

  WholeProfile done() {
    whole_.text = conf_.text();
    return std::move(whole_);
  }

 private:
  [[nodiscard]] std::string path_of(const options::NamedFile& file) const {
    return folder_ + "/" + file.path;
  }

  void put_inside(const options::NamedFile& file, const ConfText::Words& words) {
    const auto held = files_.read(path_of(file));
    if (!held) {
      const Error& why = held.error();
      whole_.errors.push_back(
          {fmt::format("{}: {} {}: {}", file.at.text(), file.option, file.path, why.what),
           "put the file beside the profile, as the profile says"});
      return;
    }
    const bool binary = file.option == "pkcs12";
    conf_.put_inside(words, binary ? to_base64(as_bytes(*held)) : *held);
    const bool is_directed = file.option == "tls-auth" || file.option == "secret";
    if (is_directed && words.size() > 2) conf_.set({"key-direction", words[2]});
  }

  void name_whole(const options::NamedFile& file, const ConfText::Words& words) {
    const std::string path = path_of(file);
    if (is_program(file) && path.find(' ') != std::string::npos) return;
    ConfText::Words changed = words;
    const auto word =
        std::ranges::find_if(changed, [&](const auto& one) { return names(one, file); });
    word->replace(0, file.path.size(), path);
    conf_.replace(words, changed);
    whole_.staying.push_back(file.option + " " + path);
  }

  ConfText conf_;
  std::string folder_;
  options::Files& files_;
  WholeProfile whole_;
};

}  // namespace

Result<WholeProfile> make_whole(const std::string& text, const std::string& path,
                                options::Files& files) {
  const auto config = options::load_text(text, path);
  if (!config) return fail_with(config.error());
  const std::string& cd = config->process.cd;
  if (!cd.empty() && !cd.starts_with('/')) {
    return fail_with({fmt::format("the profile changes to a folder beside it: cd {}", cd),
                      "write its absolute path"});
  }
  Gathering gathering(text, cd.empty() ? path.substr(0, path.rfind('/')) : cd, files);
  for (const options::NamedFile& file : loose_files_of(*config)) gathering.take(file);
  WholeProfile whole = gathering.done();
  if (!whole.errors.empty()) return whole;
  const auto again = options::load_text(whole.text, path);
  if (!again) return fail_with(again.error());
  for (const options::NamedFile& file : loose_files_of(*again)) {
    whole.errors.push_back(
        {fmt::format("the profile names a file beside it: {} {}", file.option, file.path),
         "write its absolute path"});
  }
  return whole;
}

}  // namespace adit::setup
