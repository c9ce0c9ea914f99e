#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/plugin_port.h"
#include "system/plugin_abi.h"

namespace adit::system {

// One line of configuration: "plugin SO [ARGS]".
struct PluginSettings {
  std::vector<std::string> words;  // the shared object's name first
  std::string where;               // the line, for messages
};

// When a plugin wants to be opened; the numbers are those of the interface.
enum class PluginMoment {
  before_configuration = 1,
  before_daemon = 2,
  after_daemon = 3,
  after_user = 4,
};

// A shared object with the interface of plugins, loaded and perhaps opened. Every call into it runs
// code that is not ours, for as long as that likes.
class PluginObject {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  // A name that begins with neither '/' nor '.' is looked for in folder. Errors are stock's words
  // and the line of the configuration.
  [[nodiscard]] static Result<std::unique_ptr<PluginObject>> load(
      PluginSettings settings, const std::string& folder = default_folder());
  ~PluginObject();  // unloads it, unless it is still open
  PluginObject(const PluginObject&) = delete;
  PluginObject& operator=(const PluginObject&) = delete;

  [[nodiscard]] static std::string default_folder();

  // Opens it if this is its moment, and then returns what is to be said of that.
  [[nodiscard]] Result<std::string> open(PluginMoment moment, const Variables& variables);
  [[nodiscard]] bool is_open() const { return open_; }
  // What it handed back when it was opened, before the configuration was complete: its lines.
  [[nodiscard]] const std::vector<std::string>& configuration() const { return configuration_; }
  [[nodiscard]] bool wants(ports::PluginEvent event) const;
  [[nodiscard]] const std::string& name() const { return settings_.words.front(); }

  // context: as make_context() gave it, or nullptr.
  [[nodiscard]] ports::PluginReply::One call(const ports::PluginCall& call, void* context);
  [[nodiscard]] void* make_context();
  void drop_context(void* context);
  void close();
  void abort();  // the process ends in disorder

 private:
  struct Symbols {
    plugin_abi::Open1* open1 = nullptr;
    plugin_abi::Open2* open2 = nullptr;
    plugin_abi::Open3* open3 = nullptr;
    plugin_abi::Call1* call1 = nullptr;
    plugin_abi::Call2* call2 = nullptr;
    plugin_abi::Call3* call3 = nullptr;
    plugin_abi::Close* close = nullptr;
    plugin_abi::Close* abort = nullptr;
    plugin_abi::Construct* construct = nullptr;
    plugin_abi::Destruct* destruct = nullptr;
    plugin_abi::Number* least_version = nullptr;
    plugin_abi::Number* moment = nullptr;
  };

  class Words;

  PluginObject(PluginSettings settings, void* library);

  [[nodiscard]] Status find_symbols();
  template <typename Function>
  void find(Function*& into, const char* symbol);
  [[nodiscard]] Status check_versions();
  [[nodiscard]] bool run_open(const Variables& variables);
  [[nodiscard]] std::string opened_text() const;
  [[nodiscard]] tl::unexpected<Error> refuse(std::string what, std::string advice = {}) const;

  PluginSettings settings_;
  void* library_;
  std::unique_ptr<Words> open_argv_, open_envp_;  // plugins go on looking at them
  Symbols symbols_;
  PluginMoment moment_ = PluginMoment::before_daemon;
  void* handle_ = nullptr;
  std::vector<std::string> configuration_;
  unsigned types_ = plugin_abi::known_types;
  bool open_ = false;
};

}  // namespace adit::system
